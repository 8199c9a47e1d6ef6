"""The finished Sighting goes out: as one immutable event on the bus, and to the entities."""

from datetime import datetime
import json
from typing import Any

from homeassistant.core import Context, HomeAssistant

from .coordinator import NarratorCoordinator, Published
from .devices import linked_device
from .hidden import hidden_ids
from .ledger import Ledger
from .pipeline.models import Phase, Sighting
from .pipeline.text import (
    LONGEST_CAMERA,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TITLE,
    MOST_NAMES,
    tidy,
)
from .receipts import Receipts
from .records import context_id
from .snapshots import SnapshotStore, image_path

# Text takes three bytes a character at most in every living script; emoji, which take four,
# and what the console calls things must not make the event larger than 8 KB. Where many events
# and long names come together, the longest text gives way.
_BYTES_A_CHARACTER = 3
_MOST_BYTES = 8 * 1024 - 1

# Of what users' automations find in the event; raised when a key changes its meaning.
SCHEMA = 1


class SightingPublisher:
    """The pipeline's Publisher for one console."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: NarratorCoordinator,
        ledger: Ledger,
        receipts: Receipts,
        snapshots: SnapshotStore,
    ) -> None:
        """Tell this Home Assistant."""
        self._hass = hass
        self._coordinator = coordinator
        self._ledger = ledger
        self._receipts = receipts
        self._snapshots = snapshots

    async def publish(self, sighting: Sighting) -> None:
        """Keep the picture, so that it is there when a notification comes; then tell the words."""
        image: str | None = None
        try:
            image = await self._kept(sighting)
        finally:
            # Even when we are ended at this very moment: all the work is done.
            await self._tell(sighting, image)

    async def _kept(self, sighting: Sighting) -> str | None:
        """Return where the Sighting's picture can be had; None where none is kept. Bounded.

        Where this revision has none, or it cannot be kept, that of an earlier one still shows it.
        """
        snapshots, sighting_id = self._snapshots, sighting.sighting_id
        mac = self._coordinator.mac_of(sighting.detection.camera_id)
        # Of what was deleted while it was described again none is to be on the disk.
        is_wanted = sighting_id not in hidden_ids(self._hass)
        if sighting.picture is not None and mac is not None and is_wanted:
            taken = sighting.detection.start
            await snapshots.async_keep(mac, sighting_id, sighting.picture, taken)
        return None if snapshots.find(sighting_id) is None else image_path(sighting_id)

    async def _tell(self, sighting: Sighting, image: str | None) -> None:
        """Fire the bus event, which is the record until it is read back; then show it.

        First words are a promise and no record: the full ones are still to come.
        """
        coordinator = self._coordinator
        detection = sighting.detection
        data = event_data(
            sighting,
            config_entry_id=coordinator.config_entry.entry_id,
            device_id=self._device_id(detection.camera_id),
            image=image,
        )
        told = detection if sighting.revision == 1 else None
        # One that was taken in by an earlier version has another.
        known = None if told is None else self._ledger.context_id_of(told)
        context = Context(id=known or context_id(sighting.sighting_id, sighting.revision))
        if sighting.phase is Phase.FIRST:
            self._receipts.async_fire(data, context)
        else:
            await self._receipts.async_record(data, context, told)
        coordinator.async_published(Published(sighting, context))

    def _device_id(self, camera_id: str) -> str | None:
        mac = self._coordinator.mac_of(camera_id)
        entry_id = self._coordinator.config_entry.entry_id
        device = linked_device(self._hass, entry_id, mac) if mac else None
        return device.id if device else None


def event_data(
    sighting: Sighting, *, config_entry_id: str, device_id: str | None, image: str | None = None
) -> dict[str, Any]:
    """Return the Sighting as the bus event carries it: flat, JSON, under 8 KB."""
    data = _event_data(sighting, config_entry_id=config_entry_id, device_id=device_id)
    data["image"] = image
    excess = len(json.dumps(data, ensure_ascii=False).encode()) - _MOST_BYTES
    if excess > 0:
        text = data["description"].encode()
        data["description"] = text[: len(text) - excess].decode(errors="ignore")
    return data


def _event_data(
    sighting: Sighting, *, config_entry_id: str, device_id: str | None
) -> dict[str, Any]:
    detection = sighting.detection
    description = sighting.description
    timings = sighting.timings
    return {
        "schema": SCHEMA,
        "sighting_id": sighting.sighting_id,
        "revision": sighting.revision,
        "phase": sighting.phase.value,
        "late": detection.late,
        "requested": detection.requested,
        "protect_event_id": detection.event_ids[0],
        "protect_event_ids": list(detection.event_ids),
        "config_entry_id": config_entry_id,
        "console_id": detection.console_id,
        "camera_id": detection.camera_id,
        "camera_name": _fit(detection.camera_name, LONGEST_CAMERA),
        "device_id": device_id,
        "labels": [label.value for label in detection.labels],
        "start": _iso(detection.start),
        "end": _iso(detection.end),
        "end_estimated": detection.end_estimated,
        "score": detection.score,
        "license_plates": [
            _fit(plate, LONGEST_NAME) for plate in detection.license_plates[:MOST_NAMES]
        ],
        "faces": [_fit(face, LONGEST_NAME) for face in detection.faces[:MOST_NAMES]],
        "zones": [_fit(zone, LONGEST_NAME) for zone in detection.zones[:MOST_NAMES]],
        "title": _fit(description.title, LONGEST_TITLE),
        "description": _fit(description.description, LONGEST_DESCRIPTION),
        "importance": description.importance.value,
        "importance_reason": description.importance_reason
        and _fit(description.importance_reason, LONGEST_REASON),
        "people": description.people,
        "vehicles": description.vehicles,
        "animals": description.animals,
        "packages": description.packages,
        "confidence": description.confidence,
        "agent_id": description.agent_id,
        "medium": sighting.medium.value,
        "frame_count": sighting.frame_count,
        "fallback_reason": sighting.fallback_reason and sighting.fallback_reason.value,
        "fallback_detail": sighting.fallback_detail and sighting.fallback_detail.value,
        "fallbacks": [str(fallback) for fallback in sighting.fallbacks],
        "clip_attempts": sighting.clip_attempts,
        "settle_s": _seconds(timings.settle_s),
        "download_s": _seconds(timings.download_s),
        "prepare_s": _seconds(timings.prepare_s),
        "describe_s": _seconds(timings.describe_s),
        "total_s": _seconds(timings.total_s),
    }


def _fit(text: str, longest: int) -> str:
    """Return the text with so many characters at most, and no more bytes than they may take."""
    return tidy(text, longest).encode()[: longest * _BYTES_A_CHARACTER].decode(errors="ignore")


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _seconds(value: float) -> float:
    return round(value, 3)
