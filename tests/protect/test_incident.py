"""What the console knows of a Detection's events, when it is asked again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect.events import EventFrame, Source
from custom_components.protect_narrator.protect.incident import refreshed

from .helpers import CAMERA, EVENT, NOON, frame

SECOND = timedelta(seconds=1)


def detection_of(
    *labels: Label, lasted: float = 4, events: tuple[str, ...] = (EVENT,)
) -> Detection:
    return Detection(
        console_id="f4e2c6a0b0c0",
        camera_id=CAMERA,
        camera_name="Door",
        event_ids=events,
        labels=labels,
        start=NOON,
        end=NOON + 4 * SECOND,
        score=50,
        faces=("Ada",),
    )


def test_the_console_may_know_better() -> None:
    before = detection_of(Label.OTHER)
    told = frame(
        Label.PERSON,
        lasted=9,
        score=90,
        faces=("Bob",),
        zones=("Porch",),
        best_views=(NOON + 8 * SECOND,),
        source=Source.REST,
    )
    after = refreshed(before, [told], NOON + 20 * SECOND)
    assert after.labels == (Label.PERSON,)
    assert after.end == NOON + 9 * SECOND
    assert not after.end_estimated
    assert after.score == 90
    assert after.faces == ("Ada", "Bob")
    assert after.zones == ("Porch",)
    assert after.best_views == (NOON + 8 * SECOND,)
    assert after.sighting_id == before.sighting_id
    assert not after.late


def test_an_event_that_is_still_open_has_lasted_until_now() -> None:
    after = refreshed(detection_of(Label.PERSON), [frame(Label.PERSON)], NOON + 20 * SECOND)
    assert after.end == NOON + 20 * SECOND
    assert after.end_estimated


def test_nothing_that_was_known_is_lost() -> None:
    before = replace(detection_of(Label.PERSON), zones=("Porch",), best_views=(NOON + SECOND,))
    assert refreshed(before, [frame(lasted=4)], NOON) == before


def test_an_unknown_thing_stays_one() -> None:
    assert refreshed(detection_of(Label.OTHER), [frame(lasted=4)], NOON).labels == (Label.OTHER,)


TWO = (EVENT, "second")


@pytest.mark.parametrize(
    ("frames", "end", "estimated"),
    [
        ([frame(lasted=9), frame(lasted=12, event_id="second")], 12, False),
        ([frame(lasted=2), frame(lasted=3, event_id="second")], 3, False),
        ([frame(lasted=9), frame(event_id="second")], 20, True),
        # The other was not read: it may have lasted as long as it seemed.
        ([frame(lasted=2)], 4, False),
        ([frame(lasted=9)], 9, False),
        # Of bare motion nobody waits for the end.
        ([frame(lasted=9), frame(Label.MOTION, event_id="second")], 9, False),
        # What was more than that was not read.
        ([frame(Label.MOTION, lasted=9)], 4, False),
        ([frame(Label.MOTION)], 4, False),
    ],
)
def test_the_latest_end_counts(frames: list[EventFrame], end: float, estimated: bool) -> None:
    after = refreshed(detection_of(Label.PERSON, events=TWO), frames, NOON + 20 * SECOND)
    assert after.end == NOON + end * SECOND
    assert after.end_estimated == estimated


@pytest.mark.parametrize("lasted", [9, None])
def test_bare_motion_lasts_as_long_as_the_console_says(lasted: float | None) -> None:
    after = refreshed(
        detection_of(Label.MOTION), [frame(Label.MOTION, lasted=lasted)], NOON + 20 * SECOND
    )
    assert after.end == NOON + (lasted or 20) * SECOND
    assert after.end_estimated == (lasted is None)


def test_a_guess_stays_one_where_only_motion_was_read() -> None:
    before = replace(detection_of(Label.PERSON, events=TWO), end_estimated=True)
    after = refreshed(before, [frame(Label.MOTION, lasted=9)], NOON + 20 * SECOND)
    assert (after.end, after.end_estimated) == (before.end, True)


def test_somebody_who_rings_is_not_kept_waiting_for_a_later_end() -> None:
    before = detection_of(Label.RING, Label.PERSON, events=TWO)
    after = refreshed(before, [frame(Label.PERSON), frame(lasted=9)], NOON + 20 * SECOND)
    assert after.end == before.end
    assert after.end_estimated
