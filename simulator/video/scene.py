"""The values that say what is filmed and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "red": (214, 28, 32),
        "yellow": (232, 208, 24),
        "green": (28, 160, 48),
        "cyan": (24, 190, 200),
        "blue": (32, 64, 214),
        "purple": (176, 32, 196),
    }
)
"""What a figure may wear, as RGB. The hues stand about 60 degrees apart: no video or JPEG
compression turns one into its neighbour."""

_SMALLEST_WIDTH, _LARGEST_WIDTH = 320, 3840  # pixels: the machine-readable code needs the first


@dataclass(frozen=True, slots=True)
class Scene:
    """How a camera films: the defaults suit tests, other values stand for real cameras.

    A real camera is about ``Scene(1920, 1080, 30, bitrate=6_000_000)``; a 4K one
    ``Scene(3840, 2160, 30, "hevc", bitrate=16_000_000)``. Raises ValueError for a picture that
    cannot be encoded or read back.
    """

    width: int = 640
    height: int = 360
    fps: int = 10
    codec: Literal["h264", "hevc"] = "h264"
    noise: bool = True
    """Whether the sensor is noisy, as every real one is: noise is what costs bits and CPU."""

    audio: bool = True
    """Whether there is an AAC track (a quiet tone)."""

    keyframe_s: int = 5
    """Seconds between keyframes; five is what Protect's recordings have."""

    bitrate: int | None = None
    """Bits per second of the video; None lets the encoder hold its quality instead."""

    def __post_init__(self) -> None:
        """Refuse what no encoder or no reader can take."""
        if not _SMALLEST_WIDTH <= self.width <= _LARGEST_WIDTH:
            raise ValueError(f"a picture {self.width} pixels wide cannot be rendered")
        if self.height < self.width // 4 or self.width % 2 or self.height % 2:
            raise ValueError(f"no video is {self.width}x{self.height}")
        if self.fps < 1 or self.keyframe_s < 1:
            raise ValueError("frames and keyframes come at least once a second and each second")
        if self.codec not in {"h264", "hevc"}:
            raise ValueError(f"no such codec: {self.codec}")


@dataclass(frozen=True, slots=True)
class Walk:
    """A figure of one colour crosses the picture from left to right, at an even pace.

    It is visible from ``start`` to ``end``, both included (aware datetimes). Raises ValueError
    for a colour that nobody could read back and for times that make no walk.
    """

    colour: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse what could never be seen."""
        if self.colour not in COLOURS:
            raise ValueError(f"no figure is {self.colour}; there are {', '.join(COLOURS)}")
        require_aware(self.start, self.end)
        if self.end <= self.start:
            raise ValueError("a walk ends after it starts")

    def progress(self, at: datetime) -> float | None:
        """Return how much of the way is done (0-1), None while the figure is not there."""
        if not self.start <= at <= self.end:
            return None
        return (at - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody in the picture."""

    colour: str
    x: float
    """Where its middle is: 0 is the left edge, 1 the right one."""


def require_aware(*moments: datetime) -> None:
    """Raise ValueError for a datetime without a time zone."""
    if any(moment.tzinfo is None for moment in moments):
        raise ValueError("a moment without a time zone is not a moment")
