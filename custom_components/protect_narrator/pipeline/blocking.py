"""Blocking work: off the event loop, few at a time, and waited for, but not for ever."""

import asyncio
from collections.abc import Callable
from copy import copy
from functools import partial
from threading import Event
from typing import Any, Concatenate, Self

from .errors import ClipUnreadableError
from .gate import Gate, Turn
from .models import FallbackDetail

# A 4K decoder holds about 100 MB, and Home Assistant's smallest machines have two to four
# cores of which they need one: a third decoder would only make all of them slower.
_AT_ONCE = 2

# Every frame of a clip is decoded: of the longest one by default 1,950, which takes 195 s where a
# slow board manages ten of 4K a second. What takes longer is shown as far as it was decoded.
_LIMIT_S = 240.0

# A frame of 4K, or one write, takes a second at the worst. What is still not done then hangs: a
# network share whose server is gone, or a packet that libav does not come back from.
_FAREWELL_S = 10.0


class StuckError(Exception):
    """A thread does not end, or so many did not before that none is begun any more."""


class Crew:
    """Some threads. Of one that does not end it lets go, and begins no more when those are many.

    Home Assistant has 64 threads for everything that blocks; what hangs may not have them all.
    """

    def __init__(self, *, at_once: int, most_stuck: int) -> None:
        """Let ``at_once`` run, and none any more while ``most_stuck`` were let go of."""
        self._gate = Gate()
        self._at_once = at_once
        self._most_stuck = most_stuck
        self._stuck: set[asyncio.Future[Any]] = set()

    async def run[R](
        self,
        work: Callable[[], R],
        *,
        limit_s: float,
        stop: Callable[[], None] = lambda: None,
        turn: Turn = Turn.SOON,
        must: bool = False,
    ) -> R:
        """Return what ``work`` returns in a thread; raise what it raises, or StuckError.

        What ``must`` be done is begun whatever hangs.

        It is told to stop after ``limit_s`` seconds and when the caller is cancelled. Then it is
        waited for: nobody reads or writes in a directory that its owner removes next.
        """
        async with self._gate.place(self._at_once, turn):
            if len(self._stuck) >= self._most_stuck and not must:
                raise StuckError("what was begun before does not end")
            thread = asyncio.get_running_loop().run_in_executor(None, work)
            thread.add_done_callback(self._came_back)
            try:
                await asyncio.wait([thread], timeout=limit_s)
            finally:
                if not thread.done():
                    stop()
                    await self._ended(thread)
            if not thread.done():
                raise StuckError("it does not end")
            return thread.result()

    async def _ended(self, thread: asyncio.Future[Any]) -> None:
        """Wait for the thread, however often its waiting caller is cancelled; or let it go."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _FAREWELL_S
        cancelled = False
        while not thread.done() and loop.time() < until:
            try:
                await asyncio.wait([thread], timeout=until - loop.time())
            except asyncio.CancelledError:
                cancelled = True
        if not thread.done():
            self._stuck.add(thread)
        if cancelled:
            raise asyncio.CancelledError

    def _came_back(self, thread: asyncio.Future[Any]) -> None:
        self._stuck.discard(thread)
        thread.exception()  # looked at, so that asyncio does not report it as forgotten


class Decoder:
    """Runs functions that decode, few at a time; one for all consoles.

    A function gets a stop flag as its first argument and has to look at it often: it is set
    when its caller was cancelled and when it has run for ``limit_s`` seconds.
    """

    def __init__(self, *, at_once: int = _AT_ONCE, limit_s: float = _LIMIT_S) -> None:
        """Allow ``at_once`` threads, each for ``limit_s`` seconds."""
        self._crew = Crew(at_once=at_once, most_stuck=at_once)
        self._turn = Turn.SOON
        self._limit_s = limit_s

    def in_turn(self, turn: Turn) -> Self:
        """Return this decoder, with the same threads, for somebody whose turn that is."""
        other = copy(self)
        other._turn = turn  # noqa: SLF001 - one of ours
        return other

    async def run[**P, R](
        self, work: Callable[Concatenate[Event, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return what ``work(stop, *args, **kwargs)`` returns; raise what it raises.

        Raises ClipUnreadableError where it does not come back, or others before it have not.
        """
        stop = Event()
        try:
            return await self._crew.run(
                partial(work, stop, *args, **kwargs),
                limit_s=self._limit_s,
                stop=stop.set,
                turn=self._turn,
            )
        except StuckError as err:
            raise ClipUnreadableError(FallbackDetail.TIMEOUT, f"decoding hangs: {err}") from err
