"""Faults seldom come alone: whatever comes together, a Detection is one Sighting, and true."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from custom_components.protect_narrator.const import (
    CONF_CLIP_DEADLINE,
    CONF_CLIP_MAX_MB,
    CONF_DESCRIBE_TIMEOUT,
    CONF_LONGEST_OPEN,
    CONF_RECONCILE_INTERVAL,
)
from custom_components.protect_narrator.pipeline.models import FallbackDetail, FallbackReason
from simulator.model import Model
from tests.ollama import AI_TASK

from .agents import AGENTS
from .clips import CLIPS, PICTURES
from .disks import DISKS
from .fault import Fault
from .lines import LINES
from .news import NEWS
from .stage import Stage

SEEDS = 30
FAULTS_AT_ONCE = 3
ROUNDS = 5
"""So many of them in one home, because a home costs more than a round."""

# What is played on top of each other; of those that undo each other the last one counts.
POOL: tuple[Fault, ...] = tuple(
    fault for fault in (*CLIPS, *PICTURES, *LINES, *NEWS, *AGENTS, *DISKS) if fault.mixes
)

OPTIONS = {
    CONF_CLIP_DEADLINE: 0.5,
    CONF_CLIP_MAX_MB: 5,
    CONF_DESCRIBE_TIMEOUT: 3,
    CONF_LONGEST_OPEN: 1,
    CONF_RECONCILE_INTERVAL: 1,
}

_REASONS = {f"{each}" for each in FallbackReason}
_DETAILS = {f"{each}" for each in FallbackDetail}
_CLIP_LOST = {"clip_download_failed", "clip_unreadable"}
_NO_WORDS = {"agent_failed", "agent_unavailable", "snapshot_unavailable"}


def must_be_true_in_itself(sighting: Mapping[str, Any]) -> None:
    """Make sure that what a Sighting says of its losses fits what it says of itself."""
    lost = [tuple(each.split(":")) for each in sighting["fallbacks"]]
    reasons = [reason for reason, _ in lost]
    assert set(reasons) <= _REASONS
    assert {detail for _, detail in lost} <= _DETAILS
    assert len(set(reasons)) == len(reasons), "a rung is lost once"
    first = lost[0] if lost else (None, None)
    assert (sighting["fallback_reason"], sighting["fallback_detail"]) == first
    assert "internal_error" not in reasons
    medium, frames = sighting["medium"], sighting["frame_count"]
    assert (medium in {"frames", "snapshot"}) == (frames > 0)
    assert not (medium in {"frames", "clip"} and _CLIP_LOST & set(reasons))
    assert medium != "snapshot" or _CLIP_LOST & set(reasons)
    assert (sighting["agent_id"] is None) == bool(_NO_WORDS & set(reasons))
    assert sighting["title"]
    assert sighting["total_s"] >= 0


@pytest.mark.parametrize("begin", range(0, SEEDS, ROUNDS))
async def test_three_faults_at_once_leave_one_true_sighting_of_each_detection(
    stage: Stage, model: Model, begin: int
) -> None:
    stage.brought = model
    await stage.begin(OPTIONS, agent_id=AI_TASK)
    for seed in range(begin, begin + ROUNDS):
        await one_round(stage, Random(seed))  # noqa: S311 - the same each run
    await stage.must_heal()
    assert stage.errors() == []
    await stage.leaves_nothing()


async def one_round(stage: Stage, dice: Random) -> None:
    """Play three faults of the pool on three Detections, and end them."""
    played = dice.sample(POOL, FAULTS_AT_ONCE)
    for fault in played:
        assert fault.play is not None
        if (playing := fault.play(stage)) is not None:
            await playing
    for sighting in await stage.see(*stage.console.cameras[:3]):
        try:
            must_be_true_in_itself(sighting)
        except AssertionError as err:
            err.add_note(f"{[fault.name for fault in played]} made {sighting}")
            raise
    stage.mend()
    await stage.is_heard_again()


def test_the_pool_holds_faults_of_every_kind() -> None:
    assert len(POOL) > 40
    assert len(set(POOL)) == len(POOL)
