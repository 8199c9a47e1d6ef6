"""Detections and Sightings for the tests of the shell."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.protect_narrator.pipeline.models import (
    Description,
    Detection,
    Fallback,
    FallbackDetail,
    FallbackReason,
    Importance,
    Label,
    Medium,
    Sighting,
    Timings,
    ranked,
)
from custom_components.protect_narrator.protect.incident import MOST_PARTS

START = datetime(2026, 11, 24, 8, 30, 15, tzinfo=UTC)


def detection(number: int = 0, **changed: Any) -> Detection:
    """Return a Detection of a person; another number is another event."""
    values: dict[str, Any] = {
        "console_id": "f4e2c6a0b0c0",
        "camera_id": "65f0c0de0000000000000001",
        "camera_name": "Front door",
        "event_ids": (f"{number:024x}",),
        "labels": (Label.PERSON,),
        "start": START,
        "end": START + timedelta(seconds=4),
    }
    return Detection(**{**values, **changed})


def sighting(number: int = 0, *, lost: bool = False, **changed: Any) -> Sighting:
    """Return the Sighting of that Detection."""
    fallback = Fallback(FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.TIMEOUT)
    return Sighting(
        detection=detection(number, **changed),
        medium=Medium.FRAMES,
        frame_count=5,
        description=Description(
            title="A courier rings", description="And leaves.", importance=Importance.LOW
        ),
        fallbacks=(fallback,) if lost else (),
        picture=b"jpeg",
    )


# Four bytes as UTF-8, the most a character takes.
_WIDE = "\N{FACE WITH TEARS OF JOY}"

LONGEST = Sighting(
    detection=detection(
        camera_name=_WIDE * 60,
        event_ids=tuple(f"{number:064}" for number in range(MOST_PARTS)),
        labels=ranked(Label),
        license_plates=tuple(_WIDE * 39 + str(number) for number in range(8)),
        zones=tuple(_WIDE * 39 + str(number) for number in range(8)),
        faces=tuple(_WIDE * 39 + str(number) for number in range(8)),
    ),
    medium=Medium.SNAPSHOT,
    frame_count=1,
    description=Description(
        title=_WIDE * 60,
        description=_WIDE * 1000,
        importance=Importance.MEDIUM,
        importance_reason=_WIDE * 300,
        confidence=0.123456789,
        people=1000,
        vehicles=1000,
        animals=1000,
        packages=1000,
        agent_id="ai_task." + "a" * 247,
    ),
    # A Detection can lose each of its rungs once.
    fallbacks=(
        Fallback(FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.CONNECTION_LOST),
        Fallback(FallbackReason.AGENT_REJECTED_CLIP, FallbackDetail.AGENT_UNUSABLE_ANSWER),
        Fallback(FallbackReason.CLIP_UNREADABLE, FallbackDetail.UNDECODABLE),
        Fallback(FallbackReason.SNAPSHOT_UNAVAILABLE, FallbackDetail.CONNECTION_LOST),
        Fallback(FallbackReason.AGENT_FAILED, FallbackDetail.AGENT_UNUSABLE_ANSWER),
        Fallback(FallbackReason.INTERNAL_ERROR, FallbackDetail.BUG),
    ),
    clip_attempts=100,
    timings=Timings(settle_s=99.9999, download_s=99.9999, total_s=99999.9999),
)
