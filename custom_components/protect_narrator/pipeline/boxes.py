"""An MP4's own account of itself, checked before libav believes it.

libav makes room for as many things as a table says there are: 4 KB of a clip that says it has
sixty million samples take 4 GB, and kill Home Assistant. Other tables keep it busy for hours in
one call, which nothing can stop. It reads 126 kinds of boxes, wherever one is, and more with
each version; so the file is read here as libav reads it, box by box, and what no recorder
writes is refused, unread. Of what is left, ``tables`` checks every count.
"""

from collections.abc import Iterable, Iterator, Mapping
import os
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from .errors import ClipUnreadableError
from .models import FallbackDetail
from .tables import (
    MOST_SAMPLES,
    implausible,
    number,
    require_chunks,
    require_parameters,
    require_places,
    samples_in,
    track_id,
)

# All that is not pictures and sound: of ten minutes about 1 MB.
_MAX_TABLES_BYTES = 16 * 1024 * 1024

# Two for each picture of ten minutes, where each is a fragment of its own, and some.
_MAX_BOXES = 40_000

# Seven in each such fragment, and what it stands in.
_MAX_INNER_BOXES = 300_000

# Picture and sound, perhaps a second lens and what a camera says of the scene.
_MAX_TRACKS = 8

# Of sound in pieces of one tick libav reads a thousand at once.
_MOST_CHANNELS = 32
_LARGEST_PIECE = 16 * 1024


def _kinds(names: str) -> frozenset[bytes]:
    """Return the kinds; a full stop stands for a space."""
    return frozenset(name.replace(".", " ").encode() for name in names.split())


# What libav passes over or takes whole, by its size; b"\0\0\0\0" is how QuickTime ends a list.
_ANYWHERE = _kinds("free skip wide uuid") | {bytes(4)}

# What recorders and cameras write into each box (ISO/IEC 14496-12, -14 and -15, QuickTime, and
# what libavformat's muxer writes).
_WITHIN: Mapping[bytes, frozenset[bytes]] = MappingProxyType(
    {
        b"": _kinds("ftyp styp mdat moov moof mfra sidx ssix emsg prft pdin meta"),
        b"moov": _kinds("mvhd trak mvex udta meta iods"),
        b"trak": _kinds("tkhd edts mdia udta meta tref tapt load trgr"),
        b"edts": _kinds("elst"),
        b"tref": _kinds("cdsc hint tmcd sync"),
        b"mdia": _kinds("mdhd hdlr minf elng"),
        b"minf": _kinds("vmhd smhd hmhd nmhd sthd gmhd hdlr dinf stbl"),
        b"dinf": _kinds("dref"),
        b"dref": _kinds("url. urn. alis"),
        b"stbl": _kinds(
            "stsd stts ctts cslg stss stps stsz stz2 stsc stco co64 sgpd sbgp sdtp padb stdp subs"
        ),
        b"mvex": _kinds("mehd trex trep leva"),
        b"moof": _kinds("mfhd traf"),
        b"traf": _kinds("tfhd tfdt trun sgpd sbgp sdtp subs"),
        b"udta": _kinds(
            "meta name hnti hinf cprt titl auth perf gnre dscp albm yrrc rtng clsf kywd loci date"
            " tsel strk ptv. manu modl LOOP AllF SelO WLOC Xtra"
        ),
        b"meta": _kinds("hdlr ilst keys xml. mhdr ctry lang ID32"),
        b"ilst": _kinds(
            "---- aART covr cpil cprt desc ldes disk trkn tmpo gnre stik pgap pcst hdvd keyw catg"
            " purd purl egid rtng rate sonm soar soaa soal soco sosn tven tves tvnn tvsh tvsn"
        ),
        b"vide": _kinds("avcC hvcC av1C esds btrt colr pasp clap fiel gama mdcv clli dvcC dvvC"),
        b"soun": _kinds("esds dOps wave chan btrt pcmC damr srat"),
        b"wave": _kinds("frma mp4a esds chan enda"),
    }
)

# At the outermost, of which not even the size matters.
_PASSED_OVER = _kinds("mdat free skip") | {bytes(4)}

# What is said in words, and by number, is named by whoever says it.
_NAMED: Mapping[bytes, bytes] = MappingProxyType({b"udta": b"\xa9", b"ilst": b"\xa9\0"})

# All others are there once; libav would make room for each again.
_REPEATED = _ANYWHERE | _kinds(
    "mdat moof sidx ssix styp emsg prft trak trex traf trun sgpd sbgp subs udta meta url. urn. alis"
    " cprt titl auth dscp perf gnre kywd covr ----"
)

