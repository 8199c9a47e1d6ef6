"""One event entity a camera, which fires with every Sighting."""

from typing import override

from homeassistant.components.event import (
    EventEntity,
    EventEntityStateAttribute,
    EventExtraStoredData,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Published
from .entity import SightingEntity, async_add_for_cameras
from .hidden import hidden_ids
from .pipeline.models import Label
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
        lambda coordinator, camera: [SightingEvent(coordinator, camera)],
    )


class SightingEvent(SightingEntity, EventEntity):
    """The moment at which a Sighting of the camera was published, its first words included."""

    key = "sighting"
    _shows_the_last = False  # moments: none is left out
    _attr_event_types = [label.value for label in Label]  # noqa: RUF012 - as EventEntity has it
    _unrecorded_attributes = frozenset({"description"})
    _untold: frozenset[str] = frozenset()
    """The attributes of a Sighting that was deleted."""

    @property
    @override
    def available(self) -> bool:
        """A moment must not be swallowed: what was under way is told while the console is away."""
        return True

    @property
    @override
    def extra_state_attributes(self) -> dict[str, None]:
        """Nothing, in the place of what was deleted; Home Assistant lets these come last."""
        return dict.fromkeys(self._untold)

    @override
    async def async_added_to_hass(self) -> None:
        """Leave out what was deleted since it was shown."""
        await super().async_added_to_hass()
        if self._shown_id in hidden_ids(self.hass):
            self._async_show_nothing()

    @property
    @override
    def _shown_id(self) -> str | None:
        return self.state_attributes.get("sighting_id")

    @property
    @override
    def extra_restore_state_data(self) -> EventExtraStoredData:
        """What is shown, for after a restart."""
        kept = super().extra_restore_state_data
        return EventExtraStoredData(kept.last_event_type, None) if self._untold else kept

    @override
    @callback
    def _async_show_nothing(self) -> None:
        """Keep that there was something, and when; tell no more of it."""
        told = self.state_attributes.keys() - {EventEntityStateAttribute.EVENT_TYPE}
        self._untold = frozenset(told)

    @override
    @callback
    def _async_show(self, published: Published) -> None:
        """Fire with the most telling label."""
        sighting = published.sighting
        self._untold = frozenset()
        self._trigger_event(
            sighting.detection.labels[0].value,
            {
                "sighting_id": sighting.sighting_id,
                "revision": sighting.revision,
                "phase": sighting.phase.value,
                "title": sighting.description.title,
                "description": sighting.description.description,
                "importance": sighting.description.importance.value,
                "labels": [label.value for label in sighting.detection.labels],
                "medium": sighting.medium.value,
                "fallback_reason": sighting.fallback_reason and sighting.fallback_reason.value,
                "late": sighting.detection.late,
            },
        )
