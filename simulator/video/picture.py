"""Paints one frame: a house at the street, who walks past, the time and the code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import sign, timecode
from .figure import draw_figure, pose_at
from .planes import BLACK, WHITE, Plane, even, planes, to_rgb, to_yuv
from .scene import COLOURS, Figure, Scene

_HEADER_SHARE = 14  # the line for people is a fourteenth of the height
_FEET = 0.86  # of the height: just above the code
_FIGURE_HEIGHT, _FIGURE_WIDTH = 0.56, 0.11  # of the picture's height and width

_NOISE_SIGMA = 3.0  # luma steps: a small sensor at dusk
_NOISE_LARGEST = 12
_NOISE_MARGIN = 64  # pixels that the one noise plane can be shifted by, both ways
_SPRITES_KEPT = 64  # six colours, four poses, a few sizes
_TEXTS_KEPT = 256  # a name, the running second, and each fraction of it


class Painter:
    """Paints the frames of one scene; may be shared by threads, since it never changes."""

    def __init__(self, scene: Scene) -> None:
        """Prepare what all frames share."""
        self._scene = scene
        self._header = scene.height // _HEADER_SHARE
        self._strip = scene.height // timecode.STRIP_SHARE
        self._background = _background(scene.width, scene.height)
        self._noise = _noise(scene.width, scene.height) if scene.noise else None
        self._columns = np.arange(scene.width) * timecode.COLUMNS // scene.width
        self._rows = np.arange(self._strip) * timecode.ROWS // self._strip

    def paint(
        self, camera_name: str, at: datetime, figures: Sequence[Figure], words: str | None = None
    ) -> Plane:
        """Return the frame as yuv420p in one array of height * 3/2 rows.

        ``words`` are what a sign says, if there is one.
        """
        height = self._scene.height
        frame = self._background.copy()
        if words is not None:
            sign.hang(frame[:height], words)
        for figure in figures:
            self._put(frame, figure, at)
        if self._noise is not None:
            # Modulo 256 a "negative" step is what it should be, and nothing in the scene is
            # so dark or so bright that noise could wrap it around.
            luma = frame[:height]
            np.add(luma, self._shaken(self._noise, at), out=luma)
        self._write(frame, camera_name, at)
        code = np.where(timecode.blocks(camera_name, at), WHITE, BLACK).astype(np.uint8)
        frame[height - self._strip : height] = code[:, self._columns][self._rows]
        return frame

    @staticmethod
    def as_rgb(frame: Plane) -> Image.Image:
        """Return a painted frame as an RGB picture."""
        return to_rgb(frame)

    def _shaken(self, noise: Plane, at: datetime) -> Plane:
        """Return the moment's noise: always the same for the same moment."""
        moment = timecode.milliseconds(at)
        down, right = (moment * factor % _NOISE_MARGIN for factor in (37, 101))
        width, height = self._scene.width, self._scene.height
        return noise[down : down + height, right : right + width]

    def _put(self, frame: Plane, figure: Figure, at: datetime) -> None:
        """Paint the figure where it is; all edges are even, as chroma wants it."""
        width, height = self._scene.width, self._scene.height
        pose = pose_at(timecode.milliseconds(at) / 1000)
        sprite = _sprite(
            figure.colour, pose, even(width * _FIGURE_WIDTH), even(height * _FIGURE_HEIGHT)
        )
        high, wide = sprite.mask.shape
        top = even(height * _FEET) - high
        left = min(max(even(figure.x * width - wide / 2), 0), width - wide)
        luma, chroma_u, chroma_v = planes(frame, width, height)
        np.copyto(luma[top : top + high, left : left + wide], sprite.luma, where=sprite.mask)
        area = (
            slice(top // 2, (top + high) // 2),
            slice(left // 2, (left + wide) // 2),
        )
        np.copyto(chroma_u[area], sprite.chroma_u, where=sprite.half_mask)
        np.copyto(chroma_v[area], sprite.chroma_v, where=sprite.half_mask)

    def _write(self, frame: Plane, camera_name: str, at: datetime) -> None:
        """Write name and time into the header, for people."""
        utc = at.astimezone(UTC)
        fraction = f"{timecode.milliseconds(at) % 1000:03d}"
        size, gap, width = self._header * 3 // 4, self._header // 2, self._scene.width
        right = _text(f"{utc:%Y-%m-%d %H:%M:%S}.", size)
        fraction_at = width - gap - _text("000", size).shape[1]
        for text, left in (
            (_text(camera_name, size), gap),
            (right, fraction_at - right.shape[1]),
            (_text(fraction, size), fraction_at),
        ):
            area = frame[: min(text.shape[0], self._header), left : left + text.shape[1]]
            np.maximum(area, text[: area.shape[0], : area.shape[1]], out=area)


class _Sprite:
    """A figure cut out, as planes."""

    def __init__(self, picture: Image.Image) -> None:
        """Take an RGBA picture with even sides."""
        width, height = picture.size
        opaque = Image.new("RGB", picture.size, (90, 90, 90))
        opaque.paste(picture, mask=picture)
        self.luma, self.chroma_u, self.chroma_v = planes(to_yuv(opaque), width, height)
        self.mask = np.asarray(picture.getchannel("A")) > 96
        self.half_mask = self.mask[::2, ::2]


@lru_cache(maxsize=_SPRITES_KEPT)
def _sprite(colour: str, pose: int, width: int, height: int) -> _Sprite:
    """Return somebody in that colour."""
    return _Sprite(draw_figure(COLOURS[colour], pose, width, height))


@lru_cache(maxsize=_TEXTS_KEPT)
def _text(text: str, size: int) -> Plane:
    """Return white letters on black, as luma."""
    font = ImageFont.load_default(size=max(size, 8))
    _, _, right, bottom = font.getbbox(text)
    picture = Image.new("L", (max(1, int(right) + 1), max(1, int(bottom) + 1)), BLACK)
    ImageDraw.Draw(picture).text((0, 0), text, fill=WHITE, font=font)
    return np.asarray(picture)


@lru_cache(maxsize=4)
def _noise(width: int, height: int) -> Plane:
    """Return normal noise as steps modulo 256, larger than the picture by the margin."""
    shape = (height + _NOISE_MARGIN, width + _NOISE_MARGIN)
    steps = np.random.default_rng(seed=1).standard_normal(shape, np.float32) * _NOISE_SIGMA
    bounded = np.clip(np.rint(steps), -_NOISE_LARGEST, _NOISE_LARGEST)
    # The negative ones modulo 256.
    plane: Plane = bounded.astype(np.int8).view(np.uint8)
    return plane


@lru_cache(maxsize=4)
def _background(width: int, height: int) -> Plane:
    """Return the empty scene in muted colours, so that only a figure's coat is saturated."""
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky, haze = np.array((112, 132, 156)), np.array((196, 200, 200))
    rows = sky + (haze - sky) * np.minimum(ramp / 0.6, 1)
    picture = Image.fromarray(np.repeat(rows.astype(np.uint8), width, axis=1))
    draw = ImageDraw.Draw(picture)

    def box(left: float, top: float, right: float, bottom: float, rgb: tuple[int, ...]) -> None:
        draw.rectangle((left * width, top * height, right * width, bottom * height), fill=rgb)

    box(0, 0.62, 1, 1, (118, 128, 108))  # the lawn
    draw.polygon(  # the roof
        [(x * width, y * height) for x, y in ((0.04, 0.3), (0.14, 0.12), (0.6, 0.12), (0.7, 0.3))],
        fill=(104, 88, 84),
    )
    box(0.07, 0.3, 0.67, 0.66, (176, 168, 156))  # the wall
    box(0.32, 0.4, 0.41, 0.66, (92, 80, 70))  # the door
    for left in (0.13, 0.5):  # the windows
        box(left, 0.38, left + 0.12, 0.54, (214, 212, 204))
        box(left + 0.008, 0.394, left + 0.112, 0.526, (88, 100, 112))
        box(left + 0.057, 0.38, left + 0.063, 0.54, (214, 212, 204))
    draw.polygon(  # the path to the door
        [(x * width, y * height) for x, y in ((0.32, 0.66), (0.41, 0.66), (0.5, 1), (0.22, 1))],
        fill=(158, 152, 144),
    )
    box(0.78, 0.5, 0.8, 0.7, (88, 78, 70))  # the tree
    draw.ellipse((0.7 * width, 0.2 * height, 0.88 * width, 0.56 * height), fill=(96, 108, 88))
    box(0, 0.76, 1, 0.89, (126, 126, 128))  # the pavement
    for top, bottom in ((0, 1 / _HEADER_SHARE), (1 - 1 / timecode.STRIP_SHARE, 1)):
        box(0, top, 1, bottom, (0, 0, 0))  # what is burned in has no colour
    return to_yuv(picture)
