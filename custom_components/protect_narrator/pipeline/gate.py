"""Whose turn it is at what everybody shares: the agents, the console's export, the decoder."""

import asyncio
from bisect import insort
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from .models import Detection, Label

# Where the websockets are silent everything is found by looking back, once a minute at the most
# often: what ended no longer ago is as good as live.
FRESH = timedelta(minutes=1)

# Somebody who allows fewer than are inside lets so many pass who came later; then they wait for
# him. Two entries with "one at a time" and "two at a time" would else leave the first outside
# for as long as the second is busy.
_LETS_PASS = 4

_SAYS_LITTLE = frozenset({Label.MOTION, Label.OTHER})


class Turn(IntEnum):
    """Who goes first; within one turn it is who came first."""

    NOW = 0
    """Somebody waits: at the door, or for what he asked for."""

    SOON = 1
    LATER = 2
    """Nothing but motion, or what nobody knows."""

    LATE = 3
    """What happened while nobody listened: it is over, and so is the hurry."""


def turn_of(detection: Detection, now: datetime) -> Turn:
    """Return whose turn the Detection's is when it comes in at ``now``."""
    if detection.requested:
        return Turn.NOW
    if detection.late and not is_fresh(detection, now):
        return Turn.LATE
    if Label.RING in detection.labels:
        return Turn.NOW
    return Turn.LATER if _SAYS_LITTLE.issuperset(detection.labels) else Turn.SOON


def is_fresh(detection: Detection, now: datetime) -> bool:
    """Say whether it has just ended; clocks that are far apart make nothing fresh."""
    return abs(now - detection.end) <= FRESH


@dataclass(slots=True, eq=False)
class _Waiting:
    """Somebody in front of the gate."""

    turn: Turn
    at_most: int
    let_in: asyncio.Future[None]
    passed: int = 0
    """How many who came later, or have a later turn, were let in before him."""

    @property
    def holds_up(self) -> bool:
        """Whether he lets nobody pass any more."""
        return self.passed >= _LETS_PASS


class Gate:
    """Lets callers in while fewer than each of them allows are inside."""

    def __init__(self) -> None:
        """Start with nobody inside."""
        self._inside = 0
        self._waiting: list[_Waiting] = []

    @property
    def inside(self) -> int:
        """How many are inside now."""
        return self._inside

    @asynccontextmanager
    async def place(self, at_most: int, turn: Turn = Turn.SOON) -> AsyncIterator[None]:
        """Wait until fewer than ``at_most`` are inside; hold a place while the context lasts.

        The earlier turn goes first, and within one turn who came first. What is late leaves one
        place empty where there are several: what is live does not wait for it to end.
        """
        allowed = at_most - 1 if turn is Turn.LATE else at_most
        waiting = _Waiting(turn, max(allowed, 1), asyncio.get_running_loop().create_future())
        insort(self._waiting, waiting, key=lambda each: each.turn)
        self._let_in()
        try:
            await waiting.let_in
            yield
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._inside -= 1
            self._let_in()

    def _let_in(self) -> None:
        """Let in who may; somebody who allows fewer keeps those behind him out for a while only."""
        before: list[_Waiting] = []
        for waiting in tuple(self._waiting):
            if self._inside < waiting.at_most:
                self._waiting.remove(waiting)
                self._inside += 1
                for each in before:
                    each.passed += 1
                # Cancelled in this very turn of the loop: it will leave its place again.
                if not waiting.let_in.done():
                    waiting.let_in.set_result(None)
            elif waiting.holds_up:
                return
            else:
                before.append(waiting)
