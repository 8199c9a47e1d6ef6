"""The questions as SQL, in what SQLite, MariaDB and PostgreSQL have in common.

What a database does not compare as people do is compared loosely here, and exactly by who reads
the rows. Parsing JSON is what takes time: where the text of a row tells already that it cannot
match, by what the recorder's encoder would have written, it is not parsed. SQLite asks in the
order in which conditions are written, and what has a question of its own in it last.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
import re

from homeassistant.components.recorder.db_schema import (
    EVENT_DATA_JSON,
    JSONB_VARIANT_CAST,
    EventData,
    Events,
    JSONLiteral,
)
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from .query import ANY, NOTHING_LOST, CameraSet, SightingQuery

_LaterEvents = aliased(Events)
_LaterData = aliased(EventData)
_LATER_JSON = type_coerce(
    _LaterData.shared_data.cast(JSONB_VARIANT_CAST), JSONLiteral(none_as_null=True)
)

_ID = EVENT_DATA_JSON["sighting_id"].as_string()
_REVISION = EVENT_DATA_JSON["revision"].as_integer()
_REASON = EVENT_DATA_JSON["fallback_reason"].as_string()

# How our data begin and say that nothing was lost: nine of ten are counted without being parsed.
# In a text of somebody the quotation mark would be escaped, so this is a key.
_UNHARMED = '{"schema":_,"sighting_id":"%fallback_reason":null%'

# A context without its last byte, which is the revision's.
_OF_SIGHTING = 15

# Looking for more texts than these takes as long as parsing.
_MOST_HINTS = 4

_DAY_S = 86_400.0
_HALF_DAY_S = _DAY_S / 2

# What a database may write, or make small, otherwise than Python: all that is no letter or digit of
# ASCII, and what these may stem from, as "ss" from one letter in German and "i" with a dot on the
# dot in Turkish.
_OTHERWISE = re.compile(r"[A-Za-z]?[^A-Za-z0-9]+|ss")

# Half of what a moment is told apart by.
_NEXT_TO_NOTHING_S = 5e-7


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nobody changes the clocks, in seconds since the epoch."""

    until: float
    day_zero: float
    """When the day of number 0 began, had the clocks always been as they are in this time."""


def rows(type_id: int, query: SightingQuery) -> Select[tuple[float | None, int, str | None]]:
    """Return the question for time, id and data of what may match, newest first."""
    return (
        select(Events.time_fired_ts, Events.event_id, EventData.shared_data)
        .select_from(Events)
        .join(EventData, Events.data_id == EventData.data_id)
        .where(Events.event_type_id == type_id, *_within(query), *_like(query))
        .where(not_(_is_superseded(type_id)))
        .order_by(Events.time_fired_ts.desc(), Events.event_id.desc())
    )


def after(time: float, event_id: int) -> ColumnElement[bool]:
    """Return the condition for what follows that row, newest first."""
    return or_(
        Events.time_fired_ts < time,
        and_(Events.time_fired_ts == time, Events.event_id < event_id),
    )


def revisions(first: bytes, last: bytes) -> Select[tuple[int | None, float | None, str | None]]:
    """Return the question for type, time and data of all in a range of contexts.

    The type is compared by who reads: here it would invite a database to read all of ours.
    """
    return (
        select(Events.event_type_id, Events.time_fired_ts, EventData.shared_data)
        .select_from(Events)
        .join(EventData, Events.data_id == EventData.data_id)
        .where(Events.context_id_bin.between(first, last))
    )


def types_in(first: bytes, last: bytes) -> Select[tuple[int | None]]:
    """Return the question for the types of all in a range of contexts, whatever their data are.

    As above, the type is compared by who reads.
    """
    return select(Events.event_type_id).where(Events.context_id_bin.between(first, last))


def by_day(
    type_id: int, query: SightingQuery, stretches: Sequence[Stretch]
) -> Select[tuple[float, str, int]]:
    """Return the question for how many Sightings a local day has for a reason; "" is without loss.

    The stretches follow each other and hold the query's time; a day's number is a whole one.
    """
    # Anybody can fire an event of that name: what has no id has no reason either.
    reason = case(
        (EventData.shared_data.like(_UNHARMED), ""),
        (_ID.is_(None), null()),
        else_=func.coalesce(_REASON, ""),
    )
    # The offset changes nothing, and keeps SQLite from sorting whole rows.
    each = (
        select(_day_number(stretches).label("day"), reason.label("reason"))
        .select_from(Events)
        .join(EventData, Events.data_id == EventData.data_id)
        .where(Events.event_type_id == type_id, *_within(query), *_of(query.cameras))
        .where(not_(_is_superseded(type_id)))
        .offset(0)
        .subquery()
    )
    return (
        select(each.c.day, each.c.reason, func.count())
        .where(each.c.reason.is_not(None))
        .group_by(each.c.day, each.c.reason)
    )


def _day_number(stretches: Sequence[Stretch]) -> ColumnElement[float]:
    """Return the number of the local day: rounded, as not every database can round down.

    Midnight lies next to the middle of two numbers, because there each rounds in its own way.
    """
    *before, last = (
        (each.until, literal(each.day_zero + _HALF_DAY_S - _NEXT_TO_NOTHING_S))
        for each in stretches
    )
    noon: ColumnElement[float] = last[1]
    if before:
        noon = case(*((Events.time_fired_ts < until, zero) for until, zero in before), else_=noon)
    return func.round((Events.time_fired_ts - noon) / _DAY_S)


