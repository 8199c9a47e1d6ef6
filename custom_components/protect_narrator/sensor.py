"""Per camera: what was seen last and what was lost. Per console: how the day goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity

from .coordinator import NarratorCoordinator, NarratorData, Published
from .entity import ConsoleEntity, SightingEntity, async_add_for_cameras
from .hidden import hidden_ids
from .kind_sensors import CameraNumberSensor, async_add_counts
from .pipeline.breaker import Downloads
from .pipeline.models import FallbackReason
from .runtime import NarratorConfigEntry
from .tally import Mean

PARALLEL_UPDATES = 0

# The state of the fallback sensor while nothing is lost.
NOTHING_LOST = "none"


@dataclass(frozen=True, kw_only=True)
class ConsoleSensorDescription(SensorEntityDescription):
    """What the console's device shows."""

    value: Callable[[NarratorData], float | str | None]


def _mean_sensor(stage: str) -> ConsoleSensorDescription:
    """Return the mean seconds of a stage today; but for the whole, of interest to few."""

    def mean(data: NarratorData) -> float | None:
        seconds = data.today.stages.get(f"{stage}_s", Mean()).seconds
        return None if seconds is None else round(seconds, 1)

    return ConsoleSensorDescription(
        key=f"mean_{stage}_today",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=stage == "total",
        value=mean,
    )


def _ready_after(data: NarratorData) -> float | None:
    return None if data.ready_after_s is None else round(data.ready_after_s, 1)


CONSOLE_SENSORS = (
    ConsoleSensorDescription(
        key="queue_depth",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.queue_depth,
    ),
    ConsoleSensorDescription(
        key="sightings_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda data: data.today.sightings,
    ),
    ConsoleSensorDescription(
        key="fallbacks_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.today.fallbacks,
    ),
    ConsoleSensorDescription(
        key="ai_calls_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.today.ai_calls,
    ),
    ConsoleSensorDescription(
        key="ai_calls_left_today",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.ai_calls_left,
    ),
    ConsoleSensorDescription(
        key="ai_failures_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.today.ai_failures,
    ),
    ConsoleSensorDescription(
        key="ai_tokens_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.today.ai_tokens,
    ),
    ConsoleSensorDescription(
        key="skipped_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.today.skipped,
    ),
    ConsoleSensorDescription(
        key="ready_after",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_ready_after,
    ),
    ConsoleSensorDescription(
        key="clip_downloads",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in Downloads],
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.clip_downloads.value,
    ),
    *(_mean_sensor(stage) for stage in ("settle", "download", "prepare", "describe", "total")),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant calls it so
    entry: NarratorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the console's, three for each camera, and its numbers by kind."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(ConsoleSensor(coordinator, description) for description in CONSOLE_SENSORS)
    async_add_for_cameras(
        coordinator,
        async_add_entities,
        lambda coordinator, camera: [
            LastSightingSensor(coordinator, camera),
            FallbackReasonSensor(coordinator, camera),
            CameraCallsSensor(coordinator, camera),
        ],
    )
    async_add_counts(coordinator, async_add_entities)


class ConsoleSensor(ConsoleEntity, SensorEntity):
    """A number or a state of the console."""

    entity_description: ConsoleSensorDescription

    def __init__(
        self, coordinator: NarratorCoordinator, description: ConsoleSensorDescription
    ) -> None:
        """Show that."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def available(self) -> bool:
        """What is ours to know is known while the console is away."""
        return True

    @property
    @override
    def native_value(self) -> float | str | None:
        """What there is to show now."""
        return self.entity_description.value(self.coordinator.data)

    @override
    def _shows(self) -> object:
        return self.native_value


class CameraCallsSensor(CameraNumberSensor):
    """How often an AI was asked about one camera today."""

    key = "ai_calls_today"
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    @property
    @override
    def native_value(self) -> int:
        """The number now."""
        return self.coordinator.data.today.ai_calls_of(self._mac)


class RestoredSightingSensor(SightingEntity, SensorEntity, RestoreEntity):
    """A sensor that shows what it showed before a restart, until the next Sighting."""

    @override
    @callback
    def _async_show_nothing(self) -> None:
        self._attr_native_value = None
        self._attr_extra_state_attributes = {}

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData | None:
        """What is shown; the state itself may be ``unavailable`` when Home Assistant stops."""
        if self._attr_native_value is None:
            return None
        return RestoredExtraData(
            {
                "value": self._attr_native_value,
                "attributes": self._attr_extra_state_attributes,
                "end": None if self._newest is None else self._newest[0].isoformat(),
            }
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what was shown last."""
        await super().async_added_to_hass()
        if (last := await self.async_get_last_extra_data()) is None:
            return
        shown = last.as_dict()
        if shown["attributes"].get("sighting_id") in hidden_ids(self.hass):
            return  # deleted since that was kept
        if self.options is None or shown["value"] in self.options:
            self._attr_native_value = shown["value"]
            self._attr_extra_state_attributes = shown["attributes"]
            # Absent in what version 0.1 has kept.
            if (end := shown.get("end")) is not None:
                sighting_id = shown["attributes"]["sighting_id"]
                self._newest = (datetime.fromisoformat(end), sighting_id)


class LastSightingSensor(RestoredSightingSensor):
    """What was seen last, in a few words; the long ones are an attribute."""

    key = "last_sighting"
    # Long, and stored with the bus event already.
    _unrecorded_attributes = frozenset({"description"})

    @override
    @callback
    def _async_show(self, published: Published) -> None:
        sighting = published.sighting
        detection, description = sighting.detection, sighting.description
        self._attr_native_value = description.title
        self._attr_extra_state_attributes = {
            "sighting_id": sighting.sighting_id,
            "revision": sighting.revision,
            "phase": sighting.phase.value,
            "description": description.description,
            "importance": description.importance.value,
            "labels": [label.value for label in detection.labels],
            "start": detection.start.isoformat(timespec="milliseconds"),
            "end": detection.end.isoformat(timespec="milliseconds"),
            "medium": sighting.medium.value,
            "frame_count": sighting.frame_count,
            "fallback_reason": sighting.fallback_reason and sighting.fallback_reason.value,
            "agent_id": description.agent_id,
        }


class FallbackReasonSensor(RestoredSightingSensor):
    """The first rung that the camera's last Sighting lost."""

    key = "fallback_reason"
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = [NOTHING_LOST, *(reason.value for reason in FallbackReason)]  # noqa: RUF012 - as SensorEntity has it

    @override
    @callback
    def _async_show(self, published: Published) -> None:
        sighting = published.sighting
        reason = sighting.fallback_reason
        self._attr_native_value = reason.value if reason else NOTHING_LOST
        self._attr_extra_state_attributes = {
            "sighting_id": sighting.sighting_id,
            "fallback_detail": sighting.fallback_detail and sighting.fallback_detail.value,
            "fallbacks": [str(fallback) for fallback in sighting.fallbacks],
            "clip_attempts": sighting.clip_attempts,
        }
