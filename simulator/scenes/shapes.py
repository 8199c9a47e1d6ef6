"""Movers and leaves, cut out."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from simulator.video.figure import OVERSAMPLED, draw_figure
from simulator.video.planes import Plane, planes, to_yuv

from .scene import Shape

type Alpha = NDArray[np.float32]

_SPRITES_KEPT = 48  # four poses of a few sizes, blurred and not
_LEAVES = 900


class Sprite:
    """A picture with soft edges, as planes."""

    def __init__(self, picture: Image.Image) -> None:
        """Take an RGBA picture with even sides."""
        width, height = picture.size
        # Where nothing is opaque any colour does; grey keeps chroma from bleeding.
        alpha = np.asarray(picture.getchannel("A"), np.float32) / 255
        opaque = Image.new("RGB", picture.size, (90, 90, 90))
        opaque.paste(
            picture.convert("RGB"), mask=picture.getchannel("A").point(lambda a: a and 255)
        )
        self._planes = planes(to_yuv(opaque), width, height)
        self._alphas = (alpha, alpha[::2, ::2], alpha[::2, ::2])
        self.size = picture.size

    def put(self, frame: Plane, width: int, height: int, left: int, top: int) -> None:
        """Lay it over a yuv420p frame; both coordinates are even and may be outside."""
        for plane, part, alpha in zip(
            planes(frame, width, height), self._planes, self._alphas, strict=True
        ):
            shrink = height // plane.shape[0]
            x, y = left // shrink, top // shrink
            rows = slice(max(y, 0), min(y + part.shape[0], plane.shape[0]))
            columns = slice(max(x, 0), min(x + part.shape[1], plane.shape[1]))
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            own = (slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x))
            below = plane[rows, columns].astype(np.float32)
            below += (part[own] - below) * alpha[own]
            plane[rows, columns] = np.rint(below)


@lru_cache(maxsize=_SPRITES_KEPT)
def mover(
    shape: Shape, colour: tuple[int, int, int], pose: int, size: tuple[int, int], smear: int
) -> Sprite:
    """Return the mover, ``smear`` pixels (even) wider to each side if that is how it is blurred."""
    width, height = size
    picture = _DRAWN[shape](colour, pose, width, height)
    if smear:
        wide = Image.new("RGBA", (width + 2 * smear, height))
        wide.paste(picture, (smear, 0))
        # Premultiplied, or the transparent black around it would darken its edges.
        blurred = wide.convert("RGBa").filter(ImageFilter.BoxBlur((smear, 0)))
        picture = blurred.convert("RGBA")
    return Sprite(picture)


def _vehicle(colour: tuple[int, int, int], _pose: int, width: int, height: int) -> Image.Image:
    wide, high = width * OVERSAMPLED, height * OVERSAMPLED
    picture = Image.new("RGBA", (wide, high))
    draw = ImageDraw.Draw(picture)
    glass, tyre = (44, 54, 64), (24, 24, 26)
    draw.rounded_rectangle((0, high * 0.42, wide - 1, high * 0.86), high * 0.1, fill=colour)
    draw.polygon(
        [(wide * x, high * y) for x, y in ((0.14, 0.46), (0.26, 0.02), (0.76, 0.02), (0.88, 0.46))],
        fill=colour,
    )
    draw.polygon(
        [(wide * x, high * y) for x, y in ((0.2, 0.42), (0.29, 0.1), (0.73, 0.1), (0.82, 0.42))],
        fill=glass,
    )
    for middle in (0.2, 0.79):
        left, right = wide * middle - high * 0.16, wide * middle + high * 0.16
        draw.ellipse((left, high * 0.67, right, high - 1), fill=tyre)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _animal(colour: tuple[int, int, int], pose: int, width: int, height: int) -> Image.Image:
    wide, high = width * OVERSAMPLED, height * OVERSAMPLED
    picture = Image.new("RGBA", (wide, high))
    draw = ImageDraw.Draw(picture)
    swing = (0.0, 0.07, 0.0, -0.07)[pose] * wide
    for number, hip in enumerate((0.2, 0.28, 0.62, 0.7)):
        foot = wide * hip + (swing if number % 2 else -swing)
        draw.line((wide * hip, high * 0.5, foot, high), fill=colour, width=round(wide * 0.07))
    draw.ellipse((wide * 0.1, high * 0.25, wide * 0.8, high * 0.7), fill=colour)
    draw.ellipse((wide * 0.7, high * 0.02, wide * 0.99, high * 0.42), fill=colour)
    draw.line((wide * 0.14, high * 0.4, wide * 0.02, high * 0.1), fill=colour, width=wide // 20)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


_DRAWN = {Shape.PERSON: draw_figure, Shape.VEHICLE: _vehicle, Shape.ANIMAL: _animal}


@lru_cache(maxsize=8)
def leaves(height: int, seed: int) -> Sprite:
    """Return a round bush of single leaves, as wide as it is high."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGBA", (height, height))
    draw = ImageDraw.Draw(picture)
    radius, leaf = height * 0.46, height * 0.035
    for _ in range(_LEAVES):
        angle, far = random.uniform(0, 2 * np.pi), radius * np.sqrt(random.uniform(0, 1))
        x, y = height / 2 + far * np.cos(angle), height / 2 + far * np.sin(angle)
        shade = int(random.integers(46, 118))
        draw.ellipse(
            (x - leaf, y - leaf * 0.7, x + leaf, y + leaf * 0.7),
            fill=(shade - 10, shade + 14, shade - 22),
        )
    return Sprite(picture)
