"""Who looks through Sightings, and of which cameras he may see them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from homeassistant.auth.models import User
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.http import current_request

from .history import CameraSet
from .permissions import (
    ToldCamera,
    may_read,
    may_read_everything,
    may_read_sighting,
    readable_cameras,
    rows_of,
)
from .recordings import recording_of

GONE = "gone-"


class SeenCamera(NamedTuple):
    """A camera that may be seen by who looks."""

    key: str
    """Its MAC address; or, of one that is gone, ``gone-`` and what Protect called it."""

    name: str
    rows: CameraSet
    """What is recorded of it."""


def gone_camera(camera_id: str, name: str) -> SeenCamera:
    """Return a camera that nobody knows any more: only who sees everything sees it."""
    rows = CameraSet(camera_ids=frozenset({camera_id}))
    return SeenCamera(f"{GONE}{camera_id}", name, rows)


@callback
def current_user() -> User | None:
    """Return who asks; None where Home Assistant acts on its own, as for an automation.

    Media sources are not told. What somebody has set off by a message of his has his rights, too:
    from here it cannot be told apart from his own question.
    """
    if (connection := current_connection.get()) is not None:
        return connection.user
    request = current_request.get()
    return None if request is None else request.get(KEY_HASS_USER)


class Viewer:
    """Somebody who looks, as long as one question of his lasts."""

    def __init__(self, hass: HomeAssistant, user: User | None) -> None:
        """Look with that user's eyes; without one with Home Assistant's own."""
        self._hass = hass
        self._user = user
        self.sees_everything = may_read_everything(user)
        self.cameras = self._cameras()
        """The cameras that he may see, by name, whether or not their console is at work."""

    @callback
    def may_see(self, data: Mapping[str, Any]) -> bool:
        """Say whether he may see the Sighting with these event data."""
        return may_read_sighting(self._hass, self._user, data)

    @callback
    def may_play(self, data: Mapping[str, Any]) -> bool:
        """Say whether that Sighting's recording would be played to him: by the view's own rule."""
        recording = recording_of(self._hass, data)
        if recording is None:
            return False
        return self._user is None or may_read(self._hass, self._user, recording.mac)

    def _cameras(self) -> list[SeenCamera]:
        seen = [self._camera(camera) for camera in readable_cameras(self._hass, self._user)]
        return sorted(seen, key=lambda camera: (camera.name.casefold(), camera.key))

    def _camera(self, camera: ToldCamera) -> SeenCamera:
        mac, device_id = camera
        device = dr.async_get(self._hass).async_get(device_id) if device_id else None
        name = None if device is None else device.name_by_user or device.name
        return SeenCamera(
            key=mac,
            name=name or mac,
            rows=rows_of(self._hass, [camera]),
        )
