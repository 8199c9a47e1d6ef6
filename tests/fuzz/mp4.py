"""An MP4 as a tree of boxes, and ways to break it that a flipped bit seldom finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from . import h264
from .noise import NUMBERS, flipped, spliced
from .seeds import clips

# What stands before the children of a box that holds others.
_HOLDS = {
    b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"edts": 0, b"dinf": 0,
    b"mvex": 0, b"moof": 0, b"traf": 0, b"udta": 0, b"mfra": 0, b"meta": 4, b"ilst": 0,
    b"stsd": 8, b"dref": 8, b"avc1": 78, b"hvc1": 78, b"hev1": 78, b"av01": 78, b"mp4v": 78,
    b"mp4a": 28,
}  # fmt: skip

# Tables, with the bytes before their count and the bytes of an entry.
_TABLES = {
    b"stts": (4, 8), b"ctts": (4, 8), b"stsc": (4, 12), b"stsz": (8, 4), b"stco": (4, 4),
    b"co64": (4, 8), b"stss": (4, 4), b"elst": (4, 12), b"trun": (4, 4), b"sidx": (22, 12),
    b"sdtp": (4, 1), b"sbgp": (8, 8), b"sgpd": (8, 4), b"dref": (4, 12), b"tfra": (12, 11),
}  # fmt: skip

_OTHER_KINDS = (
    *_HOLDS, *_TABLES, b"mdat", b"free", b"hdlr", b"cmov", b"stz2", b"tref", b"senc", b"tenc",
    b"uuid", b"url ", b"alis", b"covr", b"iloc", b"iinf", b"ipco", b"pssh", b"esds", b"avcC",
    b"hvcC", b"colr", b"pasp", b"chpl", b"gmhd", b"tmcd", b"rtp ", b"vp09", b"jpeg", b"png ",
    b"raw ", b"dvh1", b"sinf", b"schi", b"encv", b"cslg", b"keys", b"data", b"dac3", b"wave",
)  # fmt: skip


# What counts something, by libav's table of what it reads; the number stands at one of these.
_COUNTING = (
    b"iloc", b"iinf", b"ipma", b"iprp", b"iref", b"keys", b"sgpd", b"sbgp", b"stps", b"stz2",
    b"senc", b"saiz", b"saio", b"pssh", b"dref", b"sidx", b"tfra", b"chan", b"chnl", b"chpl",
    b"strf", b"glbl", b"adrm", b"cmov", b"avss", b"dec3", b"esds", b"----", b"hoov",
)  # fmt: skip
_COUNT_AT = (0, 4, 6, 8, 12, 16)


@dataclass(slots=True)
class Box:
    """One box: its own bytes, then its children."""

    kind: bytes
    head: bytearray
    children: list[Box] = field(default_factory=list)
    size: int | None = None
    """What its header claims; None tells the truth."""

    def encoded(self) -> bytes:
        """Return the box as it stands in a file."""
        body = bytes(self.head) + b"".join(child.encoded() for child in self.children)
        size = len(body) + 8 if self.size is None else self.size
        return (size & 0xFFFFFFFF).to_bytes(4) + self.kind + body

    def walk(self) -> Iterator[Box]:
        """Yield this box and all within."""
        yield self
        for child in self.children:
            yield from child.walk()


def parsed(data: bytes) -> list[Box]:
    """Return the boxes of a sound file, or of what a box holds."""
    boxes, at = [], 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + max(size, 8)]
        inner = _HOLDS.get(kind, len(body))
        boxes.append(Box(kind, bytearray(body[:inner]), parsed(body[inner:])))
        at += max(size, 8)
    return boxes


def encoded(boxes: list[Box]) -> bytes:
    """Return the file."""
    return b"".join(box.encoded() for box in boxes)


def moved(boxes: list[Box], by: int) -> None:
    """Keep the chunks where their table says, after what stands before them has grown."""
    for box in every(boxes):
        if box.kind == b"stco":
            for at in range(8, len(box.head) - 3, 4):
                offset = int.from_bytes(box.head[at : at + 4]) + by
                box.head[at : at + 4] = (offset & 0xFFFFFFFF).to_bytes(4)


def every(boxes: list[Box]) -> list[Box]:
    """Return all boxes of the file."""
    return [box for each in boxes for box in each.walk()]


def broken(random: Random) -> bytes:
    """Return a clip that is broken in one to four ways."""
    source = random.choice(clips())
    boxes = parsed(source)
    before = _media_at(boxes)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        random.choice(_WAYS)(random, boxes)
    if (after := _media_at(boxes)) != before and random.random() < 0.8:
        moved(boxes, after - before)
    clip = encoded(boxes)
    if clip == source or random.random() < 0.3:
        clip = random.choice((flipped, flipped, spliced, _cut_off))(random, clip)
    return clip


def _media_at(boxes: list[Box]) -> int:
    at = 0
    for box in boxes:
        if box.kind == b"mdat":
            break
        at += len(box.encoded())
    return at


def _number(random: Random, boxes: list[Box]) -> None:
    """Put an unlikely number somewhere into the tables."""
    leaves = [box for box in every(boxes) if box.kind != b"mdat" and len(box.head) >= 4]
    box = random.choice(leaves)
    width = random.choice((1, 2, 4, 4, 4, 8))
    at = random.randrange(max(1, len(box.head) - width + 1))
    box.head[at : at + width] = (random.choice(NUMBERS) & (1 << 8 * width) - 1).to_bytes(width)


def _table(random: Random, boxes: list[Box]) -> None:
    """Break a table: its count, its entries, or thousands more of them."""
    tables = [box for box in every(boxes) if box.kind in _TABLES]
    if not tables:
        return
    box = random.choice(tables)
    before, wide = _TABLES[box.kind]
    start = before + 4
    entries = max(1, (len(box.head) - start) // wide)
    match random.randrange(5):
        case 0:
            box.head[before:start] = (random.choice(NUMBERS) & 0xFFFFFFFF).to_bytes(4)
        case 1:
            more = random.choice((2, 100, 5_000))
            box.head += box.head[start : start + wide] * more
            box.head[before:start] = (entries + more).to_bytes(4)
        case 2:
            at = start + wide * random.randrange(entries)
            box.head[at : at + wide] = random.randbytes(wide)
        case 3:
            box.head[start:] = b"".join(
                (random.choice(NUMBERS) & (1 << 8 * wide) - 1).to_bytes(wide)
                for _ in range(entries)
            )
        case _:
            del box.head[random.randrange(len(box.head) + 1) :]


def _structure(random: Random, boxes: list[Box]) -> None:
    """Lose, double, move, rename or nest a box."""
    parents = [boxes, *(box.children for box in every(boxes) if box.children)]
    siblings = random.choice(parents)
    if not siblings:
        return
    box = random.choice(siblings)
    match random.randrange(7):
        case 0:
            siblings.remove(box)
        case 1:
            siblings.extend([box] * random.choice((1, 1, 3, 40)))
        case 2:
            siblings.remove(box)
            inside = {id(each.children) for each in box.walk()}
            random.choice([each for each in parents if id(each) not in inside]).append(box)
        case 3:
            box.kind = random.choice(_OTHER_KINDS)
        case 4:
            siblings.append(nested(random.choice(list(_HOLDS)), random.choice((3, 30, 150)), box))
        case 5:
            donor = parsed(random.choice(clips()))
            siblings.insert(random.randrange(len(siblings) + 1), random.choice(every(donor)))
        case _:
            random.shuffle(siblings)


def nested(kind: bytes, deep: int, inner: Box) -> Box:
    """Return the box within so many others."""
    for _ in range(deep):
        inner = Box(kind, bytearray(_HOLDS.get(kind, 0)), [inner])
    return inner


def _counting(random: Random, boxes: list[Box]) -> None:
    """Put in a box that claims to have very much, somewhere."""
    body = bytearray(random.choice((b"", b"\1", b"\2")).ljust(4, b"\0"))
    body += random.choice((bytes(4), b"sync", b"rap ", b"\x44\0\0\0"))
    body += bytes(random.choice((2, 12, 40)))
    at = random.choice(_COUNT_AT)
    body[at : at + 4] = random.choice((0x0FFFFF00, 2**28, 2**31 - 1, 2**32 - 1, 10**7)).to_bytes(4)
    siblings = random.choice([boxes, *(box.children for box in every(boxes) if box.children)])
    siblings.insert(
        random.randrange(len(siblings) + 1), Box(random.choice(_COUNTING), bytearray(body))
    )


def _size(random: Random, boxes: list[Box]) -> None:
    """Let a box claim another size."""
    box = random.choice(every(boxes))
    true = len(box.encoded())
    box.size = random.choice((*NUMBERS, true - 1, true + 1, true * 2, true // 2))


def _parameters(random: Random, boxes: list[Box]) -> None:
    """Break what tells the decoder how to begin."""
    found = [box for box in every(boxes) if box.kind in {b"avcC", b"hvcC", b"av1C", b"esds"}]
    if not found:
        return
    box = random.choice(found)
    if box.kind == b"avcC" and random.random() < 0.5:
        box.head[:] = h264.configuration(h264.wild(random), bytes(box.head))
    else:
        for _ in range(random.choice((1, 1, 3, 12))):
            box.head[random.randrange(len(box.head))] ^= 1 << random.randrange(8)


def _dimensions(random: Random, boxes: list[Box]) -> None:
    """Let the sample description claim another size."""
    found = [box for box in every(boxes) if _HOLDS.get(box.kind) == 78]
    if found:
        random.choice(found).head[24:28] = b"".join(
            random.choice((0, 1, 17, 4_000, 16_384, 65_535)).to_bytes(2) for _ in range(2)
        )


def _pictures(random: Random, boxes: list[Box]) -> None:
    """Break the recording itself: bits of pictures, their lengths, or other pictures among them."""
    found = [box for box in boxes if box.kind == b"mdat" and len(box.head) > 64]
    if not found:
        return
    body = random.choice(found).head
    match random.randrange(5):
        case 0:
            for _ in range(random.choice((1, 4, 40, 400))):
                body[random.randrange(len(body))] ^= 1 << random.randrange(8)
        case 1:
            at = random.randrange(len(body) - 16)
            body[at : at + 4] = random.choice(NUMBERS).to_bytes(8)[-4:]
        case 2:
            unit = h264.unit(h264.wild(random))
            at = (
                random.choice((0, random.randrange(len(body) - len(unit))))
                if len(body) > len(unit)
                else 0
            )
            body[at : at + len(unit) + 4] = len(unit).to_bytes(4) + unit
        case 3:
            a, b = (random.randrange(len(body)) for _ in range(2))
            long = random.randrange(1, 2_000)
            body[a : a + long] = body[b : b + long]
        case _:
            at = random.randrange(len(body))
            body[at : at + 200] = bytes(random.choice((0, 255)) for _ in range(1)) * 200


def _times(random: Random, boxes: list[Box]) -> None:
    """Break a clock: its ticks a second, or how long something lasts."""
    found = [box for box in every(boxes) if box.kind in {b"mvhd", b"mdhd", b"tkhd", b"mehd"}]
    if found:
        box = random.choice(found)
        at = random.choice((0, 8, 12, 16, 20))
        box.head[at : at + 4] = (random.choice(NUMBERS) & 0xFFFFFFFF).to_bytes(4)


def _tracks(random: Random, boxes: list[Box]) -> None:
    """Let the clip have many tracks."""
    for box in boxes:
        tracks = [child for child in box.children if child.kind == b"trak"]
        if tracks:
            box.children += [random.choice(tracks)] * random.choice((1, 5, 50))


_WAYS: tuple[Callable[[Random, list[Box]], None], ...] = (
    _number, _number, _number, _table, _table, _table, _structure, _structure, _counting, _size,
    _parameters, _parameters, _dimensions, _pictures, _pictures, _pictures, _times, _tracks,
)  # fmt: skip


def _cut_off(random: Random, clip: bytes) -> bytes:
    return clip[: random.randrange(len(clip))]
