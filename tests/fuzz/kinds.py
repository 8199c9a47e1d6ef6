"""The kinds of things from outside, and how each is broken and opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from . import jpeg, mp4, seeds, targets
from .seeds import Make


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing from outside."""

    sound: Callable[[], bytes]
    """Makes one that is not broken."""

    make: Make
    target: targets.Target
    suffix: str
    most_mib: int
    """Memory that opening one may take at its peak, above what the process has."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "mp4": Kind(
            sound=lambda: seeds.clips()[0],
            make=mp4.broken,
            target=targets.clip,
            suffix=".mp4",
            most_mib=400,
        ),
        "jpeg": Kind(
            sound=lambda: seeds.pictures()[0],
            make=jpeg.broken,
            target=targets.picture,
            suffix=".jpg",
            most_mib=200,
        ),
    }
)
