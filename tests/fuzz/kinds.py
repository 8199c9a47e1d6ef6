"""The kinds of things from outside, and how each is broken and opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from . import jpeg, mp4, targets
from .seeds import Make


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing from outside."""

    make: Make
    target: targets.Target
    suffix: str
    most_mib: int
    """Memory that opening one may take at its peak, above what the process has."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "mp4": Kind(make=mp4.broken, target=targets.clip, suffix=".mp4", most_mib=400),
        "jpeg": Kind(make=jpeg.broken, target=targets.picture, suffix=".jpg", most_mib=200),
    }
)
