"""The end of a runner: nothing goes on, and nothing is left."""

import asyncio

import pytest

from custom_components.protect_narrator.pipeline.runner import Runner

from .fakes import FakeWorld, detection, forever


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
