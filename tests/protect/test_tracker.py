"""Each event leaves the tracker once, with everything that was said of it in time."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label, ranked
from custom_components.protect_narrator.protect import tracker as room
from custom_components.protect_narrator.protect.events import EventFrame, Source
from custom_components.protect_narrator.protect.tracker import (
    LABEL_GRACE,
    LONGEST_OPEN,
    MOST_FINISHED,
    MOST_OPEN,
    Tracker,
)

from .helpers import CAMERA, EVENT, NOON, frame

OTHER_CAMERA = "65f0c0de0000000000000001"
SECOND = timedelta(seconds=1)
LONGEST_S = LONGEST_OPEN.total_seconds()
GRACE_S = LABEL_GRACE.total_seconds()


class Told:
    """A tracker with a clock of its own; noon is second 0."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker

    def tick(self, at: float) -> list[Detection]:
        return list(self.tracker.tick(at))

    def say(self, said: EventFrame, at: float = 0.0) -> Detection | None:
        return self.tracker.observe(said, NOON + at * SECOND, at).left


def new_tracker(label_grace: timedelta = timedelta()) -> Tracker:
    tracker = Tracker(
        "f4e2c6a0b0c0",
        not_before=NOON - 60 * SECOND,
        label_grace=label_grace,
        merge_gap=timedelta(),
    )
    tracker.set_cameras({CAMERA: "Door", OTHER_CAMERA: "Yard"})
    return tracker


@pytest.fixture
def told() -> Told:
    return Told(new_tracker())


def test_an_event_leaves_when_its_end_is_said(told: Told) -> None:
    assert told.say(frame(Label.PERSON, score=70)) is None
    detection = told.say(frame(Label.VEHICLE, lasted=4, score=80), at=4)
    assert detection == Detection(
        console_id="f4e2c6a0b0c0",
        camera_id=CAMERA,
        camera_name="Door",
        event_ids=(EVENT,),
        labels=(Label.PERSON, Label.VEHICLE),
        start=NOON,
        end=NOON + 4 * SECOND,
        score=80,
    )
    assert told.tracker.next_due is None


def test_what_is_said_after_the_end_says_nothing_new(told: Told) -> None:
    assert told.say(frame(Label.PERSON, lasted=4)) is not None
    assert told.say(frame(Label.PERSON, lasted=4)) is None
    assert told.say(frame(Label.PERSON)) is None
    assert told.tick(1000.0) == []


def test_labels_may_come_shortly_after_the_end(told: Told) -> None:
    assert told.say(frame(lasted=4), at=4) is None
    assert told.tracker.next_due == 4 + GRACE_S
    detection = told.say(frame(Label.PERSON, lasted=4), at=5)
    assert detection is not None
    assert detection.labels == (Label.PERSON,)


def test_labels_that_never_come_are_not_waited_for(told: Told) -> None:
    told.say(frame(lasted=4), at=4)
    assert told.tick(4 + GRACE_S - 0.01) == []
    (detection,) = told.tick(4 + GRACE_S)
    assert detection.labels == (Label.OTHER,)
    assert not detection.end_estimated


# -- better labels after the end


@pytest.fixture
def patient() -> Told:
    return Told(new_tracker(label_grace=LABEL_GRACE))


def test_what_has_ended_waits_for_better_labels(patient: Told) -> None:
    patient.say(frame(Label.VEHICLE))
    assert patient.say(frame(Label.VEHICLE, lasted=4), at=4) is None
    assert patient.tracker.next_due == 4 + GRACE_S
    assert patient.say(frame(Label.PERSON, lasted=4, faces=("Ada",)), at=5) is None
    assert patient.tick(4 + GRACE_S - 0.01) == []
    (detection,) = patient.tick(4 + GRACE_S)
    assert detection.labels == (Label.PERSON, Label.VEHICLE)
    assert detection.faces == ("Ada",)
    assert detection.end == NOON + 4 * SECOND
    assert not detection.end_estimated


def test_an_end_that_is_told_again_holds_nobody_up(patient: Told) -> None:
    patient.say(frame(Label.PERSON, lasted=4), at=4)
    patient.say(frame(Label.PERSON), at=5)
    patient.say(frame(Label.PERSON, lasted=5), at=6)
    (detection,) = patient.tick(4 + GRACE_S)
    assert detection.end == NOON + 5 * SECOND


