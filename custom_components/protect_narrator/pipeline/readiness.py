"""How long after the end of a clip's window this console can hand it over, as it is learnt.

Nothing here waits or asks: ``pipeline.clip`` does, and tells what came of it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
import math

# Nobody notices half a second, and no console was seen to publish a recording sooner.
FLOOR_S = 0.5

# What is later, a clip's own tries wait for, or a user who chooses a longer wait himself. An
# error at random looks like asking too early, so a console that makes many drives the wait up
# to here: no Sighting should come later by more than half a minute for that.
CAP_S = 30.0

# The longest wait that a user can choose, and the longest question about the event after it.
LONG_AGO_S = 75.0

# A day's clips at a quiet house, so that a console that changed is followed within a day. One
# try in vain a window is what it costs to notice that a steady console has become faster.
MOST_INTERVALS = 24

# One clip in nine may come later than we ask: who wants all of them waits for the slowest.
# That is fewer than the 1.2 tries promised, because such a clip mostly comes at the second.
_MAY_BE_LATE = 1 / 9

# At the beginning the user's own value counts as so many clips that came in time: a single
# one that came late, because the console was just starting up, moves nothing.
_TRUSTED_AT_FIRST = 9

# Waiting too long by less than this is what was promised; to know it better costs tries.
_PRECISION_S = 2.0

# Below what was never seen too early, the first step; it doubles while nothing fails. The
# first try after one in vain comes a second later, and finds the recording.
_STEP_S = 1.0

# Between the end of the wait and the request lies a question about the event.
_SLACK_S = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """What fetching one clip told, in seconds after the end of its window."""

    too_early_s: float | None
    """The last time that it was asked for in vain; None when the first try brought it."""

    ready_s: float
    """When it was asked for and came."""

    def __post_init__(self) -> None:
        """Raise ValueError for what no clip can tell, such as a damaged store."""
        early = -math.inf if self.too_early_s is None else self.too_early_s
        if not early < self.ready_s < math.inf:
            raise ValueError(f"no interval: {self}")


class Lesson:
    """What the tries for one clip tell, taken down as they happen."""

    def __init__(self, window_end: datetime) -> None:
        """Begin before the first try."""
        self._window_end = window_end
        self._asked_s = 0.0
        self._too_early_s: float | None = None
        self._is_clear = True

    def asked(self, now: datetime) -> None:
        """Take down that the console is asked; a wait for the export slot is over by then."""
        self._asked_s = (now - self._window_end).total_seconds()
        if self._too_early_s is None and self._asked_s > LONG_AGO_S:
            self._is_clear = False  # it ended long ago: who could say when it was ready?

    def in_vain(self, *, early: bool) -> None:
        """Take down that it did not come; any other reason than ``early`` spoils the lesson."""
        if early:
            self._too_early_s = self._asked_s
        else:
            self._is_clear = False

    def ready(self) -> Interval | None:
        """Return what was learnt, now that it came; None when that is nothing."""
        if not self._is_clear:
            return None
        if self._too_early_s is not None and self._too_early_s >= self._asked_s:
            return None  # the wall clock was set back in between
        return Interval(self._too_early_s, self._asked_s)


class Readiness:
    """What recent clips told about one console.

    Where a known moment is needed, it is the earliest at which a clip came and of those clips
    that tell anything about it no more than a few were late. From there it is felt downwards,
    by halves towards what was too early or, where nothing was, by growing steps.

    An error at random cannot be told from asking too early. Where more than one try in nine
    ends so, no wait helps, and it grows up to ``CAP_S``.
    """

    def __init__(
        self, intervals: Iterable[Interval] = (), on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Take up what was learnt before, oldest first; ``on_change`` is called on learning."""
        self._intervals = deque(intervals, MOST_INTERVALS)
        self._on_change = on_change
        self._step_s = _STEP_S
        self._is_trying = False

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """What was learnt lately, oldest first."""
        return tuple(self._intervals)

    def known_s(self, begin_s: float) -> float | None:
        """Return the seconds until recordings are ready, None before anything was learnt."""
        return self._known_s(begin_s) if self._intervals else None

    def wait_s(self, begin_s: float) -> float:
        """Return the seconds to wait for the next clip; ``begin_s`` is where learning begins.

        One clip at a time tries an earlier moment: of a burst the others should not pay.
        """
        known_s = self._known_s(begin_s)
        if self._is_trying or not self._intervals:
            return known_s
        earlier_s = self._earlier_s(known_s, begin_s)
        self._is_trying = earlier_s is not None
        return known_s if earlier_s is None else earlier_s

    def learn(self, interval: Interval, begin_s: float, *, whole: bool = True) -> None:
        """Learn from a clip that came; ``begin_s`` as in ``wait_s``.

        One that is not ``whole`` was good enough, but never makes us ask earlier. Nor does it
        make us ask later: it may begin at a keyframe, and no wait makes that one longer.
        """
        self._is_trying = False
        known_s = self._known_s(begin_s)
        if not whole and interval.ready_s < known_s:
            interval = Interval(interval.ready_s, known_s)
        if interval.too_early_s is not None:
            self._step_s = _STEP_S
        elif interval.ready_s > known_s + _SLACK_S:
            return  # asked late, for want of the slot: that it was ready by then is no news
        elif interval.ready_s < known_s - _SLACK_S:
            self._step_s *= 2
        self._intervals.append(interval)
        self._on_change()

    def _known_s(self, begin_s: float) -> float:
        """Return the earliest known moment, between floor and cap or what the user chose."""
        trusted = [Interval(None, begin_s)] * (_TRUSTED_AT_FIRST - len(self._intervals))
        evidence = [*trusted, *self._intervals]
        # The latest of them always is in time: nobody was too early after it.
        moment = min(
            interval.ready_s for interval in evidence if _in_time(interval.ready_s, evidence)
        )
        return min(max(moment, _lowest_s(begin_s)), max(CAP_S, begin_s))

    def _earlier_s(self, known_s: float, begin_s: float) -> float | None:
        """Return an earlier moment to try, None where it is known well enough."""
        too_early = [
            interval.too_early_s
            for interval in self._intervals
            # What was late for once says nothing about what lies below.
            if interval.too_early_s is not None and interval.too_early_s <= known_s
        ]
        if too_early:
            gap_s = known_s - max(too_early)
            return known_s - gap_s / 2 if gap_s >= _PRECISION_S else None
        lowest_s = _lowest_s(begin_s)
        if known_s - lowest_s < _PRECISION_S:
            return None
        return max(known_s - self._step_s, lowest_s)


def _lowest_s(begin_s: float) -> float:
    """Return what is never gone below: the floor, or less where the user begins there."""
    return min(FLOOR_S, begin_s)


def _in_time(moment_s: float, evidence: list[Interval]) -> bool:
    """Say whether so few were too early at that moment that it may be waited for."""
    late = sum(
        interval.too_early_s is not None and interval.too_early_s >= moment_s
        for interval in evidence
    )
    came = sum(interval.ready_s <= moment_s + _SLACK_S for interval in evidence)
    return late <= _MAY_BE_LATE * (late + came)
