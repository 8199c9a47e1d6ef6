"""Still pictures: untrusted bytes in, a small sound JPEG out. Blocks: run through a Decoder."""

from io import BytesIO
from threading import Event

from PIL import Image, ImageOps

from .errors import MediaError
from .models import FallbackDetail

# Twice what the largest Protect camera delivers (4K is 8.3 million); decoded to RGB this is
# 200 MB, the most that a hostile header can make us take.
MAX_PIXELS = 8192 * 8192

# The JPEG of a 4K still is 1 to 4 MB.
_MAX_BYTES = 20 * 1024 * 1024

# Formats that Protect delivers; Pillow's other forty parsers never see untrusted bytes.
_FORMATS = ("JPEG", "PNG", "WEBP")

# Below 80 block edges begin to look like contours; above 90 the size doubles.
_QUALITY = 85


def as_jpeg(stop: Event, data: bytes, max_side: int) -> bytes:
    """Return the picture upright, at most ``max_side`` pixels wide and high, as JPEG.

    Raises MediaError: ``empty``, ``too_large`` or ``undecodable``.
    """
    if not data:
        raise MediaError(FallbackDetail.EMPTY, "no byte of a picture")
    if len(data) > _MAX_BYTES:
        raise MediaError(FallbackDetail.TOO_LARGE, f"a picture of {len(data)} bytes")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(FallbackDetail.TOO_LARGE, "a picture of far too many pixels")
            image.draft("RGB", (max_side, max_side))
            image.load()
            if stop.is_set():
                raise MediaError(FallbackDetail.TIMEOUT, "decoding took too long")
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Image.DecompressionBombError as err:
        raise MediaError(FallbackDetail.TOO_LARGE, str(err)) from err
    # Pillow's parsers raise these for damaged files (UnidentifiedImageError is an OSError).
    except (OSError, SyntaxError, ValueError) as err:
        raise MediaError(FallbackDetail.UNDECODABLE, "no picture that can be decoded") from err
    return encoded(upright.resize(fitted(upright.width, upright.height, max_side)))


def fitted(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the size that keeps the shape and has no side over ``max_side``; never larger."""
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def encoded(image: Image.Image) -> bytes:
    """Return the picture as JPEG."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
