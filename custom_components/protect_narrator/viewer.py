"""Who looks through Sightings, and of which cameras he may see them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.http import current_request

from .const import DOMAIN
from .history import CameraSet
from .permissions import known_cameras, loaded_entries, may_read

GONE = "gone-"

_TELLING = "_last_sighting"


class SeenCamera(NamedTuple):
    """A camera that may be seen by who looks."""

    key: str
    """Its MAC address; or, of one that is gone, ``gone-`` and what Protect called it."""

    name: str
    rows: CameraSet
    """What is recorded of it."""

    has_recordings: bool
    """Whether its console is at work and has it: recordings are nowhere else."""


def gone_camera(camera_id: str, name: str) -> SeenCamera:
    """Return a camera that nobody knows any more: only who sees everything sees it."""
    rows = CameraSet(camera_ids=frozenset({camera_id}))
    return SeenCamera(f"{GONE}{camera_id}", name, rows, has_recordings=False)


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
        self.sees_everything = user is None or user.permissions.access_all_entities(POLICY_READ)
        self.cameras = self._cameras()
        """The cameras that he may see, by name, whether or not their console is at work."""

    @callback
    def may_see(self, data: Mapping[str, Any]) -> bool:
        """Say whether he may see the Sighting with these event data."""
        return self.sees_everything or any(each.rows.has(data) for each in self.cameras)

    def _cameras(self) -> list[SeenCamera]:
        """Return them: one is ours as long as the registry has a sensor of its last Sighting."""
        entities = er.async_get(self._hass)
        found = {
            entity.unique_id.removesuffix(_TELLING): entity.device_id
            for entry in self._hass.config_entries.async_entries(DOMAIN)
            for entity in er.async_entries_for_config_entry(entities, entry.entry_id)
            if entity.domain == "sensor" and entity.unique_id.endswith(_TELLING)
        }
        seen = [self._camera(mac, device_id) for mac, device_id in found.items() if self._may(mac)]
        return sorted(seen, key=lambda camera: (camera.name.casefold(), camera.key))

    def _may(self, mac: str) -> bool:
        return self._user is None or may_read(self._hass, self._user, mac)

    def _camera(self, mac: str, device_id: str | None) -> SeenCamera:
        device = dr.async_get(self._hass).async_get(device_id) if device_id else None
        name = None if device is None else device.name_by_user or device.name
        coordinators = [each.runtime_data.coordinator for each in loaded_entries(self._hass)]
        ids = frozenset[str]().union(*(each.camera_ids_of({mac}) for each in coordinators))
        return SeenCamera(
            key=mac,
            name=name or mac,
            rows=CameraSet(camera_ids=ids, device_ids=frozenset({device_id} if device_id else ())),
            has_recordings=any(each.mac == mac for each in known_cameras(self._hass)),
        )
