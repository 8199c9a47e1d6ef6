"""How many Sightings of a camera there were today, by kind: numbers for long-term statistics."""

from typing import override

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import NarratorCoordinator
from .entity import CameraEntity
from .kinds import Kind, told_by
from .protect import CameraInfo

# Of interest to few: the others are what people ask for.
_DISABLED_AT_FIRST = frozenset({Kind.SOUNDS, Kind.MOTION})


class CameraNumberSensor(CameraEntity, SensorEntity):
    """A number of the camera's day.

    It falls to zero at midnight and at no other time, which is what ``total_increasing`` means.
    """

    _attr_state_class = SensorStateClass.TOTAL_INCREASING

    @property
    @override
    def available(self) -> bool:
        """Our own numbers are known while the console is away."""
        return self._mac in self.coordinator.data.cameras

    @override
    def _shows(self) -> object:
        return self.available, self.native_value


class SightingsTodaySensor(CameraNumberSensor):
    """How many Sightings of one kind the camera had today."""

    def __init__(self, coordinator: NarratorCoordinator, camera: CameraInfo, kind: Kind) -> None:
        """Count those of that kind."""
        self.key = _key(kind)
        self._kind = kind
        self._attr_entity_registry_enabled_default = kind not in _DISABLED_AT_FIRST
        super().__init__(coordinator, camera)

    @property
    @override
    def native_value(self) -> int:
        """The number now."""
        return self.coordinator.data.today.sightings_of(self._mac, self._kind)


@callback
def async_add_counts(
    coordinator: NarratorCoordinator, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for each kind that a camera can tell, and for what it turns out to tell.

    What was there once stays: statistics that lose their sensor are reported as broken.
    """
    registry = er.async_get(coordinator.hass)
    added: set[tuple[str, Kind]] = set()
    seen: tuple[object, object] = (None, None)

    def is_wanted(camera: CameraInfo, kind: Kind) -> bool:
        unique_id = f"{camera.mac}_{_key(kind)}"
        return (
            kind in told_by(camera)
            or coordinator.data.today.sightings_of(camera.mac, kind) > 0
            or registry.async_get_entity_id("sensor", DOMAIN, unique_id) is not None
        )

    @callback
    def add_new() -> None:
        nonlocal seen
        data = coordinator.data
        now = data.cameras, data.today.sightings_by_camera
        if all(old is new for old, new in zip(seen, now, strict=True)):
            return  # most changes are of something else
        seen = now
        added.intersection_update((mac, kind) for mac in data.cameras for kind in Kind)
        new = [
            (camera, kind)
            for camera in data.cameras.values()
            for kind in Kind
            if (camera.mac, kind) not in added and is_wanted(camera, kind)
        ]
        added.update((camera.mac, kind) for camera, kind in new)
        if new:
            async_add_entities(SightingsTodaySensor(coordinator, *one) for one in new)

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add_new))


def _key(kind: Kind) -> str:
    return f"{kind.value}_today"
