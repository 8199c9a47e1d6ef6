"""Which Detections are described at all."""

import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label, Policy
from custom_components.protect_narrator.pipeline.triage import Skip, verdict

from .fakes import detection

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


def test_every_reason_to_skip_can_be_had() -> None:
    reasons = {
        verdict(detection(), Policy(cameras=frozenset({GARDEN})), mac=DOOR, describes=True),
        verdict(detection(), Policy(labels=frozenset()), mac=DOOR, describes=True),
        verdict(detection(), Policy(), mac=None, describes=False),
    }
    assert reasons == set(Skip)