def test_what_is_said_when_the_wait_is_over_lets_it_out(patient: Told) -> None:
    patient.say(frame(Label.PERSON, lasted=4), at=4)
    assert patient.say(frame(Label.PERSON, lasted=4), at=4 + GRACE_S) is not None


def test_an_end_just_in_time_has_the_whole_wait(patient: Told) -> None:
    patient.say(frame(Label.PERSON))
    patient.say(frame(Label.PERSON, lasted=LONGEST_S - 0.1), at=LONGEST_S - 0.1)
    assert patient.tracker.next_due == LONGEST_S - 0.1 + GRACE_S


def test_what_ended_long_before_it_was_found_waits_for_nothing(patient: Told) -> None:
    found = frame(Label.PERSON, lasted=4, source=Source.REST)
    assert patient.say(found, at=4 + GRACE_S) is not None


def test_what_has_just_ended_when_it_is_found_waits_for_the_rest(patient: Told) -> None:
    assert patient.say(frame(Label.PERSON, lasted=4, source=Source.REST), at=5) is None
    assert patient.tracker.next_due == 4 + GRACE_S


def test_without_any_label_a_shorter_wait_is_not_enough() -> None:
    hasty = Told(new_tracker(label_grace=SECOND))
    hasty.say(frame(lasted=4), at=4)
    assert hasty.tick(5) == []
    assert hasty.say(frame(Label.PERSON, lasted=4), at=6) is not None


# -- no end


def test_an_end_that_never_comes_is_estimated(told: Told) -> None:
    told.say(frame(Label.PERSON))
    assert told.tick(LONGEST_S - 0.01) == []
    (detection,) = told.tick(LONGEST_S)
    assert detection.end == NOON + LONGEST_OPEN
    assert detection.end_estimated
    assert told.say(frame(Label.PERSON, lasted=300), at=300) is None


def test_an_event_that_began_long_ago_is_not_waited_for(told: Told) -> None:
    told.say(frame(Label.PERSON, source=Source.REST), at=LONGEST_S * 3)
    (detection,) = told.tick(LONGEST_S * 3)
    assert detection.late


@pytest.mark.parametrize("minutes", [-600, 600])
def test_a_console_whose_clock_is_wrong_holds_nobody_up(told: Told, minutes: int) -> None:
    told.say(frame(Label.PERSON, start=NOON + minutes * 60 * SECOND))
    assert told.tracker.next_due is not None
    assert 0 <= told.tracker.next_due <= LONGEST_S


def test_what_ended_too_early_is_left_out(told: Told) -> None:
    early = NOON - 100 * SECOND
    assert told.say(frame(Label.PERSON, start=early, lasted=39)) is None
    assert told.tick(1000.0) == []
    assert told.say(frame(Label.PERSON, start=early, lasted=40, event_id="other")) is not None


def test_cameras_that_are_not_known_are_left_out(told: Told) -> None:
    assert told.say(frame(Label.PERSON, lasted=4, camera_id="unknown")) is None
    told.tracker.set_cameras({"unknown": "Known now"})
    assert told.say(frame(Label.PERSON, lasted=4, camera_id="unknown")) is not None


def test_the_same_id_on_two_cameras_is_two_events(told: Told) -> None:
    assert told.say(frame(Label.PERSON, lasted=4)) is not None
    assert told.say(frame(Label.PERSON, lasted=4, camera_id=OTHER_CAMERA)) is not None


def test_a_camera_that_was_removed_keeps_its_open_event(told: Told) -> None:
    told.say(frame(Label.PERSON))
    told.tracker.set_cameras({})
    (detection,) = told.tick(LONGEST_S)
    assert detection.camera_name == CAMERA


def test_what_was_also_told_live_is_not_late(told: Told) -> None:
    told.say(frame(Label.PERSON, source=Source.REST))
    detection = told.say(frame(Label.PERSON, lasted=4, source=Source.PUBLIC))
    assert detection is not None
    assert not detection.late


def test_what_was_told_live_stays_so(told: Told) -> None:
    told.say(frame(Label.PERSON))
    detection = told.say(frame(Label.PERSON, lasted=4, source=Source.REST))
    assert detection is not None
    assert not detection.late


