"""Which Detections are described at all: a decision without I/O."""

from datetime import timedelta
from enum import StrEnum

from .models import Detection, Label, Policy


class Skip(StrEnum):
    """Why a Detection gets no Sighting; whoever asks counts these."""

    CAMERA_NOT_CHOSEN = "camera_not_chosen"
    LABEL_NOT_CHOSEN = "label_not_chosen"
    SWITCHED_OFF = "switched_off"
    """The camera's own "describe" switch is off."""

    COOLDOWN = "cooldown"
    """It began too soon after the camera's last one."""


# No camera is silent because a console whose clock is wrong told of an end in years to come.
_LONGEST_LASTING = timedelta(hours=1)


def verdict(
    detection: Detection,
    policy: Policy,
    *,
    mac: str | None,
    describes: bool,
    last: Detection | None = None,
) -> Skip | None:
    """Return why the Detection is passed over, or None when it is to be described.

    ``mac`` is the camera's MAC address, ``describes`` the state of its switch and ``last`` what
    was taken in of it last. One chosen label is enough: a person seen together with motion is
    a person.
    """
    if policy.cameras and mac not in policy.cameras:
        return Skip.CAMERA_NOT_CHOSEN
    if policy.labels.isdisjoint(detection.labels):
        return Skip.LABEL_NOT_CHOSEN
    if not describes:
        return Skip.SWITCHED_OFF
    if last is not None and _too_soon(detection, last, policy.cooldown):
        return Skip.COOLDOWN
    return None


def _too_soon(detection: Detection, last: Detection, cooldown: timedelta) -> bool:
    """Say whether it began while the other still went on or shortly after; a ring never did.

    What is found late and began before the other is not its sequel.
    """
    if not cooldown or Label.RING in detection.labels:
        return False
    end = min(last.end, last.start + _LONGEST_LASTING)
    return last.start <= detection.start < end + cooldown
