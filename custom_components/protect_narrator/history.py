"""Sightings back out of the recorder's database, whichever one the user runs."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import batched
import json
import logging
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import (
    EVENT_DATA_JSON,
    EventData,
    Events,
    EventTypes,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_to_bytes
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from .const import EVENT_SIGHTING
from .pipeline.backlog import NoRecordYetError
from .stored import detection_from

# Within what every database takes in one statement: old SQLite takes 999 values.
_MOST_IDS = 500

# What the recorder does where the user has not chosen.
_COMMIT_INTERVAL_S = 5.0

_LOGGER = logging.getLogger(__name__)

# More than a day of Sightings in the busiest home; kilobytes each while they are read.
_TOLD_AT_MOST = 10_000

# For a database that is busy. Whoever asks may ask again.
_TOLD_LIMIT_S = 30.0


# What comes of reading a row that is none of ours.
_FOREIGN = (KeyError, TypeError, ValueError, OverflowError)


class HistoryUnavailableError(Exception):
    """There is no recorder that could be asked now."""


class NotRecordedError(HistoryUnavailableError):
    """What is fired is not recorded, and will not be before the user changes something."""


class EventExcludedError(NotRecordedError):
    """The recorder runs, and was told to leave out our event."""


async def async_find(hass: HomeAssistant, sighting_id: str) -> dict[str, Any] | None:
    """Return the event data of the Sighting's highest revision, None when none is stored.

    A Sighting is stored some seconds after it was fired. Raises HistoryUnavailableError.
    """
    recorder = _recorder(hass)
    try:
        rows = await recorder.async_add_executor_job(_revisions, recorder, sighting_id)
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err
    return max(filter(_is_ours, rows), key=lambda data: data["revision"], default=None)


async def async_told_since(hass: HomeAssistant, since: datetime) -> frozenset[tuple[str, str]]:
    """Return which Protect events were recorded as told since then: camera's id and its own.

    First words do not count, as the full ones may never have come. Of more than 10,000 Sightings
    the latest; none where there is no recorder. Raises NoRecordYetError where it is not ready, or
    its database does not answer in time.
    """
    try:
        recorder = _recorder(hass)
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
    recorder = _recorder(hass)
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
    _recorder(hass).queue_task(SynchronizeTask(done))
    await done


@callback
def require_recording(hass: HomeAssistant) -> None:
    """Raise NotRecordedError where what is fired now will never have a row."""
    recorder = _recorder(hass, when_ready=False)
    if EVENT_SIGHTING in recorder.exclude_event_types:
        raise EventExcludedError("the recorder leaves out Sightings, as it was configured")
    if not recorder.enabled:
        raise NotRecordedError("recording is switched off")


@callback
def is_listening(hass: HomeAssistant) -> bool:
    """Say whether the recorder hears what is fired: not once its queue was full."""
    recorder = hass.data.get(DATA_INSTANCE)
    return recorder is not None and recorder.recording


@callback
def commit_interval_s(hass: HomeAssistant) -> float:
    """Return how often the recorder commits, in seconds; zero is after every event."""
    recorder = hass.data.get(DATA_INSTANCE)
    return _COMMIT_INTERVAL_S if recorder is None else float(recorder.commit_interval)


@callback
def kept_since(hass: HomeAssistant) -> float:
    """Return the moment before which rows may have been purged, in seconds since the epoch."""
    recorder = hass.data.get(DATA_INSTANCE)
    if recorder is None or not recorder.auto_purge:
        return 0.0
    return (dt_util.utcnow() - timedelta(days=recorder.keep_days)).timestamp()


def _recorder(hass: HomeAssistant, *, when_ready: bool = True) -> Recorder:
    """Return the recorder, as soon as its database can be asked; raise why there is none."""
    recorder = hass.data.get(DATA_INSTANCE)
    if recorder is None:
        raise NotRecordedError("there is no recorder")
    ready = recorder.async_db_ready
    is_ready = ready.done() and not ready.cancelled() and ready.result()
    # Its thread ends with Home Assistant too; then we are asked no more, and nothing is lost.
    if (ready.done() and not is_ready) or (is_ready and not recorder.is_running):
        raise NotRecordedError("the recorder does not run")
    if when_ready and not is_ready:
        raise HistoryUnavailableError("the recorder is not ready yet")
    return recorder


@contextmanager
def _session(recorder: Recorder) -> Iterator[Session]:
    """Read in the recorder's own thread.

    Home Assistant's session_scope logs a traceback for every question that a database in trouble
    does not answer; ours are asked again and again.
    """
    try:
        session = recorder.get_session()
    except RuntimeError as err:
        # A damaged database is being replaced.
        raise HistoryUnavailableError("the recorder has no database at this moment") from err
    try:
        yield session
    finally:
        session.close()


def _event_type_id(session: Session) -> int | None:
    """Return the type of our event; by it the index on type and time keeps other events out."""
    return session.execute(
        select(EventTypes.event_type_id).where(EventTypes.event_type == EVENT_SIGHTING)
    ).scalar()


def _contexts(recorder: Recorder, contexts: tuple[bytes, ...]) -> set[bytes]:
    """Return those of the contexts with which our event is stored."""
    with _session(recorder) as session:
        if (event_type_id := _event_type_id(session)) is None:
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
            if row.event_type_id == event_type_id
        }


def _is_ours(data: object) -> bool:
    """Say whether it can be described again: anybody can fire an event of that name."""
    if not isinstance(data, dict) or not isinstance(data.get("revision"), int):
        return False
    if not isinstance(data.get("phase"), str):
        return False
    try:
        detection_from(data)
    except _FOREIGN as err:
        _LOGGER.debug("A stored event is none of ours: %s", type(err).__name__)
        return False
    return True


def _events_of(data: object) -> Iterator[tuple[str, str]]:
    """Yield the events that a Sighting tells of; none where it is no Sighting of ours."""
    if not isinstance(data, dict) or not data.get("revision"):
        return
    camera_id, event_ids = data.get("camera_id"), data.get("protect_event_ids")
    if isinstance(camera_id, str) and isinstance(event_ids, list):
        yield from ((camera_id, event_id) for event_id in event_ids if isinstance(event_id, str))


def _revisions(recorder: Recorder, sighting_id: str) -> list[dict[str, Any]]:
    """Return the data of its rows, whoever fired them."""
    with _session(recorder) as session:
        if (event_type_id := _event_type_id(session)) is None:
            return []
        rows = session.execute(
            select(EventData.shared_data)
            .select_from(Events)
            .join(EventData, Events.data_id == EventData.data_id)
            .where(Events.event_type_id == event_type_id)
            .where(EVENT_DATA_JSON["sighting_id"].as_string() == sighting_id)
        ).scalars()
        return [json.loads(row) for row in rows if row]


def _told_since(recorder: Recorder, since: datetime) -> frozenset[tuple[str, str]]:
    """Return the events that Sightings tell of."""
    with _session(recorder) as session:
        if (event_type_id := _event_type_id(session)) is None:
            return frozenset()
        rows = session.execute(
            select(EventData.shared_data)
            .select_from(Events)
            .join(EventData, Events.data_id == EventData.data_id)
            .where(Events.event_type_id == event_type_id)
            .where(Events.time_fired_ts >= since.timestamp())
            .order_by(Events.time_fired_ts.desc())
            .limit(_TOLD_AT_MOST)
        ).scalars()
        # Anybody can fire an event of that name.
        return frozenset(event for row in rows if row for event in _events_of(json.loads(row)))