def test_an_unknown_type_is_dropped_for_a_known_one(told: Told) -> None:
    detection = told.say(frame(Label.OTHER, Label.ANIMAL, lasted=4))
    assert detection is not None
    assert detection.labels == (Label.ANIMAL,)


# -- any order, any number of times

LABELS = st.lists(st.sampled_from(list(Label)), max_size=3)
PIECE = st.builds(
    lambda labels, lasted, score, plates, source: frame(
        *labels, lasted=lasted, score=score, license_plates=tuple(plates), source=source
    ),
    LABELS,
    st.none() | st.integers(0, 50),
    st.none() | st.integers(1, 100),
    st.lists(st.sampled_from(["A", "B"]), max_size=2),
    st.sampled_from(Source),
)


@given(st.lists(PIECE, min_size=1, max_size=8), st.lists(st.floats(0, 20), max_size=8))
def test_any_order_and_number_of_messages_makes_one_detection(
    pieces: list[EventFrame], waits: list[float]
) -> None:
    told, at = Told(new_tracker()), 0.0
    left: list[Detection] = []
    said: list[EventFrame] = []
    for piece, wait in zip(pieces, waits + [0.0] * len(pieces), strict=False):
        if not left:
            said.append(piece)
        if (now := told.say(piece, at)) is not None:
            left.append(now)
        at += wait
        left += told.tick(at)
    left += told.tick(at + LONGEST_S)

    (detection,) = left
    union = {label for piece in said for label in piece.labels}
    assert detection.labels == ranked(union - {Label.OTHER} or {Label.OTHER})
    assert detection.start == NOON
    assert detection.end_estimated == all(piece.end is None for piece in said)
    assert detection.end == NOON + LONGEST_OPEN or detection.end in {each.end for each in said}
    assert detection.late == all(piece.source is Source.REST for piece in said)
    assert set(detection.license_plates) == {
        plate for piece in said for plate in piece.license_plates
    }
    assert told.tracker.next_due is None


@settings(max_examples=20)
@given(st.permutations([frame(Label.PERSON), frame(Label.FACE), frame(Label.ANIMAL, lasted=5)] * 2))
def test_the_copies_of_two_sockets_make_one_detection(pieces: list[EventFrame]) -> None:
    told = Told(new_tracker())
    left = [detection for each in pieces if (detection := told.say(each)) is not None]
    assert len(left) == 1


# -- memory


def test_those_that_are_due_leave_one_by_one(told: Told) -> None:
    told.say(frame(Label.PERSON, event_id="first"))
    told.say(frame(Label.PERSON, event_id="second"))
    assert next(told.tracker.tick(LONGEST_S)).event_ids == ("first",)
    assert [each.event_ids for each in told.tick(LONGEST_S)] == [("second",)]


def test_the_oldest_leave_when_too_many_are_open(told: Told) -> None:
    left = [told.say(frame(Label.PERSON, event_id=f"{n}")) for n in range(MOST_OPEN + 10)]
    gone = [detection for detection in left if detection is not None]
    assert [detection.event_ids for detection in gone] == [(f"{n}",) for n in range(10)]
    assert len(told.tracker._open) == MOST_OPEN
    assert len(told.tick(LONGEST_S)) == MOST_OPEN


def test_ids_are_not_remembered_for_ever(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_FINISHED", 5)
    assert MOST_FINISHED > MOST_OPEN
    for number in range(50):
        assert told.say(frame(Label.PERSON, event_id=f"{number}", lasted=1)) is not None
        assert told.say(frame(Label.PERSON, event_id=f"{number}", lasted=1)) is None
    assert len(told.tracker._finished) == 5


# -- clocks


def test_a_console_whose_clock_is_behind_does_not_cut_what_it_tells_live() -> None:
    told = Told(new_tracker())
    assert told.say(frame(start=NOON - 90 * SECOND)) is None
    assert told.tick(1.0) == []


def test_what_was_seen_open_is_told_though_the_clock_is_behind_our_beginning() -> None:
    told = Told(new_tracker())
    behind = NOON - 300 * SECOND
    assert told.say(frame(Label.PERSON, start=behind)) is None
    assert told.say(frame(Label.PERSON, start=behind, lasted=5), at=5) is not None
