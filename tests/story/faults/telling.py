"""What a story has observed, in words for the table."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.reliability.results import Observation, forget

from .fault import Fault


def saying(sighting: Mapping[str, Any]) -> str:
    """Return what a Sighting says of how it came about."""
    lost = " ".join(f"`{each}`" for each in sighting["fallbacks"]) or "nothing lost"
    marks = [
        word
        for word, is_so in (
            ("`late`", sighting["late"]),
            ("`end_estimated`", sighting["end_estimated"]),
        )
        if is_so
    ]
    return ", ".join([f"`{sighting['medium']}`", lost, *marks])


class Notebook:
    """Writes one row of the table, when its story has come to its end."""

    def __init__(self, fault: Fault) -> None:
        """Forget what an earlier run saw: a story that fails leaves no row."""
        self._fault = fault
        forget(fault.slug)

    def write(
        self,
        sighting: Mapping[str, Any] | str,
        beside: Iterable[str] = (),
        after: Mapping[str, Any] | str = "",
        neighbour: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what was observed."""
        others = []
        if neighbour is not None and (neighbour["fallbacks"] or neighbour["medium"] != "frames"):
            others = [f"other cameras: {saying(neighbour)}"]
        Observation(
            fault=self._fault.name,
            seen=self._fault.seen,
            sighting=sighting if isinstance(sighting, str) else saying(sighting),
            beside="; ".join([*others, *beside]) or "nothing",
            after=after if isinstance(after, str) else f"the next: {saying(after)}",
        ).save(self._fault.slug)
