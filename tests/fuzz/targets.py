"""What the pipeline does with things from outside, called as the pipeline calls it."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.errors import NarratorError
from custom_components.protect_narrator.pipeline.frames import choose, probe
from custom_components.protect_narrator.pipeline.pictures import as_jpeg
from custom_components.protect_narrator.pipeline.remux import cut

type Target = Callable[[Event, Path], str]
"""Takes a stop flag and a file; returns what came of it in a word. Whatever it raises is a bug."""

_SIDE = 1280


def clip(stop: Event, path: Path) -> str:
    """Open, look through and cut a clip, each whether or not the one before went well."""
    part = path.with_suffix(".part.mp4")
    look = Look(count=5, first_s=0.2, last_s=1.2, best_s=(0.4, 0.9), max_side=_SIDE)
    told = [
        _told(lambda: probe(stop, path)),
        _told(lambda: choose(stop, path, look)),
        _told(lambda: cut(stop, path, part, 0.3, 1.0, most_bytes=10_000_000)),
    ]
    if part.exists():
        told.append(_told(lambda: probe(stop, part)))
        part.unlink()
    return " ".join(told)


def picture(stop: Event, path: Path) -> str:
    """Make a small sound JPEG of a still."""
    return _told(lambda: as_jpeg(stop, path.read_bytes(), _SIDE))


def _told(call: Callable[[], object]) -> str:
    """Return ``ok``, or the code of an error that is expected."""
    try:
        call()
    except NarratorError as err:
        return str(err.detail)
    return "ok"
