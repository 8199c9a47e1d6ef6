"""Media that are not what they should be."""

from random import Random

import numpy as np

from .mp4 import encode_clip
from .planes import BLACK, NEUTRAL
from .scene import Scene

_LONGEST_S = 600  # a longer clip is a mistake of whoever asks


def garbage(size: int) -> bytes:
    """Return that many bytes which are no media, the same every time."""
    return Random(0).randbytes(size)


def blank_clip(duration: float, scene: Scene | None = None) -> bytes:
    """Return a sound MP4 of ``duration`` seconds in which everything is black; blocking.

    Real consoles deliver such clips when asked too early.
    """
    if not 0 < duration <= _LONGEST_S:
        raise ValueError(f"no clip is {duration} s long")
    scene = scene or Scene()
    frame = np.full((scene.height * 3 // 2, scene.width), NEUTRAL, np.uint8)
    frame[: scene.height] = BLACK
    return encode_clip(scene, [frame] * max(1, round(duration * scene.fps)), duration)


def truncated(clip: bytes, share: float = 0.5) -> bytes:
    """Return only the first ``share`` (0-1) of the bytes."""
    if not 0 <= share <= 1:
        raise ValueError(f"no share is {share}")
    return clip[: round(len(clip) * share)]
