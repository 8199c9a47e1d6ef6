"""What somebody asks for and waits for."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline import runner as runner_module
from custom_components.protect_narrator.pipeline.clip import clip_window
from custom_components.protect_narrator.pipeline.errors import NotTakenError
from custom_components.protect_narrator.pipeline.models import Medium, Policy
from custom_components.protect_narrator.pipeline.runner import Runner

from .clips import number_in
from .fakes import ANSWER, START, FakeWorld, detection, forever, media_error

REQUESTED = detection(requested=True, end=START + timedelta(seconds=9))


async def asked(outside: FakeWorld) -> None:
    """Return as soon as the agent is being asked."""
    async with asyncio.timeout(30):
        while not outside.describer.asked_now:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)


async def test_the_sighting_is_returned_when_it_was_published(
    outside: FakeWorld, runner: Runner
) -> None:
    sighting = await runner.describe(detection(), revision=4, wish="Is the gate open?")

    assert outside.publisher.sightings == [sighting]
    assert sighting.revision == 4
    assert sighting.description.title == "A courier rings"
    assert outside.archive.left() == []
    assert runner.depth == 0


async def test_just_what_was_asked_for_is_fetched_and_the_console_is_asked_of_no_event(
    outside: FakeWorld, runner: Runner
) -> None:
    sighting = await runner.describe(REQUESTED)

    assert sighting.medium is Medium.FRAMES
    assert outside.console.calls == ["clip"]
    assert outside.console.windows[0][1:3] == (REQUESTED.start, REQUESTED.end)


def test_a_long_stretch_that_was_asked_for_is_not_cut() -> None:
    long = replace(REQUESTED, end=START + timedelta(minutes=5))

    assert clip_window(long, Policy()) == (long.start, long.end)


async def test_without_a_clip_the_recording_and_the_camera_are_asked_for_a_picture(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.clip = [media_error(retriable=False)]
    outside.console.recorded = media_error()
    sighting = await runner.describe(REQUESTED)

    assert sighting.medium is Medium.SNAPSHOT
    assert number_in(outside.describer.seen[0][0]) == 103
    assert outside.console.calls == [
        "clip",
        "recorded by camera-0 after 4.5 s",
        "live from camera-0",
    ]


async def test_what_is_being_described_is_not_taken_in_again(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.describer.answers = [forever]
    runner.submit(detection())

    with pytest.raises(NotTakenError, match="already"):
        await runner.describe(detection(), revision=2)


async def test_what_is_being_published_is_not_taken_in_again(
    outside: FakeWorld, runner: Runner
) -> None:
    out = asyncio.Event()
    outside.publisher.fault = out.wait
    first = asyncio.create_task(runner.describe(detection(), revision=2))
    await outside.publisher.wait_for(1)

    with pytest.raises(NotTakenError, match="already"):
        await runner.describe(detection(), revision=2)
    out.set()

    assert (await first).revision == 2
    assert (await runner.describe(detection(), revision=3)).revision == 3
    assert [each.revision for each in outside.publisher.sightings] == [2, 3]


async def test_nothing_is_taken_in_while_too_much_is_unfinished(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", 0)

    with pytest.raises(NotTakenError):
        await runner.describe(detection())
    assert outside.publisher.sightings == []


async def test_who_waits_is_told_when_the_runner_closes(outside: FakeWorld, runner: Runner) -> None:
    outside.describer.answers = [forever]
    waiting = asyncio.create_task(runner.describe(detection()))
    await asked(outside)

    await runner.close()

    with pytest.raises(NotTakenError):
        await waiting
    with pytest.raises(NotTakenError):
        await runner.describe(detection(1))
    assert outside.publisher.sightings == []


async def test_who_does_not_wait_any_more_ends_the_work(outside: FakeWorld, runner: Runner) -> None:
    outside.describer.answers = [forever]
    waiting = asyncio.create_task(runner.describe(detection()))
    await asked(outside)

    waiting.cancel()
    await asyncio.wait({waiting}, timeout=5)

    assert waiting.cancelled()
    assert (runner.depth, outside.archive.left()) == (0, [])
    outside.describer.answers = [ANSWER]
    assert (await runner.describe(detection())).description.title == "A courier rings"
