"""Which Detections are hit, and by what."""

from collections import Counter

import pytest

from .faults import FAULTS, Telling, Trouble, plan


def test_one_detection_in_five_is_hit() -> None:
    chosen = plan(10_000, seed=1)
    assert sum(map(bool, chosen)) == pytest.approx(2_000, rel=0.05)


def test_every_kind_of_fault_is_among_them() -> None:
    assert set(plan(10_000, seed=1)) == set(range(len(FAULTS)))


def test_the_same_seed_hits_the_same() -> None:
    assert plan(1_000, seed=7) == plan(1_000, seed=7) != plan(1_000, seed=8)


def test_a_short_run_has_what_comes_by_its_number() -> None:
    names = Counter(FAULTS[each].name for each in plan(300, seed=1))
    assert names["forgets its log-ins"] == names["restarts"] == 1


def test_every_way_of_failing_is_in_the_table() -> None:
    assert {fault.telling for fault in FAULTS} == set(Telling)
    assert {fault.agent for fault in FAULTS} == {None, *Trouble}
