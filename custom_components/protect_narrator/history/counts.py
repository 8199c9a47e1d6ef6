"""How many Sightings there were, by local day and by what was lost."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
import math

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from ..hidden import hidden_starts
from .access import (
    HistoryUnavailableError,
    async_left_out,
    event_type_id,
    reading,
    recorder_of,
)
from .pages import newest_of
from .query import DayCounts, SightingQuery
from .statements import Stretch, by_day, oldest

# Whoever keeps Sightings for ever is told of the last year of them.
_MOST_DAYS = 366
_DAY_S = 86_400

# What is hidden knows its start by the microsecond.
_ROUNDED_S = 1.0

type _Reasons = Counter[str | None]


async def async_counts(hass: HomeAssistant, query: SightingQuery) -> tuple[DayCounts, ...]:
    """Return the counts of each local day that has Sightings, newest first; a year at most.

    Of the query its cameras and its time count. Raises HistoryUnavailableError.
    """
    recorder = recorder_of(hass)
    await async_left_out(hass)
    try:
        counted = await recorder.async_add_executor_job(
            _counts, recorder, query, hidden_starts(hass)
        )
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err
    return tuple(
        DayCounts(day, reasons.total(), reasons) for day, reasons in counted.items() if reasons
    )


def _counts(
    recorder: Recorder, query: SightingQuery, hidden: Mapping[str, float]
) -> Mapping[date, _Reasons]:
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return {}
        if (first := session.execute(oldest(type_id)).scalar()) is None:
            return {}
        query, since, until = _bounded(query, datetime.fromtimestamp(first, UTC))
        if since >= until:
            return {}
        day_zero = dt_util.as_local(since).date()
        # One question for all: the rows are many, and Python would look through each of them.
        found = session.execute(by_day(type_id, query, tuple(_stretches(since, until)))).tuples()
        counted: dict[date, _Reasons] = defaultdict(Counter)
        for number, loss, count in found:
            counted[day_zero + timedelta(days=round(number))][loss or None] += count
        for fired, reason in _hidden(session, type_id, query, _may_count(hidden, since, until)):
            counted[_local_day(fired)][reason] -= 1
        return {day: +counted[day] for day in sorted(counted, reverse=True)}


def _bounded(query: SightingQuery, first: datetime) -> tuple[SightingQuery, datetime, datetime]:
    """Return the query with a beginning and an end, and these, around rows that there are."""
    # No row has a time to come, even of a console whose clock is ahead: days that have not begun
    # are not asked for, however many somebody names.
    end = dt_util.utcnow() + timedelta(milliseconds=1)
    until = end if query.until is None else min(query.until, end)
    since = max(query.since or first, first, until - timedelta(days=_MOST_DAYS))
    return replace(query, since=since, until=until), since, until


def _stretches(since: datetime, until: datetime) -> Iterator[Stretch]:
    """Yield how the clocks of this place are set, from change to change."""
    day_zero = datetime.combine(dt_util.as_local(since).date(), time.min, UTC).timestamp()
    begin, end = math.floor(since.timestamp()), math.ceil(until.timestamp())
    offset = _offset_s(begin)
    while begin < end:
        # Nobody changes them twice a day.
        after = min(begin + _DAY_S, end)
        if (changed := _offset_s(after)) != offset:
            after = _first_of(changed, begin, after)
            yield Stretch(after, day_zero - offset)
            offset = changed
        begin = after
    yield Stretch(end, day_zero - offset)


def _first_of(offset: float, begin: int, end: int) -> int:
    """Return the second from which on the clocks have that offset; before, another."""
    while end - begin > 1:
        middle = (begin + end) // 2
        begin, end = (begin, middle) if _offset_s(middle) == offset else (middle, end)
    return end


def _offset_s(moment: int) -> float:
    offset = dt_util.as_local(datetime.fromtimestamp(moment, UTC)).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _may_count(hidden: Mapping[str, float], since: datetime, until: datetime) -> Iterator[str]:
    """Yield the ids of what may have begun then: each of them is looked for on its own."""
    begin, end = since.timestamp() - _ROUNDED_S, until.timestamp() + _ROUNDED_S
    return (each for each, start in hidden.items() if not start or begin <= start <= end)


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


def _local_day(fired: float) -> date:
    return dt_util.as_local(datetime.fromtimestamp(fired, UTC)).date()
