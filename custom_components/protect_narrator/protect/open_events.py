"""Keeps what is open until it is over: frames go in, what has begun and Detections are told."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

from ..pipeline.blame import cautious_logger
from .access import CameraInfo
from .events import EventFrame
from .looks import Looks
from .telling import Telling
from .tracker import NOTHING, Tracker

_LOGGER = cautious_logger(__name__)

# Before everybody else has his turn: a look finds hundreds that are due at the same moment.
_LET_OUT_AT_ONCE = 50

# Between two bugs of ours in a row, so that a loop which goes on does not spin.
_AFTER_BUG_S = 1.0


class OpenEvents:
    """Winds the clock of a tracker, which has none, and tells what comes out of it."""

    def __init__(self, tracker: Tracker, telling: Telling) -> None:
        """Begin with what the tracker holds; ``let_out`` is run by whoever makes it."""
        self._tracker = tracker
        self._telling = telling
        self._looks = Looks(tracker, telling.tell_looked)
        self._due_sooner = asyncio.Event()
        self._asleep_until: float | None = None

    def set_cameras(self, cameras: Iterable[CameraInfo]) -> None:
        """Take in which cameras there are now."""
        self._tracker.set_cameras({camera.id: camera.name for camera in cameras})

    def looked(self, when: datetime) -> None:
        """Learn of a complete look; told on when what it may have found has left."""
        self._looks.made(when)

    def observe(self, frame: EventFrame) -> None:
        """Take in one thing that was said, and tell what comes of it at once."""
        news = self._tracker.observe(frame, datetime.now(UTC), asyncio.get_running_loop().time())
        if news is NOTHING:
            return  # most of what is said: nothing is due sooner than before
        if news.opened is not None:
            self._telling.tell_opened(news.opened)
        if news.left is not None:
            self._telling.tell_detection(news.left)
            self._looks.check()
        due, until = self._tracker.next_due, self._asleep_until
        if due is not None and (until is None or due < until):
            self._due_sooner.set()

    async def let_out(self) -> None:
        """Let out, until it is cancelled, events whose end was not told in time."""
        while True:
            try:
                await self._let_out_due()
            except Exception:
                # Without it no event would be let out any more.
                _LOGGER.exception("Letting open events out failed by a bug")
                self._telling.bug()
                await asyncio.sleep(_AFTER_BUG_S)

    async def _let_out_due(self) -> None:
        """Let out what is due, and return when the next may be."""
        due = self._tracker.tick(asyncio.get_running_loop().time())
        for detection in islice(due, _LET_OUT_AT_ONCE):
            self._telling.tell_detection(detection)
        self._looks.check()
        self._due_sooner.clear()
        self._asleep_until = self._tracker.next_due
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._asleep_until):
                await self._due_sooner.wait()
