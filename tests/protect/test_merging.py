"""What belongs together leaves the tracker as one Detection."""

from datetime import timedelta
from itertools import permutations
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect.events import EventFrame, Source
from custom_components.protect_narrator.protect.incident import MOST_PARTS
from custom_components.protect_narrator.protect.tracker import (
    LABEL_GRACE,
    LONGEST_OPEN,
    MERGE_GAP,
    Tracker,
)

from .helpers import CAMERA, NOON, frame

OTHER_CAMERA = "65f0c0de0000000000000001"
SECOND = timedelta(seconds=1)
LONGEST_S = LONGEST_OPEN.total_seconds()
GAP_S = MERGE_GAP.total_seconds()
GRACE_S = LABEL_GRACE.total_seconds()


class Door:
    """A tracker with a clock of its own; noon is second 0."""

    def __init__(self, done: frozenset[str] = frozenset(), **other: timedelta) -> None:
        self.tracker = Tracker(
            "f4e2c6a0b0c0",
            not_before=NOON - 600 * SECOND,
            is_done=lambda camera_id, event_id: camera_id == CAMERA and event_id in done,
            **other,
        )
        self.tracker.set_cameras({CAMERA: "Door", OTHER_CAMERA: "Yard"})
        self.opened: list[Detection] = []
        self.left: list[Detection] = []

    def say(self, said: EventFrame, at: float) -> None:
        """Hear it at that second; what is due by then has left."""
        self.pass_until(at)
        news = self.tracker.observe(said, NOON + at * SECOND, at)
        self.opened += [news.opened] if news.opened else []
        self.left += [news.left] if news.left else []

    def pass_until(self, at: float) -> None:
        self.left += self.tracker.tick(at)

    def begins(self, name: str, *labels: Label, at: float, **other: Any) -> None:
        self.say(event(name, *labels, start=at, **other), at)

    def ends(self, name: str, *labels: Label, start: float, at: float, **other: Any) -> None:
        self.say(event(name, *labels, start=start, end=at, **other), at)

    def in_the_end(self) -> list[tuple[str, ...]]:
        """Return which events left together."""
        self.pass_until(100_000)
        assert self.tracker.next_due is None
        return [detection.event_ids for detection in self.left]


def event(
    name: str, *labels: Label, start: float, end: float | None = None, **other: Any
) -> EventFrame:
    return frame(
        *labels,
        event_id=name,
        start=NOON + start * SECOND,
        lasted=None if end is None else end - start,
        **other,
    )


@pytest.fixture
def door() -> Door:
    return Door()


def test_zone_line_and_loitering_are_one_incident(door: Door) -> None:
    door.begins("zone", Label.PERSON, at=0, score=70, zones=("Porch",))
    door.begins("line", Label.VEHICLE, at=2, score=90, zones=("Fence",), license_plates=("A 1",))
    door.ends("zone", Label.PERSON, start=0, at=6, best_views=(NOON + 5 * SECOND,))
    door.begins("loiter", Label.PERSON, at=7, faces=("Ada",), best_views=(NOON + 8 * SECOND,))
    door.ends("line", start=2, at=8)
    door.ends("loiter", start=7, at=20)
    door.pass_until(20 + GAP_S - 0.01)
    assert door.left == []
    door.pass_until(20 + GAP_S)
    assert door.left == [
        Detection(
            console_id="f4e2c6a0b0c0",
            camera_id=CAMERA,
            camera_name="Door",
            event_ids=("zone", "line", "loiter"),
            labels=(Label.PERSON, Label.VEHICLE),
            start=NOON,
            end=NOON + 20 * SECOND,
            score=90,
            license_plates=("A 1",),
            faces=("Ada",),
            zones=("Porch", "Fence"),
            best_views=(NOON + 5 * SECOND, NOON + 8 * SECOND),
        )
    ]


@pytest.mark.parametrize(
    ("pause", "together"), [(GAP_S - 0.1, True), (GAP_S + 0.1, False), (60.0, False)]
)
def test_what_follows_directly_belongs_to_it(door: Door, pause: float, together: bool) -> None:
    door.ends("first", Label.PERSON, start=0, at=4)
    door.begins("then", Label.PERSON, at=4 + pause)
    door.ends("then", start=4 + pause, at=70)
    assert door.in_the_end() == ([("first", "then")] if together else [("first",), ("then",)])


def test_without_a_gap_every_event_is_alone() -> None:
    door = Door(merge_gap=timedelta(), label_grace=timedelta())
    door.begins("zone", Label.PERSON, at=0)
    door.begins("line", Label.PERSON, at=1)
    door.ends("zone", start=0, at=4)
    door.ends("line", start=1, at=4)
    assert [detection.event_ids for detection in door.left] == [("zone",), ("line",)]


