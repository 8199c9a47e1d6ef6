"""What the pipeline asks of the record: which Sightings have a row, and what was told already."""

import asyncio
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import batched
import json

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import EventData, Events
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant
from homeassistant.util.ulid import ulid_to_bytes
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ..pipeline.backlog import NoRecordYetError
from .access import (
    HistoryUnavailableError,
    NotRecordedError,
    event_type_id,
    reading,
    recorder_of,
    require_recording,
)

# Within what every database takes in one statement: old SQLite takes 999 values.
_MOST_IDS = 500

# More than a day of Sightings in the busiest home; kilobytes each while they are read.
_TOLD_AT_MOST = 10_000

# For a database that is busy. Whoever asks may ask again.
_TOLD_LIMIT_S = 30.0

# A row has the time at which its Detection began, and what is looked for is known by its end.
_LONGEST = timedelta(hours=1)


async def async_told_since(hass: HomeAssistant, since: datetime) -> frozenset[tuple[str, str]]:
    """Return which Protect events were recorded as told since then: camera's id and its own.

    First words do not count, as the full ones may never have come. Of more than 10,000 Sightings
    the latest; none where there is no recorder. Raises NoRecordYetError where it is not ready, or
    its database does not answer in time.
    """
    try:
        recorder = recorder_of(hass)
        async with asyncio.timeout(_TOLD_LIMIT_S):
            return await recorder.async_add_executor_job(_told_since, recorder, since)
    except NotRecordedError:
        return frozenset()
    except (HistoryUnavailableError, SQLAlchemyError, TimeoutError) as err:
        raise NoRecordYetError(type(err).__name__) from err


async def async_stored(hass: HomeAssistant, context_ids: Collection[str]) -> set[str]:
    """Return those of the context ids (ULIDs) with which a Sighting is stored.

    Raises HistoryUnavailableError, and of this NotRecordedError where waiting would be in vain.
    """
    require_recording(hass)
    recorder = recorder_of(hass)
    by_bytes = {ulid_to_bytes(context_id): context_id for context_id in context_ids}
    try:
        found = await recorder.async_add_executor_job(_contexts, recorder, tuple(by_bytes))
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err
    return {by_bytes[each] for each in found}


async def async_processed(hass: HomeAssistant) -> None:
    """Return when the recorder has dealt with all that was fired until now.

    Its queue is in order: what was fired before and has no row then was lost by it. Where its
    commit fails, or it is not at work, this does not return: set a limit. The recorder's own
    commit future is no such proof, as there is none while it holds the last event in its hand.
    Raises HistoryUnavailableError.
    """
    done = hass.loop.create_future()
    recorder_of(hass).queue_task(SynchronizeTask(done))
    await done


def _contexts(recorder: Recorder, contexts: tuple[bytes, ...]) -> set[bytes]:
    """Return those of the contexts with which our event is stored."""
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return set()
        # The type is compared here: in the query it would invite a database to read all of ours.
        return {
            bytes(row.context_id_bin)
            for some in batched(contexts, _MOST_IDS, strict=False)
            for row in session.execute(
                select(Events.context_id_bin, Events.event_type_id).where(
                    Events.context_id_bin.in_(some)
                )
            )
            if row.event_type_id == type_id
        }


def _events_of(data: object) -> Iterator[tuple[str, str]]:
    """Yield the events that a Sighting tells of; none where it is no Sighting of ours."""
    if not isinstance(data, dict) or not data.get("revision"):
        return
    camera_id, event_ids = data.get("camera_id"), data.get("protect_event_ids")
    if isinstance(camera_id, str) and isinstance(event_ids, list):
        yield from ((camera_id, event_id) for event_id in event_ids if isinstance(event_id, str))


def _told_since(recorder: Recorder, since: datetime) -> frozenset[tuple[str, str]]:
    """Return the events that Sightings tell of."""
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return frozenset()
        rows = session.execute(
            select(EventData.shared_data)
            .select_from(Events)
            .join(EventData, Events.data_id == EventData.data_id)
            .where(Events.event_type_id == type_id)
            .where(Events.time_fired_ts >= (since - _LONGEST).timestamp())
            .order_by(Events.time_fired_ts.desc())
            .limit(_TOLD_AT_MOST)
        ).scalars()
        # Anybody can fire an event of that name.
        return frozenset(event for row in rows if row for event in _events_of(json.loads(row)))
