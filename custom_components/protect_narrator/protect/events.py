"""What Protect says about an event, on whichever way, copied into one frozen value.

Everything here comes from the console and is not trusted: what does not fit is left out,
and nothing raises.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
import re
from types import MappingProxyType
from typing import Any

from uiprotect.data import Event

from ..pipeline.models import Label, ranked
from ..pipeline.text import LONGEST_NAME, MOST_NAMES, tidy
from .ids import plain_id
from .zones import ZonesOf, no_zones, zone_names

# Protect's types of events that are detections, for the private REST API. Spelled out here,
# because the library's own list of types differs between its versions.
EVENT_TYPES = (
    "ring",
    "smartDetectZone",
    "smartDetectLine",
    "smartDetectLoiterZone",
    "smartAudioDetect",
    "motion",
)

_LABEL_OF_TYPE = {"ring": Label.RING, "motion": Label.MOTION}

# Protect's smart detection types; uiprotect's SmartDetectObjectType and SmartDetectAudioType.
_LABEL_OF_SMART_TYPE = {
    "person": Label.PERSON,
    "face": Label.FACE,
    "vehicle": Label.VEHICLE,
    "car": Label.VEHICLE,
    "licensePlate": Label.LICENSE_PLATE,
    "package": Label.PACKAGE,
    "animal": Label.ANIMAL,
    "pet": Label.ANIMAL,
    "alrmSmoke": Label.AUDIO_SMOKE,
    "alrmCmonx": Label.AUDIO_CARBON_MONOXIDE,
    "smoke_cmonx": Label.AUDIO_SMOKE,
    "alrmGlassBreak": Label.AUDIO_GLASS_BREAK,
    "alrmBurglar": Label.AUDIO_BURGLAR_ALARM,
    "alrmSiren": Label.AUDIO_SIREN,
    "alrmBabyCry": Label.AUDIO_BABY_CRY,
    "alrmSpeak": Label.AUDIO_SPEECH,
    "alrmBark": Label.AUDIO_BARK,
    "alrmCarHorn": Label.AUDIO_CAR_HORN,
}

# A UUID or 24 hex digits, which some releases follow up with the camera's id.
_EVENT_ID = re.compile(
    r"([0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-[0-9a-f]{24})?", re.IGNORECASE
)

# Of whatever the console lists with an event; none has more of it in a home.
_MOST_ITEMS = 32

# Of the moments at which Protect saw something best; more pictures are not looked at.
MOST_VIEWS = 8

# Of how many public events what was told is remembered: a busy site has dozens
# open, and what is forgotten too early is found by the look-back.
_MOST_PUBLIC = 1000

# Of a type that Protect has not had yet; the longest that it has are half of it.
_LONGEST_TYPE = 40

# What is outside is no time of an event; within, times can be added to safely.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_MS = _EARLIEST.timestamp() * 1000
_LATEST_MS = _LATEST.timestamp() * 1000


class Source(StrEnum):
    """The way on which a frame came."""

    PRIVATE = "private"
    PUBLIC = "public"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFrame:
    """What one message says about one Protect event; all that it says of it, not a diff."""

    event_id: str
    camera_id: str
    labels: tuple[Label, ...]
    """Empty while Protect has not said what it sees."""

    start: datetime
    end: datetime | None = None
    score: int | None = None
    license_plates: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """What the user calls the areas of the picture in which it happened."""

    best_views: tuple[datetime, ...] = ()
    """When Protect saw best what it cut out of the picture, within the event, in order."""

    source: Source


@dataclass(frozen=True, slots=True)
class _CutOut:
    """What is read of one of the pictures that Protect cuts out; none of it is trusted."""

    kind: object
    matched: object
    name: object
    zones: object
    seen_best: datetime | None


def normalized_id(value: object) -> str | None:
    """Return the event's id without a camera's appended; None for what is no id."""
    if not isinstance(value, str):
        return None
    if match := _EVENT_ID.fullmatch(value):
        return match[1].lower()
    return plain_id(value)


def labels_of(smart_types: object) -> frozenset[Label]:
    """Return what a list of Protect's smart detection types means; what is unknown is left out."""
    known = map(_LABEL_OF_SMART_TYPE.get, map(str, _items(smart_types)))
    return frozenset(label for label in known if label is not None)


