"""Which Detections are described at all: a decision without I/O."""

from enum import StrEnum

from .models import Detection, Policy


class Skip(StrEnum):
    """Why a Detection gets no Sighting; whoever asks counts these."""

    CAMERA_NOT_CHOSEN = "camera_not_chosen"
    LABEL_NOT_CHOSEN = "label_not_chosen"
    SWITCHED_OFF = "switched_off"
    """The camera's own "describe" switch is off."""


def verdict(
    detection: Detection, policy: Policy, *, mac: str | None, describes: bool
) -> Skip | None:
    """Return why the Detection is passed over, or None when it is to be described.

    ``mac`` is the camera's MAC address, ``describes`` the state of its switch. One chosen
    label is enough: a person seen together with motion is a person.
    """
    if policy.cameras and mac not in policy.cameras:
        return Skip.CAMERA_NOT_CHOSEN
    if policy.labels.isdisjoint(detection.labels):
        return Skip.LABEL_NOT_CHOSEN
    if not describes:
        return Skip.SWITCHED_OFF
    return None
