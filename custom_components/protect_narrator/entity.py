"""What our entities share."""

from collections.abc import Callable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import NarratorCoordinator, Published
from .devices import core_device
from .protect import CameraInfo, ConsoleInfo


def console_device(console: ConsoleInfo) -> DeviceInfo:
    """Return the device of a console that core does not know."""
    return DeviceInfo(
        identifiers={(DOMAIN, console.mac)},
        manufacturer="Ubiquiti",
        model=console.model,
        name=console.name,
        sw_version=console.version,
    )


def camera_device(camera: CameraInfo) -> DeviceInfo:
    """Return the device of a camera that core does not know."""
    return DeviceInfo(
        identifiers={(DOMAIN, camera.mac)},
        manufacturer="Ubiquiti",
        model=camera.model,
        name=camera.name,
    )


class NarratorEntity(CoordinatorEntity[NarratorCoordinator]):
    """An entity on a camera's or on the console's device."""

    _attr_has_entity_name = True

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


class ConsoleEntity(NarratorEntity):
    """An entity of the console."""

    def __init__(self, coordinator: NarratorCoordinator, key: str) -> None:
        """Be about the coordinator's console."""
        console = coordinator.console
        super().__init__(coordinator, key, console.mac, console_device(console))


class CameraEntity(NarratorEntity):
    """An entity of one camera."""

    key: str

    def __init__(self, coordinator: NarratorCoordinator, camera: CameraInfo) -> None:
        """Be about that camera."""
        super().__init__(coordinator, self.key, camera.mac, camera_device(camera))
        self._camera_id = camera.id

    @property
    @override
    def available(self) -> bool:
        """Whether the console can be heard and still has the camera."""
        return super().available and self._camera_id in self.coordinator.data.cameras


class SightingEntity(CameraEntity):
    """An entity that shows the Sightings of one camera."""

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the camera's Sightings."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.async_subscribe(self._camera_id, self._async_on_published)
        )

    @callback
    def _async_on_published(self, published: Published) -> None:
        """Show a Sighting, linked to its bus event."""
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
        new = [camera for camera in coordinator.data.cameras.values() if camera.id not in added]
        added.update(camera.id for camera in new)
        if new:
            async_add_entities(entity for camera in new for entity in make(coordinator, camera))

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))
