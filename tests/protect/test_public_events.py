"""What the public websocket tells in parts is put together, and little of it is kept."""

from datetime import UTC, datetime
import tracemalloc
from typing import Any

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.protect.events import PublicEvents

CAMERA = "65f0c0de0000000000000000"
NOON_MS = 1_780_315_200_000
MEGABYTE = "x" * 1_000_000


def event(number: int, **said: Any) -> dict[str, Any]:
    """Return a message about an event."""
    return {"id": f"{number:024x}", **said}


def test_an_update_adds_to_what_was_told_before() -> None:
    events = PublicEvents()
    whole = event(1, type="smartDetectZone", device=CAMERA, start=NOON_MS, smartDetectTypes=[])
    events.take_in(whole)
    events.take_in(event(1, smartDetectTypes=["person", "neverHeardOf"]))

    frame = events.take_in(event(1, end=NOON_MS + 4_000))

    assert frame is not None
    assert frame.labels == (Label.PERSON, Label.OTHER)
    assert frame.start == datetime.fromtimestamp(NOON_MS / 1000, UTC)
    assert (frame.end or frame.start).timestamp() * 1000 == NOON_MS + 4_000


def test_an_event_of_two_cameras_ends_for_each_by_its_own_update() -> None:
    events, shared, other = PublicEvents(), f"{1:024x}", CAMERA[:-1] + "1"
    for camera, start in ((CAMERA, NOON_MS), (other, NOON_MS + 1_000)):
        said = {"type": "smartDetectZone", "device": camera, "start": start}
        events.take_in({"id": f"{shared}-{camera}", **said})

    ended = events.take_in({"id": f"{shared}-{CAMERA}", "end": NOON_MS + 4_000})
    goes_on = events.take_in({"id": f"{shared}-{other}", "smartDetectTypes": ["person"]})

    assert ended is not None
    assert (ended.event_id, ended.camera_id) == (shared, CAMERA)
    assert ended.start.timestamp() * 1000 == NOON_MS
    assert (ended.end or ended.start).timestamp() * 1000 == NOON_MS + 4_000
    assert goes_on is not None
    assert (goes_on.event_id, goes_on.camera_id, goes_on.end) == (shared, other, None)


def test_what_one_camera_told_is_not_another_s_under_the_same_id() -> None:
    events, other = PublicEvents(), CAMERA[:-1] + "1"
    said = {"type": "smartDetectZone", "start": NOON_MS}
    events.take_in(event(1, **said, device=CAMERA, end=NOON_MS + 4_000, smartDetectTypes=["face"]))

    frame = events.take_in(event(1, **said, device=other))

    assert frame is not None
    assert (frame.camera_id, frame.end, frame.labels) == (other, None, ())


def test_what_is_remembered_of_ids_with_a_camera_is_bounded() -> None:
    events = PublicEvents()
    for number in range(1_500):
        events.take_in({"id": f"{number:024x}-{CAMERA}", "start": NOON_MS})
    assert len(events._known) == 1_000


def test_what_is_no_part_of_an_event_is_not_kept() -> None:
    events = PublicEvents()
    rubbish: tuple[Any, ...] = (MEGABYTE, {"a": MEGABYTE}, [MEGABYTE] * 4, 10**4_000, None)
    tracemalloc.start()
    try:
        for number in range(100):
            said = rubbish[number % len(rubbish)]
            if isinstance(said, str):
                said = said + str(number)
            elif isinstance(said, list):
                said = [each + str(number) for each in said]
            parts = dict.fromkeys(("type", "device", "start", "end", "smartDetectTypes"), said)
            assert events.take_in(event(number, **parts)) is None
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 500_000
