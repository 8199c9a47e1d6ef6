"""A thousand detections in ten seconds: each is told, and what matters is looked at."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
import logging
from typing import Any, override

import pytest

from custom_components.protect_narrator.const import CONF_CLIP_BEFORE, CONF_LABELS
from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.pipeline.runner import UNFINISHED_AT_MOST
from simulator.console import Console
from simulator.video import Recorder as Film
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import SMALL, Home

COUNT, SECONDS = 1000, 10.0
RINGS, PEOPLE = 20, 100


class Loop(Film):
    """A recording that was filmed once: a thousand clips would take longer to film than to tell."""

    @override
    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return a clip of that length."""
        return _filmed(round((end - start).total_seconds(), 1))


@cache
def _filmed(seconds: float) -> bytes:
    film, start = Film(SMALL), datetime(2026, 6, 1, 12, tzinfo=UTC)
    film.walk("Garden", "red", start, start + timedelta(seconds=seconds))
    return film.clip("Garden", start, start + timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep a hundred thousand lines of other people's out of the log: they take longer than we."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def _hasty_ledger() -> None:
    """Let the ledger gather for as long as it does: a burst is what it gathers for."""


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Write every few seconds as a real recorder does, and not after each event as in tests."""
    return {"commit_interval": 5}


@pytest.fixture
def film() -> Film:
    """The one recording there is."""
    return Loop(SMALL)


@pytest.fixture
def camera_count() -> int:
    """As in a large house."""
    return 10


@asynccontextmanager
async def lag() -> AsyncIterator[list[float]]:
    """Measure how late the event loop is, every hundredth of a second; in seconds."""
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def measure() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            late.append(loop.time() - before - 0.01)

    task = asyncio.create_task(measure())
    try:
        yield late
    finally:
        task.cancel()
        await asyncio.wait([task])


async def happen(console: Console) -> None:
    """Let rings, people and motion happen on all cameras, evenly mixed."""
    doorbell, *cameras = console.cameras
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(COUNT):
        camera = cameras[number % len(cameras)]
        if number % (COUNT // RINGS) == COUNT // RINGS // 2:
            await console.ring(doorbell.id)
        elif number % (COUNT // PEOPLE) == 0:
            await console.detect(camera.id, ("person",))
        else:
            await console.detect(camera.id, (), event_type="motion")
        await asyncio.sleep(began + (number + 1) * SECONDS / COUNT - loop.time())


async def test_a_thousand_in_ten_seconds_are_a_thousand_sightings(
    home: Home,
    agent: FakeTaskEntity,
    caplog: pytest.LogCaptureFixture,
) -> None:
    most = 0
    # Debugging, asyncio takes down where each step came from: most of what a step costs then.
    asyncio.get_running_loop().set_debug(False)
    await home.set_up(agent, {CONF_LABELS: [*Label], CONF_CLIP_BEFORE: 0})
    await home.is_heard()
    runner = home.entry.runtime_data.runner

    async with lag() as late:
        happening = asyncio.create_task(happen(home.console))
        while not happening.done():
            most = max(most, runner.depth)
            await asyncio.sleep(0.02)
        await happening
        await until(lambda: len(home.sightings) >= COUNT, limit_s=60)
    await until(lambda: not runner.depth)
    told = await home.next_sightings(COUNT)

    assert len(told) == len({sighting["sighting_id"] for sighting in told}) == COUNT
    assert {sighting["protect_event_id"] for sighting in told} == {
        event.id for event in home.console.events
    }
    reasons = Counter(
        (sighting["labels"][0], sighting["fallback_reason"], sighting["fallback_detail"])
        for sighting in told
    )
    refused = reasons.pop(("motion", "queue_full", "overload"))
    looked_at = reasons.pop(("motion", None, None))
    assert reasons == {("ring", None, None): RINGS, ("person", None, None): PEOPLE}
    assert refused + looked_at == COUNT - RINGS - PEOPLE
    assert looked_at <= len(agent.asked) - RINGS - PEOPLE
    assert most == UNFINISHED_AT_MOST

    # Said once; an entity or a line for each of hundreds would be a flood of its own.
    said = [each for each in caplog.messages if "without being looked at" in each]
    assert len(said) == 1
    # The console is in this loop too, and other tests may be on this machine.
    assert max(late) < 2.0
    await home.is_clean()