def test_cameras_have_nothing_to_do_with_each_other(door: Door) -> None:
    door.begins("one", Label.PERSON, at=0)
    door.begins("two", Label.PERSON, at=1, camera_id=OTHER_CAMERA)
    door.ends("one", start=0, at=4)
    door.ends("two", start=1, at=4, camera_id=OTHER_CAMERA)
    assert door.in_the_end() == [("one",), ("two",)]


def test_the_name_is_that_of_the_first_from_the_beginning(door: Door) -> None:
    door.begins("zone", Label.PERSON, at=1)
    # It began before, and is told later.
    door.say(event("loiter", Label.VEHICLE, start=0), at=2)
    door.ends("zone", start=1, at=3)
    door.ends("loiter", start=0, at=3)
    assert door.in_the_end() == [("zone", "loiter")]
    assert door.left[0].start == NOON
    assert [each.sighting_id for each in door.opened] == [door.left[0].sighting_id] * 2


def test_of_many_best_views_each_part_keeps_some(door: Door) -> None:
    early, late = [tuple(NOON + at * SECOND for at in some) for some in (range(8), range(20, 28))]
    door.ends("zone", Label.PERSON, start=0, at=18, best_views=early)
    door.begins("line", Label.PERSON, at=19)
    door.ends("line", start=19, at=29, best_views=late)
    assert door.in_the_end() == [("zone", "line")]
    kept = door.left[0].best_views
    assert len(kept) == 8
    assert len({*kept} & {*early}) >= 3
    assert len({*kept} & {*late}) >= 3


def test_being_told_again_of_a_part_makes_no_second_one(door: Door) -> None:
    door.ends("zone", Label.PERSON, start=0, at=4)
    door.ends("line", Label.PERSON, start=1, at=4)
    assert door.in_the_end() == [("zone", "line")]
    for name in ("zone", "line"):
        for source in Source:
            door.say(event(name, Label.PERSON, start=0, end=4, source=source), 100_001)
    assert door.in_the_end() == [("zone", "line")]


def test_what_overlaps_one_that_has_left_is_told_for_itself(door: Door) -> None:
    door.ends("zone", Label.PERSON, start=0, at=4)
    door.pass_until(30)
    door.say(event("line", Label.VEHICLE, start=2, end=5, source=Source.REST), 30)
    assert door.in_the_end() == [("zone",), ("line",)]
    assert door.left[1].late


def test_what_was_dealt_with_before_a_restart_takes_nothing_new_with_it() -> None:
    door = Door(done=frozenset({"old"}))
    door.say(event("old", Label.PERSON, start=0, end=4, source=Source.REST), 30)
    door.say(event("new", Label.PERSON, start=3, end=9, source=Source.REST), 30)
    door.say(event("old", start=0, end=4, source=Source.REST), 31)
    assert door.in_the_end() == [("new",)]


# -- how long


def test_what_begins_beyond_the_longest_clip_is_another(door: Door) -> None:
    for at in range(0, 130, 10):
        door.say(event(f"{at}", Label.PERSON, start=at, end=at + 11, source=Source.REST), 300)
    told = door.in_the_end()
    assert [len(events) for events in told] == [7, 6]
    longest = max(detection.end - detection.start for detection in door.left)
    assert longest <= LONGEST_OPEN + 11 * SECOND


@pytest.mark.parametrize(
    ("passed", "begins", "together"),
    [(28, 30, True), (28, 31, False), (55, 54, True), (55, 55, False), (55, 58, False)],
)
def test_what_only_follows_late_is_shown_whole_for_itself(
    door: Door, passed: float, begins: float, together: bool
) -> None:
    door.begins("car", Label.VEHICLE, at=0)
    car_is_gone = event("car", start=0, end=passed)
    somebody_comes = event("walker", Label.PERSON, start=begins)
    for at, said in sorted(
        [(passed, car_is_gone), (begins, somebody_comes)], key=lambda each: each[0]
    ):
        door.say(said, at)
    door.ends("walker", start=begins, at=80)
    assert door.in_the_end() == ([("car", "walker")] if together else [("car",), ("walker",)])
    assert (door.left[-1].start == NOON + begins * SECOND) == (not together)


def test_an_end_that_never_comes_is_waited_for_no_longer_than_before(door: Door) -> None:
    door.begins("zone", Label.PERSON, at=0)
    door.begins("line", Label.PERSON, at=50)
    door.ends("zone", start=0, at=52)
    door.pass_until(LONGEST_S - 0.01)
    assert door.left == []
    door.pass_until(LONGEST_S)
    (detection,) = door.left
    assert detection.end == NOON + LONGEST_OPEN
    assert detection.end_estimated


