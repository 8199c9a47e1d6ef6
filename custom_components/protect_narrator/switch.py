"""One switch a camera: whether its Detections are described."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import STATE_OFF, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .coordinator import NarratorCoordinator
from .entity import CameraEntity, async_add_for_cameras
from .protect import CameraInfo
from .runtime import NarratorConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant calls it so
    entry: NarratorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one for each camera."""
    # Of the start: soon after that the ledger knows what the switches say.
    is_forgotten = not entry.runtime_data.ledger.knows_muted
    async_add_for_cameras(
        entry.runtime_data.coordinator,
        async_add_entities,
        lambda coordinator, camera: [
            DescribeSwitch(coordinator, camera, is_forgotten=is_forgotten)
        ],
    )


class DescribeSwitch(CameraEntity, SwitchEntity, RestoreEntity):
    """Off: the camera's Detections get no download and no Sighting, and are counted.

    The ledger remembers it, disabled or not: a camera that was silenced stays so. Where the
    ledger is lost, it stays so by what Home Assistant remembers of the switch.
    """

    key = "describe"
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(
        self, coordinator: NarratorCoordinator, camera: CameraInfo, *, is_forgotten: bool
    ) -> None:
        """``is_forgotten`` says that the ledger does not know how the switch was."""
        super().__init__(coordinator, camera)
        self._is_forgotten = is_forgotten

    @override
    async def async_added_to_hass(self) -> None:
        """Be off as before, where only Home Assistant knows; nothing is listened to until then."""
        last = await self.async_get_last_state() if self._is_forgotten else None
        if last is not None and last.state == STATE_OFF:
            self.coordinator.async_set_describes(self._mac, describes=False)
        await super().async_added_to_hass()

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
