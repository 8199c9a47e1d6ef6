"""Which looks of ours are complete: those of which nothing is held back any more."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .tracker import Key, Tracker

# One comes every minute at the most often, and what it found is held for a minute or two. A
# look that finds no place here is none the less made; the next one tells as much.
_WAITING_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class _Look:
    """One that was made, and of what it may have told the tracker."""

    when: datetime
    open: frozenset[Key]


class Looks:
    """Tells of a look when all that was open at its end has left the tracker.

    The next life begins where the last look that was told of ended: whatever is still held for
    its neighbours or its labels would be lost with the tracker, and never be found again.
    """

    def __init__(self, tracker: Tracker, tell: Callable[[datetime], None]) -> None:
        """Begin with none."""
        self._tracker = tracker
        self._tell = tell
        self._waiting: deque[_Look] = deque()

    def made(self, when: datetime) -> None:
        """Learn that the console's lists were compared completely."""
        if len(self._waiting) < _WAITING_AT_MOST:
            self._waiting.append(_Look(when, self._tracker.open))
        self.check()

    def check(self) -> None:
        """Tell of those of which all has left; call whenever something has."""
        while self._waiting and not self._tracker.holds_any(self._waiting[0].open):
            self._tell(self._waiting.popleft().when)