# Whether a track is of pictures or sound decides how libav reads what it is coded in.
_PICTURES, _SOUND = b"vide", b"soun"
_DECIDE = frozenset({_PICTURES, _SOUND, b"m1a ", b"subp", b"clcp"})

# Of other tracks: what libav takes for neither, and has no boxes within.
_NEITHER = _kinds("tmcd text tx3g mett metx mebx urim stpp wvtt sbtt stxt gpmd camm rtmd fdsc c608")

# Where the boxes begin in what describes a coding (8.5.2, 12.1.3, 12.2.3): of pictures, and of
# sound in three versions.
_PICTURES_HEAD, _SOUND_HEADS = 78, (28, 44, 64)

# Depths at which libav reads colours of its own first; cameras write 24.
_PALETTES = frozenset({1, 2, 4, 8})


def require_plausible(path: Path) -> None:
    """Raise ClipUnreadableError when the clip claims more than any recording has."""
    try:
        with path.open("rb") as file:
            _File(file).check()
    except OSError as err:
        raise ClipUnreadableError(
            FallbackDetail.UNDECODABLE, err.strerror or "not readable"
        ) from err


class _File:
    """The outermost boxes of a clip."""

    def __init__(self, file: BinaryIO) -> None:
        """Look into an open file."""
        self._file = file
        self._length = os.fstat(file.fileno()).st_size
        self._claims = _Claims()
        self._read = 0
        self._begins: set[int] = set()
        self._indexed: list[int] = []

    def check(self) -> None:
        """Raise ClipUnreadableError when it claims more than any recording has."""
        outermost = self._outermost()
        self._claims.walk(b"", outermost)
        if not self._claims.has_tables:
            # libav would look for it in places where none should be.
            raise implausible("it has no tables")
        # What libav is told to read next has to be what was read here.
        told = (at for at in self._indexed if not self._length <= at < 1 << 62)
        if any(at not in self._begins for at in told):
            raise implausible("an index of what is not there")

    def _outermost(self) -> Iterator[tuple[bytes, memoryview]]:
        """Yield kind and body of each; nothing of the recording, which libav does not read."""
        start = 0
        while start < self._length:
            if len(self._begins) >= _MAX_BOXES:
                raise implausible("its tables are far too large")
            self._begins.add(start)
            self._file.seek(start)
            begins = self._file.read(16)
            size, kind, head = _header(begins, self._length - start)
            if size < head or len(begins) < 8:
                return  # libav stops there too
            if kind in _PASSED_OVER:
                yield kind, memoryview(b"")
            else:
                body = self._body(start, size, head)
                if kind == b"sidx":
                    self._indexed += _indexed(body, start + size)
                yield kind, body
            start += size

    def _body(self, start: int, size: int, head: int) -> memoryview:
        """Return the whole body of a box; what is cut off is zero, as libav reads it."""
        self._read += size
        if head != 8 or self._read > _MAX_TABLES_BYTES:
            raise implausible("its tables are far too large")
        self._file.seek(start + head)
        return memoryview(self._file.read(size - head).ljust(size - head, b"\0"))


