"""One switch a camera: whether its Detections are described."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import CameraEntity, async_add_for_cameras
from .runtime import NarratorConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant calls it so
    entry: NarratorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one for each camera."""
    async_add_for_cameras(
        entry.runtime_data.coordinator,
        async_add_entities,
        lambda coordinator, camera: [DescribeSwitch(coordinator, camera)],
    )


class DescribeSwitch(CameraEntity, SwitchEntity):
    """Off: the camera's Detections get no download and no Sighting, and are counted.

    The ledger remembers it, disabled or not: a camera that was silenced stays so.
    """

    key = "describe"
    _attr_entity_category = EntityCategory.CONFIG

    @property
    @override
    def available(self) -> bool:
        """A choice of the user's own, which can be made while the console is away."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera's Detections are described."""
        return self._mac not in self.coordinator.data.muted

    @override
    def _shows(self) -> object:
        return self.is_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Describe."""
        self.coordinator.async_set_describes(self._mac, describes=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Leave alone."""
        self.coordinator.async_set_describes(self._mac, describes=False)
