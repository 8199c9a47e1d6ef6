"""What the console says, however it says it, becomes one frame or nothing."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest
from uiprotect.data import Event, EventType, SmartDetectAudioType, SmartDetectObjectType

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.protect import events
from custom_components.protect_narrator.protect.events import (
    EVENT_TYPES,
    EventFrame,
    Source,
    frame_from_private,
    frame_from_rest,
    normalized_id,
)

from .helpers import CAMERA, EVENT, NOON

NOON_MS = int(NOON.timestamp() * 1000)


def rest(**other: Any) -> EventFrame | None:
    """Read an item of the list of events."""
    item = {
        "id": EVENT,
        "modelKey": "event",
        "type": "smartDetectZone",
        "start": NOON_MS,
        "end": NOON_MS + 4000,
        "score": 81,
        "camera": CAMERA,
        "smartDetectTypes": ["person"],
    }
    return frame_from_rest(item | other, lambda camera_id: ZONES if camera_id == CAMERA else {})


def thumbnails(*items: Any) -> dict[str, Any]:
    return {"detectedThumbnails": list(items)}


def test_a_whole_event_is_read() -> None:
    assert rest() == EventFrame(
        event_id=EVENT,
        camera_id=CAMERA,
        labels=(Label.PERSON,),
        start=NOON,
        end=NOON + timedelta(seconds=4),
        score=81,
        source=Source.REST,
    )


# -- ids


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (EVENT, EVENT),
        (EVENT.upper(), EVENT),
        (f"{EVENT}-{CAMERA}", EVENT),
        ("0d9bf0a1-8f5c-4c1e-9b7e-2f6f3c6a7b10", "0d9bf0a1-8f5c-4c1e-9b7e-2f6f3c6a7b10"),
        (f"0d9bf0a1-8f5c-4c1e-9b7e-2f6f3c6a7b10-{CAMERA}", "0d9bf0a1-8f5c-4c1e-9b7e-2f6f3c6a7b10"),
        ("some_other-form", "some_other-form"),
        ("../../nvr", None),
        ("", None),
        ("x" * 65, None),
        (7, None),
        (None, None),
    ],
)
def test_an_id_loses_its_camera_and_what_is_none_is_refused(
    said: object, known: str | None
) -> None:
    assert normalized_id(said) == known


# -- labels


@pytest.mark.parametrize("kind", [*SmartDetectObjectType, *SmartDetectAudioType])
def test_every_type_that_the_library_knows_has_a_label(kind: SmartDetectObjectType) -> None:
    seen = rest(smartDetectTypes=[kind.value])
    assert seen is not None
    assert (seen.labels == (Label.OTHER,)) == (kind.value in {"unknown", "alrmUnknown"})


@pytest.mark.parametrize("kind", list(EventType))
def test_every_type_of_event_of_the_library_is_taken_or_left(kind: EventType) -> None:
    assert (rest(type=kind.value) is not None) == (kind.value in EVENT_TYPES)


def test_every_label_has_a_type() -> None:
    labels = {*events._LABEL_OF_SMART_TYPE.values(), *events._LABEL_OF_TYPE.values(), Label.OTHER}
    assert labels == set(Label)


@pytest.mark.parametrize(
    ("event_type", "smart_types", "labels"),
    [
        ("ring", [], (Label.RING,)),
        ("motion", [], (Label.MOTION,)),
        ("smartDetectZone", [], ()),
        ("smartDetectLine", ["vehicle", "person"], (Label.PERSON, Label.VEHICLE)),
        ("smartDetectLoiterZone", ["dragon"], (Label.OTHER,)),
        ("smartAudioDetect", ["alrmSmoke"], (Label.AUDIO_SMOKE,)),
        ("smartDetectZone", "person", ()),
        ("smartDetectZone", [None, {"a": 1}, 5], (Label.OTHER,)),
    ],
)
def test_labels_come_from_both_types(
    event_type: str, smart_types: object, labels: tuple[Label, ...]
) -> None:
    seen = rest(type=event_type, smartDetectTypes=smart_types)
    assert seen is not None
    assert seen.labels == labels


# -- plates and faces


def test_plates_and_faces_are_named_where_protect_of_today_says_them() -> None:
    seen = rest(
        metadata=thumbnails(
            {"type": "vehicle", "name": None, "group": {"matchedName": "ABC 123"}},
            {"type": "face", "group": {"matchedName": "Ada"}},
            {"type": "person", "name": "not a name"},
        )
    )
    assert seen is not None
    assert (seen.license_plates, seen.faces) == (("ABC 123",), ("Ada",))
    assert seen.labels == (Label.PERSON, Label.FACE, Label.LICENSE_PLATE)


def test_plates_and_faces_are_named_where_older_protect_says_them() -> None:
    seen = rest(
        metadata=thumbnails(
            {"type": "licensePlate", "name": "ABC 123"},
            {"type": "face", "name": "Ada", "group": {}},
            {"type": "face", "name": "Ada", "group": "none"},
        )
    )
    assert seen is not None
    assert (seen.license_plates, seen.faces) == (("ABC 123",), ("Ada",))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("  Ada \n\t Lovelace\x00 ", "Ada Lovelace"),
        ("A" * 99, "A" * 39 + "…"),
        ("\u202eadA", "adA"),
    ],
)
def test_a_name_is_one_short_printable_line(said: str, name: str) -> None:
    seen = rest(metadata=thumbnails({"type": "face", "name": said}))
    assert seen is not None
    assert seen.faces == (name,)


def test_a_name_is_not_looked_for_behind_megabytes() -> None:
    seen = rest(metadata=thumbnails({"type": "face", "name": "\x00" * 1_000_000 + "Ada"}))
    assert seen is not None
    assert seen.faces == ()


def test_there_are_only_so_many_names() -> None:
    many = [{"type": "face", "name": f"Ada {number}"} for number in range(1000)]
    seen = rest(metadata=thumbnails(*many))
    assert seen is not None
    assert len(seen.faces) == 8


# -- zones and best views

ZONES = {"smartDetectZone": {1: "Porch", 2: "Drive"}, "smartDetectLine": {1: "Fence"}}


def seen_in(zones: object, **other: Any) -> tuple[str, ...]:
    item = {"type": "person", "attributes": {"zone": zones, "trackerId": 1}}
    frame = rest(metadata=thumbnails(item), **other)
    assert frame is not None
    return frame.zones


def test_zones_are_told_by_name_and_each_once() -> None:
    assert seen_in([2, 1, 2]) == ("Drive", "Porch")
    assert seen_in([1], type="smartDetectLine") == ("Fence",)
    assert seen_in([1], type="smartDetectLoiterZone") == ()


@pytest.mark.parametrize("zones", [None, 1, "1", [3], [None], [{}], ["1"], [[1]]])
def test_zones_that_nobody_named_are_none(zones: object) -> None:
    assert seen_in(zones) == ()


def viewed(*seconds: object, **other: Any) -> tuple[float, ...]:
    frame = rest(
        metadata=thumbnails(
            *(
                {
                    "type": "person",
                    "clockBestWall": NOON_MS + each * 1000 if isinstance(each, int) else each,
                }
                for each in seconds
            )
        ),
        **other,
    )
    assert frame is not None
    return tuple((view - NOON).total_seconds() for view in frame.best_views)


def test_best_views_are_those_within_the_event_in_order() -> None:
    assert viewed(3, 1, 3, -1, 5, None, "2", float("nan")) == (1.0, 3.0)
    assert viewed(3, 100, end=None) == (3.0, 100.0)


def test_there_are_only_so_many_best_views() -> None:
    assert len(viewed(*range(20), end=None)) == 8


def test_the_best_views_that_stay_are_of_the_whole_event() -> None:
    few = viewed(*range(20), end=None)
    assert (few[0], few[-1]) == (0.0, 19.0)
    assert max(then - first for first, then in pairwise(few)) <= 4
    few = viewed(*range(10), 50, 55, end=None)
    assert few[-2:] == (50.0, 55.0)


def test_the_library_s_object_tells_zones_and_best_views() -> None:
    event = private_event(
        metadata=thumbnails(
            {
                "type": "person",
                "croppedId": "1",
                "clockBestWall": NOON_MS + 2000,
                "attributes": {"zone": [2], "color": {"val": "blue", "confidence": 88}},
            },
            {"type": "person", "croppedId": "2", "attributes": None},
            {"type": "person", "croppedId": "3", "attributes": {"zone": "no list"}},
        )
    )
    frame = frame_from_private(event, lambda camera_id: ZONES if camera_id == CAMERA else {})
    assert frame is not None
    assert frame.zones == ("Drive",)
    assert frame.best_views == (NOON + timedelta(seconds=2),)


# -- what is not to be trusted


@pytest.mark.parametrize(
    "other",
    [
        {"id": None},
        {"camera": None},
        {"camera": 5},
        {"start": None},
        {"start": "2026-06-01"},
        {"start": 1},
        {"start": float("nan")},
        {"start": 10**30},
        {"type": "provision"},
        {"type": None},
        {"type": ["ring"]},
    ],
)
def test_what_is_no_detection_of_a_camera_is_left_out(other: dict[str, Any]) -> None:
    assert rest(**other) is None


def private_event(**other: Any) -> Event:
    return Event.from_unifi_dict(
        id=EVENT,
        modelKey="event",
        type="smartDetectZone",
        start=NOON_MS,
        end=NOON_MS + 4000,
        score=81,
        camera=CAMERA,
        smartDetectTypes=["person"],
        **other,
    )


def private(**other: Any) -> EventFrame | None:
    """Read the library's object, whose fields it does not bound."""
    return frame_from_private(private_event().model_copy(update=other))


