"""Reads Sightings back out of the recorder's tables, as anybody with a query can."""

import json
from typing import Any

from homeassistant.components.recorder.db_schema import EventData, Events, EventTypes
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import JSON, select, type_coerce

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history import async_processed


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
