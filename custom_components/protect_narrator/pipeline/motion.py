"""What is in a picture that is not always there: numpy on pictures as small as a stamp.

A stamp is the clip's picture in shades of grey, 80 by 45 cells whatever its size and shape.
Averaging whole blocks into a cell removes sensor noise and most of the rain before anything
is computed, and leaves a person of a twentieth of the picture's height two cells. Every
operation here takes well under a millisecond a stamp: numpy holds the interpreter's lock.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 45, 80

type Stamps = NDArray[np.uint8]
"""Small grey pictures: n by ROWS by COLUMNS."""

type Map = NDArray[np.float32]
"""One value a cell: ROWS by COLUMNS."""

type Maps = NDArray[np.float32]
"""n of them."""

# Shades are counted in steps that look alike: a cloud, a lamp or the camera's own exposure
# multiply the light, which moves all of these by the same number. Without the 16, the noise of
# the darkest parts would be worth more than a coat.
_SHADES = np.log(np.arange(256) + 16.0)
_TONES = np.rint(255 * (_SHADES - _SHADES[0]) / (_SHADES[-1] - _SHADES[0])).astype(np.uint8)

# Enough that nobody who passes decides a median, few enough that one takes milliseconds.
_LEARNED_FROM = 48

# Two seconds of an empty place tell more of it than all the time with somebody in it.
_ENOUGH = 8

# What moves by itself is compared with itself so many samples before: at four a second 0.75 s,
# in which leaves and branches go there and not yet back.
_LAG = 3

# A tree is seldom more than three times its usual step away from where it mostly is.
_UNREST_FACTOR = 3.0

# Grey levels. Below the first a difference is compression; with the second more a figure
# stands out as well as it can: a coat at dusk is 10 to 20 levels off its background.
_FAINT, _CLEAR = 2.0, 6.0

# Rows and columns that a subject may fill, and how good a view of it that is: from somebody at
# the end of the drive to somebody at the door. What is wider, such as a car, fills several.
_WINDOWS = ((2, 2, 0.3), (4, 2, 0.5), (8, 4, 0.75), (14, 6, 0.9), (24, 10, 1.0))


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The place without its visitors."""

    usual: Map
    """Each cell's usual grey level."""

    unrest: Map
    """By how many levels each cell changes all the time: trees, rain, noise, a burned-in clock."""


def backdrop(stamps: Stamps, empty: NDArray[np.bool_]) -> Backdrop:
    """Learn the place from all stamps of a clip, in order.

    ``empty`` marks those that are likelier to show nobody.
    """
    every = np.arange(len(stamps))
    shown = _some(every[empty] if empty.sum() >= _ENOUGH else every)
    later = _some(every[_LAG:])
    unrest = np.zeros((ROWS, COLUMNS))
    if len(later):
        steps = np.abs(_levels(stamps[later]) - _levels(stamps[later - _LAG]))
        unrest = np.median(steps, axis=0)
    return Backdrop(
        np.median(stamps[shown], axis=0).astype(np.float32),
        _widened(unrest.astype(np.float32)),
    )


def foreign(stamps: Stamps, against: Map | NDArray[np.uint8], unrest: Map) -> Maps:
    """Return how far each cell differs, beyond what it does by itself: 0 not at all, 1 clearly.

    A change of the whole picture's brightness is no difference.
    """
    change: Maps = stamps.astype(np.float32) - against
    # A quarter of the cells tell the whole picture's shift as well as all of them.
    change -= np.median(change[:, ::2, ::2], axis=(1, 2), keepdims=True)
    np.abs(change, out=change)
    change -= _FAINT + _UNREST_FACTOR * unrest
    change /= _CLEAR
    np.clip(change, 0, 1, out=change)
    return change


def presence(maps: Maps) -> NDArray[np.float32]:
    """Return for each map how well something compact fills it: 0 nothing, 1 a close view.

    Rain and noise are foreign here and there; a subject is foreign all over.
    """
    sums = np.zeros((len(maps), ROWS + 1, COLUMNS + 1), np.float32)
    np.cumsum(np.cumsum(maps, axis=1), axis=2, out=sums[:, 1:, 1:])
    best = np.zeros(len(maps), np.float32)
    for high, wide, worth in _WINDOWS:
        # A large window that is a little off its subject is still filled by it.
        step = max(1, wide // 3)
        inside = sums[:, high::step, wide::step] - sums[:, :-high:step, wide::step]
        inside -= sums[:, high::step, :-wide:step] - sums[:, :-high:step, :-wide:step]
        np.maximum(best, inside.max(axis=(1, 2)) * (worth / (high * wide)), out=best)
    return best


def toned(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the stamp of a small grey picture."""
    stamp: NDArray[np.uint8] = _TONES[grey]
    return stamp


def edges(luma: NDArray[np.uint8]) -> Map:
    """Return how steep the picture is from left to right, as mean square of each cell's pixels.

    A blurred edge is as high as a sharp one but not as steep, whether the lens or the subject's
    own way has blurred it.
    """
    height, width = luma.shape
    # One row through the middle of each cell tells it as well as all of them.
    rows = luma[(np.arange(ROWS) * 2 + 1) * height // (ROWS * 2)].astype(np.float32)
    steep = np.diff(rows, axis=1, append=rows[:, -1:])
    steep *= steep
    starts = np.arange(COLUMNS) * width // COLUMNS
    cells: Map = np.add.reduceat(steep, starts, axis=1) * (COLUMNS / width)
    return cells


def _some(which: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return at most as many as are learned from, evenly spread."""
    if len(which) <= _LEARNED_FROM:
        return which
    some: NDArray[np.int_] = which[np.linspace(0, len(which) - 1, _LEARNED_FROM).astype(int)]
    return some


def _levels(stamps: Stamps) -> NDArray[np.float32]:
    """Return the stamps without what changes the whole picture."""
    levels = stamps.astype(np.float32)
    levels -= np.median(levels[:, ::2, ::2], axis=(1, 2), keepdims=True)
    return levels


def _widened(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each cell's largest neighbour: a branch that sways there will come here."""
    for axis in (0, 1):
        padded = np.pad(cells, [(1, 1) if axis == each else (0, 0) for each in (0, 1)], "edge")
        length = cells.shape[axis]
        cells = np.maximum.reduce(
            [padded.take(range(start, start + length), axis) for start in range(3)]
        )
    return cells
