"""Sightings back out of the recorder's database, whichever one the user runs."""

from collections.abc import Mapping
from datetime import datetime
import json
from typing import Any

from homeassistant.components.recorder.db_schema import (
    EVENT_DATA_JSON,
    EventData,
    Events,
    EventTypes,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance, session_scope
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from .const import EVENT_SIGHTING
from .pipeline.models import Detection, Label, ranked


class HistoryUnavailableError(Exception):
    """There is no recorder that could be asked."""


async def async_find(hass: HomeAssistant, sighting_id: str) -> dict[str, Any] | None:
    """Return the event data of the Sighting's highest revision, None when none is stored.

    A Sighting is stored some seconds after it was fired. Raises HistoryUnavailableError.
    """
    # One that failed to start is there, but has no session to give.
    if DATA_INSTANCE not in hass.data or get_instance(hass).get_session is None:
        raise HistoryUnavailableError("the recorder does not run")
    try:
        rows = await get_instance(hass).async_add_executor_job(_revisions, hass, sighting_id)
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err
    return max(rows, key=lambda data: data["revision"], default=None)


def detection_from(data: Mapping[str, Any]) -> Detection:
    """Return the Detection that a Sighting's event data tell of.

    What Protect said beyond them, such as when it saw best, is not stored.
    """
    return Detection(
        console_id=data["console_id"],
        camera_id=data["camera_id"],
        camera_name=data["camera_name"],
        event_ids=tuple(data["protect_event_ids"]),
        labels=ranked(Label(label) for label in data["labels"]),
        start=datetime.fromisoformat(data["start"]),
        end=datetime.fromisoformat(data["end"]),
        end_estimated=data["end_estimated"],
        score=data["score"],
        license_plates=tuple(data["license_plates"]),
        faces=tuple(data["faces"]),
        zones=tuple(data.get("zones", ())),
        late=data["late"],
        requested=data.get("requested", False),
    )


def _revisions(hass: HomeAssistant, sighting_id: str) -> list[dict[str, Any]]:
    """Return the data of its rows; in the recorder's own thread."""
    with session_scope(hass=hass, read_only=True) as session:
        # The type first, so that the index on type and time keeps other events out.
        event_type_id = session.execute(
            select(EventTypes.event_type_id).where(EventTypes.event_type == EVENT_SIGHTING)
        ).scalar()
        if event_type_id is None:
            return []
        rows = session.execute(
            select(EventData.shared_data)
            .select_from(Events)
            .join(EventData, Events.data_id == EventData.data_id)
            .where(Events.event_type_id == event_type_id)
            .where(EVENT_DATA_JSON["sighting_id"].as_string() == sighting_id)
        ).scalars()
        return [json.loads(row) for row in rows if row]