class _Claims:
    """What is said within the boxes, added up."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self.has_tables = False
        self._boxes = 0
        self._samples = 0
        self._tracks = 0
        self._handler: bytes | None = None

    def walk(self, parent: bytes, boxes: Iterable[tuple[bytes, memoryview]]) -> None:
        """Check what is within a box, in its order; refuse what no recorder puts there."""
        bodies: dict[bytes, memoryview] = {}
        for kind, body in boxes:
            if not _may_be(kind, parent):
                raise implausible("a box that no recorder writes")
            if kind in bodies and kind not in _REPEATED:
                raise implausible("a box that is there twice")
            bodies[kind] = body
            self._boxes += 1
            if self._boxes > _MAX_INNER_BOXES:
                raise implausible("its tables are far too large")
            self._look_into(parent, kind, body)
        if parent == b"trak" and not 0 < track_id(bodies.get(b"tkhd", memoryview(b""))) < 1 << 31:
            # For each fragment of a clip with such a track libav counts to a billion.
            raise implausible("it has a track that is none")
        if b"stsc" in bodies:
            places = [bodies[each] for each in (b"stco", b"co64") if each in bodies]
            require_chunks(bodies[b"stsc"], max((number(each, 4) for each in places), default=0))

    def _look_into(self, parent: bytes, kind: bytes, body: memoryview) -> None:
        match kind:
            case b"moov":
                self.has_tables = True
            case b"trak":
                self._begin_track()
            case b"hdlr":
                self._handle(parent, bytes(body[8:12]))
            case b"dref":
                require_places(body)
                body = body[8:]
            case b"meta":
                body = _said(body)
            case b"esds":
                require_parameters(body)
            case b"stsd":
                self._descriptions(body)
            case _:
                self._samples += samples_in(kind, body)
        if self._samples > MOST_SAMPLES:
            raise implausible("it claims far too many samples")
        if kind in _WITHIN:
            self.walk(kind, _boxes_in(body))

    def _begin_track(self) -> None:
        self._tracks += 1
        self._handler = None
        if self._tracks > _MAX_TRACKS:
            raise implausible("it claims far too many tracks")

    def _handle(self, parent: bytes, kind: bytes) -> None:
        """Note what the track is of; whatever says so elsewhere must not make libav change it."""
        if parent == b"mdia":
            self._handler = kind
        elif kind in _DECIDE:
            raise implausible("a track of two kinds")

    def _descriptions(self, stsd: memoryview) -> None:
        """Check how the samples are coded; of each way libav reads the boxes behind its head."""
        for kind, entry in _boxes_in(stsd[8:]):
            if self._handler in {_PICTURES, _SOUND}:
                pictures = self._handler == _PICTURES
                head = _pictures_head(entry) if pictures else _sound_head(stsd, entry)
                if len(entry) < head:
                    raise implausible("a box that is larger than what it is in")
                self.walk(self._handler, _boxes_in(entry[head:]))
            elif kind not in _NEITHER:
                raise implausible("a track of a kind that no recorder writes")


def _may_be(kind: bytes, parent: bytes) -> bool:
    return kind in _ANYWHERE or kind in _WITHIN[parent] or kind[0] in _NAMED.get(parent, b"")


def _boxes_in(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and body of the boxes that stand there, as libav finds them."""
    at = 0
    while at + 8 <= len(body):
        size, kind = number(body, at), bytes(body[at + 4 : at + 8])
        if size == 0:
            size = len(body) - at
        if size == 1 or size > len(body) - at:
            raise implausible("a box that is larger than what it is in")
        if size < 8:
            return
        yield kind, body[at + 8 : at + size]
        at += size


def _said(meta: memoryview) -> memoryview:
    """Return the boxes of a ``meta``; libav looks for the first of them, by name."""
    for at in range(0, len(meta) - 4, 4):
        if bytes(meta[at : at + 4]) == b"hdlr":
            if at < 4:
                break
            return meta[at - 4 :]
    else:
        return memoryview(b"")
    raise implausible("a box that is larger than what it is in")


def _pictures_head(entry: memoryview) -> int:
    """Return where the boxes begin in a description of pictures."""
    if number(entry, 74, 2) & 31 in _PALETTES:
        raise implausible("a picture with colours of its own")
    return _PICTURES_HEAD


def _sound_head(stsd: memoryview, entry: memoryview) -> int:
    """Return where the boxes begin in a description of sound; QuickTime's versions say more."""
    version, channels = number(entry, 8, 2), number(entry, 16, 2)
    pieces = number(entry, 36), 0
    if (version and number(stsd, 0, 1)) or version >= len(_SOUND_HEADS):
        raise implausible("sound that is told in a way that no recorder does")
    if version == 2:
        channels, pieces = number(entry, 40), (number(entry, 56), number(entry, 60))
    if channels > _MOST_CHANNELS or (version and max(pieces) > _LARGEST_PIECE):
        raise implausible("sound of far too many channels")
    return _SOUND_HEADS[version]


def _indexed(sidx: memoryview, end: int) -> list[int]:
    """Return where in the file the parts begin that an index tells of (8.16.3)."""
    wide = 8 if number(sidx, 0, 1) else 4
    at = 12 + 2 * wide
    count, start = number(sidx, at + 2, 2), end + number(sidx, 12 + wide, wide)
    if at + 4 + 12 * count > len(sidx):
        raise implausible("a table that ends before its entries do")
    starts = []
    for place in range(at + 4, at + 4 + 12 * count, 12):
        starts.append(start)
        start += number(sidx, place) & 0x7FFFFFFF
    return starts


def _header(begins: bytes, left: int) -> tuple[int, bytes, int]:
    """Return the size of the box that begins so, its kind, and how long its header is."""
    size, kind = int.from_bytes(begins[:4]), begins[4:8]
    if size == 1:
        return int.from_bytes(begins[8:16]), kind, 16
    return left if size == 0 else size, kind, 8
