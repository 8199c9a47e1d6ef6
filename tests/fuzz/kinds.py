"""The kinds of things from outside, and how each is broken and opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from . import jpeg, mp4, seeds, targets, words
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

    most_cpu_s: float = 8.0
    """The clip's own 4 s, until it is told to stop, and what ends no sooner."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "mp4": Kind(
            sound=lambda: seeds.clips()[0],
            make=mp4.broken,
            target=targets.clip,
            suffix=".mp4",
            # The seeds are small. One of the monsters has pictures of 13 MB, and a sample of 16
            # MB is in memory twice.
            most_mib=256,
        ),
        "jpeg": Kind(
            sound=lambda: seeds.pictures()[0],
            make=jpeg.broken,
            target=targets.picture,
            suffix=".jpg",
            most_mib=200,
            most_cpu_s=2.0,
        ),
        "answer": Kind(
            sound=words.answer,
            make=words.broken_answer,
            target=targets.answer,
            suffix=".txt",
            most_mib=64,
            most_cpu_s=0.5,
        ),
        "frame": Kind(
            sound=words.documents,
            make=words.broken_documents,
            target=targets.console,
            suffix=".json",
            # Most of it is the library's, for a megabyte of JSON.
            most_mib=256,
            most_cpu_s=0.5,
        ),
    }
)
