"""The last Sightings as they were fired: the recorder commits its rows seconds later."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .records import Row

# The recorder commits every five seconds, and no home sees more in that time; a row of up to
# 8 KB each.
_KEPT = 100

# How long each stage took, as the event's data name it.
TIMINGS = ("settle_s", "download_s", "prepare_s", "describe_s", "total_s")


class RecentSightings:
    """Remembers the highest revision of the last Sightings of one console, but for hidden ones."""

    def __init__(self, hidden: Callable[[], frozenset[str]] = frozenset) -> None:
        """Start with none; ``hidden`` returns the ids of what is not found any more."""
        self._hidden = hidden
        self._fired: OrderedDict[str, Row] = OrderedDict()

    def note(self, data: dict[str, Any], time: float) -> None:
        """Remember a bus event's data, unless a later revision is known, and its time.

        What is hidden is not: it would be found as soon as its id is forgotten.
        """
        if data["sighting_id"] in self._hidden():
            return
        known = self._fired.get(data["sighting_id"])
        if known is None or known.data["revision"] <= data["revision"]:
            self._fired[data["sighting_id"]] = Row(data, time)
        self._fired.move_to_end(data["sighting_id"])
        if len(self._fired) > _KEPT:
            self._fired.popitem(last=False)

    def forget(self, sighting_id: str) -> None:
        """Remember that one no more, also when nobody knows any longer that it was hidden."""
        self._fired.pop(sighting_id, None)

    def find(self, sighting_id: str) -> dict[str, Any] | None:
        """Return the data of its highest revision, None when it was not among the last."""
        known = self.find_row(sighting_id)
        return None if known is None else known.data

    def find_row(self, sighting_id: str) -> Row | None:
        """Return its highest revision as it is stored, or will be in a moment."""
        return None if sighting_id in self._hidden() else self._fired.get(sighting_id)

    def last(self, count: int) -> list[dict[str, Any]]:
        """Return the data of the last that were fired, oldest first."""
        hidden = self._hidden()
        shown = [fired.data for each, fired in self._fired.items() if each not in hidden]
        return shown[-count:]
