"""Blocking work on videos and pictures: off the event loop, and never left behind."""

import asyncio
from collections.abc import Callable
from copy import copy
from functools import partial
from threading import Event
from typing import Concatenate, Self

from .gate import Gate, Turn

# A 4K decoder holds about 100 MB, and Home Assistant's smallest machines have two to four
# cores of which they need one: a third decoder would only make all of them slower.
_AT_ONCE = 2

# Every frame of a clip is decoded: of the longest one by default 1,950, which takes 195 s where a
# slow board manages ten of 4K a second. What takes longer is shown as far as it was decoded.
_LIMIT_S = 240.0


class Decoder:
    """Runs blocking functions in threads, few at a time; one for all consoles.

    A function gets a stop flag as its first argument and has to look at it often: it is set
    when its caller was cancelled and when it has run for ``limit_s`` seconds.
    """

    def __init__(self, *, at_once: int = _AT_ONCE, limit_s: float = _LIMIT_S) -> None:
        """Allow ``at_once`` threads, each for ``limit_s`` seconds."""
        self._gate = Gate()
        self._at_once = at_once
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

        When cancelled, the thread is told to stop and waited for: nobody reads or writes in a
        directory that its owner removes next.
        """
        async with self._gate.place(self._at_once, self._turn):
            loop = asyncio.get_running_loop()
            stop = Event()
            thread = loop.run_in_executor(None, partial(work, stop, *args, **kwargs))
            timer = loop.call_later(self._limit_s, stop.set)
            try:
                return await _result(thread, stop.set)
            finally:
                timer.cancel()


async def in_thread[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what ``work`` returns in a thread; raise what it raises.

    When cancelled, the thread is waited for: use it for short work, such as one write.
    """
    loop = asyncio.get_running_loop()
    return await _result(loop.run_in_executor(None, partial(work, *args, **kwargs)), lambda: None)


async def _result[R](thread: asyncio.Future[R], on_cancel: Callable[[], None]) -> R:
    """Return the thread's result; a cancelled caller leaves only after the thread has ended."""
    try:
        await asyncio.wait([thread])
    except asyncio.CancelledError:
        on_cancel()
        await _ended(thread)
        raise
    return thread.result()


async def _ended[R](thread: asyncio.Future[R]) -> None:
    """Wait for the thread, however often its waiting caller is cancelled."""
    while not thread.done():
        try:
            await asyncio.wait([thread])
        except asyncio.CancelledError:
            continue
    thread.exception()  # looked at, so that asyncio does not report it as forgotten
