"""The kept picture is small, whatever was filmed."""

from io import BytesIO

import numpy as np
from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.keeping import MOST_BYTES, small
from custom_components.protect_narrator.pipeline.models import FallbackDetail


def jpeg(image: Image.Image, quality: int = 85) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def noise(width: int, height: int, *, grain: int = 1) -> bytes:
    """Return what a JPEG grows largest of; coarser grain makes it smaller."""
    random = np.random.default_rng(7)
    shades = random.integers(0, 256, (height // grain, width // grain, 3), np.uint8)
    image = Image.fromarray(shades).resize((width, height), Image.Resampling.BICUBIC)
    return jpeg(image)


def size_of(picture: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(picture)) as image:
        image.load()
        return image.size


def test_a_small_picture_is_kept_as_it_is() -> None:
    picture = jpeg(Image.new("RGB", (1280, 720), "grey"))
    assert small(picture) is picture


def test_a_larger_one_loses_quality_before_it_loses_pixels() -> None:
    picture = noise(1280, 720, grain=20)
    assert MOST_BYTES < len(picture) < 2 * MOST_BYTES
    kept = small(picture)
    assert len(kept) <= MOST_BYTES
    assert size_of(kept) == (1280, 720)


@pytest.mark.parametrize("size", [(1280, 720), (1280, 1280), (720, 1280), (1280, 40)])
def test_even_noise_gets_small_and_keeps_its_shape(size: tuple[int, int]) -> None:
    picture = noise(*size)
    kept = small(picture)
    assert len(kept) <= MOST_BYTES
    width, height = size_of(kept)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.03)
    assert max(width, height) >= 160


def test_what_is_no_picture_is_not_kept() -> None:
    with pytest.raises(MediaError) as caught:
        small(b"\xff\xd8" + bytes(MOST_BYTES))
    assert caught.value.detail is FallbackDetail.UNDECODABLE


def test_nothing_but_the_picture_is_in_the_file() -> None:
    image = Image.open(BytesIO(noise(1280, 720)))
    out = BytesIO()
    image.save(out, "JPEG", quality=95, comment=b"the house of Marked", exif=image.getexif())
    assert b"Marked" in out.getvalue()
    assert b"Marked" not in small(out.getvalue())
