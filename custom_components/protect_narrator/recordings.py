"""Which recording a Sighting was made of, while its console still has that camera.

Asked by the view that plays it and by whoever offers it, so that nothing is offered that is not
played.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, callback

from .options import policy_from
from .permissions import loaded_entries
from .pipeline.clip import clip_window
from .pipeline.models import Detection, Policy
from .runtime import RuntimeData
from .salvage import UnreadableError
from .stored import detection_from

# Longer than the options and the actions allow.
_LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Recording:
    """A stretch of what a camera has recorded, of the length that is analysed."""

    runtime: RuntimeData
    """Of its console, which is at work."""

    mac: str
    """Of its camera."""

    camera_id: str
    start: datetime
    end: datetime


@callback
def recording_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Recording | None:
    """Return the recording of the Sighting with these event data; None where nobody has it.

    A camera that was adopted anew has another id, and the console knows no recordings by the old.
    """
    try:
        detection = detection_from(data)
    except UnreadableError:
        return None
    for entry in loaded_entries(hass):
        coordinator = entry.runtime_data.coordinator
        mac = coordinator.mac_of(detection.camera_id)
        camera = coordinator.data.cameras.get(mac) if mac else None
        if (
            camera is not None
            and camera.id == detection.camera_id
            and coordinator.console.mac.lower() == detection.console_id
        ):
            window = _window(detection, policy_from(hass, entry, camera.mac))
            return window and Recording(entry.runtime_data, camera.mac, camera.id, *window)
    return None


def _window(detection: Detection, policy: Policy) -> tuple[datetime, datetime] | None:
    """Return what is analysed of it; None where that is no clip that we have ever told of.

    Anybody can fire an event of our name, and a console is not asked for a year.
    """
    try:
        start, end = clip_window(detection, policy)
    except OverflowError:
        return None
    return (start, end) if timedelta(0) < end - start <= _LONGEST else None
