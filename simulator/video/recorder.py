"""The recording of all cameras: who walked past which of them, and what that looks like."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from .mp4 import encode_clip
from .picture import Painter
from .scene import Figure, Scene, Walk, require_aware
from .sign import require_short

_LONGEST = timedelta(minutes=10)  # a longer export is a mistake of whoever asks
_CACHE_BYTES = 256 * 1024 * 1024  # two 4K clips of a minute
_JPEG_QUALITY = 85

_EDGE = 0.08  # figures stay that far inside the picture, so that none is cut in half
_LANE = 0.14  # who walks at the same time keeps this distance, more than a figure's width

type _Laned = tuple[Walk, int]


class Recorder:
    """Renders what was filmed, on demand; threads may share it.

    The same question has the same answer, to the byte where the encoder is deterministic, and
    repeated clips come from a small cache.
    """

    def __init__(self, scene: Scene | None = None) -> None:
        """Film every camera in the same way."""
        self.scene = scene or Scene()
        self._painter = Painter(self.scene)
        self._walks: dict[str, tuple[_Laned, ...]] = {}
        self._signs: dict[str, str] = {}
        self._clips: OrderedDict[object, bytes] = OrderedDict()
        self._lock = Lock()

    def walk(self, camera_name: str, colour: str, start: datetime, end: datetime) -> None:
        """Let a figure of that colour walk past the camera; see `Walk` for what it raises.

        Figures that walk at the same time keep their distance: the first added leads and is
        where `Walk.progress` says, those behind wrap around at the edge of the picture.
        """
        walk = Walk(colour, start, end)
        with self._lock:
            known = self._walks.get(camera_name, ())
            lane = sum(other.start <= walk.end and walk.start <= other.end for other, _ in known)
            self._walks[camera_name] = (*known, (walk, lane))

    def put_up(self, camera_name: str, words: str) -> None:
        """Put up a sign with these words in front of the camera, for the whole recording.

        Raises ValueError for words that do not fit on it.
        """
        require_short(words)
        with self._lock:
            self._signs[camera_name] = words

    def figures(self, camera_name: str, at: datetime) -> tuple[Figure, ...]:
        """Return who is in the picture at that moment and where: the truth for a test."""
        return _figures(self._walks.get(camera_name, ()), at)

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return the recording of [start, end) as a complete MP4 file whose first frame is start.

        Raises ValueError when that is no time, or more than ten minutes.
        """
        require_aware(start, end)
        if not timedelta() < end - start <= _LONGEST:
            raise ValueError(f"no clip is {end - start} long")
        walks = tuple(
            each
            for each in self._walks.get(camera_name, ())
            if each[0].start <= end and start <= each[0].end
        )
        key = (camera_name, start, end, walks, self._signs.get(camera_name))
        if (known := self._cached(key)) is not None:
            return known
        seconds = (end - start).total_seconds()
        data = encode_clip(self.scene, self._frames(camera_name, start, seconds, walks), seconds)
        self._cache(key, data)
        return data

    def still(self, camera_name: str, at: datetime) -> bytes:
        """Return the moment as JPEG in the size of the recording."""
        require_aware(at)
        frame = self._paint(camera_name, at, self.figures(camera_name, at))
        out = BytesIO()
        self._painter.as_rgb(frame).save(out, "JPEG", quality=_JPEG_QUALITY)
        return out.getvalue()

    def _frames(
        self, camera_name: str, start: datetime, seconds: float, walks: tuple[_Laned, ...]
    ) -> Iterator[NDArray[np.uint8]]:
        for number in range(max(1, round(seconds * self.scene.fps))):
            at = start + timedelta(seconds=number / self.scene.fps)
            yield self._paint(camera_name, at, _figures(walks, at))

    def _paint(
        self, camera_name: str, at: datetime, figures: tuple[Figure, ...]
    ) -> NDArray[np.uint8]:
        return self._painter.paint(camera_name, at, figures, self._signs.get(camera_name))

    def _cached(self, key: object) -> bytes | None:
        with self._lock:
            if key in self._clips:
                self._clips.move_to_end(key)
            return self._clips.get(key)

    def _cache(self, key: object, data: bytes) -> None:
        """Keep the clip, and forget the longest unused ones beyond the cache's size."""
        with self._lock:
            self._clips[key] = data
            while sum(map(len, self._clips.values())) > _CACHE_BYTES:
                self._clips.popitem(last=False)


def _figures(walks: tuple[_Laned, ...], at: datetime) -> tuple[Figure, ...]:
    room = 1 - 2 * _EDGE
    found = []
    for walk, lane in walks:
        progress = walk.progress(at)
        if progress is not None:
            way = progress * room - lane * _LANE
            # The leader reaches the far edge itself, which a plain modulo would fold back.
            found.append(Figure(walk.colour, _EDGE + (way % room if lane else way)))
    return tuple(found)
