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
