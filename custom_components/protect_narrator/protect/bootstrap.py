"""What a console says of itself and its cameras, copied out of the library's live objects.

The library does not validate all of it: reading may raise what ``causes.RUBBISH`` lists.
"""

from uiprotect.data import Bootstrap

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
        cameras=read_cameras(bootstrap),
    )


def read_cameras(bootstrap: Bootstrap) -> tuple[CameraInfo, ...]:
    """Return the cameras as they are now."""
    return tuple(
        CameraInfo(
            id=str(camera.id),
            name=str(camera.display_name),
            mac=_plain_mac(camera.mac),
            model=str(camera.market_name or camera.type),
            is_doorbell=bool(camera.feature_flags.is_doorbell),
        )
        for camera in bootstrap.cameras.values()
    )


def _plain_mac(mac: str) -> str:
    return mac.replace(":", "").replace("-", "").upper()