def test_an_end_that_is_known_may_be_later_than_the_one_that_is_not(door: Door) -> None:
    door.begins("zone", Label.PERSON, at=0)
    door.begins("line", Label.PERSON, at=50)
    door.say(event("line", start=50, end=63), at=LONGEST_S - 0.5)
    door.pass_until(LONGEST_S + GAP_S)
    (detection,) = door.left
    assert detection.end == NOON + 63 * SECOND
    assert not detection.end_estimated


def test_there_are_only_so_many_parts(door: Door) -> None:
    for number in range(MOST_PARTS + 1):
        door.ends(f"{number}", Label.PERSON, start=0, at=4)
    assert [len(events) for events in door.in_the_end()] == [MOST_PARTS, 1]


def test_a_tree_that_moves_neither_stretches_nor_holds_up_who_passes(door: Door) -> None:
    door.begins("tree", Label.MOTION, at=0)
    door.begins("walker", Label.PERSON, at=20)
    door.ends("walker", start=20, at=24)
    door.pass_until(24 + GAP_S)
    (detection,) = door.left
    assert detection.event_ids == ("tree", "walker")
    assert detection.labels == (Label.PERSON, Label.MOTION)
    assert (detection.start, detection.end) == (NOON + 20 * SECOND, NOON + 24 * SECOND)
    assert not detection.end_estimated


def test_mere_motion_is_an_incident_too(door: Door) -> None:
    door.ends("first", Label.MOTION, start=0, at=4)
    door.begins("then", Label.MOTION, at=6)
    door.ends("then", Label.MOTION, start=6, at=9)
    assert door.in_the_end() == [("first", "then")]
    assert door.left[0].end == NOON + 9 * SECOND


# -- somebody rings


def test_a_ring_is_one_with_the_person_and_waits_for_nobody(door: Door) -> None:
    door.begins("walker", Label.PERSON, at=0)
    door.begins("bell", Label.RING, at=8)
    door.ends("bell", Label.RING, start=8, at=9)
    door.pass_until(9 + GRACE_S)
    (detection,) = door.left
    assert detection.event_ids == ("walker", "bell")
    assert detection.labels == (Label.RING, Label.PERSON)
    assert (detection.start, detection.end) == (NOON, NOON + 9 * SECOND)
    assert detection.end_estimated


def test_a_ring_waits_for_its_labels_alone() -> None:
    door = Door(label_grace=timedelta())
    door.ends("bell", Label.RING, start=8, at=9)
    assert [detection.event_ids for detection in door.left] == [("bell",)]


# -- what the look-back finds

VISIT = (
    event("one", Label.PERSON, start=0, end=4, source=Source.REST),
    event("two", Label.VEHICLE, start=3, end=12, source=Source.REST),
    event("three", Label.RING, start=12, end=13, source=Source.REST),
    event("four", Label.ANIMAL, start=17, end=20, source=Source.REST),
)


@pytest.mark.parametrize("order", permutations(VISIT))
def test_what_is_found_later_is_one_in_any_order(door: Door, order: tuple[EventFrame, ...]) -> None:
    for said in order:
        door.say(said, at=300)
    (events,) = door.in_the_end()
    assert sorted(events) == ["four", "one", "three", "two"]
    assert events[0] in {order[0].event_id, order[1].event_id}
    (detection,) = door.left
    assert detection.labels == (Label.RING, Label.PERSON, Label.VEHICLE, Label.ANIMAL)
    assert (detection.start, detection.end) == (NOON, NOON + 20 * SECOND)
    assert detection.late
    assert door.opened == []


def test_what_is_on_the_next_page_belongs_to_it(door: Door) -> None:
    door.say(VISIT[0], at=300)
    door.say(VISIT[1], at=300 + GAP_S - 0.1)
    assert door.in_the_end() == [("one", "two")]


def test_what_is_found_of_a_busy_hour_fits_into_the_longest_clip(door: Door) -> None:
    for start in range(0, 240, 10):
        door.say(
            event(f"{start}", Label.PERSON, start=start, end=start + 7, source=Source.REST), 300
        )
    assert [len(events) for events in door.in_the_end()] == [4] * 6
    assert max(each.end - each.start for each in door.left) <= LONGEST_OPEN


def test_what_was_heard_in_part_is_not_late(door: Door) -> None:
    door.begins("zone", Label.PERSON, at=0)
    door.say(event("line", Label.PERSON, start=1, end=3, source=Source.REST), at=4)
    door.ends("zone", start=0, at=5)
    assert door.in_the_end() == [("zone", "line")]
    assert not door.left[0].late


