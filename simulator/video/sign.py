"""A sign that stands in the picture: words for people, and the same words for `read_still`.

It hangs above everybody's head, below the line with the time: a line of letters, and under it
the text in black and white blocks, each most significant bit first: 46 bytes of UTF-8 padded
with zeros, and a CRC-16 of them. A block is 8 pixels wide in a picture of 640.
"""

from binascii import crc_hqx
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .timecode import READ_HEIGHT, READ_WIDTH, Luma

_ROWS, _COLUMNS = 6, 64
_BLOCK = 8  # pixels of a picture of 640x360
_CORE = slice(2, 6)  # the middle of a block: its edges are smeared by scaling

# In a picture of 640x360: where the sign begins, where its code does, and how wide it is.
_LEFT, _TOP, _CODE_TOP = 64, 30, 58
_BOTTOM = _CODE_TOP + _ROWS * _BLOCK
_RIGHT = _LEFT + _COLUMNS * _BLOCK

_CHECK_BYTES = 2
LONGEST_SIGN = _ROWS * _COLUMNS // 8 - _CHECK_BYTES
"""Bytes of UTF-8."""

_SEED = 0xFFFF  # not 0, so that a black wall does not check
_CONTRAST = 80  # luma steps; a wall has fewer
_BLACK, _WHITE = 16, 235  # luma's ends in limited-range YUV


def hang(luma: Luma, text: str) -> None:
    """Paint the sign into a picture of any size, in place; `require_short` tells what fits."""
    height, width = luma.shape
    painted = _sign(text, width, height)
    top, left = _TOP * height // READ_HEIGHT, _LEFT * width // READ_WIDTH
    luma[top : top + painted.shape[0], left : left + painted.shape[1]] = painted


def read(luma: Luma) -> str | None:
    """Return the words of the sign in a 640x360 picture, None where there is none."""
    code = luma[_CODE_TOP:_BOTTOM, _LEFT:_RIGHT]
    core = code.reshape(_ROWS, _BLOCK, _COLUMNS, _BLOCK)[:, _CORE, :, _CORE].mean(axis=(1, 3))
    if core.max() - core.min() < _CONTRAST:
        return None
    coded = np.packbits(core > (core.min() + core.max()) / 2).tobytes()
    payload, check = coded[:-_CHECK_BYTES], coded[-_CHECK_BYTES:]
    if crc_hqx(payload, _SEED) != int.from_bytes(check):
        return None
    # One picture in 65,536 checks by chance, and then it says nonsense.
    return payload.rstrip(b"\0").decode(errors="replace") or None


def require_short(text: str) -> None:
    """Raise ValueError for a text that does not fit on a sign."""
    if not 0 < len(text.encode()) <= LONGEST_SIGN:
        raise ValueError(f"no sign has {len(text.encode())} bytes; {LONGEST_SIGN} are the most")


@lru_cache(maxsize=16)
def _sign(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """Return the whole sign as luma."""
    wide = _COLUMNS * _BLOCK * width // READ_WIDTH
    high = (_BOTTOM - _TOP) * height // READ_HEIGHT
    line = (_CODE_TOP - _TOP) * height // READ_HEIGHT
    sign = Image.new("L", (wide, high), _WHITE)
    words = ImageDraw.Draw(sign)
    size = max(8, line * 3 // 4)
    while words.textlength(text, font := ImageFont.load_default(size)) > wide - 4 and size > 8:
        size -= 1
    words.text((wide / 2, line / 2), text, fill=_BLACK, font=font, anchor="mm")
    painted = np.array(sign)
    rows = np.arange(high - line) * _ROWS // (high - line)
    columns = np.arange(wide) * _COLUMNS // wide
    painted[line:] = np.where(_blocks(text), _WHITE, _BLACK)[:, columns][rows]
    return painted


def _blocks(text: str) -> NDArray[np.bool_]:
    payload = text.encode().ljust(LONGEST_SIGN, b"\0")
    coded = payload + crc_hqx(payload, _SEED).to_bytes(_CHECK_BYTES)
    bits = np.unpackbits(np.frombuffer(coded, np.uint8))
    return bits.reshape(_ROWS, _COLUMNS).astype(np.bool_)
