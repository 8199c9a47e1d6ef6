"""The whole way of Detections, with everything that can happen to them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import logging

import pytest

from custom_components.protect_narrator.pipeline import clip as clip_module, runner as runner_module
from custom_components.protect_narrator.pipeline.errors import AgentError, AgentUnavailableError
from custom_components.protect_narrator.pipeline.models import (
    FallbackDetail as Detail,
    FallbackReason as Reason,
    Medium,
    Policy,
    Sighting,
    Timings,
)
from custom_components.protect_narrator.pipeline.runner import Runner

from .clips import mp4, number_in, seconds_in
from .fakes import (
    ANSWER,
    START,
    FakeWorld,
    Step,
    detection,
    forever,
    good_clip,
    media_error,
    play,
    storage_error,
)

BUG = RuntimeError("a bug of ours")


async def tell(outside: FakeWorld, runner: Runner) -> Sighting:
    """Run one Detection to its end."""
    runner.submit(detection())
    (sighting,) = await outside.publisher.wait_for(1)
    await finished(runner)
    assert len(outside.publisher.sightings) == 1
    assert outside.archive.left() == []
    assert outside.console.open_now == 0
    return sighting


async def finished(runner: Runner) -> None:
    """Return when nothing is unfinished."""
    if runner._unfinished:
        await asyncio.wait(runner._unfinished, timeout=20)
    assert runner.depth == 0


def lost(sighting: Sighting) -> list[str]:
    """Return the lost rungs as the contract writes them."""
    return [str(fallback) for fallback in sighting.fallbacks]


def told_by_protect(sighting: Sighting) -> bool:
    """Say whether the words are made from metadata."""
    return sighting.description.title == "Person at Front door"


# The way, undisturbed


async def test_a_detection_becomes_a_sighting_and_leaves_nothing_behind(
    outside: FakeWorld, runner: Runner
) -> None:
    sighting = await tell(outside, runner)

    assert sighting.description.title == "A courier rings"
    assert sighting.description.agent_id == "ai_task.seer"
    assert (sighting.medium, sighting.frame_count) == (Medium.FRAMES, 5)
    assert (sighting.fallback_reason, sighting.fallback_detail) == (None, None)
    assert (sighting.clip_attempts, sighting.revision) == (1, 1)
    assert sighting.picture is not None
    assert seconds_in(sighting.picture) == pytest.approx(5.0)
    seen = [seconds_in(picture) for picture in outside.describer.seen[0]]
    assert seen == pytest.approx([3.4, 4.2, 5.0, 5.8, 6.6], abs=0.051)
    assert outside.console.calls == ["refresh", "clip"]


async def test_files_are_there_until_the_sighting_is_published(
    outside: FakeWorld, runner: Runner
) -> None:
    there: list[str] = []

    def look() -> None:
        there.extend(path.name for path in outside.archive.left())

    outside.publisher.fault = look
    await tell(outside, runner)

    assert {"clip.mp4", "frame_01.jpg", "frame_05.jpg"} < set(there)


async def test_seconds_are_measured_stage_by_stage(outside: FakeWorld, runner: Runner) -> None:
    def passing(seconds: float, result: object) -> Callable[[], object]:
        def _pass() -> object:
            outside.clock.advance(seconds)
            return result

        return _pass

    outside.console.clip = [media_error(), passing(2.0, good_clip())]
    outside.describer.answers = [passing(5.0, ANSWER)]
    sighting = await tell(outside, runner)

    download_s = sighting.timings.download_s
    assert 3.0 <= download_s <= 3.25  # a pause of a second and its jitter, then the download
    assert sighting.timings.total_s == pytest.approx(13.5 + download_s + 5.0 - 4.0)
    assert replace(sighting.timings, total_s=0.0) == Timings(
        settle_s=13.5,
        download_s=download_s,
        prepare_s=0.0,
        describe_s=5.0,
    )


async def test_a_detection_of_the_future_takes_no_negative_time(
    outside: FakeWorld, runner: Runner
) -> None:
    runner.submit(detection(start=START + timedelta(hours=9), end=START + timedelta(hours=10)))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.timings.total_s == 0.0


async def test_what_the_console_knows_later_is_told(outside: FakeWorld, runner: Runner) -> None:
    outside.console.refreshed = detection(license_plates=("AB 123",))
    sighting = await tell(outside, runner)

    assert sighting.detection.license_plates == ("AB 123",)
    assert '"AB 123"' in outside.describer.questions[0].instructions


async def test_a_changed_option_counts_from_the_next_detection(
    outside: FakeWorld, runner: Runner
) -> None:
    await tell(outside, runner)
    outside.policy = replace(outside.policy, frame_count=2)
    runner.submit(detection(1))
    sightings = await outside.publisher.wait_for(2)

    assert [sighting.frame_count for sighting in sightings] == [5, 2]


@pytest.mark.parametrize(
    ("takes_clip", "show", "expected"),
    [
        (True, None, Medium.CLIP),
        (False, None, Medium.FRAMES),
        (True, Medium.FRAMES, Medium.FRAMES),
        (False, Medium.CLIP, Medium.CLIP),
    ],
)
async def test_the_agent_decides_what_it_is_shown_and_the_user_can_overrule(
    outside: FakeWorld, runner: Runner, takes_clip: bool, show: Medium | None, expected: Medium
) -> None:
    outside.describer.takes_clip = takes_clip
    outside.policy = Policy(show=show)
    sighting = await tell(outside, runner)

    assert (sighting.medium, sighting.fallbacks) == (expected, ())
    assert sighting.picture is not None


# What can be lost


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
    outside.describer.takes_clip = True
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


# Bugs


@pytest.mark.parametrize("stage", ["settle", "clip", "evidence", "describe"])
async def test_a_bug_is_loud_and_the_sighting_is_told_with_what_is_known(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture, stage: str
) -> None:
    if stage == "settle":
        outside.console.refreshed = BUG
    elif stage == "clip":
        outside.console.clip = [media_error(), BUG]
    elif stage == "evidence":
        outside.console.clip = [media_error(Detail.NO_ACCESS, retriable=False)]
        outside.console.thumbnail = BUG
    else:
        outside.describer.answers = [BUG]
    sighting = await tell(outside, runner)

    assert lost(sighting)[-1] == "internal_error:bug"
    assert told_by_protect(sighting)
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.message == f"Sighting {sighting.sighting_id}: a bug at {stage}"
    assert record.exc_info is not None
    assert record.exc_info[1] is BUG
    known = {"settle": (0, 0), "clip": (2, 0), "evidence": (1, 0), "describe": (1, 5)}
    assert (sighting.clip_attempts, sighting.frame_count) == known[stage]
    assert (sighting.picture is not None) == (stage == "describe")


async def test_an_earlier_loss_comes_before_a_bug(outside: FakeWorld, runner: Runner) -> None:
    outside.console.clip = [media_error(Detail.TIMEOUT, retriable=False)]
    outside.describer.answers = [BUG]
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["clip_download_failed:timeout", "internal_error:bug"]
    assert sighting.medium is Medium.SNAPSHOT


async def test_a_policy_that_cannot_be_read_is_a_bug_like_any_other(outside: FakeWorld) -> None:
    def unreadable() -> Policy:
        raise BUG

    runner = Runner(replace(outside.world(), policy=unreadable))

    assert lost(await tell(outside, runner)) == ["internal_error:bug"]


async def test_a_cancellation_out_of_a_library_is_a_bug_like_any_other(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.describer.answers = [asyncio.CancelledError()]

    assert lost(await tell(outside, runner)) == ["internal_error:bug"]


async def test_a_publisher_that_raises_is_loud_and_called_once(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.publisher.fault = BUG
    sighting = await tell(outside, runner)

    (record,) = caplog.records
    assert record.message == f"Sighting {sighting.sighting_id}: a bug at publish"
    assert record.exc_info is not None


async def test_a_publisher_that_hangs_is_not_waited_for(
    outside: FakeWorld,
    runner: Runner,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner_module, "_PUBLISH_LIMIT_S", 0.01)
    outside.publisher.fault = forever
    await tell(outside, runner)

    assert "a bug at publish" in caplog.text


async def test_a_publisher_that_raises_after_a_bug_is_loud_too(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.publisher.fault = BUG
    outside.describer.answers = [ValueError("another bug")]
    sighting = await tell(outside, runner)

    last = caplog.records[-1]
    assert last.message == f"protect_narrator Sighting {sighting.sighting_id}: lost to a bug"
    assert last.exc_info is not None


async def test_cleaning_up_that_raises_is_loud_and_publishes_nothing_twice(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    def remove_behind_its_back() -> None:
        (workspace,) = outside.archive.made
        workspace.path.rename(outside.root / "elsewhere")

    outside.publisher.fault = remove_behind_its_back
    runner.submit(detection())
    await finished(runner)

    assert len(outside.publisher.sightings) == 1
    assert "a bug at clean up" in caplog.text


# Many at once


async def test_one_that_fails_or_hangs_or_raises_costs_the_others_nothing(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One export hangs, one raises a bug, two have no good clip: the other seven are whole."""
    monkeypatch.setattr(clip_module, "_GRACE_S", 0.0)
    troubles: dict[str, Step] = {
        "camera-1": media_error(Detail.NO_ACCESS, retriable=False),
        "camera-2": BUG,
        "camera-3": b"no video",
        "camera-10": forever,
    }

    async def clip_of_its_own() -> bytes:
        camera_id = outside.console.windows[-1][0]
        clip: bytes = await play(troubles.get(camera_id, good_clip))
        return clip

    outside.console.clip = [clip_of_its_own]
    outside.policy = Policy(clip_deadline=timedelta(seconds=0.3))
    outside.describer.answers = [lambda: asyncio.sleep(0, ANSWER)]
    for number in range(11):
        runner.submit(detection(number))
    sightings = await outside.publisher.wait_for(11)
    first_lost = {s.detection.event_ids[0]: lost(s)[:1] for s in sightings}

    assert first_lost == {f"event-{number}": [] for number in range(10)} | {
        "event-1": ["clip_download_failed:no_access"],
        "event-2": ["internal_error:bug"],
        "event-3": ["clip_unreadable:undecodable"],
        "event-10": ["clip_download_failed:timeout"],
    }
    assert outside.console.open_most == 1
    assert outside.describer.asked_most <= 2


