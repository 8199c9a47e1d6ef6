"""The day's limit of AI calls, and what is kept for whoever rings."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.protect_narrator.pipeline.budget import Budget, is_within
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import (
    Detection,
    FallbackDetail as Detail,
    Label,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.runner import Runner

from .fakes import ANSWER, FakeMeter, FakeWorld, detection, media_error
from .telling import finished, lost, tell

RING = detection(labels=(Label.RING, Label.PERSON))


def budget(limit: int | None, spent: int = 0, *, has_doorbell: bool = True) -> Budget:
    """Return a limit of which so much is spent."""
    return Budget(limit=limit, spent=spent, has_doorbell=has_doorbell)


@pytest.mark.parametrize(
    ("limit", "kept"), [(None, 0), (0, 0), (1, 0), (2, 1), (10, 1), (19, 1), (20, 2), (500, 50)]
)
def test_one_call_in_ten_is_kept_for_rings(limit: int | None, kept: int) -> None:
    assert budget(limit).kept == kept


def test_where_nobody_can_ring_nothing_is_kept() -> None:
    assert budget(20, has_doorbell=False).left() == 20


@pytest.mark.parametrize(
    ("spent", "left", "left_for_a_ring"), [(0, 2, 3), (1, 1, 2), (2, 0, 1), (3, 0, 0), (4, 0, 0)]
)
def test_what_is_left_is_never_negative(spent: int, left: int, left_for_a_ring: int) -> None:
    assert budget(3, spent).left() == left
    assert budget(3, spent).left(ring=True) == left_for_a_ring


def test_every_limit_counts() -> None:
    open_, used_up, kept = budget(None, 99), budget(2, 2), budget(2, 1)
    assert is_within(detection(), [open_, open_])
    assert not is_within(detection(), [open_, kept])
    assert is_within(RING, [open_, kept])
    assert not is_within(RING, [used_up, open_])


class LimitedMeter(FakeMeter):
    """Allows so many calls."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def may_ask(self, detection: Detection, policy: Policy) -> bool:
        spent = self.counted.count("asked")
        return is_within(detection, [budget(self.limit, spent, has_doorbell=False)])


@pytest.mark.parametrize("at_once", [1, 2, 5])
async def test_never_are_more_calls_made_than_allowed_however_many_detections_come_together(
    outside: FakeWorld, at_once: int
) -> None:
    """All of them are let through before the first call: the gate is where it is decided."""
    outside.policy = Policy(ai_at_once=at_once)
    outside.meter = meter = LimitedMeter(3)

    async def slowly() -> dict[str, object]:
        await asyncio.sleep(0.01)
        return ANSWER

    outside.describer.answers = [slowly]
    runner = Runner(outside.world())
    for number in range(8):
        runner.submit(detection(number))
    sightings = await outside.publisher.wait_for(8)
    await finished(runner)

    assert len(outside.console.windows) == 8
    assert len(outside.describer.questions) == meter.counted.count("asked") == 3
    assert outside.describer.asked_most <= at_once
    refused = [sighting for sighting in sightings if sighting.fallbacks]
    assert [lost(sighting) for sighting in refused] == [["budget_exhausted:over_budget"]] * 5
    assert {sighting.medium for sighting in refused} == {Medium.NONE}
    assert all(sighting.picture for sighting in refused)


async def test_a_second_try_is_a_call_as_well(outside: FakeWorld) -> None:
    outside.meter = meter = LimitedMeter(2)
    outside.console.clip = [media_error(Detail.NO_ACCESS, retriable=False)]
    outside.describer.answers = [AgentError(Detail.AGENT_ERROR, "busy"), ANSWER]
    runner = Runner(outside.world())

    first = await tell(outside, runner)
    assert first.description.agent_id is not None
    assert meter.counted == ["asked", "failed", "asked", "answered"]

    runner.submit(replace(detection(1)))
    second = (await outside.publisher.wait_for(2))[1]
    await finished(runner)
    assert lost(second) == ["budget_exhausted:over_budget"]


async def test_without_a_call_for_a_second_try_it_is_the_agent_that_failed(
    outside: FakeWorld,
) -> None:
    outside.meter = meter = LimitedMeter(1)
    outside.describer.answers = [AgentError(Detail.AGENT_ERROR, "busy")]

    sighting = await tell(outside, Runner(outside.world()))

    assert lost(sighting) == ["agent_failed:agent_error"]
    assert sighting.medium is Medium.FRAMES
    assert meter.counted == ["asked", "failed"]


async def test_at_the_limit_a_picture_is_fetched_and_no_clip_and_the_log_is_quiet(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.meter.allows = False
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["budget_exhausted:over_budget"]
    assert outside.console.calls == ["refresh", "thumbnail of event-0"]
    assert sighting.picture is not None
    assert (sighting.medium, sighting.clip_attempts) == (Medium.NONE, 0)
    assert outside.archive.made == []
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []
