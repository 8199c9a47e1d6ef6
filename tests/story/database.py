"""Reads Sightings back out of the recorder's tables, as anybody with a query can."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
import threading
from typing import Any, override

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import EventData, Events, EventTypes
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import JSON, select, type_coerce

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history import async_processed


@dataclass(slots=True)
class _Wait(RecorderTask):
    """Keeps the recorder's thread from all that follows."""

    commit_before = False

    until: threading.Event

    @override
    def run(self, instance: Recorder) -> None:
        self.until.wait()


@contextmanager
def held_up(hass: HomeAssistant) -> Iterator[None]:
    """Have a recorder that deals with nothing."""
    until = threading.Event()
    get_instance(hass).queue_task(_Wait(until))
    try:
        yield
    finally:
        until.set()


async def sightings_in_database(hass: HomeAssistant, **wanted: str | None) -> list[dict[str, Any]]:
    """Return the data of the stored Sightings that have these values, oldest first."""
    recorder = get_instance(hass)
    # The recorder's own future is done too early while it holds the last event in its hand.
    await async_processed(hass)

    def read() -> list[str | None]:
        data = type_coerce(EventData.shared_data, JSON)
        query = (
            select(EventData.shared_data)
            .select_from(Events)
            .join(EventTypes, Events.event_type_id == EventTypes.event_type_id)
            .join(EventData, Events.data_id == EventData.data_id)
            .where(EventTypes.event_type == EVENT_SIGHTING)
            .order_by(Events.time_fired_ts, Events.event_id)
        )
        for key, value in wanted.items():
            query = query.where(data[key].as_string() == value)
        with session_scope(hass=hass, read_only=True) as session:
            return list(session.execute(query).scalars())

    rows = await recorder.async_add_executor_job(read)
    return [json.loads(row or "{}") for row in rows]
