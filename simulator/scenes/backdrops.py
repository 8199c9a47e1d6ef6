"""Empty places, in muted colours and with something of a texture."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from simulator.video.planes import Plane, to_yuv

type _Rgb = tuple[int, int, int]
type _Part = tuple[tuple[float, float, float, float], _Rgb]

# Left, top, right and bottom as shares of the picture, painted in this order.
_PLACES: dict[str, tuple[_Part, ...]] = {
    "house": (
        ((0, 0, 1, 0.5), (166, 178, 188)),
        ((0, 0.5, 1, 1), (112, 122, 102)),
        ((0.06, 0.14, 0.62, 0.68), (172, 164, 152)),
        ((0.3, 0.36, 0.4, 0.68), (96, 82, 72)),
        ((0.12, 0.32, 0.24, 0.5), (84, 96, 108)),
        ((0.46, 0.32, 0.58, 0.5), (84, 96, 108)),
        ((0.78, 0.4, 0.8, 0.72), (86, 76, 68)),
        ((0, 0.76, 1, 0.92), (128, 128, 130)),
    ),
    "driveway": (
        ((0, 0, 1, 0.3), (150, 162, 172)),
        ((0, 0.3, 1, 0.5), (92, 104, 84)),
        ((0, 0.5, 1, 1), (134, 132, 130)),
        ((0.66, 0.08, 1, 0.62), (184, 178, 170)),
        ((0.72, 0.24, 0.96, 0.62), (142, 138, 134)),
        ((0, 0.44, 0.6, 0.52), (70, 84, 62)),
        ((0.1, 0.7, 0.9, 0.72), (160, 158, 154)),
    ),
    "garden": (
        ((0, 0, 1, 0.24), (176, 190, 200)),
        ((0, 0.24, 1, 0.46), (104, 90, 76)),
        ((0, 0.46, 1, 1), (104, 124, 88)),
        ((0.42, 0.46, 0.58, 1), (160, 152, 140)),
        ((0.06, 0.34, 0.2, 0.6), (126, 104, 84)),
        ((0.84, 0.52, 0.96, 0.66), (146, 138, 128)),
    ),
    "gate": (
        ((0, 0, 1, 1), (120, 116, 112)),
        ((0, 0, 0.34, 0.8), (150, 128, 114)),
        ((0.66, 0, 1, 0.8), (150, 128, 114)),
        ((0.34, 0, 0.66, 0.4), (164, 176, 186)),
        ((0.34, 0.4, 0.66, 0.56), (98, 108, 92)),
        ((0.3, 0.1, 0.34, 0.84), (92, 88, 86)),
        ((0.66, 0.1, 0.7, 0.84), (92, 88, 86)),
    ),
}
NAMES = tuple(_PLACES)

_TEXTURE = 14.0  # steps of luma: plaster, grass and gravel
_COARSE = 1.2  # pixels of 720p that its grains are blurred over


@lru_cache(maxsize=4)
def backdrop(name: str, width: int, height: int) -> Plane:
    """Return the place without anybody as yuv420p; KeyError if there is none of that name."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for (left, top, right, bottom), rgb in _PLACES[name]:
        draw.rectangle((left * width, top * height, right * width, bottom * height), fill=rgb)
    frame = to_yuv(picture)
    luma = frame[:height]
    luma[:] = np.clip(luma + _texture(width, height), 20, 225)
    return frame


def _texture(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    grains = np.random.default_rng(3).integers(0, 256, (height, width), np.uint8)
    blurred = Image.fromarray(grains).filter(ImageFilter.GaussianBlur(_COARSE * height / 720))
    texture = np.asarray(blurred, np.float32) - 127.5
    return np.asarray(texture * (_TEXTURE / 2 / max(float(texture.std()), 1.0)), np.float32)
