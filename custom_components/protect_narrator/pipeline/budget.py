"""How many AI calls are left of a day's limit, and for whom."""

from collections.abc import Iterable
from dataclasses import dataclass

from .models import Detection, Label

# Whoever rings stands there and waits, and a usual day has ten Detections and more for every
# ring: one call in ten is kept for them.
_KEPT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One limit of a local day, and what is spent of it."""

    limit: int | None
    """AI calls; None is without limit."""

    spent: int
    has_doorbell: bool
    """Whether anybody can ring: where nobody can, nothing is kept for it."""

    @property
    def kept(self) -> int:
        """Calls that only a ring may use: one at least, unless the limit is a single call."""
        if self.limit is None or self.limit < 2 or not self.has_doorbell:
            return 0
        return max(1, self.limit // _KEPT)

    def left(self, *, ring: bool = False) -> int | None:
        """Return the calls left for anything, or for a ring; None without limit."""
        if self.limit is None:
            return None
        return max(0, self.limit - self.spent - (0 if ring else self.kept))


def is_within(detection: Detection, budgets: Iterable[Budget]) -> bool:
    """Say whether one more question about this Detection is within all of the limits."""
    ring = Label.RING in detection.labels
    return all(budget.left(ring=ring) != 0 for budget in budgets)