def frame_from_rest(raw: object, zones_of: ZonesOf = no_zones) -> EventFrame | None:
    """Read one item of the private API's list of events, or ``GET events/{id}``."""
    if not isinstance(raw, Mapping):
        return None
    metadata = raw.get("metadata")
    thumbnails = metadata.get("detectedThumbnails") if isinstance(metadata, Mapping) else None
    return _frame(
        event_id=raw.get("id"),
        camera_id=raw.get("camera"),
        event_type=raw.get("type"),
        smart_types=_items(raw.get("smartDetectTypes")),
        start=_moment(raw.get("start")),
        end=_moment(raw.get("end")),
        score=raw.get("score"),
        cut_outs=[_cut_out(item) for item in _items(thumbnails) if isinstance(item, Mapping)],
        zones_of=zones_of,
        source=Source.REST,
    )


def frame_from_private(event: Event, zones_of: ZonesOf = no_zones) -> EventFrame | None:
    """Copy what we need of uiprotect's live object; its fields of all versions we support.

    The library does not validate it: any of its fields may be missing, or of any type.
    """
    return _frame(
        event_id=_of(event, "id"),
        camera_id=_of(event, "camera_id"),
        event_type=_of(event, "type", "value"),
        smart_types=[_of(item, "value") for item in _items(_of(event, "smart_detect_types"))],
        start=_bounded(_of(event, "start")),
        end=_bounded(_of(event, "end")),
        score=_of(event, "score"),
        cut_outs=[
            _CutOut(
                _of(item, "type"),
                _of(item, "group", "matched_name"),
                _of(item, "name"),
                # One of the keys that the library passes on as they come.
                _of(item, "attributes", "zone"),
                _bounded(_of(item, "clock_best_wall")),
            )
            for item in _items(_of(event, "metadata", "detected_thumbnails"))
        ],
        zones_of=zones_of,
        source=Source.PRIVATE,
    )


class PublicEvents:
    """Puts together what the public websocket tells in parts.

    An ``add`` holds the whole event, an ``update`` what has changed; an ``update`` of an event
    that was never added (a package) holds the whole of it again. The messages are read as the
    console worded them: what the library makes of them ends every open event at a reconnect,
    with a time of its own, and then keeps the real end from us.

    An ``update`` names no camera: of cameras that share an event only the id as it is told, with
    the camera's appended, says whose it is.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def take_in(self, item: Mapping[str, Any]) -> EventFrame | None:
        """Return all that was said of the event; there is neither score nor name in it."""
        event_id = normalized_id(item.get("id"))
        if event_id is None:
            return None
        told = {key: read(item[key]) for key, read in _READ_PUBLIC.items() if key in item}
        told_id, before = item["id"], self._known.get(item["id"], {})
        if told.get("device", before.get("device")) != before.get("device"):
            before = {}  # another camera's, under an id that tells no camera
        known = self._known[told_id] = before | told
        self._known.move_to_end(told_id)
        if len(self._known) > _MOST_PUBLIC:
            self._known.popitem(last=False)
        return _frame(
            event_id=event_id,
            camera_id=known.get("device"),
            event_type=known.get("type"),
            smart_types=known.get("smartDetectTypes", ()),
            start=known.get("start"),
            end=known.get("end"),
            score=None,
            cut_outs=(),
            zones_of=no_zones,
            source=Source.PUBLIC,
        )


def _frame(  # noqa: PLR0913 - one argument a field; its three callers read better for it
    *,
    event_id: object,
    camera_id: object,
    event_type: object,
    smart_types: Iterable[object],
    start: datetime | None,
    end: datetime | None,
    score: object,
    cut_outs: Sequence[_CutOut],
    zones_of: ZonesOf,
    source: Source,
) -> EventFrame | None:
    """Return the frame, or None for what is no detection of a camera."""
    known_id, known_camera = normalized_id(event_id), plain_id(camera_id)
    if known_id is None or known_camera is None or start is None:
        return None
    if event_type not in EVENT_TYPES:
        return None
    plates, faces = _names(cut_outs)
    end = None if end is None else max(start, end)
    zone_ids = [zone for cut_out in cut_outs for zone in _items(cut_out.zones)]
    return EventFrame(
        event_id=known_id,
        camera_id=known_camera,
        labels=_labels(str(event_type), smart_types, plates, faces),
        start=start,
        end=end,
        # Zero is what Protect says of what it does not score, such as a ring.
        score=score if type(score) is int and 0 < score <= 100 else None,
        license_plates=plates,
        faces=faces,
        zones=zone_names(zones_of(known_camera), event_type, zone_ids)[:MOST_NAMES],
        best_views=views_within(
            (cut_out.seen_best for cut_out in cut_outs if cut_out.seen_best), start, end
        ),
        source=source,
    )


def views_within(
    views: Iterable[datetime], start: datetime, end: datetime | None
) -> tuple[datetime, ...]:
    """Return the distinct moments of that stretch of time, in order; a few are enough."""
    within = {view for view in views if start <= view and (end is None or view <= end)}
    return _spread(sorted(within))


def _spread(views: list[datetime]) -> tuple[datetime, ...]:
    """Return few of the moments, from the first to the last: where they are dense, some go."""
    while len(views) > MOST_VIEWS:
        inner = range(1, len(views) - 1)
        del views[min(inner, key=lambda at: views[at + 1] - views[at - 1])]
    return tuple(views)


def _labels(
    event_type: str,
    smart_types: Iterable[object],
    plates: tuple[str, ...],
    faces: tuple[str, ...],
) -> tuple[Label, ...]:
    labels = {_LABEL_OF_SMART_TYPE.get(str(item), Label.OTHER) for item in smart_types}
    if label := _LABEL_OF_TYPE.get(event_type):
        labels.add(label)
    if plates:
        labels.add(Label.LICENSE_PLATE)
    if faces:
        labels.add(Label.FACE)
    return ranked(labels)


def _names(cut_outs: Iterable[_CutOut]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the plates and the faces that have a name.

    Protect 6.0 and newer say the name in ``group.matchedName``, older ones in ``name`` (read
    in core's ``unifiprotect/event.py``).
    """
    plates: dict[str, None] = {}
    faces: dict[str, None] = {}
    for cut_out in cut_outs:
        said = cut_out.matched or cut_out.name
        if not isinstance(said, str) or not (value := tidy(said, LONGEST_NAME)):
            continue
        match cut_out.kind:
            case "vehicle" | "licensePlate":
                plates[value] = None
            case "face":
                faces[value] = None
            case _:
                # Of what else Protect cuts out, the name is no name.
                continue
    return tuple(plates)[:MOST_NAMES], tuple(faces)[:MOST_NAMES]


