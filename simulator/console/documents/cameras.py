"""A camera on both APIs."""

from datetime import UTC, datetime, timedelta

from ..models import Camera, Json, milliseconds

_RESOLUTIONS = (("High", 3840, 2160), ("Medium", 1280, 720), ("Low", 640, 360))
_WHOLE_PICTURE = [[0, 0], [1, 0], [1, 1], [0, 1]]
_GIB = 1024**3


def camera(camera: Camera, nvr_mac: str) -> Json:
    """Return one camera as the private API gives it."""
    now = datetime.now(UTC)
    # From the block that is set aside for documentation (RFC 5737).
    address = f"192.0.2.{int(camera.mac[-2:], 16) % 254 + 1}"
    return {
        "id": camera.id,
        "modelKey": "camera",
        "mac": camera.mac,
        "nvrMac": nvr_mac,
        "name": camera.name,
        "type": "UVC G4 Doorbell" if camera.is_doorbell else "UVC G5 Bullet",
        "marketName": "G4 Doorbell" if camera.is_doorbell else "G5 Bullet",
        "host": address,
        "connectionHost": "127.0.0.1",
        "guid": None,
        "firmwareVersion": "5.0.83",
        "latestFirmwareVersion": "5.0.83",
        "state": "CONNECTED" if camera.is_connected else "DISCONNECTED",
        "isConnected": camera.is_connected,
        "isAdopted": True,
        "isAdopting": False,
        "isAdoptedByOther": False,
        "isRebooting": False,
        "isUpdating": False,
        "isSshEnabled": False,
        "canAdopt": False,
        "upSince": milliseconds(now - timedelta(days=1)),
        "uptime": timedelta(days=1) // timedelta(milliseconds=1),
        "lastSeen": milliseconds(now),
        "lastMotion": None,
        "lastRing": None,
        "isDark": False,
        "isMotionDetected": False,
        "isSmartDetected": False,
        "isRecording": True,
        "isMicEnabled": True,
        "micVolume": 100,
        "phyRate": 1000,
        "wiredConnectionState": {"phyRate": 1000},
        "wifiConnectionState": None,
        "bluetoothConnectionState": None,
        "hdrMode": True,
        "videoMode": "default",
        "chimeDuration": 0,
        "hasSpeaker": camera.is_doorbell,
        "isThirdPartyCamera": False,
        "isPtz": False,
        "platform": "sav530q",
        "voltage": None,
        "useGlobal": False,
        "bridge": None,
        "lenses": [],
        "channels": _channels(camera),
        **_settings(camera),
        **_zones(camera),
        "stats": _stats(now),
        "featureFlags": _features(camera),
    }


def _channels(camera: Camera) -> list[Json]:
    return [
        {
            "id": index,
            "videoId": f"video{index + 1}",
            "name": name,
            "enabled": True,
            "isRtspEnabled": False,
            "rtspAlias": None,
            "width": width,
            "height": height,
            "fps": 30,
            "bitrate": 16_000_000 // 4**index,
            "minBitrate": 32_000,
            "maxBitrate": 16_000_000 // 4**index,
            "minClientAdaptiveBitRate": 0,
            "minMotionAdaptiveBitRate": 0,
            "fpsValues": [10, 15, 20, 25, 30],
            # Keyframes every five seconds, as real recordings have them.
            "idrInterval": 5,
            "autoBitrate": True,
            "autoFps": True,
            "internalRtspAlias": f"{camera.id[-8:]}{index}",
        }
        for index, (name, width, height) in enumerate(_RESOLUTIONS)
    ]


def _settings(camera: Camera) -> Json:
    return {
        "ispSettings": {
            "irLedMode": "auto",
            "irLedLevel": 255,
            "wdr": 1,
            "brightness": 50,
            "zoomPosition": 0,
            "hdrMode": "normal",
            "icrCustomValue": 5,
            "isColorNightVisionEnabled": False,
        },
        "talkbackSettings": {
            "typeFmt": "aac",
            "typeIn": "serverudp",
            "bindAddr": "0.0.0.0",  # noqa: S104 - what a real camera reports; nothing binds it
            "bindPort": 7004,
            "channels": 1,
            "samplingRate": 22050,
            "bitsPerSample": 16,
            "quality": 100,
        },
        "osdSettings": {
            "isNameEnabled": True,
            "isDateEnabled": True,
            "isLogoEnabled": False,
            "isDebugEnabled": False,
        },
        "ledSettings": {"isEnabled": True, "blinkRate": 0},
        "speakerSettings": {
            "isEnabled": True,
            "areSystemSoundsEnabled": False,
            "volume": 80,
            "speakerVolume": 80,
            "ringVolume": 80,
        },
        "recordingSettings": {"mode": "always", "enableMotionDetection": True},
        "smartDetectSettings": {
            "objectTypes": list(camera.smart_types),
            "audioTypes": list(camera.audio_types),
            "autoTrackingObjectTypes": [],
        },
        "lcdMessage": {},
    }


