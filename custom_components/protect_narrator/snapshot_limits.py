"""How much is kept of one console's pictures, and which of them go first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from .snapshot_files import Kept

# Removing one takes a card milliseconds: a job of these stays within its limit.
REMOVED_AT_ONCE = 200

# What is over the limit goes down to a little below it, so that not every picture that comes
# is a reason to look for the oldest.
_LEAVES = 0.95

# A few megabytes of memory, whatever the user lets pictures take.
_MOST_PICTURES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the user lets be kept of one console."""

    keep_for: timedelta
    """Counted from the beginning of the Detection; zero keeps nothing."""

    most_bytes: int

    def is_too_old(self, kept: Kept, now: float | None) -> bool:
        """Say whether it must go; None is no time, by which none is too old."""
        if not self.keep_for:
            return True
        return now is not None and kept.begun(now) <= now - self.keep_for.total_seconds()

    def is_full(self, count: int, size: int) -> bool:
        """Say whether so many pictures with so many bytes are too many."""
        return bool(count) and (
            not self.keep_for or size > self.most_bytes or count > _MOST_PICTURES
        )


def over(
    pictures: Collection[tuple[str, Kept]], limits: Limits, now: float | None
) -> list[tuple[str, Kept]]:
    """Return the next to be removed.

    ``now`` is in seconds since the epoch; None where only room is to be made. First those that
    are too old. Room is made in the order of the Detections: a clock of ours that begins in the
    past makes a picture that comes now look as if it had come first.
    """
    victims: list[tuple[str, Kept]] = []
    rest: list[tuple[str, Kept]] = []
    for each in pictures:
        (victims if limits.is_too_old(each[1], now) else rest).append(each)
    left, size = len(rest), sum(kept.size for _, kept in rest)
    if limits.is_full(left, size):
        most, most_bytes = _MOST_PICTURES * _LEAVES, limits.most_bytes * _LEAVES
        for each in sorted(rest, key=lambda each: each[1].taken):
            if left <= most and size <= most_bytes:
                break
            victims.append(each)
            left, size = left - 1, size - each[1].size
    return victims[:REMOVED_AT_ONCE]
