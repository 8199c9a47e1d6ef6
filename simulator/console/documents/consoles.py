"""The console itself, its one user, and the whole of it as a client reads it first."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ..models import Camera, Json, milliseconds
from .cameras import camera

ADMIN_ID = "65f0c0de00000000000a0001"
GROUP_ID = "65f0c0de00000000000a0002"
LIVEVIEW_ID = "65f0c0de00000000000a0003"
NVR_ID = "65f0c0de00000000000a0004"

_DEVICES = ("bridges", "viewers", "lights", "sensors", "chimes", "doorlocks", "aiports")
_GIB = 1024**3


def bootstrap(
    cameras: Iterable[Camera],
    *,
    nvr_document: Json,
    user_document: Json,
    update_id: str,
) -> Json:
    """Return the whole of a console as the private API gives it at first."""
    return {
        "authUserId": ADMIN_ID,
        "accessKey": "",
        "lastUpdateId": update_id,
        "nvr": nvr_document,
        "cameras": [camera(each, nvr_document["mac"]) for each in cameras],
        "users": [user_document],
        "groups": [_group()],
        "liveviews": [_liveview()],
        **{kind: [] for kind in _DEVICES},
    }


def user(username: str, *, may_read_media: bool, is_cloud_account: bool) -> Json:
    """Return the user who is logged in, with what he may do."""
    verbs = "create,read,write,delete,readmedia,deletemedia,readlive"
    cameras = f"camera:{verbs if may_read_media else 'read,readlive'}:*"
    permissions = [cameras, "nvr:*:*", "user:*:*", "group:*:*", "liveview:*:*", "event:*:*"]
    return {
        "id": ADMIN_ID,
        "modelKey": "user",
        "permissions": [],
        "allPermissions": permissions,
        "name": username,
        "localUsername": username,
        "firstName": username,
        "lastName": "",
        "email": "",
        "enableNotifications": False,
        "hasAcceptedInvite": True,
        "isOwner": False,
        "groups": [GROUP_ID],
        "featureFlags": {"notificationsV2": True},
        "location": None,
        "cloudAccount": _cloud_account(username) if is_cloud_account else None,
    }


def _cloud_account(username: str) -> Json:
    cloud_id = "8e5f0f0e-5ad1-4f7c-9a54-000000000001"
    return {
        "id": cloud_id,
        "cloudId": cloud_id,
        "modelKey": "cloudIdentity",
        "firstName": username,
        "lastName": "",
        "name": username,
        "email": f"{username}@example.com",
        "user": ADMIN_ID,
        "location": None,
        "profileImg": None,
    }


def _group() -> Json:
    return {
        "id": GROUP_ID,
        "modelKey": "group",
        "name": "Administrators",
        "permissions": ["nvr:*:*", "camera:*:*"],
        "type": "preset",
        "isDefault": True,
    }


def _liveview() -> Json:
    return {
        "id": LIVEVIEW_ID,
        "modelKey": "liveview",
        "name": "Default",
        "isDefault": True,
        "isGlobal": True,
        "layout": 1,
        "owner": ADMIN_ID,
        "slots": [{"cameras": [], "cycleMode": "time", "cycleInterval": 10}],
    }


def nvr(name: str, mac: str, version: str, port: int) -> Json:
    """Return the console itself."""
    hundred_days = timedelta(days=100) // timedelta(milliseconds=1)
    return {
        "id": NVR_ID,
        "modelKey": "nvr",
        "mac": mac,
        "name": name,
        "type": "UNVR",
        "marketName": "UniFi Network Video Recorder",
        "hardwarePlatform": "al324",
        "host": "127.0.0.1",
        "hosts": ["127.0.0.1"],
        "version": version,
        "firmwareVersion": "4.3.6",
        "upSince": milliseconds(datetime.now(UTC) - timedelta(days=1)),
        "uptime": timedelta(days=1) // timedelta(milliseconds=1),
        "lastSeen": milliseconds(datetime.now(UTC)),
        "timezone": "UTC",
        "isUpdating": False,
        "isSshEnabled": False,
        "isSetup": True,
        "isInsightsEnabled": False,
        "network": "Ethernet",
        "ports": {"http": 7080, "https": port, "rtsp": 7447, "rtsps": 7441, "playback": 7450},
        "analyticsData": "none",
        "featureFlags": {"beta": False, "dev": False},
        "systemInfo": _system_info(),
        "smartDetection": {"enable": True},
        "globalCameraSettings": None,
        "doorbellSettings": {
            "defaultMessageText": "Welcome",
            "defaultMessageResetTimeoutMs": 60000,
            "customMessages": [],
            "allMessages": [{"type": "LEAVE_PACKAGE_AT_DOOR", "text": "LEAVE PACKAGE AT DOOR"}],
        },
        "storageStats": {
            "utilization": 42.0,
            "capacity": hundred_days,
            "remainingCapacity": hundred_days // 2,
            "recordingSpace": {"total": 4000 * _GIB, "used": 1680 * _GIB, "available": 2320 * _GIB},
            "storageDistribution": {
                "recordingTypeDistributions": [],
                "resolutionDistributions": [],
            },
        },
    }


def _system_info() -> Json:
    return {
        "cpu": {"averageLoad": 5.0, "temperature": 50.0},
        "memory": {"available": 2 * _GIB, "free": _GIB, "total": 4 * _GIB},
        "storage": {
            "available": 2320 * _GIB,
            "size": 4000 * _GIB,
            "used": 1680 * _GIB,
            "isRecycling": False,
            "type": "raid",
            "devices": [{"model": "Disk", "size": 4000 * _GIB, "healthy": True}],
        },
    }


def public_nvr(name: str, mac: str) -> Json:
    """Return the console as the public API gives it."""
    return {
        "id": NVR_ID,
        "modelKey": "nvr",
        "name": name,
        "mac": mac,
        "type": "UNVR",
        "doorbellSettings": {
            "defaultMessageText": "Welcome",
            "defaultMessageResetTimeoutMs": 60000,
            "customMessages": [],
            "customImages": [],
        },
        "armMode": {"status": "disabled", "armProfileId": None},
    }