def test_two_that_were_said_to_have_begun_both_leave(door: Door) -> None:
    door.ends("one", Label.PERSON, start=0, at=1)
    door.say(event("three", Label.PERSON, start=8), at=3)
    # Told last, it would bring the others together.
    door.say(event("two", Label.PERSON, start=1, end=9), at=4)
    left = door.in_the_end()
    assert sorted(left) == [("one", "two"), ("three",)]
    assert {each.sighting_id for each in door.opened} == {each.sighting_id for each in door.left}


# -- what has begun


def test_what_begins_is_said_when_it_is_known_what_it_is(door: Door) -> None:
    door.begins("zone", at=0)
    assert door.opened == []
    door.say(event("zone", Label.PERSON, start=0, score=80), at=2)
    (opened,) = door.opened
    assert opened.labels == (Label.PERSON,)
    assert (opened.start, opened.end) == (NOON, NOON + 2 * SECOND)
    assert opened.end_estimated
    assert not opened.late
    door.say(event("zone", Label.PERSON, start=0, score=90), at=3)
    assert len(door.opened) == 1
    door.begins("line", Label.VEHICLE, at=4)
    assert door.opened[1].labels == (Label.PERSON, Label.VEHICLE)
    assert door.opened[1].event_ids == ("zone", "line")


def test_what_leaves_at_once_is_not_said_to_begin() -> None:
    door = Door(merge_gap=timedelta(), label_grace=timedelta())
    door.ends("zone", Label.PERSON, start=0, at=4)
    assert (len(door.opened), len(door.left)) == (0, 1)


def test_what_was_found_is_not_said_to_begin_though_it_is_told_live_later(door: Door) -> None:
    door.say(event("zone", Label.PERSON, start=0, source=Source.REST), at=2)
    door.begins("zone", Label.VEHICLE, at=3)
    assert door.opened == []


def test_what_was_found_has_begun_as_soon_as_something_live_joins_it(door: Door) -> None:
    door.say(event("zone", Label.PERSON, start=0, source=Source.REST), at=2)
    assert door.opened == []
    door.begins("line", Label.VEHICLE, at=3)
    door.say(event("line", Label.VEHICLE, start=3), at=4)
    door.say(event("loiter", Label.PERSON, start=4, source=Source.REST), at=5)
    (opened,) = door.opened
    assert opened.labels == (Label.PERSON, Label.VEHICLE)
    assert opened.event_ids == ("zone", "line")
    door.pass_until(2 * LONGEST_S)
    assert [each.sighting_id for each in door.left] == [opened.sighting_id]


def test_what_was_found_has_begun_as_soon_as_it_takes_in_something_live(door: Door) -> None:
    door.say(event("zone", Label.PERSON, start=-9, end=-8, source=Source.REST), at=-1)
    door.begins("line", at=0)
    # Told last, it brings the others together.
    door.say(event("loiter", Label.PERSON, start=-7, end=-3, source=Source.REST), at=1)
    (opened,) = door.opened
    assert opened.event_ids == ("zone", "loiter", "line")
    assert door.in_the_end() == [opened.event_ids]


# -- any order, any number of times

NAMES = ("a", "b", "c", "d")
EVENTS = st.builds(
    lambda name, start, length, camera, source, labels: event(
        name,
        *labels,
        start=start,
        end=None if length is None else start + length,
        camera_id=camera,
        source=source,
    ),
    st.sampled_from(NAMES),
    st.integers(0, 90),
    st.none() | st.integers(0, 40),
    st.sampled_from([CAMERA, OTHER_CAMERA]),
    st.sampled_from(Source),
    st.lists(st.sampled_from([Label.PERSON, Label.RING, Label.MOTION, Label.OTHER]), max_size=2),
)


@settings(max_examples=300)
@given(st.lists(EVENTS, min_size=1, max_size=12), st.lists(st.floats(0, 30), max_size=12))
def test_every_event_leaves_once_and_every_promise_is_kept(
    said: list[EventFrame], waits: list[float]
) -> None:
    door, at = Door(), 0.0
    for each, wait in zip(said, waits + [0.0] * len(said), strict=False):
        door.say(each, at)
        at += wait
    door.pass_until(at + 2 * LONGEST_S + GAP_S)
    assert door.tracker.next_due is None
    assert door.tracker._open == {}
    told = [(each.camera_id, event_id) for each in door.left for event_id in each.event_ids]
    assert sorted(told) == sorted({(each.camera_id, each.event_id) for each in said})
    assert {each.sighting_id for each in door.opened} <= {each.sighting_id for each in door.left}
    for detection in door.left:
        assert detection.start <= detection.end
        assert len(detection.event_ids) <= MOST_PARTS
