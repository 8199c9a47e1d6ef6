"""Which Detections are described at all."""

from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label, Policy
from custom_components.protect_narrator.pipeline.triage import Skip, verdict

from .fakes import START, detection

DOOR, GARDEN = "F4E2C6000001", "F4E2C6000002"
PEOPLE = frozenset({Label.PERSON})


@pytest.mark.parametrize(
    ("seen", "policy", "describes", "expected"),
    [
        (detection(), Policy(), True, None),
        (detection(), Policy(cameras=frozenset({DOOR})), True, None),
        (detection(), Policy(cameras=frozenset({GARDEN})), True, Skip.CAMERA_NOT_CHOSEN),
        (detection(labels=(Label.ANIMAL,)), Policy(labels=PEOPLE), True, Skip.LABEL_NOT_CHOSEN),
        (detection(labels=(Label.PERSON, Label.MOTION)), Policy(labels=PEOPLE), True, None),
        (detection(labels=(Label.MOTION,)), Policy(), True, Skip.LABEL_NOT_CHOSEN),
        (detection(), Policy(), False, Skip.SWITCHED_OFF),
    ],
)
def test_what_the_user_did_not_choose_is_passed_over(
    seen: Detection, policy: Policy, describes: bool, expected: Skip | None
) -> None:
    assert verdict(seen, policy, mac=DOOR, describes=describes) is expected


COOLDOWN_S = 60
LAST = detection(0)  # of four seconds


@pytest.mark.parametrize(
    ("begins_after_s", "expected"),
    [
        (-1, None),
        (0, Skip.COOLDOWN),
        (3, Skip.COOLDOWN),
        (4 + COOLDOWN_S - 0.1, Skip.COOLDOWN),
        (4 + COOLDOWN_S, None),
    ],
)
def test_what_begins_too_soon_after_the_last_one_is_passed_over(
    begins_after_s: float, expected: Skip | None
) -> None:
    start = START + timedelta(seconds=begins_after_s)
    then = detection(1, start=start, end=start + timedelta(seconds=4))
    policy = Policy(cooldown=timedelta(seconds=COOLDOWN_S))
    assert verdict(then, policy, mac=DOOR, describes=True, last=LAST) is expected


def test_without_a_last_one_or_without_a_cooldown_nothing_is_too_soon() -> None:
    cool = Policy(cooldown=timedelta(seconds=COOLDOWN_S))
    assert verdict(detection(1), cool, mac=DOOR, describes=True) is None
    assert verdict(detection(1), Policy(), mac=DOOR, describes=True, last=LAST) is None


def test_an_end_that_lies_in_years_to_come_silences_no_camera() -> None:
    policy = Policy(cooldown=timedelta(seconds=COOLDOWN_S))
    wrong = detection(end=START + timedelta(days=27_000))
    later = START + timedelta(hours=1, seconds=COOLDOWN_S)
    for ends_after, expected in ((-1, Skip.COOLDOWN), (0, None)):
        then = detection(1, start=later + timedelta(seconds=ends_after))
        assert verdict(then, policy, mac=DOOR, describes=True, last=wrong) is expected


def test_a_ring_is_never_too_soon() -> None:
    rung = detection(1, labels=(Label.RING, Label.PERSON))
    policy = Policy(cooldown=timedelta(hours=1))
    assert verdict(rung, policy, mac=DOOR, describes=True, last=LAST) is None


def test_every_reason_to_skip_can_be_had() -> None:
    reasons = {
        verdict(detection(), Policy(cameras=frozenset({GARDEN})), mac=DOOR, describes=True),
        verdict(detection(), Policy(labels=frozenset()), mac=DOOR, describes=True),
        verdict(detection(), Policy(), mac=None, describes=False),
        verdict(
            detection(1),
            Policy(cooldown=timedelta(seconds=1)),
            mac=None,
            describes=True,
            last=LAST,
        ),
    }
    assert reasons == set(Skip)
