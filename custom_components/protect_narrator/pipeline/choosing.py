"""Which moments of a clip are worth showing.

While the clip runs by, only a few dozen pictures can be kept; of everything else a stamp
stays, and from the stamps it becomes ever clearer what the place looks like without visitors.
Both times the same is asked: how good is the view, and how much of it is not shown already?
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .motion import COLUMNS, ROWS, Backdrop, Maps, backdrop, foreign, presence

# Pictures kept are thinned out by so many at once, which shares the cost of looking.
_THINNED_BY = 12

# Protect is late to say that a Detection begins and early to say that it ends.
_MARGIN_S = 1.0

# What a picture from outside the Detection is worth beside one from inside: better than an
# empty picture, worse than any fair view.
_OUTSIDE = 0.25

# What a picture is worth in which nothing was found: our eye may have missed it.
_EMPTY = 0.05

# What the most blurred of two equal views is worth.
_BLURRED = 0.4

# Views are compared for sharpness with those so near in time that they show the same subject.
_SAME_VIEW_S = 3.0

# Shares of the picture. A car before the lens fills a third; what fills nearly all of it is the
# light, or the camera itself.
_FULL, _FLOODED = 0.35, 0.8

# What the same picture is worth right beside one that is shown already.
_CLOSE = 0.3

# Two pictures that differ in no more than this show the same.
_SAME = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be found in a clip."""

    count: int
    """Frames at most, 1-12."""

    first_s: float
    last_s: float
    """The Detection's stretch, in seconds of the clip."""

    best_s: tuple[float, ...] = ()
    """Moments of Protect's best views, in seconds of the clip."""

    max_side: int = 1280
    """Pixels that a frame may be wide and high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Still[P]:
    """One picture that passes by, with what is needed to judge it."""

    at_s: float
    stamp: NDArray[np.uint8]
    edges: NDArray[np.float32]
    """How much each cell is made of sharp edges: ROWS by COLUMNS."""

    picture: P
    wanted: bool
    """Asked for by its moment: shown in any case."""


type _Kept[P] = tuple[int, Still[P]]
"""A still whose picture is kept, and the number of its stamp."""


class Gallery[P]:
    """Takes stills in the order of time, keeps few, and hangs the best."""

    def __init__(self, look: Look) -> None:
        """Keep what the look asks for."""
        self._look = look
        self._stamps = np.empty((256, ROWS, COLUMNS), np.uint8)
        self._times: list[float] = []
        self._kept: list[_Kept[P]] = []

    def __len__(self) -> int:
        """Return how many stills were seen."""
        return len(self._times)

    def add(self, still: Still[P], room: int) -> None:
        """Look at a still; of all that were added little more than ``room`` pictures stay."""
        if len(self) == len(self._stamps):
            self._stamps = np.concatenate([self._stamps, np.empty_like(self._stamps)])
        self._stamps[len(self)] = still.stamp
        self._kept.append((len(self), still))
        self._times.append(still.at_s)
        if len(self._kept) >= room + _THINNED_BY:
            self._thin(room)

    def hang(self) -> tuple[list[Still[P]], Still[P]]:
        """Return the stills to show, in order, and the one of them that is best for people."""
        worth, place = self._judged()
        chosen = self._chosen(worth, place)
        asked_for = [number for number in chosen if self._kept[number][1].wanted]
        best = max(asked_for or chosen, key=lambda number: worth[number])
        return [self._kept[number][1] for number in sorted(chosen)], self._kept[best][1]

    def _chosen(self, worth: NDArray[np.float32], place: Backdrop) -> list[int]:
        """Return which of the kept to show, the best first: good to see, and not seen already."""
        times, look = self._kept_times(), self._look
        stretch_s = max(look.last_s - look.first_s, _MARGIN_S)
        # So little that it decides only between equals: of a still scene the middle is shown.
        off_s = np.abs(times - (look.first_s + look.last_s) / 2)
        worth = worth * (1 - 0.01 * np.minimum(off_s / stretch_s, 1)).astype(np.float32)
        # Where somebody was found, nobody needs to see the place without them.
        shows = (worth > 2 * _EMPTY) | (worth.max() <= 2 * _EMPTY)
        wanted = [number for number, (_, still) in enumerate(self._kept) if still.wanted]
        novelty = np.ones(len(times), np.float32)
        nearest_s = np.full(len(times), np.inf)
        chosen: list[int] = []
        while len(chosen) < look.count:
            apart = _CLOSE + (1 - _CLOSE) * np.minimum(nearest_s * look.count / stretch_s, 1)
            fresh = novelty > _SAME
            value = worth * novelty * apart * (fresh & shows)
            due = [one for one in wanted if fresh[one] or nearest_s[one] > _SAME_VIEW_S]
            number = due[0] if due else int(value.argmax())
            if not due and not value[number]:
                break
            chosen.append(number)
            novelty = np.minimum(novelty, self._difference(number, place))
            nearest_s = np.minimum(nearest_s, np.abs(times - times[number]))
        return chosen

    def _thin(self, room: int) -> None:
        """Let go of the pictures that are worth least, or that their neighbours show too.

        The first and the last one stay: they tell how long the gaps beside them are.
        """
        worth, place = self._judged()
        worth[[still.wanted for _, still in self._kept]] = np.inf
        times = self._kept_times()
        left = list(range(len(self._kept)))
        differs = self._differences(left, place)
        while len(left) > room:
            news = np.minimum(differs[:-1], differs[1:]) + _EMPTY
            loss = worth[left[1:-1]] * news * (times[left[2:]] - times[left[:-2]])
            out = int(loss.argmin()) + 1
            del left[out]
            differs[out - 1 : out + 1] = self._differences(left[out - 1 : out + 1], place)
        self._kept = [self._kept[number] for number in left]

    def _judged(self) -> tuple[NDArray[np.float32], Backdrop]:
        """Return what each kept picture is worth by itself, 0-1, and the place behind it."""
        stamps, times = self._stamps[: len(self)], np.array(self._times)
        place = backdrop(stamps, (times < self._look.first_s) | (times > self._look.last_s))
        which = np.array([number for number, _ in self._kept])
        maps = foreign(stamps[which], place.usual, place.unrest)
        worth = presence(maps)
        worth *= self._clearness(maps)
        share = maps.mean(axis=(1, 2))
        worth *= np.clip((_FLOODED - share) / (_FLOODED - _FULL), 0.0, 1.0)
        off = np.maximum(self._look.first_s - times[which], times[which] - self._look.last_s)
        worth[off > _MARGIN_S] *= _OUTSIDE
        return _EMPTY + (1 - _EMPTY) * worth, place

    def _clearness(self, maps: Maps) -> NDArray[np.float32]:
        """Return how much there is to see of what is foreign, beside the best view near it, 0-1.

        Somebody who is blurred or half outside shows fewer edges than a moment later.
        """
        edges = np.stack([still.edges for _, still in self._kept])
        seen = (edges * maps).sum(axis=(1, 2))
        times = self._kept_times()
        near = np.abs(times[:, None] - times) < _SAME_VIEW_S
        most = np.maximum(np.where(near, seen, 0).max(axis=1), 1e-6)
        clear: NDArray[np.float32] = _BLURRED + (1 - _BLURRED) * seen / most
        return clear

    def _difference(self, number: int, place: Backdrop) -> NDArray[np.float32]:
        """Return how much of the kept pictures that one does not show, 0-1."""
        which = [index for index, _ in self._kept]
        return presence(foreign(self._stamps[which], self._stamps[which[number]], place.unrest))

    def _differences(self, numbers: list[int], place: Backdrop) -> list[float]:
        """Return how much each shows that the one before it does not, 0-1."""
        which = [self._kept[number][0] for number in numbers]
        maps = foreign(self._stamps[which[1:]], self._stamps[which[:-1]], place.unrest)
        return list(presence(maps))

    def _kept_times(self) -> NDArray[np.float64]:
        return np.array([still.at_s for _, still in self._kept])
