"""The recorder, as far as it can be asked now."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import EventTypes
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.util import dt as dt_util
from sqlalchemy import select
from sqlalchemy.orm.session import Session

from ..const import EVENT_SIGHTING
from ..hidden import HiddenUnavailableError, async_hidden_ids

# What the recorder does where the user has not chosen.
_COMMIT_INTERVAL_S = 5.0


class HistoryUnavailableError(Exception):
    """There is no recorder that could be asked now."""


class NotRecordedError(HistoryUnavailableError):
    """What is fired is not recorded, and will not be before the user changes something."""


class EventExcludedError(NotRecordedError):
    """The recorder runs, and was told to leave out our event."""


@callback
def require_recording(hass: HomeAssistant) -> None:
    """Raise NotRecordedError where what is fired now will never have a row."""
    recorder = recorder_of(hass, when_ready=False)
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
def keep_days(hass: HomeAssistant) -> int | None:
    """Return after how many days the recorder purges; None is never, or there is none."""
    recorder = hass.data.get(DATA_INSTANCE)
    return None if recorder is None or not recorder.auto_purge else int(recorder.keep_days)


@callback
def kept_since(hass: HomeAssistant) -> float:
    """Return the moment before which rows may have been purged, in seconds since the epoch."""
    recorder = hass.data.get(DATA_INSTANCE)
    if recorder is None or not recorder.auto_purge:
        return 0.0
    return (dt_util.utcnow() - timedelta(days=recorder.keep_days)).timestamp()


def recorder_of(hass: HomeAssistant, *, when_ready: bool = True) -> Recorder:
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


async def async_left_out(hass: HomeAssistant) -> frozenset[str]:
    """Return the ids of what is hidden; raise HistoryUnavailableError where nobody can tell."""
    try:
        return await async_hidden_ids(hass)
    except HiddenUnavailableError as err:
        raise HistoryUnavailableError("what was deleted cannot be read") from err


@contextmanager
def reading(recorder: Recorder) -> Iterator[Session]:
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


def event_type_id(session: Session) -> int | None:
    """Return the type of our event; by it the index on type and time keeps other events out."""
    return session.execute(
        select(EventTypes.event_type_id).where(EventTypes.event_type == EVENT_SIGHTING)
    ).scalar()
