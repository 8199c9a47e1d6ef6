"""What our entities share."""

from collections.abc import Callable
from datetime import datetime
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .coordinator import NarratorCoordinator, Published
from .devices import camera_device, console_device, core_device
from .hidden import SIGNAL_HIDDEN, hidden_ids
from .protect import CameraInfo


class NarratorEntity(CoordinatorEntity[NarratorCoordinator]):
    """An entity on a camera's or on the console's device."""

    _attr_has_entity_name = True
    _shown: object = None

    def __init__(
        self, coordinator: NarratorCoordinator, key: str, mac: str, own_device: DeviceInfo
    ) -> None:
        """Attach to the device that core made, or to our own."""
        super().__init__(coordinator)
        self._attr_translation_key = key
        self._attr_unique_id = f"{mac}_{key}"
        if (device := core_device(coordinator.hass, mac)) is not None:
            self.device_entry = device
        else:
            self._attr_device_info = own_device

    @property
    @override
    def available(self) -> bool:
        """Whether the console can be heard."""
        return self.coordinator.data.connected

    def _shows(self) -> object:
        """Return what of the coordinator's data this entity shows."""
        return self.available

    @override
    async def async_added_to_hass(self) -> None:
        """Note what is shown at first."""
        await super().async_added_to_hass()
        self._shown = self._shows()

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Write what has changed: most changes are a count, and a house has many entities."""
        shows = self._shows()
        if shows != self._shown:
            self._shown = shows
            super()._handle_coordinator_update()


class ConsoleEntity(NarratorEntity):
    """An entity of the console."""

    def __init__(self, coordinator: NarratorCoordinator, key: str) -> None:
        """Be about the coordinator's console."""
        console = coordinator.console
        super().__init__(coordinator, key, console.mac, console_device(console))


class CameraEntity(NarratorEntity):
    """An entity of one camera, which it is still after it was adopted anew."""

    key: str

    def __init__(self, coordinator: NarratorCoordinator, camera: CameraInfo) -> None:
        """Be about that camera."""
        super().__init__(coordinator, self.key, camera.mac, camera_device(camera))
        self._mac = camera.mac

    @property
    @override
    def available(self) -> bool:
        """Whether the console can be heard and still has the camera."""
        return super().available and self._mac in self.coordinator.data.cameras

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        """Leave with the camera; the registry keeps our place for its return."""
        if self._mac in self.coordinator.data.cameras:
            super()._handle_coordinator_update()
        else:
            self.hass.async_create_task(self.async_remove(), eager_start=True)


class SightingEntity(CameraEntity):
    """An entity that shows the Sightings of one camera."""

    _shows_the_last = True
    _newest: tuple[datetime, str] | None = None
    """When what is shown ended, and its ``sighting_id``."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the camera's Sightings."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_subscribe(self._mac, self._async_on_published))
        self.async_on_remove(
            async_dispatcher_connect(self.hass, SIGNAL_HIDDEN, self._async_on_hidden)
        )

    @callback
    def _async_on_hidden(self, sighting_id: str) -> None:
        """Show a Sighting no longer that was deleted; the next one is the last again."""
        if self._shown_id == sighting_id:
            self._newest = None
            self._async_show_nothing()
            self.async_write_ha_state()

    @property
    def _shown_id(self) -> str | None:
        """The ``sighting_id`` of what is shown."""
        return None if self._newest is None else self._newest[1]

    @callback
    def _async_show_nothing(self) -> None:
        """Show no Sighting."""
        raise NotImplementedError

    @callback
    def _async_on_published(self, published: Published) -> None:
        """Show a Sighting, linked to its bus event.

        One of before that is described again, or was found late, does not become the last one.
        """
        sighting = published.sighting
        if sighting.sighting_id in hidden_ids(self.hass):
            return  # deleted at the very moment at which it was described again
        ended = (sighting.detection.end, sighting.sighting_id)
        if self._shows_the_last and self._newest is not None:
            end, shown = self._newest
            # What has ended in times to come, by a wrong clock, keeps nothing from being shown.
            if shown != sighting.sighting_id and ended[0] < end <= dt_util.utcnow():
                return
        self._newest = ended
        self.async_set_context(published.context)
        self._async_show(published)
        self.async_write_ha_state()

    @callback
    def _async_show(self, published: Published) -> None:
        """Take over what this entity shows of a Sighting."""
        raise NotImplementedError


@callback
def async_add_for_cameras(
    coordinator: NarratorCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[NarratorCoordinator, CameraInfo], list[Entity]],
) -> None:
    """Add entities for every camera there is, and for those that are adopted later."""
    added: set[str] = set()

    @callback
    def add_new() -> None:
        cameras = coordinator.data.cameras
        new = [camera for mac, camera in cameras.items() if mac not in added]
        added.clear()
        added.update(cameras)
        if new:
            async_add_entities(entity for camera in new for entity in make(coordinator, camera))

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))
