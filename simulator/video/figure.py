"""Somebody who walks: drawn for the recorder and for the labelled scenes."""

from PIL import Image, ImageDraw

_STRIDE_S = 0.25  # seconds that a leg position lasts
_POSES = 4
OVERSAMPLED = 3
"""Sprites are drawn that much larger, for smooth edges."""


def pose_at(seconds: float) -> int:
    """Return how the legs of somebody who walks stand at that time."""
    return int(seconds / _STRIDE_S) % _POSES


def draw_figure(coat: tuple[int, int, int], pose: int, width: int, height: int) -> Image.Image:
    """Return head, arms, a coat to the knees, and walking legs as RGBA."""
    wide, high = width * OVERSAMPLED, height * OVERSAMPLED
    picture = Image.new("RGBA", (wide, high))
    draw = ImageDraw.Draw(picture)
    dark = (38, 38, 46)
    middle, limb = wide / 2, wide * 0.15
    swing = (0.0, 0.22, 0.0, -0.22)[pose] * wide
    for side in (-1, 1):
        hip, foot = (middle + side * limb * 0.5, high * 0.6), middle + side * swing
        draw.line((*hip, foot, high * 0.97), fill=dark, width=round(limb))
        draw.ellipse((foot - limb * 0.6, high * 0.95, foot + limb, high), fill=(20, 20, 24))
        hand = (middle + side * (limb * 1.6 - swing), high * 0.54)
        draw.line((middle, high * 0.24, *hand), fill=coat, width=round(limb * 0.8))
    draw.rounded_rectangle(
        (middle - wide * 0.22, high * 0.17, middle + wide * 0.22, high * 0.68), limb, fill=coat
    )
    head = high * 0.075
    draw.ellipse((middle - head, high * 0.01, middle + head, high * 0.16), fill=(206, 172, 148))
    draw.pieslice(
        (middle - head, high * 0.005, middle + head, high * 0.15), 180, 360, fill=(60, 50, 44)
    )
    return picture.resize((width, height), Image.Resampling.LANCZOS)
