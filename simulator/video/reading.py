"""Reads a picture: whose it is, of which moment, and who is in it. It is the models' eye."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import sign, timecode
from .scene import COLOURS, Figure

# Where people are: below the line of text, above the code.
_TOP, _BOTTOM = 28, 318  # rows of a 640x360 picture

_SATURATED = 0.55  # the scene itself stays below 0.3, skin below 0.35
_BRIGHT = 70
_HUE_TOLERANCE = 25  # degrees: palette hues are about 60 apart
_TALL = 20  # rows of colour that a column needs to belong to a figure
_WIDE = 8  # columns that a figure needs
_LARGEST_PICTURE = 64_000_000  # pixels: eight times 4K; more is an attack or a mistake


class UnreadablePictureError(ValueError):
    """The bytes are no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a picture shows."""

    width: int
    height: int
    """Pixels of the picture as it was handed over."""

    camera_name: str | None
    """As burned in, at most 24 bytes of it; None where no sound code was found."""

    at: datetime | None
    """The moment as burned in, UTC to the millisecond; None where no sound code was found."""

    figures: tuple[Figure, ...]
    """Who is in it, from left to right."""

    sign: str | None = None
    """What a sign in it says; None where there is none."""

    @property
    def colours(self) -> tuple[str, ...]:
        """Return the distinct colours of the figures, from left to right."""
        return tuple(dict.fromkeys(figure.colour for figure in self.figures))

    @property
    def figure_x(self) -> float | None:
        """Return where the leftmost figure is (0-1), None when nobody is there."""
        return self.figures[0].x if self.figures else None


def read_still(jpeg_or_image: bytes | Image.Image) -> Reading:
    """Return what the picture shows; it may be scaled to any size from 320 pixels wide.

    Takes the bytes of any format that Pillow reads, or an opened picture. Blocking (10-20 ms).
    Raises UnreadablePictureError.
    """
    if isinstance(jpeg_or_image, Image.Image):
        return _read(jpeg_or_image)
    try:
        with Image.open(BytesIO(jpeg_or_image)) as picture:
            if picture.width * picture.height > _LARGEST_PICTURE:
                raise UnreadablePictureError(f"{picture.size} is too large")
            return _read(picture)
    except (OSError, SyntaxError, Image.DecompressionBombError) as err:
        raise UnreadablePictureError(str(err)) from err


def _read(picture: Image.Image) -> Reading:
    width, height = picture.size
    size = (timecode.READ_WIDTH, timecode.READ_HEIGHT)
    picture.draft("RGB", size)  # lets JPEG decode at a fraction of its size
    small = picture.convert("RGB")
    if small.size != size:
        small = small.resize(size, Image.Resampling.BOX if width > size[0] else None)
    luma = np.asarray(small.convert("L"))
    name, at = timecode.read(luma) or (None, None)
    return Reading(
        width=width,
        height=height,
        camera_name=name,
        at=at,
        figures=_figures(np.asarray(small, np.float32)[_TOP:_BOTTOM]),
        sign=sign.read(luma),
    )


def _figures(rgb: NDArray[np.float32]) -> tuple[Figure, ...]:
    """Return the blobs of the known colours, from left to right."""
    high, low = rgb.max(axis=2), rgb.min(axis=2)
    vivid = (high > _BRIGHT) & (high - low > _SATURATED * high)
    rows_and_columns = np.nonzero(vivid)
    hues = _hues(rgb[rows_and_columns])
    found = []
    for colour, pure in COLOURS.items():
        away = np.abs((hues - _hues(np.array([pure], np.float32)) + 180) % 360 - 180)
        columns = np.bincount(rows_and_columns[1][away < _HUE_TOLERANCE], minlength=rgb.shape[1])
        found += [Figure(colour, x) for x in _blobs(columns)]
    return tuple(sorted(found, key=lambda figure: figure.x))


def _blobs(columns: NDArray[np.intp]) -> list[float]:
    """Return the middles (0-1) of the runs of columns that are tall enough."""
    tall = np.concatenate(([False], columns >= _TALL, [False]))
    edges = np.flatnonzero(tall[1:] != tall[:-1])
    return [
        float((begin + end) / 2 / len(columns))
        for begin, end in edges.reshape(-1, 2)
        if end - begin >= _WIDE
    ]


def _hues(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the hues of n colours (shape n, 3) in degrees, 0-360."""
    red, green, blue = rgb.T
    high = rgb.max(axis=1)
    spread = np.maximum(high - rgb.min(axis=1), 1)
    sectors = np.where(
        high == red,
        (green - blue) / spread % 6,
        np.where(high == green, (blue - red) / spread + 2, (red - green) / spread + 4),
    )
    return sectors * np.float32(60)
