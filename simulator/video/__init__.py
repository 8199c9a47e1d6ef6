"""What the cameras filmed, synthesised, and the eye that reads a moment back off a picture.

>>> recorder = Recorder(Scene(width=1920, height=1080, fps=30, bitrate=6_000_000))
>>> recorder.walk("Front door", "red", start, start + timedelta(seconds=8))
>>> clip = recorder.clip("Front door", start - timedelta(seconds=3), start + timedelta(seconds=10))
>>> read_still(recorder.still("Front door", start + timedelta(seconds=4))).colours
('red',)

Everything here blocks: call it in a thread.
"""

from .broken import blank_clip, garbage, truncated
from .mp4 import encode_clip
from .reading import Reading, UnreadablePictureError, read_still
from .recorder import Recorder
from .scene import COLOURS, Figure, Scene, Walk

__all__ = [
    "COLOURS",
    "Figure",
    "Reading",
    "Recorder",
    "Scene",
    "UnreadablePictureError",
    "Walk",
    "blank_clip",
    "encode_clip",
    "garbage",
    "read_still",
    "truncated",
]
