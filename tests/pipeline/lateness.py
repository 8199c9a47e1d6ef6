"""A console that takes its time to publish recordings, and clips fetched from it one by one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import mean
from typing import override

from custom_components.protect_narrator.pipeline.blocking import Decoder
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.clip import ClipFetcher, clip_window, settle
from custom_components.protect_narrator.pipeline.models import FallbackDetail, Policy
from custom_components.protect_narrator.pipeline.readiness import Readiness

from .fakes import FakeClock, FakeConsole, FakeWorkspace, detection, good_clip, media_error

# A question about the event over the network.
_QUESTION_S = 0.05

# Detections are minutes apart; the clock must not stand still between them.
_BETWEEN = timedelta(minutes=3)


@dataclass(frozen=True)
class Fetched:
    """How one clip was got."""

    tries: int
    wasted_s: float
    """Waited too long: from when the recording was ready to when the console was asked for it."""

    missing_s: float
    """What the clip is shorter than its window."""


@dataclass
class LateConsole(FakeConsole):
    """Answers ``not_ready`` until so many seconds after a window's end.

    One that ``shortens`` hands over what is written by then: all but the last so many seconds.
    """

    ready_after_s: float = 0.0
    shortens: bool = False
    fails: Callable[[], bool] = lambda: False
    asked: datetime | None = None

    @override
    @asynccontextmanager
    async def open_clip(
        self, camera_id: str, start: datetime, end: datetime, *, time_limit: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked = self.clock.now()
        missing = max(end + timedelta(seconds=self.ready_after_s) - self.asked, timedelta(0))
        written_s = round((end - start - missing).total_seconds(), 1)
        ready = written_s > 0 if self.shortens else not missing
        self.clip = [good_clip(written_s) if ready else media_error(FallbackDetail.NOT_READY)]
        if self.fails():
            self.clip = [media_error(FallbackDetail.HTTP_ERROR, early=True)]
        async with super().open_clip(camera_id, start, end, time_limit=time_limit) as chunks:
            yield chunks


class LateHome:
    """Waits for clips of a late console and fetches them, as the runner does."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        policy: Policy | None = None,
        shortens: bool = False,
        errors: float = 0.0,
        lasts_s: float = 4.0,
    ) -> None:
        """Begin where the product begins; pauses are spread by a seeded generator.

        Detections last ``lasts_s``; of a console that ``shortens`` see there. A share of all
        requests, ``errors``, fails at random.
        """
        self.readiness = Readiness()
        self.policy = policy or Policy()
        self.clock = FakeClock()
        self._lasts = timedelta(seconds=lasts_s)
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self.console = LateConsole(
            self.clock, shortens=shortens, fails=lambda: self._random.random() < errors
        )
        self._disk = FakeWorkspace(folder)
        self._fetcher = ClipFetcher(
            self.console, self.clock, Decoder(), self.readiness, rand=self._random.random
        )

    async def fetch(self, ready_after_s: float, *, late: bool = False) -> Fetched:
        """Fetch a clip whose window ends now, of a recording ready after so many seconds."""
        self.clock.time += _BETWEEN
        end = self.clock.now() - self.policy.clip_after
        seen = detection(start=end - self._lasts, end=end, late=late)
        case = Case(detection=seen, clock=self.clock, policy=self.policy)
        window_end = end + self.policy.clip_after
        self.console.ready_after_s = ready_after_s
        await settle(case, self.console, self.readiness)
        self.clock.advance(_QUESTION_S)
        clip = await self._fetcher.fetch(case, self._disk)
        assert clip is not None
        assert self.console.asked is not None
        asked_s = (self.console.asked - window_end).total_seconds()
        start, _ = clip_window(seen, self.policy)
        missing_s = (window_end - start).total_seconds() - clip.info.duration_s
        return Fetched(case.clip_attempts, asked_s - ready_after_s, missing_s)

    async def fetch_many(self, count: int, ready_after_s: Callable[[], float]) -> list[Fetched]:
        """Fetch so many clips, one after the other."""
        return [await self.fetch(ready_after_s()) for _ in range(count)]

    def around(self, seconds: float, share: float = 0.3) -> Callable[[], float]:
        """Return a console's moody way: evenly spread around so many seconds."""
        return lambda: seconds * self._random.uniform(1 - share, 1 + share)


def tries(fetched: list[Fetched]) -> float:
    """Return how often a clip was asked for on average."""
    return mean(one.tries for one in fetched)


def wasted_s(fetched: list[Fetched]) -> float:
    """Return how many seconds too long were waited on average."""
    return mean(one.wasted_s for one in fetched)
