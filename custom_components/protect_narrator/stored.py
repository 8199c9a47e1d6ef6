"""What the ledger holds, as JSON and back; a Detection also out of a Sighting's event data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from homeassistant.util.ulid import ulid_to_bytes_or_none

from .abilities import MAX_LEARNT, StoredExperience
from .event_shape import require_event
from .pipeline.models import Detection, Label, ranked
from .pipeline.readiness import MOST_INTERVALS, Interval
from .records import context_id as record_context_id
from .salvage import (
    Salvage,
    UnreadableError,
    count_in,
    flag_in,
    iso,
    list_in,
    mapping_in,
    moment_in,
    number_in,
    one_of,
    optional_in,
    or_none,
    pair_in,
    required_in,
    seconds_in,
    some_of,
    text_in,
    texts_in,
)
from .tally import StoredTally, Tally, restored as restored_tally, stored as stored_tally

# As many as a look-back reads of one stretch: what is older is hardly asked for again.
MAX_DONE = 2000

# Kept by the ledger, which takes no more in: so no file of ours has more. It is four times what
# is let wait after a night; the rest of a flood is told within seconds. Two megabytes.
MAX_UNFINISHED = 2000

# A burst of a thousand, twice: the recorder commits every five seconds, and waits for more
# than a minute for a database that is locked. At 8 KB each that is 16 MB, and at the usual
# 1.5 KB it is three.
MAX_FIRED = 2000

# More than any console has; of those whose camera is gone nothing is asked any more.
MOST_CAMERAS = 200

# The end of the year 9999: of what comes later no moment can be made.
_LAST_MOMENT = 253_402_300_799

# Made once: two thousand rows are read for one question of Assist's.
_label_in = one_of(Label)
_score_in = or_none(count_in)


class StoredDetection(TypedDict):
    """A Detection as JSON."""

    console_id: str
    camera_id: str
    camera_name: str
    event_ids: list[str]
    labels: list[str]
    start: str
    end: str
    end_estimated: bool
    score: int | None
    license_plates: list[str]
    faces: list[str]
    late: bool

    # Absent in what version 0.1 has written.
    zones: NotRequired[list[str]]
    best_views: NotRequired[list[str]]
    requested: NotRequired[bool]


class StoredUnfinished(StoredDetection):
    """A Detection that is not told yet."""

    context_id: str


class StoredFired(TypedDict):
    """A Sighting that was fired, and whose row was not read back yet."""

    context_id: str
    data: dict[str, Any]
    fired_at: float
    run: str


class StoredLedger(TypedDict, total=False):
    """The whole file; one of an earlier version may hold less."""

    unfinished: list[StoredUnfinished]
    fired: list[StoredFired]
    done: list[str]
    today: StoredTally | None
    muted: list[str]
    last: list[StoredDetection]
    """Of each camera what was taken in last."""

    abilities: dict[str, StoredExperience]
    ready: list[tuple[float | None, float]]
    """What recent clips told of when a recording is ready: too early, and ready."""

    looked_at: str | None
    """When the console's own lists were read completely the last time."""

    heard_at: str | None
    """When the console told of anything the last time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A Detection that was taken in and is not told yet."""

    detection: Detection
    context_id: str
    """ULID of the event that will tell it: by it a row is found that was committed although
    we died before we could write that the event was fired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A Sighting that was fired, and whose row was not read back from the recorder yet."""

    context_id: str
    """ULID of the event's context."""

    data: dict[str, Any]
    """The event's data, as they were fired."""

    fired_at: float
    """The event's time, in seconds since the epoch: when its Detection began."""

    run: str
    """The run of Home Assistant that fired it the last time: while that lasts, the event is in
    the recorder's queue or behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a ledger begins with."""

    unfinished: tuple[Unfinished, ...] = ()
    fired: tuple[Fired, ...] = ()
    done: tuple[str, ...] = ()
    today: Tally | None = None
    muted: frozenset[str] = frozenset()
    knows_muted: bool = False
    """Whether that is all of them: not of a new ledger, nor of one that was lost or damaged."""

    last: tuple[Detection, ...] = ()
    abilities: Mapping[str, StoredExperience] = field(default_factory=dict)
    ready: tuple[Interval, ...] = ()
    looked_at: datetime | None = None
    heard_at: datetime | None = None


def stored(remembered: Remembered) -> StoredLedger:
    """Return the file's content."""
    today = remembered.today
    return {
        "unfinished": [
            {**_stored_detection(each.detection), "context_id": each.context_id}
            for each in remembered.unfinished
        ],
        "fired": [
            {
                "context_id": each.context_id,
                "data": each.data,
                "fired_at": each.fired_at,
                "run": each.run,
            }
            for each in remembered.fired
        ],
        "last": [_stored_detection(detection) for detection in remembered.last],
        "done": list(remembered.done),
        "today": None if today is None else stored_tally(today),
        "muted": sorted(remembered.muted),
        "abilities": dict(remembered.abilities),
        "ready": [(one.too_early_s, one.ready_s) for one in remembered.ready],
        "looked_at": iso(remembered.looked_at),
        "heard_at": iso(remembered.heard_at),
    }


