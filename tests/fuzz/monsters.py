"""Clips and pictures made by hand, each of which asks for more than it should get."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BytesIO

import av
from av.video.stream import VideoStream
import numpy as np

from . import h264, jpeg
from .mp4 import Box, encoded, every, moved, parsed
from .seeds import clips, pictures

_MILLIONS = (60_000_000).to_bytes(4)

_WHOLE, _SOUND, _FRAGMENTS, _REORDERED = 0, 1, 5, 9


def one(name: bytes, boxes: list[Box]) -> Box:
    """Return the first box of that kind."""
    return next(box for box in every(boxes) if box.kind == name)


def changed(source: int, change: Callable[[list[Box]], None]) -> bytes:
    """Return a sound clip with something changed in its tables, which may grow by it."""
    boxes = parsed(clips()[source])
    before = len(boxes[1].encoded())
    change(boxes)
    moved(boxes, len(boxes[1].encoded()) - before)
    return encoded(boxes)


def written(source: int, kind: bytes, at: int, value: bytes) -> bytes:
    """Return a sound clip with those bytes at that place of all boxes of that kind."""

    def change(boxes: list[Box]) -> None:
        for box in every(boxes):
            if box.kind == kind:
                box.head[at : at + len(value)] = value

    return changed(source, change)


def with_table(source: int, kind: bytes, entries: bytes, count: int) -> bytes:
    """Return a sound clip with another table, of eight bytes before its entries."""

    def change(boxes: list[Box]) -> None:
        for box in every(boxes):
            if box.kind == kind:
                box.head[:] = bytes(4) + count.to_bytes(4) + entries

    return changed(source, change)


def _described_as(boxes: list[Box], sps: h264.Sps) -> None:
    box = one(b"avcC", boxes)
    box.head[:] = h264.configuration(sps, bytes(box.head))


def _many_samples(boxes: list[Box], count: int) -> None:
    """Let the clip really have so many samples, all of them the same few bytes."""
    one(b"stsz", boxes).head[:] = bytes(4) + (40).to_bytes(4) + count.to_bytes(4)
    one(b"stts", boxes).head[:] = bytes(4) + (1).to_bytes(4) + count.to_bytes(4) + (1).to_bytes(4)
    one(b"stco", boxes).head[4:] = count.to_bytes(4) + one(b"stco", boxes).head[8:12] * count
    one(b"stsc", boxes).head[4:] = b"".join(each.to_bytes(4) for each in (1, 1, 1, 1))


def _many_tracks(boxes: list[Box]) -> None:
    moov = one(b"moov", boxes)
    moov.children += [one(b"trak", boxes)] * 1_000


def _hidden_table(boxes: list[Box]) -> None:
    """Put the letters of a table right before a table that claims too much."""
    table = one(b"stbl", boxes)
    sizes = one(b"stsz", boxes)
    table.children.insert(table.children.index(sizes), Box(b"free", bytearray(b"stsz")))
    sizes.head[:] = bytes(4) + (1).to_bytes(4) + _MILLIONS


def _table_at_the_end(boxes: list[Box]) -> None:
    """Let the last table end before its own count, which lies in the recording."""
    stbl = one(b"stbl", boxes)
    stbl.children.remove(one(b"stsz", boxes))
    one(b"moov", boxes).children.append(Box(b"stsz", bytearray()))
    boxes[:] = [box for box in boxes if box.kind != b"free"]
    one(b"mdat", boxes).head[:4] = _MILLIONS


def _unnumbered(boxes: list[Box]) -> None:
    """Give the sound no number, and the film many fragments."""
    [box for box in every(boxes) if box.kind == b"tkhd"][-1].head[12:16] = b"\xff" * 4
    boxes += [box for box in boxes if box.kind == b"moof"] * 20


def _many_edits(boxes: list[Box]) -> None:
    """Show many samples again and again."""
    _many_samples(boxes, 199_000)
    edit = (1_400).to_bytes(4) + bytes(4) + (0x10000).to_bytes(4)
    one(b"elst", boxes).head[:] = bytes(4) + (5_000).to_bytes(4) + edit * 5_000


def _elsewhere(address: bytes) -> Callable[[list[Box]], None]:
    """Return what lets the recording lie in another file, or on the network."""

    def change(boxes: list[Box]) -> None:
        for box in every(boxes):
            if box.kind == b"dref":
                box.children[:] = [Box(b"url ", bytearray(bytes(4) + address + b"\0"))]

    return change


def _alias(path: bytes) -> Callable[[list[Box]], None]:
    """Return the same in the way of old Macintoshes, which libav reads too."""

    def change(boxes: list[Box]) -> None:
        name = path.rsplit(b"/", 1)[-1][:63]
        record = bytearray(150)
        record[10:38] = b"\0" * 28
        record[50 : 51 + len(name)] = bytes((len(name),)) + name
        record += (2).to_bytes(2) + len(path).to_bytes(2) + path + b"\0" * (len(path) % 2)
        record += (18).to_bytes(2) + (1).to_bytes(2) + b"/\0" + b"\xff\xff\0\0"
        for box in every(boxes):
            if box.kind == b"dref":
                box.children[:] = [Box(b"alis", bytearray(bytes(4) + record))]

    return change


def elsewhere(address: bytes) -> bytes:
    """Return a clip whose recording is said to be at that address, with none of its own."""
    return changed(_WHOLE, _elsewhere(address))


def alias(path: bytes) -> bytes:
    """Return a clip whose recording is said to be in that file."""
    return changed(_WHOLE, _alias(path))


def with_cover(picture: bytes) -> bytes:
    """Return a clip that carries a picture of itself before its own tracks."""

    def change(boxes: list[Box]) -> None:
        data = Box(b"data", bytearray((13).to_bytes(4) + bytes(4) + picture))
        cover = Box(b"ilst", bytearray(), [Box(b"covr", bytearray(), [data])])
        handler = Box(b"hdlr", bytearray(bytes(8) + b"mdirappl" + bytes(9)))
        meta = Box(b"meta", bytearray(4), [handler, cover])
        one(b"moov", boxes).children.insert(1, Box(b"udta", bytearray(), [meta]))

    return changed(_WHOLE, change)


def growing(width: int, height: int) -> bytes:
    """Return a small clip whose second half is another of that size, told in mid-stream."""
    small = _packets(96, 64)
    large = _packets(width, height)
    buffer = BytesIO()
    with (
        av.open(BytesIO(clips()[_REORDERED])) as source,
        av.open(buffer, "w", format="mp4") as target,
    ):
        outlet = target.add_stream_from_template(source.streams.video[0])
        for number, data in enumerate((*small, *large)):
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.is_keyframe = Fraction(1, 10), number in {0, len(small)}
            packet.stream = outlet
            target.mux(packet)
    return buffer.getvalue()


def _packets(width: int, height: int) -> list[bytes]:
    """Return some pictures in H.264, with their parameters among them and lengths before them."""
    options = {"preset": "ultrafast", "x264-params": "annexb=0:repeat-headers=1:bframes=0"}
    found: list[bytes] = []
    with av.open(BytesIO(), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(
            np.full((height * 3 // 2, width), 90, np.uint8), "yuv420p"
        )
        for number in range(4):
            frame.pts = number
            found += [bytes(packet) for packet in stream.encode(frame)]
        found += [bytes(packet) for packet in stream.encode()]
    return found


def unnamed() -> bytes:
    """Return a clip whose sound is in a codec whose name is no text; libav finds out which."""

    def change(boxes: list[Box]) -> None:
        one(b"mp4a", boxes).kind = b"mp\xb4a"

    return changed(_SOUND, change)


def _long(boxes: list[Box]) -> None:
    for box in every(boxes):
        if box.kind in {b"mvhd", b"mdhd"}:
            box.head[16:20] = b"\xff\xff\xff\xfe"
    one(b"stts", boxes).head[12:16] = (2**24).to_bytes(4)


def _nested(deep: int) -> bytes:
    """Return boxes within boxes, and a clip behind them."""
    body = b""
    for _ in range(deep):
        body = (len(body) + 8).to_bytes(4) + b"moov" + body
    return body + clips()[_WHOLE]


def _album(count: int = 0x0FFFFF00) -> Box:
    """Return the table of a picture book of so many pictures, and no picture."""
    return Box(b"iloc", bytearray(b"\2\0\0\0" + b"\x44\0" + count.to_bytes(4)))


def _into(kind: bytes, source: int = _SOUND) -> bytes:
    """Return a sound clip with such a table within its first box of that kind."""
    return changed(source, lambda boxes: one(kind, boxes).children.append(_album()))


def _told_with(title: bytes, value: Box) -> bytes:
    """Return a sound clip of that title, and with one more word said of it."""

    def change(boxes: list[Box]) -> None:
        words = [Box(b"\xa9nam", bytearray(len(title).to_bytes(2) + b"\0\0" + title)), value]
        one(b"moov", boxes).children.append(Box(b"udta", bytearray(), words))

    return changed(_WHOLE, change)


def titled(words: bytes) -> bytes:
    """Return a sound clip in whose metadata those words are everywhere."""

    def change(boxes: list[Box]) -> None:
        data = Box(b"data", bytearray((1).to_bytes(4) + bytes(4) + words))
        tags = Box(b"ilst", bytearray(), [Box(b"\xa9nam", bytearray(), [data])])
        handler = Box(b"hdlr", bytearray(bytes(8) + b"mdirappl" + bytes(8) + words + b"\0"))
        named = Box(b"name", bytearray(words))
        udta = [Box(b"meta", bytearray(4), [handler, tags]), named, Box(b"free", bytearray(words))]
        one(b"moov", boxes).children.append(Box(b"udta", bytearray(), udta))
        for box in every(boxes):
            if box.kind == b"hdlr" and box is not handler:
                box.head[24:] = words + b"\0"
        boxes.insert(1, Box(b"free", bytearray(words)))

    boxes = parsed(clips()[_SOUND])
    before = len(boxes[0].encoded()) + len(boxes[1].encoded())
    change(boxes)
    moved(boxes, sum(len(box.encoded()) for box in boxes[:3]) - before)
    return encoded(boxes)


def _index(offset: int) -> bytes:
    """Return a clip in fragments whose index says that there is one so far behind it."""
    head = b"\1\0\0\0" + (1).to_bytes(4) + (10).to_bytes(4) + bytes(8)
    part = (100).to_bytes(4) + (1).to_bytes(4) + bytes(4)
    told = head + (offset & 2**64 - 1).to_bytes(8) + (1).to_bytes(4) + part
    boxes = parsed(clips()[_FRAGMENTS])
    boxes.insert(2, Box(b"sidx", bytearray(told)))
    return encoded(boxes)


def _behind_a_palette(boxes: list[Box]) -> None:
    """Let a picture have colours of its own, which libav reads before it looks for boxes."""
    coding = one(b"avc1", boxes)
    coding.head[74:78] = (8).to_bytes(2) + bytes(2)
    colours = bytes(4 + 2 + 2 + 8)  # one of them
    coding.children.insert(0, Box(b"free", bytearray(colours[8:] + _album().encoded())))


def one_sample(size: int) -> bytes:
    """Return a clip whose only sample has that size, and is nothing."""

    def change(boxes: list[Box]) -> None:
        for box in every(boxes):
            if box.kind == b"stsz":
                box.head[4:] = bytes(4) + (1).to_bytes(4) + size.to_bytes(4)
            elif box.kind in {b"stts", b"ctts"}:
                box.head[4:] = (1).to_bytes(4) + (1).to_bytes(4) + (1).to_bytes(4)
            elif box.kind == b"stsc":
                box.head[4:] = b"".join(each.to_bytes(4) for each in (1, 1, 1, 1))
            elif box.kind == b"stco":
                box.head[4:] = (1).to_bytes(4) + box.head[8:12]
            elif box.kind == b"mdat":
                box.head += bytes(size)

    return changed(_WHOLE, change)


def _reach(size: int) -> bytes:
    """Return a clip whose recording is said to go on for so many bytes."""
    boxes = parsed(clips()[_WHOLE])
    one(b"mdat", boxes).size = size
    return encoded(boxes)


def films() -> Iterator[tuple[str, bytes]]:
    """Yield clips that are to be refused, or shown as far as they are sound, in no time."""
    huge = h264.Sps(macroblocks_wide=6_250, macroblocks_high=6_250)
    wide = h264.Sps(macroblocks_wide=65_535, macroblocks_high=65_535, references=16)
    yield "says 65,535 x 65,535", written(_WHOLE, b"avc1", 24, b"\xff" * 4)
    yield "is 100,000 x 100,000", changed(_WHOLE, lambda boxes: _described_as(boxes, huge))
    yield "is a million pixels wide", changed(_WHOLE, lambda boxes: _described_as(boxes, wide))
    yield "2^32 samples", written(_WHOLE, b"stsz", 4, b"\0\0\0\1" + b"\xff" * 4)
    yield "a hidden table", changed(_WHOLE, _hidden_table)
    yield "a table that ends early", changed(_WHOLE, _table_at_the_end)
    yield "a million samples", changed(_WHOLE, lambda boxes: _many_samples(boxes, 1_000_000))
    yield "199,000 samples", changed(_WHOLE, lambda boxes: _many_samples(boxes, 199_000))
    sound = clips()[_WHOLE]
    yield "an album of 2^28 pictures, first", _album().encoded() + sound
    yield "an album of 2^28 pictures, last", sound + _album().encoded()
    yield "an album among a film's words", _told_with(b"A title", _album())
    yield "an album in what the sound is coded in", _into(b"mp4a")
    for kind in (b"stbl", b"trak", b"meta", b"ilst", b"moof", b"traf"):
        source = _FRAGMENTS if kind in {b"moof", b"traf"} else _SOUND
        yield f"an album in {kind.decode()}", _into(kind, source)
    yield "an index into the recording", _index(900)
    yield "an index that goes back", _index(-900)
    yield "an album behind a palette", changed(_WHOLE, _behind_a_palette)
    yield "one sample of 100 MB", one_sample(100_000_000)
    yield "one sample as large as one may be", one_sample(16 * 1024 * 1024)
    yield "hours", changed(_SOUND, _long)
    yield "a thousand tracks", changed(_SOUND, _many_tracks)
    yield "tracks without a number", changed(_FRAGMENTS, _unnumbered)
    edit = (1_400).to_bytes(4) + bytes(4) + (0x10000).to_bytes(4)
    yield "5,000 edits", with_table(_WHOLE, b"elst", edit * 5_000, 5_000)
    yield "5,000 edits of 199,000 samples", changed(_WHOLE, _many_edits)
    yield "2^32 edits", with_table(_WHOLE, b"elst", edit, 2**32 - 1)
    backwards = (1).to_bytes(4) + b"\xff\xff\xff\x00"
    yield "time that goes back", with_table(_WHOLE, b"stts", backwards * 14, 14)
    shifts = ((1).to_bytes(4) + b"\x80\0\0\0" + (1).to_bytes(4) + b"\x7f\xff\xff\xff") * 7
    yield "time that leaps", with_table(_REORDERED, b"ctts", shifts, 14)
    yield "endless steps", with_table(_WHOLE, b"stts", b"\xff" * 8, 1)
    yield "shifts for ever", with_table(_REORDERED, b"ctts", b"\xff" * 8, 1)
    yield "a late beginning", written(_FRAGMENTS, b"tfdt", 4, b"\x7f" + b"\xff" * 7)
    yield "no clock", written(_SOUND, b"mdhd", 12, bytes(4))
    yield "no clock at all", written(_SOUND, b"mvhd", 12, bytes(4))
    yield "the fastest clock", written(_SOUND, b"mdhd", 12, b"\xff" * 4)
    yield "a codec whose name is no text", unnamed()
    yield "2 GB of recording", _reach(2**31)
    yield "2 GB of tables", clips()[_WHOLE] + (2**31).to_bytes(4) + b"moov" + bytes(64)
    yield "boxes 10,000 deep", _nested(10_000)
    yield "no file but an address", elsewhere(b"http://127.0.0.1:9/clip.mp4")


def frames() -> Iterator[tuple[str, bytes]]:
    """Yield the same for pictures."""
    baseline, progressive, _, _, cmyk, *_ = pictures()
    yield "100,000 x 100,000, as far as a header goes", jpeg.resized(baseline, 65_535, 65_535)
    yield "a bomb", jpeg.resized(progressive, 65_500, 65_500)
    yield "a bomb in four colours", jpeg.resized(cmyk, 40_000, 40_000)
    yield "just too many pixels", jpeg.resized(progressive, 4_124, 4_124)
    yield "as many pixels as are allowed", jpeg.resized(progressive, 4_123, 4_123)
    yield "as many, in four colours", jpeg.resized(cmyk, 4_123, 4_123)
    yield "one pixel high", jpeg.resized(baseline, 65_500, 1)
    parts = jpeg.segments(progressive)
    scan = next(part for part in parts if part[0] == 0xDA)
    large = jpeg.segments(jpeg.resized(progressive, 4_123, 4_123))
    yield "10,000 scans", jpeg.encoded([*large, *[scan] * 10_000])
    yield "as many scans as are allowed", jpeg.encoded([*large, *[scan] * 38])
    yield "a thousand comments", jpeg.encoded([*[(0xFE, bytes(60_000))] * 100, *parts])