def _cut_out(thumbnail: Mapping[str, Any]) -> _CutOut:
    group, attributes = thumbnail.get("group"), thumbnail.get("attributes")
    return _CutOut(
        thumbnail.get("type"),
        group.get("matchedName") if isinstance(group, Mapping) else None,
        thumbnail.get("name"),
        attributes.get("zone") if isinstance(attributes, Mapping) else None,
        _moment(thumbnail.get("clockBestWall")),
    )


def _items(value: object) -> list[Any]:
    return value[:_MOST_ITEMS] if isinstance(value, list) else []


def _moment(value: object) -> datetime | None:
    """Return Protect's milliseconds since 1970 as UTC."""
    if not isinstance(value, int | float) or not _EARLIEST_MS <= value <= _LATEST_MS:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _known_type(value: object) -> str | None:
    """Return the type where it is one of a detection."""
    return value if isinstance(value, str) and value in EVENT_TYPES else None


def _short_items(value: object) -> tuple[str, ...]:
    """Return what was listed, each no longer than a type is: ones that are not known count too."""
    return tuple(str(item)[:_LONGEST_TYPE] for item in _items(value) if isinstance(item, str))


# What is read of a public event and remembered, reduced to what it can be: a console that tells
# megabytes must not have a thousand of them kept.
_READ_PUBLIC: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        "type": _known_type,
        "device": plain_id,
        "start": _moment,
        "end": _moment,
        "smartDetectTypes": _short_items,
    }
)


def _of(thing: object, *names: str) -> Any:  # noqa: ANN401 - it is what is not known
    """Return what is under these names, one within the other; None where nothing is."""
    for name in names:
        thing = getattr(thing, name, None)
    return thing


def _bounded(value: object) -> datetime | None:
    """Return the library's time as UTC; it takes any, and what has no zone as it came."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    return value.astimezone(UTC) if _EARLIEST <= value <= _LATEST else None
