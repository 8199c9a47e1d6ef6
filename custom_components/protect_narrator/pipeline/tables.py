"""What the tables of an MP4 claim, held against what they have.

libav makes room for as many entries as a table says there are. What is refused here was found
by breaking clips (``tests/fuzz``) and by reading libavformat's ``mov.c``; the layouts are those
of ISO/IEC 14496-12.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import ClipUnreadableError
from .models import FallbackDetail

# Ten minutes have 18,000 pictures and 28,000 pieces of sound; in libav each takes 71 bytes.
MOST_SAMPLES = 200_000

# A keyframe of 4K takes two or three million bytes. A sample is in memory twice.
LARGEST_SAMPLE = 16 * 1024 * 1024

# Recorders write one or two a track: where it begins. Each may show all samples again, and libav
# makes room for every one of them: 60 KB of edits turn ten minutes into gigabytes.
_MOST_EDITS = 8

# Where a recording lies: in the file itself. In libav each takes ten times what it does here.
_MOST_PLACES = 8

# Of a track's header, by its version: where its id is (8.3.2).
_TRACK_ID = {0: 12, 1: 20}


def implausible(why: str) -> ClipUnreadableError:
    """Return the error that says so."""
    return ClipUnreadableError(FallbackDetail.UNDECODABLE, why)


def number(body: memoryview, at: int, wide: int = 4) -> int:
    """Return the number that stands there; what lies behind the end is zero, as for libav."""
    return int.from_bytes(bytes(body[at : at + wide]).ljust(wide, b"\0"))


def entries(body: memoryview, at: int, count: int, wide: int = 1) -> NDArray[np.uint32]:
    """Return a table of so many rows of ``wide`` numbers; refuse one that has fewer."""
    if at + count * wide * 4 > len(body):
        raise implausible("a table that ends before its entries do")
    if not count * wide:
        return np.empty((count, wide), np.uint32)
    return np.frombuffer(body, ">u4", count * wide, at).reshape(count, wide)


def samples_in(kind: bytes, body: memoryview) -> int:
    """Return how many samples a table adds to the clip; refuse it where it claims too much."""
    return _COUNTS[kind](body) if kind in _COUNTS else 0


def track_id(header: memoryview) -> int:
    """Return the number of a track, 0 where there is none."""
    at = _TRACK_ID.get(header[0] if header else -1, len(header))
    return number(header, at) if at + 4 <= len(header) else 0


def require_chunks(stsc: memoryview, chunks: int) -> None:
    """Refuse chunks that hold more samples than a clip has (8.7.4).

    Of sound in pieces of one tick libav counts the samples in the chunks and in nothing else.
    """
    table = entries(stsc, 8, number(stsc, 4), 3).astype(np.int64)
    if not len(table):
        return
    first, held = table[:, 0], table[:, 1]
    if first[0] < 1 or held.min() < 1 or (np.diff(first) < 1).any():
        raise implausible("chunks that are in no order")
    lasting = np.diff(np.append(np.minimum(first, chunks + 1), chunks + 1))
    if float((lasting * held.astype(np.float64)).sum()) > MOST_SAMPLES:
        raise _too_many()


def require_places(dref: memoryview) -> None:
    """Refuse a recording that lies in many places; that it lies elsewhere helps nobody."""
    if number(dref, 4) > _MOST_PLACES:
        raise implausible("it lies in far too many places")


def require_parameters(esds: memoryview) -> None:
    """Refuse a description of sound that is longer than its box (ISO/IEC 14496-1, 7.2.6)."""
    tag, _, at = _descriptor(esds, 4)
    at += 2
    if tag == 3:
        flags = number(esds, at, 1)
        at += 1 + 2 * (flags >> 7) + 2 * (flags >> 5 & 1)
        if flags & 0x40:
            at += 1 + number(esds, at, 1)
    tag, _, at = _descriptor(esds, at)
    if tag != 4:
        return
    tag, length, at = _descriptor(esds, at + 13)
    if tag == 5 and at + length > len(esds):
        raise implausible("a table that ends before its entries do")


def _descriptor(body: memoryview, at: int) -> tuple[int, int, int]:
    """Return tag and length of a descriptor, and where it begins behind them."""
    tag, length, last = number(body, at, 1), 0, at
    for last in range(at + 1, at + 5):
        byte = number(body, last, 1)
        length = length << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    return tag, length, last + 1


def _sizes(body: memoryview) -> int:
    """Check ``stsz``: the size of each sample, or one of all."""
    size, count = number(body, 4), number(body, 8)
    _require_few(count)
    if size:
        _require_small(size)
    else:
        _require_small(int(entries(body, 12, count).max(initial=0)))
    return count


def _small_sizes(body: memoryview) -> int:
    """Check ``stz2``, whose sizes have 4, 8 or 16 bits."""
    wide, count = number(body, 7, 1), number(body, 8)
    _require_few(count)
    if wide > 16 or 12 + (count * wide + 7) // 8 > len(body):
        raise implausible("a table that ends before its entries do")
    return count


def _run(body: memoryview) -> int:
    """Check ``trun``: the samples of a fragment, each with what the flags say."""
    flags, count = number(body, 1, 3), number(body, 4)
    _require_few(count)
    at = 8 + 4 * (flags & 1) + (flags & 4)
    table = entries(body, at, count, (flags >> 8 & 15).bit_count())
    if flags & 0x200:
        _require_small(int(table[:, flags >> 8 & 1].max(initial=0)))
    return count


def _fragment(body: memoryview) -> int:
    """Check ``tfhd``: the size of all samples of a fragment, where it says one."""
    flags = number(body, 1, 3)
    if flags & 0x10:
        _require_small(number(body, 8 + 8 * (flags & 1) + 2 * (flags & 2) + (flags & 8) // 2))
    return 0


def _defaults(body: memoryview) -> int:
    """Check ``trex``: the same for all fragments."""
    _require_small(number(body, 16))
    return 0


def _times(body: memoryview) -> int:
    """Check ``stts`` and ``ctts``, whose rows begin with how many samples they are for."""
    table = entries(body, 8, number(body, 4), 2)
    _require_few(int(table[:, 0].sum(dtype=np.uint64)))
    return 0


def _edits(body: memoryview) -> int:
    """Check ``elst``."""
    if number(body, 4) > _MOST_EDITS:
        raise implausible("it claims far too many edits")
    entries(body, 8, number(body, 4), 5 if number(body, 0, 1) else 3)
    return 0


def _groups(body: memoryview) -> int:
    """Check ``sbgp``; its second version has one number more."""
    at = 12 if number(body, 0, 1) else 8
    entries(body, at + 4, number(body, at), 2)
    return 0


def _group_kinds(body: memoryview) -> int:
    """Check ``sgpd``, each of whose entries has at least one byte; libav reads one kind of it."""
    if bytes(body[4:8]) != b"sync":
        return 0
    at = 8 + 4 * min(number(body, 0, 1), 2)
    if at + 4 + number(body, at) > len(body):
        raise implausible("a table that ends before its entries do")
    return 0


def _wide(wide: int) -> Callable[[memoryview], int]:
    """Return what checks a table that counts its rows of so many numbers first."""

    def check(body: memoryview) -> int:
        entries(body, 8, number(body, 4), wide)
        return 0

    return check


def _require_few(count: int) -> None:
    if count > MOST_SAMPLES:
        raise _too_many()


def _require_small(size: int) -> None:
    if size > LARGEST_SAMPLE:
        raise implausible("a sample of far too many bytes")


def _too_many() -> ClipUnreadableError:
    return implausible("it claims far too many samples")


_COUNTS: Mapping[bytes, Callable[[memoryview], int]] = MappingProxyType(
    {
        b"stsz": _sizes,
        b"stz2": _small_sizes,
        b"trun": _run,
        b"tfhd": _fragment,
        b"trex": _defaults,
        b"stts": _times,
        b"ctts": _times,
        b"elst": _edits,
        b"sbgp": _groups,
        b"sgpd": _group_kinds,
        b"stsc": _wide(3),
        b"stco": _wide(1),
        b"co64": _wide(2),
        b"stss": _wide(1),
        b"stps": _wide(1),
        b"keys": _wide(2),
    }
)
