"""What the ledger holds, as JSON and back; a Detection also out of a Sighting's event data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from homeassistant.util.ulid import ulid_to_bytes_or_none

from .abilities import MAX_LEARNT, StoredExperience
from .event_shape import is_seconds, require_event
from .pipeline.models import Detection, Label, ranked
from .pipeline.readiness import MOST_INTERVALS, Interval
from .records import context_id as record_context_id
from .salvage import (
    Salvage,
    iso,
    list_in,
    mapping_in,
    moment_in,
    moment_or_none_in,
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
        today=reading.one("today", _today),
        muted=frozenset(muted),
        knows_muted=knows_muted,
        last=tuple(reading.each("last", _detection, MOST_CAMERAS)),
        abilities=reading.one("abilities", _abilities) or {},
        ready=reading.one("ready", _ready) or (),
        looked_at=reading.one("looked_at", moment_or_none_in),
        heard_at=reading.one("heard_at", moment_or_none_in),
    )
    reading.say()
    return remembered


def detection_from(data: Mapping[str, Any]) -> Detection:
    """Return the Detection of a ledger's entry, or the one that a Sighting's event data tell of.

    When Protect saw best is not in event data. Raises KeyError, TypeError or ValueError of what
    is neither.
    """
    # In the event, "event" would be taken for Home Assistant's.
    event_ids = data["protect_event_ids"] if "protect_event_ids" in data else data["event_ids"]
    score = data["score"]
    return Detection(
        console_id=text_in(data["console_id"]),
        camera_id=text_in(data["camera_id"]),
        camera_name=text_in(data["camera_name"]),
        event_ids=some_of(texts_in(event_ids)),
        labels=some_of(ranked(map(Label, texts_in(data["labels"])))),
        start=moment_in(data["start"]),
        end=moment_in(data["end"]),
        end_estimated=bool(data["end_estimated"]),
        score=None if score is None else int(score),
        license_plates=texts_in(data["license_plates"]),
        faces=texts_in(data["faces"]),
        zones=texts_in(data.get("zones", [])),
        best_views=tuple(map(moment_in, texts_in(data.get("best_views", [])))),
        late=bool(data["late"]),
        requested=bool(data.get("requested", False)),
    )


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
    data = dict(mapping_in(entry["data"]))
    require_event(data)
    # It is fired again for the user's automations, and may be described again.
    detection_from(data)
    if ulid_to_bytes_or_none(context_id := text_in(entry["context_id"])) is None:
        raise ValueError("no context id")
    fired_at = entry["fired_at"]
    if not is_seconds(fired_at) or fired_at > _LAST_MOMENT or data["revision"] < 1:
        raise ValueError("never fired by us")
    return Fired(
        context_id=context_id, data=data, fired_at=float(fired_at), run=text_in(entry["run"])
    )


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


def _today(item: object) -> Tally | None:
    # A tally's own reader checks every value of it.
    return None if item is None else restored_tally(mapping_in(item))  # type: ignore[arg-type]


def _abilities(item: object) -> dict[str, StoredExperience]:
    learnt: dict[str, StoredExperience] = {}
    for agent_id, known in list(mapping_in(item).items())[-MAX_LEARNT:]:
        if isinstance(known, Mapping) and isinstance(known.get("takes_clip"), bool):
            identity = text_in(known["identity"])
            learnt[agent_id] = {"identity": identity, "takes_clip": known["takes_clip"]}
    return learnt


def _ready(item: object) -> tuple[Interval, ...]:
    """Return what was learnt; nothing where one cannot be read, it is soon learnt again."""
    return tuple(
        Interval(None if early is None else float(early), float(ready))
        for early, ready in list_in(item)[-MOST_INTERVALS:]
    )
