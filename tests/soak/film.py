"""What the cameras filmed: rendered once, or ten thousand films would be encoded in a run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from simulator.video import COLOURS, Recorder, Scene, blank_clip
from tests.bench.clips import cached

SCENE = Scene(width=320, height=180, fps=10, audio=False)
SECONDS = 2
SHORT, BLANK = "short", "blank"
NAMES = (*COLOURS, SHORT, BLANK)

_CACHE = Path(__file__).parents[2] / ".cache" / "soak"
_START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def film(name: str) -> bytes:
    """Return the clip of that name: a colour that walks by, half of that, or nothing to see."""
    definition = f"{name} {SECONDS} {SCENE!r}"
    return cached(name, definition, _CACHE, _renderer(name)).read_bytes()


def _renderer(name: str) -> Callable[[], bytes]:
    if name == BLANK:
        return lambda: blank_clip(SECONDS, SCENE)
    seconds = SECONDS / 2 if name == SHORT else SECONDS
    end = _START + timedelta(seconds=seconds)

    def render() -> bytes:
        recorder = Recorder(SCENE)
        recorder.walk(name, name if name in COLOURS else "red", _START, end)
        return recorder.clip(name, _START, end)

    return render


class Shelf:
    """A console's recordings: one of a few films, whatever is asked for."""

    def __init__(self) -> None:
        """Render or read them."""
        self._clips = [film(colour) for colour in COLOURS]
        out = BytesIO()
        Image.new("RGB", (640, 360), "grey").save(out, "JPEG")
        self._still = out.getvalue()

    def clip(self, _camera_name: str, start: datetime, _end: datetime) -> bytes:
        """Return one of the films."""
        return self._clips[int(start.timestamp()) % len(self._clips)]

    def still(self, _camera_name: str, _at: datetime) -> bytes:
        """Return a grey picture."""
        return self._still
