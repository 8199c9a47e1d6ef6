"""Pictures as the planes that video is made of: yuv420p in one array of height * 3/2 rows."""

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

type Plane = NDArray[np.uint8]

BLACK, WHITE, NEUTRAL = 16, 235, 128  # luma's ends and chroma's middle in limited-range YUV


def even(value: float) -> int:
    """Return the even number below, as chroma wants all edges."""
    return int(value // 2) * 2


def planes(frame: Plane, width: int, height: int) -> tuple[Plane, Plane, Plane]:
    """Return views of Y, U and V in a yuv420p array."""
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    return frame[:height], chroma[0], chroma[1]


def to_yuv(picture: Image.Image) -> Plane:
    """Return an RGB picture with even sides as yuv420p."""
    frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), "rgb24")
    return frame.to_ndarray(format="yuv420p").astype(np.uint8, copy=False)


def to_rgb(frame: Plane) -> Image.Image:
    """Return a yuv420p array as an RGB picture."""
    return Image.fromarray(av.VideoFrame.from_ndarray(frame, "yuv420p").to_ndarray(format="rgb24"))
