"""The machine-readable strip: which camera and which moment, as black and white blocks.

256 bits in four rows of 64 blocks across the lowest ninth of the picture, each most
significant bit first: 48 bits of milliseconds since 1970, 24 bytes of the camera's name in
UTF-8 padded with zeros, and a CRC-16 of both. A block is 10 pixels wide in a picture of 640,
which JPEG at quality 60 and a scaled-down 4K recording leave readable.
"""

from binascii import crc_hqx
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

type Luma = NDArray[np.uint8]
"""A picture in shades of grey, rows by columns."""

ROWS, COLUMNS = 4, 64
STRIP_SHARE = 9  # the strip is one ninth of the picture's height

READ_WIDTH, READ_HEIGHT = 640, 360  # pixels of the picture that `read` wants
_BLOCK = READ_WIDTH // COLUMNS
_CORE = slice(3, 7)  # the middle of a block: its edges are smeared by scaling

_TIME_BYTES, _NAME_BYTES, _CHECK_BYTES = 6, 24, 2
_SEED = 0xFFFF  # not 0, so that a black strip does not check
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def blocks(camera_name: str, at: datetime) -> NDArray[np.bool_]:
    """Return the strip's 4x64 blocks, True for white.

    Of a name longer than 24 bytes the beginning is kept.
    """
    name = camera_name.encode()[:_NAME_BYTES].decode(errors="ignore").encode()
    payload = milliseconds(at).to_bytes(_TIME_BYTES) + name.ljust(_NAME_BYTES, b"\0")
    coded = payload + crc_hqx(payload, _SEED).to_bytes(_CHECK_BYTES)
    bits = np.unpackbits(np.frombuffer(coded, np.uint8))
    return bits.reshape(ROWS, COLUMNS).astype(np.bool_)


def read(luma: Luma) -> tuple[str, datetime] | None:
    """Return camera name and moment of a 640x360 picture, None where no sound code is."""
    strip = luma[-READ_HEIGHT // STRIP_SHARE :]
    core = strip.reshape(ROWS, _BLOCK, COLUMNS, _BLOCK)[:, _CORE, :, _CORE].mean(axis=(1, 3))
    bits = core > (core.min() + core.max()) / 2
    coded = np.packbits(bits).tobytes()
    payload, check = coded[:-_CHECK_BYTES], coded[-_CHECK_BYTES:]
    if crc_hqx(payload, _SEED) != int.from_bytes(check):
        return None
    try:
        name = payload[_TIME_BYTES:].rstrip(b"\0").decode()
        return name, _EPOCH + int.from_bytes(payload[:_TIME_BYTES]) * _MILLISECOND
    except UnicodeDecodeError, OverflowError:
        # One picture in 65,536 checks by chance; this one says nonsense, so it did.
        return None


def milliseconds(at: datetime) -> int:
    """Return whole milliseconds since 1970, as Protect counts time."""
    return round((at - _EPOCH) / _MILLISECOND)