async def test_depth_is_told_whenever_it_changes(outside: FakeWorld) -> None:
    depths: list[int] = []
    runner = Runner(outside.world(), on_change=lambda: depths.append(runner.depth))
    for number in range(3):
        runner.submit(detection(number))
    await finished(runner)

    assert depths == [1, 2, 3, 2, 1, 0]
    assert len(outside.publisher.sightings) == 3


# The end


@pytest.mark.parametrize("stage", ["settle", "clip", "describe", "publish"])
async def test_closing_ends_everything_and_leaves_nothing(outside: FakeWorld, stage: str) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await forever()

    if stage == "settle":
        outside.console.refreshed = hang
    elif stage == "clip":
        outside.console.clip = [hang]
    elif stage == "describe":
        outside.describer.answers = [hang]
    else:
        outside.publisher.fault = hang
    tasks = asyncio.all_tasks()
    runner = Runner(outside.world())
    runner.submit(detection())
    await reached.wait()
    await runner.close()

    assert asyncio.all_tasks() == tasks
    assert runner.depth == 0
    assert outside.archive.left() == []
    assert outside.console.open_now == 0
    assert len(outside.publisher.sightings) == (1 if stage == "publish" else 0)


async def test_a_bug_while_closing_is_loud_and_publishes_nothing(
    outside: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        (workspace,) = outside.archive.made
        workspace.path.rename(outside.root / "elsewhere")
        reached.set()
        await forever()

    outside.describer.answers = [hang]
    runner = Runner(outside.world())
    runner.submit(detection())
    await reached.wait()
    await runner.close()

    assert outside.publisher.sightings == []
    assert f"Sighting {detection().sighting_id}: lost to a bug" in caplog.text


async def test_after_closing_nothing_begins(runner: Runner) -> None:
    await runner.close()
    runner.submit(detection())

    assert runner.depth == 0


# Completeness


async def test_every_reason_of_the_contract_has_its_way_here(
    outside: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the daily budget, which is kept elsewhere."""

    def no_clip(world: FakeWorld) -> None:
        world.console.clip = [media_error()]

    def no_video(world: FakeWorld) -> None:
        world.console.clip = [b"no video"]

    def no_video_for_the_agent(world: FakeWorld) -> None:
        world.describer.takes_clip = True
        world.describer.answers = ["?", ANSWER]

    def no_picture(world: FakeWorld) -> None:
        world.console.clip = [media_error()]
        world.console.without_stills()

    def no_answer(world: FakeWorld) -> None:
        world.describer.answers = ["?"]

    def no_agent(world: FakeWorld) -> None:
        world.describer.answers = [AgentUnavailableError(Detail.AGENT_MISSING, "gone")]

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
    troubles += [no_sense, no_room]
    reached: set[Reason] = set()
    for number, trouble in enumerate(troubles):
        root = outside.root / str(number)
        root.mkdir()
        world = FakeWorld(root)
        trouble(world)
        sighting = await tell(world, Runner(world.world()))
        reached.update(fallback.reason for fallback in sighting.fallbacks)

    assert reached == set(Reason) - {Reason.BUDGET_EXHAUSTED}


async def test_nothing_private_is_logged(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outside.console.refreshed = detection(license_plates=("PLATE-MARK",), faces=("FACE-MARK",))
    outside.console.clip = [media_error(), mp4(2), BUG]
    outside.describer.answers = ["TEXT-MARK"]
    await tell(outside, runner)

    assert "MARK" not in caplog.text