def _zones(camera: Camera) -> Json:
    noticed = {"sensitivity": 50, "objectTypes": list(camera.smart_types)}
    return {
        "motionZones": [{**area, "sensitivity": 50} for area in _areas(("Default",))],
        "privacyZones": [],
        "smartDetectZones": [area | noticed for area in _areas(camera.zones)],
        "smartDetectLines": [area | noticed for area in _areas(camera.lines)],
        "smartDetectLoiterZones": [area | noticed for area in _areas(camera.loiter_zones)],
    }


def _areas(names: tuple[str, ...]) -> list[Json]:
    return [
        {"id": number, "name": name, "color": "#AB46BC", "points": _WHOLE_PICTURE}
        for number, name in enumerate(names, start=1)
    ]


def _stats(now: datetime) -> Json:
    first = milliseconds(now - timedelta(days=30))
    return {
        "rxBytes": 1_000_000,
        "txBytes": 1_000_000_000,
        "video": {
            "recordingStart": first,
            "recordingEnd": milliseconds(now),
            "recordingStartLQ": first,
            "recordingEndLQ": milliseconds(now),
            "timelapseStart": first,
            "timelapseEnd": milliseconds(now),
            "timelapseStartLQ": first,
            "timelapseEndLQ": milliseconds(now),
        },
        "storage": {"used": 84 * _GIB, "rate": 300.0},
    }


def _features(camera: Camera) -> Json:
    return {
        "isDoorbell": camera.is_doorbell,
        "hasLcdScreen": camera.is_doorbell,
        "hasSpeaker": camera.is_doorbell,
        "hasChime": camera.is_doorbell,
        "hasPackageCamera": False,
        "hasSmartDetect": bool(camera.smart_types),
        "smartDetectTypes": list(camera.smart_types),
        "smartDetectAudioTypes": list(camera.audio_types),
        "hasMic": True,
        "hasHdr": True,
        "hasLedIr": True,
        "hasLedStatus": True,
        "hasPrivacyMask": True,
        "canOpticalZoom": False,
        "isPtz": False,
        "supportNfc": False,
        "hasFingerprintSensor": False,
        "supportFullHdSnapshot": True,
        "videoModes": ["default", "highFps"],
        "audio": ["aac"],
        "lensType": None,
        "hotplug": None,
        "pan": {"steps": None, "degrees": None},
        "tilt": {"steps": None, "degrees": None},
        "zoom": {"steps": None, "ratio": 1},
    }


def public_camera(camera: Camera) -> Json:
    """Return one camera as the public API gives it."""
    return {
        "id": camera.id,
        "modelKey": "camera",
        "name": camera.name,
        "mac": camera.mac,
        "type": "UVC G4 Doorbell" if camera.is_doorbell else "UVC G5 Bullet",
        "state": "CONNECTED" if camera.is_connected else "DISCONNECTED",
        "isMicEnabled": True,
        "micVolume": 100,
        "videoMode": "default",
        "hdrType": "auto",
        "hasPackageCamera": False,
        "osdSettings": {
            "isNameEnabled": True,
            "isDateEnabled": True,
            "isLogoEnabled": False,
            "isDebugEnabled": False,
            "overlayLocation": "topLeft",
        },
        "ledSettings": {"isEnabled": True, "welcomeLed": False, "floodLed": False},
        "lcdMessage": {},
        "featureFlags": {
            "supportFullHdSnapshot": True,
            "hasHdr": True,
            "hasMic": True,
            "hasLedStatus": True,
            "hasSpeaker": camera.is_doorbell,
            "smartDetectTypes": list(camera.smart_types),
            "smartDetectAudioTypes": list(camera.audio_types),
            "videoModes": ["default", "highFps"],
        },
        "smartDetectSettings": {
            "objectTypes": list(camera.smart_types),
            "audioTypes": list(camera.audio_types),
        },
    }
