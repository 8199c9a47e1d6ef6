"""More than can be worked on: who gives way, and that he is told all the same."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from .blame import cautious_logger
from .case import Case
from .errors import NarratorError
from .models import Detection, FallbackDetail, FallbackReason, Policy

_LOGGER = cautious_logger(__name__)

# All that the ledger knows as untold: 2,000 on disk, and as many that found no place there. They
# are told in seconds; where publishing hangs for minutes, the look of the next start finds those
# beyond.
REFUSED_AT_MOST = 4000


def giving_way[Work](newcomer: Case, unfinished: dict[Work, Case]) -> Work | None:
    """Return whose place the newcomer gets: of the latest turn the newest; None is nobody's.

    ``unfinished`` is in the order of coming. Only who has a later turn gives way, and only until
    an agent is shown something: better one for whom nothing was fetched yet than one who waits
    for the decoder or an agent, which may be slow ones, and fill all places with what says
    little. What was found late takes nobody's place.
    """
    if newcomer.detection.late and not newcomer.asked_for:
        return None
    found: Work | None = None
    latest = (newcomer.turn, True)
    for work, case in reversed(unfinished.items()):
        rank = (case.turn, case.only_waits)
        if rank > latest and case.may_give_way:
            latest, found = rank, work
    return found


class Overload:
    """Tells what is not worked on, one after another: a flood must not hold up the event loop.

    What waits here is small, and told at some hundred a second.
    """

    def __init__(
        self,
        publish: Callable[[Case], Awaitable[None]],
        policy: Callable[[Detection], Policy],
        on_bug: Callable[[], None],
    ) -> None:
        """``publish`` tells the Sighting as far as it is known, within a time limit.

        ``policy`` says how; it has to be read in no time. ``on_bug`` is called when there was a
        bug, which is in the log already.
        """
        self._publish = publish
        self._policy = policy
        self._on_bug = on_bug
        self._refused: deque[Case] = deque()
        self._telling: Case | None = None
        self._task: asyncio.Task[None] | None = None
        self._count = 0
        self._is_full = False

    def holds(self, sighting_id: str) -> bool:
        """Say whether that one is still to be told."""
        return any(case.sighting_id == sighting_id for case in self._refused) or (
            self._telling is not None
            and self._telling.told is None
            and self._telling.sighting_id == sighting_id
        )

    def refuse(self, case: Case) -> None:
        """Tell one that nothing was fetched for; call in the event loop."""
        if not self._count:
            _LOGGER.warning(
                "More Detections than can be worked on; some are told without being looked at"
            )
        self._count += 1
        if len(self._refused) >= REFUSED_AT_MOST:
            if not self._is_full:
                _LOGGER.error(
                    "More than %d Detections cannot be told; the rest waits for the next start",
                    REFUSED_AT_MOST,
                )
            self._is_full = True
            return
        self._refused.append(case)
        self._go_on()

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

    def _go_on(self) -> None:
        if self._task is None and self._refused:
            self._task = asyncio.get_running_loop().create_task(
                self._tell_all(), name="protect_narrator overload"
            )
            self._task.add_done_callback(self._ended)

    async def _tell_all(self) -> None:
        while self._refused:
            self._telling = self._refused.popleft()
            await self._tell(self._telling)
            self._telling = None
            await asyncio.sleep(0)  # everybody else's turn
        self._is_full = False

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let go of the task, which may have been cancelled before it took its first step."""
        self._task = self._telling = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s ended by a bug", task.get_name(), exc_info=error)
            self._on_bug()
        self._go_on()  # with what came when it had just ended

    async def _tell(self, case: Case) -> None:
        full = NarratorError(FallbackDetail.OVERLOAD, "more are unfinished than can be worked on")
        case.lose(FallbackReason.QUEUE_FULL, full)
        self._read_policy(case)
        try:
            await self._publish(case)
        # A bug, or what cannot be published in time: the next is told all the same. Nor does a
        # cancellation end it that nobody asked of this task, and has leaked out of some library.
        except Exception, asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            _LOGGER.exception("Sighting %s: lost to a bug", case.sighting_id)
            self._on_bug()

    def _read_policy(self, case: Case) -> None:
        """Let it be told in the user's time zone; a bug costs that, never the Sighting."""
        try:
            case.policy = self._policy(case.detection)
        except Exception:
            _LOGGER.exception("Sighting %s: a bug at its policy", case.sighting_id)
            self._on_bug()
