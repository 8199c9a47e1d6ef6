"""A clip that does not come as it should costs its own Sighting a rung, and no other anything."""

import pytest

from .clips import CLIPS, PICTURES
from .fault import Fault
from .playing import is_told_and_heals
from .stage import Stage


@pytest.mark.parametrize("fault", CLIPS, ids=lambda fault: fault.slug)
async def test_a_clip_with_a_fault_is_told_of_and_the_next_one_is_well(
    stage: Stage, fault: Fault
) -> None:
    await stage.begin(fault.options)
    await is_told_and_heals(fault, stage)


@pytest.mark.parametrize("fault", PICTURES, ids=lambda fault: fault.slug)
async def test_without_a_clip_the_next_best_picture_is_told_of(stage: Stage, fault: Fault) -> None:
    await stage.begin(fault.options)
    await is_told_and_heals(fault, stage)
