"""An MP4's own account of itself, checked before libav believes it.

libav makes room for as many samples as a table says there are: 4 KB of a clip that says it has
sixty million take 4 GB, and kill Home Assistant.
"""

import os
from pathlib import Path
import re

from .errors import ClipUnreadableError
from .models import FallbackDetail

# Ten minutes have 18,000 pictures and 28,000 pieces of sound; in libav each takes 71 bytes.
_MAX_SAMPLES = 200_000

# All that is not pictures and sound: of ten minutes about 1 MB.
_MAX_TABLES_BYTES = 16 * 1024 * 1024

# Two for each picture of ten minutes, where each is a fragment of its own, and some.
_MAX_BOXES = 40_000

# The boxes that say how many samples there are, of a whole file and of a fragment (ISO/IEC
# 14496-12, 8.7.3 and 8.8.8). Found wherever they are nested: as a size or an offset in a
# table these letters would be nearly 2 GB.
_COUNTS = re.compile(rb"(?:stsz|stz2).{8}(....)|trun.{4}(....)", re.DOTALL)

# A table of contents that is compressed; no recorder makes one, and nobody can look inside.
_COMPRESSED = b"cmov"


def require_plausible(path: Path) -> None:
    """Raise ClipUnreadableError when the clip claims more than any recording has."""
    try:
        tables = _tables(path)
    except OSError as err:
        raise ClipUnreadableError(
            FallbackDetail.UNDECODABLE, err.strerror or "not readable"
        ) from err
    samples = sum(int.from_bytes(whole or part) for whole, part in _COUNTS.findall(tables))
    if samples > _MAX_SAMPLES or _COMPRESSED in tables:
        raise ClipUnreadableError(FallbackDetail.UNDECODABLE, "it claims far too many samples")


def _tables(path: Path) -> bytes:
    """Return the outermost boxes without the recording itself, which libav passes over too."""
    tables = bytearray()
    with path.open("rb") as file:
        length, start = os.fstat(file.fileno()).st_size, 0
        for _ in range(_MAX_BOXES):
            file.seek(start)
            header = file.read(16)
            size, kind = int.from_bytes(header[:4]), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:])
            elif size == 0:
                size = length - start
            if size < 8:
                return bytes(tables)
            if kind != b"mdat":
                file.seek(start)
                tables += file.read(min(size, _MAX_TABLES_BYTES + 1))
            if len(tables) > _MAX_TABLES_BYTES:
                break
            start += size
            if start >= length:
                return bytes(tables)
    raise ClipUnreadableError(FallbackDetail.UNDECODABLE, "its tables are far too large")
