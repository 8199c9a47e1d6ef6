"""What can be lost on the way, and that something is told whatever is lost."""

from collections.abc import Callable

import pytest

from custom_components.protect_narrator.pipeline import runner as runner_module
from custom_components.protect_narrator.pipeline.errors import AgentError, AgentUnavailableError
from custom_components.protect_narrator.pipeline.models import (
    FallbackDetail as Detail,
    FallbackReason as Reason,
    Medium,
)
from custom_components.protect_narrator.pipeline.ports import Ability
from custom_components.protect_narrator.pipeline.runner import Runner

from .clips import number_in
from .fakes import ANSWER, FakeWorld, detection, forever, media_error, storage_error
from .telling import BUG, lost, tell, told_by_protect


async def test_without_a_clip_the_thumbnail_reaches_the_agent(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.clip = [media_error(Detail.NOT_READY)]
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["clip_download_failed:not_ready"]
    assert (sighting.medium, sighting.frame_count) == (Medium.SNAPSHOT, 1)
    assert sighting.clip_attempts >= 3
    assert number_in(outside.describer.seen[0][0]) == 101
    assert sighting.description.title == "A courier rings"


async def test_a_rejected_clip_is_shown_as_frames(outside: FakeWorld, runner: Runner) -> None:
    outside.describer.ability = Ability(takes_clip=True)
    outside.describer.answers = [AgentError(Detail.AGENT_ERROR, "no video"), ANSWER]
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["agent_rejected_clip:agent_error"]
    assert (sighting.medium, sighting.frame_count) == (Medium.FRAMES, 5)
    assert sighting.description.title == "A courier rings"


async def test_with_no_picture_at_all_protect_is_quoted(outside: FakeWorld, runner: Runner) -> None:
    outside.console.clip = [b"no video"]
    outside.console.without_stills()
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["clip_unreadable:undecodable", "snapshot_unavailable:no_access"]
    assert sighting.fallback_reason is Reason.CLIP_UNREADABLE
    assert (sighting.medium, sighting.frame_count) == (Medium.NONE, 0)
    assert told_by_protect(sighting)
    assert outside.describer.questions == []


async def test_with_no_agent_a_picture_is_fetched_and_a_clip_is_not(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.describer.agent_id = None
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["agent_unavailable:agent_missing"]
    assert outside.console.calls == ["refresh", "thumbnail of event-0"]
    assert outside.archive.made == []
    assert sighting.picture is not None
    assert (sighting.medium, sighting.clip_attempts) == (Medium.NONE, 0)
    assert told_by_protect(sighting)


async def test_with_neither_agent_nor_picture_there_is_still_a_sighting(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.describer.agent_id = None
    outside.console.without_stills()
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["agent_unavailable:agent_missing", "snapshot_unavailable:no_access"]


async def test_a_full_disk_costs_the_evidence_and_not_the_sighting(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.archive.full = storage_error(Detail.DISK_FULL)
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["clip_download_failed:disk_full", "snapshot_unavailable:disk_full"]
    assert "clip" not in outside.console.calls
    assert (sighting.medium, sighting.clip_attempts) == (Medium.NONE, 0)
    assert sighting.picture is not None


async def test_a_disk_that_fills_up_meanwhile_is_no_different(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.archive.fault = storage_error(Detail.STORAGE_ERROR)
    sighting = await tell(outside, runner)

    assert lost(sighting) == [
        "clip_download_failed:storage_error",
        "snapshot_unavailable:storage_error",
    ]
    assert sighting.clip_attempts == 1


async def test_beyond_the_bound_a_detection_is_told_at_once_and_without_media(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", 2)
    outside.console.refreshed = forever
    for number in range(3):
        runner.submit(detection(number))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.detection == detection(2)
    assert lost(sighting) == ["queue_full:overload"]
    assert sighting.medium is Medium.NONE
    assert told_by_protect(sighting)
    assert sighting.picture is None
    assert runner.depth == 2


async def test_every_reason_of_the_contract_has_its_way_here(  # noqa: C901 - a list of troubles
    outside: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_clip(world: FakeWorld) -> None:
        world.console.clip = [media_error()]

    def no_video(world: FakeWorld) -> None:
        world.console.clip = [b"no video"]

    def no_video_for_the_agent(world: FakeWorld) -> None:
        world.describer.ability = Ability(takes_clip=True)
        world.describer.answers = ["?", ANSWER]

    def no_picture(world: FakeWorld) -> None:
        world.console.clip = [media_error()]
        world.console.without_stills()

    def no_answer(world: FakeWorld) -> None:
        world.describer.answers = ["?"]

    def no_agent(world: FakeWorld) -> None:
        world.describer.answers = [AgentUnavailableError(Detail.AGENT_MISSING, "gone")]

    def no_budget(world: FakeWorld) -> None:
        world.meter.allows = False

    def no_room(_: FakeWorld) -> None:
        monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", 0)

    def no_sense(world: FakeWorld) -> None:
        world.describer.answers = [BUG]

    troubles: list[Callable[[FakeWorld], None]] = [
        no_clip,
        no_video,
        no_video_for_the_agent,
        no_picture,
        no_answer,
        no_agent,
    ]
    troubles += [no_budget, no_sense, no_room]
    reached: set[Reason] = set()
    for number, trouble in enumerate(troubles):
        root = outside.root / str(number)
        root.mkdir()
        world = FakeWorld(root)
        trouble(world)
        sighting = await tell(world, Runner(world.world()))
        reached.update(fallback.reason for fallback in sighting.fallbacks)

    assert reached == set(Reason)
