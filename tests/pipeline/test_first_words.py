"""One quick Sighting of one picture, before the full one or not at all."""

import asyncio
from datetime import timedelta
import logging

import pytest

from custom_components.protect_narrator.pipeline import first_words as room
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.first_words import GREETINGS_AT_MOST
from custom_components.protect_narrator.pipeline.models import (
    FallbackDetail,
    Medium,
    Phase,
    Sighting,
)
from custom_components.protect_narrator.pipeline.runner import Runner
from tests.waiting import until

from .fakes import (
    ANSWER,
    START,
    FakeWorld,
    detection,
    forever,
    media_error,
    storage_error,
)
from .telling import finished

OPENED = detection(end=START + timedelta(seconds=1), end_estimated=True)


async def greeted(outside: FakeWorld, runner: Runner) -> list[Sighting]:
    """Greet, and return what was published when that is over."""
    assert runner.greet(OPENED)
    await over(runner)
    assert outside.archive.left() == []
    return outside.publisher.sightings


async def over(runner: Runner) -> None:
    """Return when no greeting is under way."""
    tasks = [each.task for each in runner._first_words._greetings.values() if each.task]
    if tasks:
        await asyncio.wait(tasks, timeout=20)
    assert runner._first_words._greetings == {}


async def test_first_words_are_of_what_the_camera_sees_now(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.clock.advance(1.0)
    (sighting,) = await greeted(outside, runner)

    assert (sighting.revision, sighting.phase) == (0, Phase.FIRST)
    assert sighting.sighting_id == detection().sighting_id
    assert (sighting.medium, sighting.frame_count) == (Medium.SNAPSHOT, 1)
    assert sighting.description.title == "A courier rings"
    assert sighting.description.agent_id == "ai_task.seer"
    assert sighting.fallbacks == ()
    assert sighting.picture is not None
    assert outside.console.calls == ["live from camera-0"]
    assert outside.describer.seen == [[sighting.picture]]
    assert outside.meter.counted == ["asked", "answered"]


async def test_nothing_sleeps_on_the_way(outside: FakeWorld, runner: Runner) -> None:
    outside.clock.advance(1.0)
    (sighting,) = await greeted(outside, runner)

    assert outside.clock.slept == []
    assert sighting.timings.settle_s == sighting.timings.download_s == 0.0
    assert sighting.timings.total_s == 0.0


async def test_seconds_are_counted_from_when_it_was_told(
    outside: FakeWorld, runner: Runner
) -> None:
    def slowly() -> object:
        outside.clock.advance(5.0)
        return ANSWER

    outside.clock.advance(1.0)
    outside.describer.answers = [slowly]
    (sighting,) = await greeted(outside, runner)

    assert sighting.timings.describe_s == sighting.timings.total_s == 5.0


@pytest.mark.parametrize("live", [media_error(), b"no picture", forever])
async def test_another_picture_does_as_well(
    outside: FakeWorld, runner: Runner, live: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PICTURE_LIMIT_S", 0.05)
    outside.console.live = live
    (sighting,) = await greeted(outside, runner)

    assert sighting.medium is Medium.SNAPSHOT
    assert outside.console.calls == ["live from camera-0", "thumbnail of event-0"]

    outside.console.thumbnail = media_error()
    assert len(await greeted(outside, runner)) == 2
    assert outside.console.calls[-1] == "recorded by camera-0 after 0.0 s"


@pytest.mark.parametrize(
    "missing", ["picture", "disk", "file", "agent", "budget", "answer", "usable answer"]
)
async def test_without_a_picture_or_an_answer_there_are_none(
    outside: FakeWorld, runner: Runner, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    match missing:
        case "picture":
            outside.console.without_stills()
        case "disk":
            outside.archive.full = storage_error()
        case "file":
            outside.archive.fault = storage_error()
        case "agent":
            outside.describer.agent_id = None
        case "budget":
            outside.meter.allows = False
        case "answer":
            outside.describer.answers = [AgentError(FallbackDetail.AGENT_ERROR, "busy")]
        case _:
            outside.describer.answers = ["nonsense"]
    caplog.set_level(logging.INFO, room.__name__)

    assert await greeted(outside, runner) == []
    # One try only.
    assert len(outside.describer.questions) == int("answer" in missing)
    assert f"Sighting {OPENED.sighting_id}: no first words" in caplog.text
    assert not [each for each in caplog.records if each.levelno > logging.INFO]


async def test_a_bug_costs_the_first_words_alone_and_is_loud(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.console.live = RuntimeError("planted")
    assert await greeted(outside, runner) == []
    (error,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert OPENED.sighting_id in error.getMessage()
    assert "Traceback" in error.getMessage()

    runner.submit(detection())
    (sighting,) = await outside.publisher.wait_for(1)
    assert (sighting.revision, sighting.fallbacks) == (1, ())


async def test_the_full_words_come_after_the_first_under_the_same_id(
    outside: FakeWorld, runner: Runner
) -> None:
    await greeted(outside, runner)
    runner.submit(detection())
    first, final = await outside.publisher.wait_for(2)

    assert first.sighting_id == final.sighting_id
    assert (final.revision, final.phase, final.medium) == (1, Phase.FINAL, Medium.FRAMES)


async def test_first_words_that_are_late_do_not_come_after_the_full_ones(
    outside: FakeWorld, runner: Runner
) -> None:
    asked = asyncio.Event()

    async def slowly() -> None:
        asked.set()
        await forever()

    outside.describer.answers = [slowly, ANSWER]
    assert runner.greet(OPENED)
    await asked.wait()
    runner.submit(detection())
    await finished(runner)
    await over(runner)

    (final,) = outside.publisher.sightings
    assert final.revision == 1
    assert outside.archive.left() == []
    assert outside.describer.asked_now == 0


async def test_even_an_agent_that_heeds_no_cancellation_does_not_bring_them_late(
    outside: FakeWorld, runner: Runner
) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def stubborn() -> object:
        asked.set()
        while not answered.is_set():
            try:
                await answered.wait()
            except asyncio.CancelledError:
                continue
        return ANSWER

    outside.describer.answers = [stubborn, ANSWER]
    assert runner.greet(OPENED)
    await asked.wait()
    runner.submit(detection())
    await finished(runner)
    answered.set()
    await over(runner)

    assert [sighting.revision for sighting in outside.publisher.sightings] == [1]


async def test_the_full_words_wait_for_first_ones_that_are_being_published(
    outside: FakeWorld, runner: Runner
) -> None:
    publishing, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        publishing.set()
        await go_on.wait()

    outside.publisher.fault = slowly
    assert runner.greet(OPENED)
    await publishing.wait()
    outside.publisher.fault = None
    runner.submit(detection())
    (greeting,) = runner._first_words._greetings.values()
    await until(lambda: greeting.overtaken)
    assert [sighting.revision for sighting in outside.publisher.sightings] == [0]
    go_on.set()
    await finished(runner)

    assert [sighting.revision for sighting in outside.publisher.sightings] == [0, 1]


async def test_first_words_go_before_others_that_wait_for_the_agent(
    outside: FakeWorld, runner: Runner
) -> None:
    gate = runner._first_words.gate
    holders = [gate.place(2), gate.place(2)]
    for holder in holders:
        await holder.__aenter__()
    runner.submit(detection(1))
    await until(lambda: gate._waiting)
    runner.greet(OPENED)
    await until(lambda: len(gate._waiting) == 2)
    for holder in holders:
        await holder.__aexit__(None, None, None)
    first, _ = await outside.publisher.wait_for(2)

    assert first.phase is Phase.FIRST


async def test_only_so_many_are_greeted_at_once(outside: FakeWorld, runner: Runner) -> None:
    outside.console.live = forever
    greeted = [runner.greet(detection(number)) for number in range(GREETINGS_AT_MOST + 1)]

    assert greeted == [True] * GREETINGS_AT_MOST + [False]
    assert runner.depth == 0


async def test_one_is_greeted_once_at_a_time(outside: FakeWorld, runner: Runner) -> None:
    assert runner.greet(OPENED)
    assert not runner.greet(OPENED)
    await over(runner)
    assert len(outside.publisher.sightings) == 1


@pytest.mark.parametrize("stage", ["picture", "describe", "publish"])
async def test_closing_ends_a_greeting_and_leaves_nothing(outside: FakeWorld, stage: str) -> None:
    reached = asyncio.Event()

    async def hang() -> None:
        reached.set()
        await forever()

    if stage == "picture":
        outside.console.live = hang
    elif stage == "describe":
        outside.describer.answers = [hang]
    else:
        outside.publisher.fault = hang
    tasks = asyncio.all_tasks()
    runner = Runner(outside.world())
    assert runner.greet(OPENED)
    await reached.wait()
    await runner.close()

    assert asyncio.all_tasks() == tasks
    assert outside.archive.left() == []
    assert not runner.greet(detection(1))
    assert runner._first_words._greetings == {}


async def test_what_is_cancelled_before_its_first_step_leaves_its_place(
    outside: FakeWorld, runner: Runner
) -> None:
    assert runner.greet(OPENED)
    await runner._first_words.end(OPENED.sighting_id)
    await over(runner)
    assert runner.greet(OPENED)
    await over(runner)
    assert len(outside.publisher.sightings) == 1
