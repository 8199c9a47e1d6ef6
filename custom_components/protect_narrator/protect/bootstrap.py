"""What a console says of itself and its cameras, copied into frozen values.

The library does not validate all of its objects: reading them may raise what
``causes.RUBBISH`` lists.
"""

from collections.abc import Mapping

from uiprotect.data import Bootstrap, Camera

from .access import CameraInfo, CloudAccountError, ConsoleInfo


def read_console(bootstrap: Bootstrap) -> ConsoleInfo:
    """Return what the console is. Raises CloudAccountError."""
    user = bootstrap.users.get(bootstrap.auth_user_id)
    if user is not None and user.cloud_account is not None:
        raise CloudAccountError("the user is a cloud account")
    nvr = bootstrap.nvr
    return ConsoleInfo(
        mac=_plain_mac(nvr.mac),
        name=str(nvr.display_name),
        model=str(nvr.market_name or nvr.type),
        version=str(nvr.version),
        cameras=tuple(map(read_camera, bootstrap.cameras.values())),
    )


def read_camera(camera: Camera) -> CameraInfo:
    """Return the camera as it is now."""
    return CameraInfo(
        id=str(camera.id),
        name=str(camera.display_name),
        mac=_plain_mac(camera.mac),
        model=str(camera.market_name or camera.type),
        is_doorbell=bool(camera.feature_flags.is_doorbell),
    )


def camera_from_rest(raw: object) -> CameraInfo | None:
    """Read one item of the private API's list of cameras, as the library would.

    None for what is no camera of this console; nothing raises.
    """
    if not isinstance(raw, Mapping) or not raw.get("isAdopted", True):
        return None
    camera_id, mac = raw.get("id"), raw.get("mac")
    if not isinstance(camera_id, str) or not isinstance(mac, str):
        return None
    flags = raw.get("featureFlags")
    if not isinstance(flags, Mapping):
        flags = {}
    model = str(raw.get("marketName") or raw.get("type"))
    return CameraInfo(
        id=camera_id,
        name=str(raw.get("name") or model),
        mac=_plain_mac(mac),
        model=model,
        # Older releases say it in another word (read in the library's data/devices.py).
        is_doorbell=bool(flags.get("isDoorbell", flags.get("hasChime"))),
    )


def is_connected(raw: object) -> bool:
    """Say whether an item of that list is a camera of this console that it can see now."""
    return (
        camera_from_rest(raw) is not None
        and isinstance(raw, Mapping)
        and raw.get("state") == "CONNECTED"
    )


def _plain_mac(mac: str) -> str:
    return mac.replace(":", "").replace("-", "").upper()
