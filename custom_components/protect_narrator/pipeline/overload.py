"""More than can be worked on: who gives way, and that he is told all the same."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from .blame import cautious_logger
from .case import Case
from .errors import NarratorError
from .models import FallbackDetail, FallbackReason

_LOGGER = cautious_logger(__name__)


def giving_way[Work](newcomer: Case, unfinished: dict[Work, Case]) -> Work | None:
    """Return whose place the newcomer gets: of the latest turn the newest; None is nobody's.

    ``unfinished`` is in the order of coming. Only who has a later turn gives way, and only while
    he waits: better one for whom nothing was fetched yet than one who waits for an agent, which
    may be a slow one. What was found late takes nobody's place.
    """
    if newcomer.detection.late and not newcomer.asked_for:
        return None
    found: Work | None = None
    latest = (newcomer.turn, True)
    for work, case in reversed(unfinished.items()):
        rank = (case.turn, case.only_waits)
        if rank > latest and (case.only_waits or case.awaits_agent):
            latest, found = rank, work
    return found


class Overload:
    """Tells what is not worked on, one after another: a flood must not hold up the event loop.

    What waits here is small, and told at some hundred a second.
    """

    def __init__(self, publish: Callable[[Case], Awaitable[None]]) -> None:
        """``publish`` tells the Sighting as far as it is known, within a time limit."""
        self._publish = publish
        self._refused: deque[Case] = deque()
        self._task: asyncio.Task[None] | None = None
        self._count = 0

    def refuse(self, case: Case) -> None:
        """Tell one that nothing was fetched for; call in the event loop."""
        if not self._count:
            _LOGGER.warning(
                "More Detections than can be worked on; some are told without being looked at"
            )
        self._count += 1
        self._refused.append(case)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._tell_all(), name="protect_narrator overload"
            )

    def passed(self) -> None:
        """Learn that there is room again."""
        if self._count and self._task is None:
            _LOGGER.info("%d Detections were told without being looked at", self._count)
            self._count = 0

    async def close(self) -> None:
        """End; what is not told yet stays untold."""
        self._refused.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tell_all(self) -> None:
        try:
            while self._refused:
                await self._tell(self._refused.popleft())
                await asyncio.sleep(0)  # everybody else's turn
        finally:
            self._task = None

    async def _tell(self, case: Case) -> None:
        full = NarratorError(FallbackDetail.OVERLOAD, "more are unfinished than can be worked on")
        case.lose(FallbackReason.QUEUE_FULL, full)
        try:
            await self._publish(case)
        except Exception:
            # A bug, or what cannot be published in time: the next is told all the same.
            _LOGGER.exception("Sighting %s: lost to a bug", case.sighting_id)