def oldest(type_id: int) -> Select[tuple[float | None]]:
    """Return the question for the time of the first row that is left."""
    return select(func.min(Events.time_fired_ts)).where(Events.event_type_id == type_id)


def _is_superseded(type_id: int) -> ColumnElement[bool]:
    """Return the condition for there being a later revision: at the same time, as all of them.

    Their contexts tell, without JSON; the data of another Sighting's context, which is there when
    two began together, and of one that is none of ours. No two revisions have the same data:
    naming these here makes SQLite ask this last, and only about what matches.
    """
    is_told_by_data = (
        select(_LaterData.data_id)
        .where(
            _LaterData.data_id == _LaterEvents.data_id,
            _LATER_JSON["sighting_id"].as_string() == _ID,
            _LATER_JSON["revision"].as_integer() > _REVISION,
        )
        .correlate(Events, EventData, _LaterEvents)
        .exists()
    )
    is_of_same = func.substr(_LaterEvents.context_id_bin, 1, _OF_SIGHTING) == func.substr(
        Events.context_id_bin, 1, _OF_SIGHTING
    )
    return (
        select(_LaterEvents.event_id)
        .where(
            _LaterEvents.event_type_id == type_id,
            _LaterEvents.time_fired_ts == Events.time_fired_ts,
            _LaterEvents.data_id != EventData.data_id,
            case(
                (is_of_same, _LaterEvents.context_id_bin > Events.context_id_bin),
                else_=is_told_by_data,
            ),
        )
        .correlate(Events, EventData)
        .exists()
    )


def _within(query: SightingQuery) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield Events.time_fired_ts >= query.since.timestamp()
    if query.until is not None:
        yield Events.time_fired_ts < query.until.timestamp()


def _of(cameras: CameraSet | None) -> Iterator[ColumnElement[bool]]:
    if cameras is None:
        return
    yield from _hinted(
        [
            *(_text_has("camera_id", each) for each in sorted(cameras.camera_ids)),
            *(_text_has("device_id", each) for each in sorted(cameras.device_ids)),
        ]
    )
    yield or_(
        EVENT_DATA_JSON["camera_id"].as_string().in_(sorted(cameras.camera_ids)),
        EVENT_DATA_JSON["device_id"].as_string().in_(sorted(cameras.device_ids)),
    )


def _like(query: SightingQuery) -> Iterator[ColumnElement[bool]]:
    importances, labels = sorted(query.importances), sorted(query.labels)
    yield from _hinted([_text_has("importance", each) for each in importances])
    yield from _hinted([_text_lost(each) for each in sorted(query.fallback_reasons)])
    yield from _hinted([_text_lists("labels", each) for each in labels])
    yield from _of(query.cameras)
    if importances:
        yield EVENT_DATA_JSON["importance"].as_string().in_(importances)
    if query.fallback_reasons:
        yield _lost(query.fallback_reasons)
    if labels:
        yield or_(*(_lists("labels", label) for label in labels))
    if query.plate is not None:
        yield _lists("license_plates", query.plate)
    if query.face is not None:
        yield _lists("faces", query.face)
    for word in query.words:
        yield or_(*(_says(key, f"%{_loosely(word)}%") for key in ("title", "description")))


def _lost(reasons: frozenset[str]) -> ColumnElement[bool]:
    is_one: ColumnElement[bool] = _REASON.in_(sorted(reasons - {ANY, NOTHING_LOST}))
    if ANY in reasons:
        is_one = or_(is_one, _REASON.is_not(None))
    if NOTHING_LOST in reasons:
        is_one = or_(is_one, _REASON.is_(None))
    return is_one


def _lists(key: str, name: str) -> ColumnElement[bool]:
    """Return the condition for a list of texts having one that is more or less this."""
    return _says(key, f'%"{_loosely(name.strip().casefold())}"%')


def _says(key: str, pattern: str) -> ColumnElement[bool]:
    says: ColumnElement[bool] = func.lower(EVENT_DATA_JSON[key].as_string()).like(pattern)
    return says


def _hinted(texts: Collection[ColumnElement[bool]]) -> Iterator[ColumnElement[bool]]:
    """Yield the condition for one of these holding, where that is cheap to ask."""
    if 0 < len(texts) <= _MOST_HINTS:
        yield or_(*texts)


def _text_has(key: str, value: str) -> ColumnElement[bool]:
    """Return the condition for a row's text having this value.

    The quotation mark before the key is left out: SQLite would stop at every other one.
    """
    return EventData.shared_data.like(f'%{key}":"{_loosely(value)}"%')


def _text_lists(key: str, name: str) -> ColumnElement[bool]:
    """Return the condition for a row's text having a list with this; we write small letters."""
    return EventData.shared_data.like(f'%{key}":[%{_loosely(name.strip().casefold())}"%')


def _text_lost(reason: str) -> ColumnElement[bool]:
    nothing = EventData.shared_data.like('%fallback_reason":null%')
    if reason in (NOTHING_LOST, ANY):
        return nothing if reason == NOTHING_LOST else not_(nothing)
    return _text_has("fallback_reason", reason)


def _loosely(text: str) -> str:
    """Return a pattern for what databases write, escape and compare each in its own way."""
    return _OTHERWISE.sub("%", text)
