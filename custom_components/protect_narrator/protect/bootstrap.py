"""What a console says of itself and its cameras, copied into frozen values.

The library does not validate all of its objects: reading them may raise what
``causes.RUBBISH`` lists.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

from uiprotect.data import Bootstrap, Camera

from ..pipeline.models import Label
from ..pipeline.text import LONGEST_CAMERA, tidy
from .access import CameraInfo, CloudAccountError, ConsoleInfo
from .events import labels_of
from .ids import plain_id, plain_mac

# Many times what the largest console manages: each is a device with its entities.
_MOST_CAMERAS = 500


def read_console(bootstrap: Bootstrap) -> ConsoleInfo:
    """Return what the console is. Raises CloudAccountError, and ValueError without an address."""
    user = bootstrap.users.get(bootstrap.auth_user_id)
    if user is not None and user.cloud_account is not None:
        raise CloudAccountError("the user is a cloud account")
    nvr = bootstrap.nvr
    if (mac := plain_mac(nvr.mac)) is None:
        raise ValueError("a console without an address")
    return ConsoleInfo(
        mac=mac,
        name=_named(nvr.display_name, "Protect"),
        model=_named(nvr.market_name, nvr.type),
        version=_named(nvr.version),
        cameras=distinct(map(read_camera, bootstrap.cameras.values())),
    )


def distinct(cameras: Iterable[CameraInfo | None]) -> tuple[CameraInfo, ...]:
    """Return those that are cameras, as many as may be."""
    return tuple(islice(filter(None, cameras), _MOST_CAMERAS))


def read_camera(camera: Camera) -> CameraInfo | None:
    """Return the camera as it is now; None for what has no proper id."""
    flags = camera.feature_flags
    return _camera(
        camera.id,
        camera.mac,
        name=camera.display_name,
        model=_named(camera.market_name, camera.type),
        is_doorbell=bool(flags.is_doorbell),
        labels=labels_of(flags.smart_detect_types) | labels_of(flags.smart_detect_audio_types),
    )


def camera_from_rest(raw: object) -> CameraInfo | None:
    """Read one item of the private API's list of cameras, as the library would.

    None for what is no camera of this console; nothing raises.
    """
    if not isinstance(raw, Mapping) or not raw.get("isAdopted", True):
        return None
    flags = raw.get("featureFlags")
    if not isinstance(flags, Mapping):
        flags = {}
    return _camera(
        raw.get("id"),
        raw.get("mac"),
        name=raw.get("name"),
        model=_named(raw.get("marketName"), raw.get("type")),
        # Older releases say it in another word (read in the library's data/devices.py).
        is_doorbell=bool(flags.get("isDoorbell", flags.get("hasChime"))),
        labels=labels_of(flags.get("smartDetectTypes"))
        | labels_of(flags.get("smartDetectAudioTypes")),
    )


def is_connected(raw: object) -> bool:
    """Say whether an item of that list is a camera of this console that it can see now."""
    return (
        camera_from_rest(raw) is not None
        and isinstance(raw, Mapping)
        and raw.get("state") == "CONNECTED"
    )


def _camera(
    camera_id: object,
    mac: object,
    *,
    name: object,
    model: str,
    is_doorbell: bool,
    labels: frozenset[Label],
) -> CameraInfo | None:
    known_id, known_mac = plain_id(camera_id), plain_mac(mac)
    if known_id is None or known_mac is None:
        return None
    return CameraInfo(
        id=known_id,
        name=_named(name, model),
        mac=known_mac,
        model=model,
        is_doorbell=is_doorbell,
        labels=labels,
    )


def _named(*names: object) -> str:
    """Return the first that says something, on one line: it is shown, and may stand in the log."""
    tidied = (tidy(str(name), LONGEST_CAMERA) for name in names if name)
    return next(filter(None, tidied), "")
