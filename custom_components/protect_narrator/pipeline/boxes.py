"""An MP4's own account of itself, checked before libav believes it.

libav makes room for as many samples as a table says there are: 4 KB of a clip that says it has
sixty million take 4 GB, and kill Home Assistant. Other tables keep it busy for hours in one
call, which nothing can stop. What is refused here was found by breaking clips
(``tests/fuzz``) and by reading libavformat's ``mov.c``.
"""

from collections.abc import Iterator
import os
from pathlib import Path
from typing import NamedTuple

from .errors import ClipUnreadableError
from .models import FallbackDetail

# Ten minutes have 18,000 pictures and 28,000 pieces of sound; in libav each takes 71 bytes.
_MAX_SAMPLES = 200_000

# All that is not pictures and sound: of ten minutes about 1 MB.
_MAX_TABLES_BYTES = 16 * 1024 * 1024

# Two for each picture of ten minutes, where each is a fragment of its own, and some.
_MAX_BOXES = 40_000

# Picture and sound, perhaps a second lens and what a camera says of the scene.
_MAX_TRACKS = 8

# Recorders write one or two a track: where it begins. Each may show all samples again, and libav
# makes room for every one of them: 60 KB of edits turn ten minutes into gigabytes.
_MAX_EDITS = 8

# Where the boxes that count something say how much (ISO/IEC 14496-12, 8.6.6, 8.7.3, 8.8.8),
# after the first letter of their names. They are found wherever they are nested: as a size or an
# offset in a table these letters would be nearly 2 GB.
_SAMPLES = ((b"stsz", 12), (b"stz2", 12), (b"trun", 8))
_EDITS = ((b"elst", 8),)

# A table of contents that is compressed, and a picture book instead of a film; no recorder makes
# one, and the first lets nobody look inside.
_NO_FILM = (b"cmov", b"iinf")

# Of a track's header, by its version: where its id is (8.3.2).
_TRACK_ID = {0: 12, 1: 20}

# Of the recording itself: libav reads a table to its end, whatever the size of its box says, and
# the last one may stand right before it.
_READ_BEYOND = 32


class _Box(NamedTuple):
    kind: bytes
    body: bytes


def require_plausible(path: Path) -> None:
    """Raise ClipUnreadableError when the clip claims more than any recording has."""
    try:
        tables, outermost = _read(path)
    except OSError as err:
        raise ClipUnreadableError(
            FallbackDetail.UNDECODABLE, err.strerror or "not readable"
        ) from err
    if any(kind in tables for kind in _NO_FILM):
        raise _implausible("it is no film")
    _require_tracks(outermost, tables)
    if _beyond(tables, _SAMPLES, _MAX_SAMPLES):
        raise _implausible("it claims far too many samples")
    if _beyond(tables, _EDITS, _MAX_EDITS):
        raise _implausible("it claims far too many edits")


def _require_tracks(outermost: list[_Box], tables: bytes) -> None:
    """Refuse too many tracks, and any that has no proper number.

    For each fragment of a clip with such a track libav counts to a billion. So that it cannot
    find one where we did not look, no letters of a track may be anywhere else.
    """
    tracks = [track for moov in outermost if moov.kind == b"moov" for track in _in(moov, b"trak")]
    if len(tracks) > _MAX_TRACKS:
        raise _implausible("it claims far too many tracks")
    headers = [header for track in tracks for header in _in(track, b"tkhd")]
    found = tables.count(b"trak"), tables.count(b"tkhd"), len(headers)
    numbered = all(0 < _track_id(header.body) < 1 << 31 for header in headers)
    if set(found) != {len(tracks)} or not numbered:
        raise _implausible("it has a track that is none")


def _track_id(header: bytes) -> int:
    """Return the number of a track, 0 where there is none."""
    at = _TRACK_ID.get(header[0] if header else -1, len(header))
    return int.from_bytes(header[at : at + 4]) if at + 4 <= len(header) else 0


def _beyond(tables: bytes, counts: tuple[tuple[bytes, int], ...], most: int) -> bool:
    """Say whether the counts that stand in those boxes are more than that together."""
    total = 0
    for kind, after in counts:
        at = tables.find(kind)
        while at >= 0:
            total += int.from_bytes(tables[at + after : at + after + 4])
            if total > most:
                return True
            # From the next letter on: another may begin within what was just read.
            at = tables.find(kind, at + 1)
    return False


def _in(box: _Box, kind: bytes) -> Iterator[_Box]:
    """Yield the boxes of that kind right within a box."""
    body, at = box.body, 0
    while at + 8 <= len(body):
        size, name, head = _header(body[at : at + 16], len(body) - at)
        if size < head:
            return
        if name == kind:
            yield _Box(name, body[at + head : at + size])
        at += size


def _read(path: Path) -> tuple[bytes, list[_Box]]:
    """Return all but the recording itself, which libav passes over too, and the outermost boxes."""
    tables, found = bytearray(), list[_Box]()
    with path.open("rb") as file:
        length, start = os.fstat(file.fileno()).st_size, 0
        for _ in range(_MAX_BOXES):
            file.seek(start)
            begins = file.read(_READ_BEYOND)
            size, kind, head = _header(begins, length - start)
            if size < head:
                return bytes(tables), found
            if kind != b"mdat":
                file.seek(start)
                begins = file.read(min(size, _MAX_TABLES_BYTES + 1))
                found.append(_Box(kind, begins[head:]))
            tables += begins[:size]
            if len(tables) > _MAX_TABLES_BYTES:
                break
            start += size
            if start >= length:
                return bytes(tables), found
    raise _implausible("its tables are far too large")


def _header(begins: bytes, left: int) -> tuple[int, bytes, int]:
    """Return the size of the box that begins so, its kind, and how long its header is."""
    size, kind = int.from_bytes(begins[:4]), begins[4:8]
    if size == 1:
        return int.from_bytes(begins[8:16]), kind, 16
    return left if size == 0 else size, kind, 8


def _implausible(why: str) -> ClipUnreadableError:
    return ClipUnreadableError(FallbackDetail.UNDECODABLE, why)
