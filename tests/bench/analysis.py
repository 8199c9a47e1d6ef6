"""One Detection through the whole pipeline: how long it holds up the event loop and takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
import time

from custom_components.protect_narrator.clock import SystemClock
from custom_components.protect_narrator.pipeline.models import Detection, Policy, Sighting
from custom_components.protect_narrator.pipeline.ports import Ability, Answer, Question
from custom_components.protect_narrator.pipeline.runner import Runner, World

from .clips import HD, UHD, UHD_HEVC, BenchClip
from .decoding import bare_decode
from .result import Result
from .rig import Rig

_RUNS = 5
_LIMIT_S = 120
_TICK_S = 0.001

_POLICY = Policy(settle=timedelta(0))


class InstantAgent:
    """An agent that takes no time."""

    agent_id = "ai_task.instant"
    ability = Ability()

    def learn(self, *, takes_clip: bool) -> None:
        """Learn nothing."""

    def require(self) -> None:
        """Be there."""

    async def ask(self, _question: Question) -> Answer:
        """Answer."""
        return Answer({"title": "Somebody", "description": "He walks.", "importance": "low"})


class NoLimit:
    """A meter that allows everything."""

    def may_ask(self, _detection: Detection, _policy: Policy) -> bool:
        """Say so."""
        return True

    def asked(self, _detection: Detection) -> None:
        """Count nothing."""

    def answered(self, _detection: Detection, _answer: Answer) -> None:
        """Count nothing."""

    def failed(self, _detection: Detection) -> None:
        """Count nothing."""


class Collector:
    """Where the Sighting arrives."""

    def __init__(self) -> None:
        """Wait for one."""
        self.arrived: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()

    async def publish(self, sighting: Sighting) -> None:
        """Take it."""
        self.arrived.set_result(sighting)


class Ticker:
    """Looks how long the event loop takes to come round."""

    longest_s = 0.0

    async def run(self) -> None:
        """Tick until cancelled."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.perf_counter()
            self.longest_s = max(self.longest_s, now - last - _TICK_S)
            last = now


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticker]:
    """Tick while the context lasts."""
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    try:
        yield ticker
    finally:
        task.cancel()


async def analyse(rig: Rig, clip: BenchClip) -> tuple[Sighting, float]:
    """Run one Detection; return its Sighting and the seconds from submission to publication."""
    collector = Collector()
    runner = Runner(
        World(
            console=rig.connection.media,
            archive=rig.archive,
            describers=lambda _: InstantAgent(),
            meter=NoLimit(),
            publisher=collector,
            clock=SystemClock(),
            policy=lambda _: _POLICY,
        )
    )
    detection = rig.detection(clip, before=_POLICY.clip_before, after=_POLICY.clip_after)
    began = time.perf_counter()
    runner.submit(detection)
    async with asyncio.timeout(_LIMIT_S):
        sighting = await collector.arrived
        seconds = time.perf_counter() - began
        while runner.depth:  # noqa: ASYNC110 - cleaning up is part of the work, nobody announces it
            await asyncio.sleep(_TICK_S)
    if sighting.fallbacks or sighting.frame_count != _POLICY.frame_count:
        raise RuntimeError(f"measured nothing: {sighting}")
    return sighting, seconds


async def loop_stalls(rig: Rig) -> list[Result]:
    """Measure the longest stall of the event loop while a 4K clip is worked on."""
    results = []
    for clip in (UHD, UHD_HEVC):
        await analyse(rig, clip)  # imports and caches are not what a user waits for
        busy, idle = [], []
        for _ in range(_RUNS):
            async with ticking() as ticker:
                _, seconds = await analyse(rig, clip)
            busy.append(ticker.longest_s * 1000)
            async with ticking() as ticker:
                await asyncio.sleep(seconds)
            idle.append(ticker.longest_s * 1000)
        results.append(
            Result(
                promise=f"the event loop is not blocked: longest stall, {clip}",
                runs=tuple(busy),
                bound=50,
                unit="ms",
                beside=f"idle: median {median(idle):.3g} ms",
            )
        )
    return results


def _bare_decode_s(path: Path) -> float:
    began = time.perf_counter()
    bare_decode(path)
    return time.perf_counter() - began


async def own_time(rig: Rig, path: Path) -> list[Result]:
    """Measure from the Detection's end to publication, without what is not ours."""
    own, decodes = [], []
    for _ in range(_RUNS):
        decode_s = await asyncio.to_thread(_bare_decode_s, path)
        sighting, seconds = await analyse(rig, HD)
        timings = sighting.timings
        transfer_s = await _transfer(rig, HD)
        not_ours = timings.settle_s + transfer_s + timings.describe_s + decode_s
        own.append(max(0.0, seconds - not_ours))
        decodes.append(decode_s)
    return [
        Result(
            promise=f"our own time is small, {HD}",
            runs=tuple(own),
            bound=1,
            unit="s",
            beside=f"one bare decode: median {median(decodes):.3g} s",
        )
    ]


async def _transfer(rig: Rig, clip: BenchClip) -> float:
    """Return how long the bare transfer of the clip takes."""
    from .download import bare_read  # noqa: PLC0415 - the two measure each other's parts

    now = datetime.now(UTC)
    began = time.perf_counter()
    await bare_read(rig, clip, now - timedelta(seconds=clip.total_seconds), now)
    return time.perf_counter() - began
