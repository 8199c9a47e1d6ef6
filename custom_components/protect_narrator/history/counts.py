"""How many Sightings there were, by local day and by what was lost."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import batched

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from .access import (
    HistoryUnavailableError,
    async_left_out,
    event_type_id,
    reading,
    recorder_of,
)
from .pages import newest_of
from .query import DayCounts, SightingQuery
from .statements import at_times, by_reason, oldest, shared_times

# Whoever keeps Sightings for ever is told of the last year of them.
_MOST_DAYS = 366

# Within what every database takes in one statement: old SQLite takes 999 values.
_MOST_TIMES = 500

type _Reasons = Counter[str | None]


async def async_counts(hass: HomeAssistant, query: SightingQuery) -> tuple[DayCounts, ...]:
    """Return the counts of each local day that has Sightings, newest first; a year at most.

    Of the query its cameras and its time count. Raises HistoryUnavailableError.
    """
    recorder = recorder_of(hass)
    hidden = await async_left_out(hass)
    try:
        counted = await recorder.async_add_executor_job(_counts, recorder, query, hidden)
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err
    return tuple(
        DayCounts(day, reasons.total(), reasons) for day, reasons in counted.items() if reasons
    )


def _counts(
    recorder: Recorder, query: SightingQuery, hidden: frozenset[str]
) -> Mapping[date, _Reasons]:
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return {}
        if (first := session.execute(oldest(type_id)).scalar()) is None:
            return {}
        query = _bounded(query, datetime.fromtimestamp(first, UTC))
        uncounted: dict[date, _Reasons] = defaultdict(Counter)
        for time, reason in (
            *_superseded(session, type_id, query),
            *_hidden(session, type_id, query, hidden),
        ):
            uncounted[_local_day(time)][reason] += 1
        counted: dict[date, _Reasons] = {}
        # One question for each day: how long it is, only its place on earth knows.
        for day, within in _days(query):
            found = session.execute(by_reason(type_id, within)).tuples()
            reasons: _Reasons = Counter(dict(found.all()))
            reasons.subtract(uncounted[day])
            counted[day] = +reasons
        return counted


def _bounded(query: SightingQuery, first: datetime) -> SightingQuery:
    """Return the query with a beginning and an end, around rows that there are."""
    # No row has a time to come, even of a console whose clock is ahead: days that have not begun
    # are not asked for, however many somebody names.
    end = dt_util.utcnow() + timedelta(milliseconds=1)
    until = end if query.until is None else min(query.until, end)
    since = max(query.since or first, first, until - timedelta(days=_MOST_DAYS))
    return replace(query, since=since, until=until)


def _days(query: SightingQuery) -> Iterator[tuple[date, SightingQuery]]:
    """Yield the local days of a bounded query, newest first, each with its own part of it."""
    since, until = query.since, query.until
    if since is None or until is None:
        raise ValueError("a query without bounds")
    while until > since:
        # What is asked for ends before the moment itself.
        day = dt_util.as_local(until - timedelta(microseconds=1))
        begin = max(dt_util.start_of_local_day(day), since)
        yield day.date(), replace(query, since=begin, until=until)
        until = begin


def _superseded(
    session: Session, type_id: int, query: SightingQuery
) -> Iterator[tuple[float, str | None]]:
    """Yield time and reason of the rows of which there is a later revision."""
    times = session.execute(shared_times(type_id, query)).scalars().all()
    for some in batched(times, _MOST_TIMES, strict=False):
        revisions: dict[str, list[tuple[int, float, str | None]]] = defaultdict(list)
        for time, sighting_id, revision, reason in session.execute(at_times(type_id, query, some)):
            if revision is not None:
                revisions[sighting_id].append((revision, time, reason))
        for of_one in revisions.values():
            last = max(revision for revision, _, _ in of_one)
            yield from ((time, reason) for revision, time, reason in of_one if revision != last)


def _hidden(
    session: Session, type_id: int, query: SightingQuery, hidden: Iterable[str]
) -> Iterator[tuple[float, str | None]]:
    """Yield time and reason of the Sightings that were counted and are hidden."""
    since, until, cameras = query.since, query.until, query.cameras
    for sighting_id in hidden:
        row = newest_of(session, type_id, sighting_id)
        if row is None or since is None or until is None:
            continue
        is_within = since.timestamp() <= row.time < until.timestamp()
        if is_within and (cameras is None or cameras.has(row.data)):
            yield row.time, row.data["fallback_reason"]


def _local_day(time: float) -> date:
    return dt_util.as_local(datetime.fromtimestamp(time, UTC)).date()
