"""Whole Detections, told; and what can be said of their Sightings."""

import asyncio

from custom_components.protect_narrator.pipeline.models import Sighting
from custom_components.protect_narrator.pipeline.runner import Runner

from .fakes import FakeWorld, detection

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