ABSURD = [
    datetime.min.replace(tzinfo=UTC),
    datetime(1999, 12, 31, tzinfo=UTC),
    datetime(2100, 1, 2, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(2026, 6, 1, 12),  # noqa: DTZ001 - that is what is absurd of it
]


@pytest.mark.parametrize("moment", ABSURD)
def test_the_library_may_tell_of_no_absurd_time(moment: datetime) -> None:
    assert private(start=moment) is None
    open_event = private(end=moment)
    assert open_event is not None
    assert open_event.end is None


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    there = timezone(timedelta(hours=-11))
    seen = private(start=NOON.astimezone(there), end=None)
    assert seen is not None
    assert seen.start == NOON
    assert seen.start.tzinfo is UTC


@pytest.mark.parametrize("score", [0, -1, 101, "80", None, 80.5, True])
def test_a_score_that_is_none_is_unknown(score: object) -> None:
    seen = rest(score=score)
    assert seen is not None
    assert seen.score is None


def test_an_event_never_ends_before_it_starts() -> None:
    seen = rest(end=NOON_MS - 5000)
    assert seen is not None
    assert seen.end == NOON


RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
THUMBNAIL = st.fixed_dictionaries(
    {},
    optional={
        "type": RUBBISH | st.sampled_from(["face", "vehicle"]),
        "name": RUBBISH,
        "group": RUBBISH | st.fixed_dictionaries({"matchedName": RUBBISH}),
        "attributes": RUBBISH | st.fixed_dictionaries({"zone": RUBBISH | st.lists(RUBBISH)}),
        "clockBestWall": RUBBISH | st.just(NOON_MS),
    },
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": RUBBISH | st.just(EVENT),
            "camera": RUBBISH | st.just(CAMERA),
            "type": RUBBISH | st.sampled_from(EVENT_TYPES),
            "start": RUBBISH | st.just(NOON_MS),
            "end": RUBBISH | st.integers(NOON_MS - 10**6, NOON_MS + 10**6),
            "score": RUBBISH,
            "smartDetectTypes": RUBBISH | st.lists(RUBBISH),
            "metadata": RUBBISH
            | st.fixed_dictionaries({"detectedThumbnails": RUBBISH | st.lists(THUMBNAIL)}),
        },
    )
    | RUBBISH
)
def test_no_rubbish_raises(raw: object) -> None:
    seen = frame_from_rest(raw, lambda _: ZONES)
    if seen is not None:
        assert seen.start.tzinfo is UTC
        assert seen.start <= (seen.end or datetime.max.replace(tzinfo=UTC))
        assert all(isinstance(name, str) for name in (*seen.license_plates, *seen.faces))


# -- what the library does not validate


@pytest.mark.parametrize("rubbish", [7, "x", ["x"], {"x": 1}, True, None])
@pytest.mark.parametrize("field", ["type", "metadata", "smart_detect_types", "start", "camera_id"])
def test_a_field_of_any_type_is_no_bug(field: str, rubbish: Any) -> None:
    seen = private(**{field: rubbish})
    assert seen is None or seen.event_id == EVENT


@pytest.mark.parametrize("field", ["id", "type", "start", "metadata"])
def test_a_field_that_the_library_has_left_out_is_no_bug(field: str) -> None:
    event = private_event()
    del event.__dict__[field]
    seen = frame_from_private(event)
    assert seen is None or seen.event_id == EVENT


@pytest.mark.parametrize(
    "camera_id", ["../users", "a/b", "x?y=z", "x#y", "", "a\nb", "http://a.example", "x" * 65, 7]
)
def test_what_is_no_id_of_a_camera_is_no_event_of_one(camera_id: Any) -> None:
    assert rest(camera=camera_id) is None
    assert private(camera_id=camera_id) is None
