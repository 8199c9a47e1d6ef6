"""Still pictures: untrusted bytes in, a small sound JPEG out. Blocks: run through a Decoder."""

from io import BytesIO
import struct
from threading import Event

from PIL import Image

from .errors import MediaError
from .models import FallbackDetail

# Twice what a 4K camera delivers (8.3 million): room for 16:9 pictures of 5.3K, and for two of
# 4K side by side, as cameras with two lenses send them. Decoded, such a picture takes 68 MB.
MAX_PIXELS = 17_000_000

# The JPEG of a 4K still is 1 to 4 MB.
_MAX_BYTES = 20 * 1024 * 1024

# A progressive JPEG has about ten. Each costs a pass over the whole picture, so that 130 KB of
# tiny scans keep a decoder busy for 20 s, and nothing can stop it on the way.
_MAX_SCANS = 50
_START_OF_SCAN = b"\xff\xda"

# Protect delivers nothing else (core hands all of it on as image/jpeg): Pillow's other forty
# parsers never see untrusted bytes.
_FORMATS = ("JPEG",)

# How a picture is put upright, by its EXIF orientation. Only this tag is read, and nothing of
# the EXIF data is written again: Pillow fails in many ways at writing what is broken.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Below 80 block edges begin to look like contours; above 90 the size doubles.
_QUALITY = 85


def as_jpeg(stop: Event, data: bytes, max_side: int) -> bytes:
    """Return the picture upright, at most ``max_side`` pixels wide and high, as JPEG.

    What the file carries besides the picture is left behind. Raises MediaError: ``empty``,
    ``too_large``, ``undecodable`` or ``timeout``.
    """
    if not data:
        raise MediaError(FallbackDetail.EMPTY, "no byte of a picture")
    if len(data) > _MAX_BYTES:
        raise MediaError(FallbackDetail.TOO_LARGE, f"a picture of {len(data)} bytes")
    if data.count(_START_OF_SCAN) > _MAX_SCANS:
        raise MediaError(FallbackDetail.UNDECODABLE, "a picture in far too many scans")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(FallbackDetail.TOO_LARGE, "a picture of far too many pixels")
            image.draft("RGB", (max_side, max_side))
            image.load()
            turn = _turn(image)
            upright = image.convert("RGB")
    except Image.DecompressionBombError as err:
        raise MediaError(FallbackDetail.TOO_LARGE, "a picture of far too many pixels") from err
    # UnidentifiedImageError is an OSError too.
    except OSError as err:
        raise MediaError(FallbackDetail.UNDECODABLE, "no picture that can be decoded") from err
    if stop.is_set():
        raise MediaError(FallbackDetail.TIMEOUT, "decoding took too long")
    upright.info.clear()
    small = upright.resize(fitted(upright.width, upright.height, max_side))
    return encoded(small if turn is None else small.transpose(turn))


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return what puts the picture upright; None too where its EXIF data is broken."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except SyntaxError, struct.error:  # a header that is none, or is cut off
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def fitted(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the size that keeps the shape and has no side over ``max_side``; never larger."""
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def encoded(image: Image.Image) -> bytes:
    """Return the picture as JPEG."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
