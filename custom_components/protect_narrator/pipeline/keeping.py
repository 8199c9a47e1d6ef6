"""The picture of a Sighting as it is kept: small enough for thousands of them. Blocks."""

from io import BytesIO

from PIL import Image

from .errors import MediaError
from .models import FallbackDetail

# What a phone shows beside a notification, and what ten thousand of make a gigabyte. Most frames
# of 1280 x 720 have 60 to 150 KB. Decimal, so that it is kept whichever kilobyte is meant.
MOST_BYTES = 100_000

# Coarser than as it was taken, step by step. Below the last one faces become blocks, and a
# smaller picture shows more.
_QUALITIES = (80, 70, 60, 50)

# Then the picture gets smaller by so much at a time: 64 % of its pixels. At the smallest even
# noise, of which a JPEG grows largest, has half of what is allowed.
_SMALLER = 0.8
_SMALLEST = 160


def small(picture: bytes) -> bytes:
    """Return a JPEG of ours with ``MOST_BYTES`` at most; one that has no more as it is.

    Fourteen tries of milliseconds each are the most. Raises MediaError: ``undecodable``.
    """
    if len(picture) <= MOST_BYTES:
        return picture
    try:
        with Image.open(BytesIO(picture), formats=("JPEG",)) as opened:
            image = opened.convert("RGB")
    except (Image.DecompressionBombError, OSError) as err:
        raise MediaError(FallbackDetail.UNDECODABLE, "no picture that can be decoded") from err
    image.info.clear()
    for quality in _QUALITIES:
        if len(jpeg := _encoded(image, quality)) <= MOST_BYTES:
            return jpeg
    side = max(image.size)
    while len(jpeg) > MOST_BYTES and side > _SMALLEST:
        side = max(_SMALLEST, round(side * _SMALLER))
        scale = side / max(image.size)
        width, height = (max(1, round(pixels * scale)) for pixels in image.size)
        jpeg = _encoded(image.resize((width, height)), _QUALITIES[-1])
    return jpeg


def _encoded(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