def restored(data: object) -> Remembered:
    """Return what can be read of a file's content, whatever it is."""
    reading = Salvage(data)
    muted, knows_muted = reading.all_of("muted", text_in, MOST_CAMERAS)
    remembered = Remembered(
        unfinished=tuple(reading.each("unfinished", _unfinished, MAX_UNFINISHED)),
        fired=tuple(reading.each("fired", _fired, MAX_FIRED)),
        done=tuple(reading.each("done", text_in, MAX_DONE)),
        today=reading.one("today", or_none(_today)),
        muted=frozenset(muted),
        knows_muted=knows_muted,
        last=tuple(reading.each("last", _detection, MOST_CAMERAS)),
        abilities=dict(reading.entries("abilities", _experience, MAX_LEARNT)),
        ready=reading.one("ready", _ready) or (),
        looked_at=reading.one("looked_at", or_none(moment_in)),
        heard_at=reading.one("heard_at", or_none(moment_in)),
    )
    reading.say()
    return remembered


def detection_from(data: Mapping[str, Any]) -> Detection:
    """Return the Detection of a ledger's entry, or the one that a Sighting's event data tell of.

    When Protect saw best is not in event data. Raises UnreadableError of what is neither.
    """
    # In the event, "event" would be taken for Home Assistant's.
    event_ids = "protect_event_ids" if "protect_event_ids" in data else "event_ids"
    return Detection(
        console_id=required_in(data, "console_id", text_in),
        camera_id=required_in(data, "camera_id", text_in),
        camera_name=required_in(data, "camera_name", text_in),
        event_ids=some_of(required_in(data, event_ids, texts_in)),
        labels=some_of(ranked(required_in(data, "labels", _labels))),
        start=required_in(data, "start", moment_in),
        end=required_in(data, "end", moment_in),
        end_estimated=required_in(data, "end_estimated", bool),
        score=required_in(data, "score", _score_in),
        license_plates=required_in(data, "license_plates", texts_in),
        faces=required_in(data, "faces", texts_in),
        zones=optional_in(data, "zones", texts_in, ()),
        best_views=optional_in(data, "best_views", _moments, ()),
        late=required_in(data, "late", bool),
        requested=optional_in(data, "requested", bool, otherwise=False),
    )


def _labels(item: object) -> tuple[Label, ...]:
    return tuple(map(_label_in, texts_in(item)))


def _moments(item: object) -> tuple[datetime, ...]:
    return tuple(map(moment_in, texts_in(item)))


def _unfinished(item: object) -> Unfinished:
    data = mapping_in(item)
    context_id = data.get("context_id")
    detection = detection_from(data)
    if not isinstance(context_id, str) or ulid_to_bytes_or_none(context_id) is None:
        # Without an id that we know nothing can have been fired: it gets its own.
        context_id = record_context_id(detection.sighting_id, 1)
    return Unfinished(detection=detection, context_id=context_id)


def _fired(item: object) -> Fired:
    entry = mapping_in(item)
    data = dict(required_in(entry, "data", mapping_in))
    require_event(data)
    # It is fired again for the user's automations, and may be described again.
    detection_from(data)
    context_id = required_in(entry, "context_id", text_in)
    if ulid_to_bytes_or_none(context_id) is None:
        raise UnreadableError("no context id")
    fired_at = required_in(entry, "fired_at", seconds_in)
    if fired_at > _LAST_MOMENT or data["revision"] < 1:
        raise UnreadableError("never fired by us")
    run = required_in(entry, "run", text_in)
    return Fired(context_id=context_id, data=data, fired_at=fired_at, run=run)


def _detection(item: object) -> Detection:
    return detection_from(mapping_in(item))


def _stored_detection(detection: Detection) -> StoredDetection:
    return {
        "console_id": detection.console_id,
        "camera_id": detection.camera_id,
        "camera_name": detection.camera_name,
        "event_ids": list(detection.event_ids),
        "labels": list(detection.labels),
        "start": detection.start.isoformat(),
        "end": detection.end.isoformat(),
        "end_estimated": detection.end_estimated,
        "score": detection.score,
        "license_plates": list(detection.license_plates),
        "faces": list(detection.faces),
        "late": detection.late,
        "zones": list(detection.zones),
        "best_views": [view.isoformat() for view in detection.best_views],
        "requested": detection.requested,
    }


def _today(item: object) -> Tally:
    return restored_tally(mapping_in(item))


def _experience(item: object) -> StoredExperience:
    known = mapping_in(item)
    return {
        "identity": required_in(known, "identity", text_in),
        "takes_clip": required_in(known, "takes_clip", flag_in),
    }


def _ready(item: object) -> tuple[Interval, ...]:
    """Return what was learnt; nothing where one cannot be read, it is soon learnt again."""
    return tuple(map(_interval, list_in(item)[-MOST_INTERVALS:]))


def _interval(item: object) -> Interval:
    early, ready = pair_in(item)
    too_early_s, ready_s = or_none(number_in)(early), number_in(ready)
    if too_early_s is not None and too_early_s >= ready_s:
        raise UnreadableError("no interval")
    return Interval(too_early_s, ready_s)
