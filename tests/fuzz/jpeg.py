"""A JPEG as a list of segments, and ways to break it."""

from collections.abc import Callable
from random import Random
import struct

from .noise import flipped, spliced
from .seeds import pictures

type Segments = list[tuple[int, bytes]]
"""Marker and body, without length; of a scan the body includes its coded data."""

_SOI, _EOI, _SOS, _DQT, _DHT, _DRI, _APP1 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xE1
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})


def segments(data: bytes) -> Segments:
    """Return what stands between start and end of a sound picture."""
    found: Segments = []
    at = 2
    while at + 4 <= len(data) and data[at + 1] != _EOI:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        end = at + 2 + length
        if marker == _SOS:
            while data[end] != 0xFF or data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                end += 1
        found.append((marker, data[at + 4 : end]))
        at = end
    return found


def encoded(parts: Segments, lengths: dict[int, int] | None = None) -> bytes:
    """Return the picture; ``lengths`` are those that some segments claim, by their number."""
    whole = bytearray(b"\xff\xd8")
    for number, (marker, body) in enumerate(parts):
        # Of a scan only the header is counted: one byte, two a component, three more.
        true = 2 + (4 + 2 * body[0] if marker == _SOS and body else len(body))
        length = (lengths or {}).get(number, true)
        whole += bytes((0xFF, marker)) + (length & 0xFFFF).to_bytes(2) + body
    return bytes(whole + b"\xff\xd9")


def broken(random: Random) -> bytes:
    """Return a picture that is broken in one to four ways."""
    source = random.choice(pictures())
    parts, lengths = segments(source), dict[int, int]()
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        random.choice(_WAYS)(random, parts)
    if random.random() < 0.15 and parts:
        lengths[random.randrange(len(parts))] = random.choice((0, 1, 2, 3, 255, 32_768, 65_535))
    picture = encoded(parts, lengths)
    if picture == source or random.random() < 0.3:
        picture = random.choice((flipped, flipped, spliced, _cut_off))(random, picture)
    return picture


def resized(picture: bytes, width: int, height: int) -> bytes:
    """Return the picture whose header claims another size."""
    parts = segments(picture)
    for number, (marker, body) in enumerate(parts):
        if marker in _FRAMES:
            parts[number] = marker, body[:1] + struct.pack(">HH", height, width) + body[5:]
    return encoded(parts)


def _size(random: Random, parts: Segments) -> None:
    _change(random, parts, _FRAMES, _sized)


def _sized(random: Random, body: bytearray) -> None:
    at = random.choice((1, 3))
    body[at : at + 2] = random.choice((0, 1, 7, 4_096, 16_384, 65_500, 65_535)).to_bytes(2)


def _components(random: Random, parts: Segments) -> None:
    """Break what the frame's header says of its components."""
    _change(random, parts, _FRAMES, _any_byte)


def _tables(random: Random, parts: Segments) -> None:
    _change(random, parts, {_DQT, _DHT, _DRI}, _any_byte)


def _exif(random: Random, parts: Segments) -> None:
    _change(random, parts, {_APP1}, _any_byte)


def _scan(random: Random, parts: Segments) -> None:
    _change(random, parts, {_SOS}, _any_byte)


def _scan_header(random: Random, parts: Segments) -> None:
    _change(random, parts, {_SOS}, _early_byte)


def _kind(random: Random, parts: Segments) -> None:
    """Let a segment be of another kind: lossless, arithmetic, hierarchical, unknown."""
    if parts:
        at = random.randrange(len(parts))
        parts[at] = random.choice((*range(0xC0, 0xD0), *range(0xD8, 0xF0), 0xFE)), parts[at][1]


def _order(random: Random, parts: Segments) -> None:
    """Lose, double or move a segment."""
    if not parts:
        return
    part = random.choice(parts)
    match random.randrange(4):
        case 0:
            parts.remove(part)
        case 1:
            at = random.randrange(len(parts) + 1)
            parts[at:at] = [part] * random.choice((1, 3, 45))
        case 2:
            random.shuffle(parts)
        case _:
            donor = segments(random.choice(pictures()))
            parts.insert(random.randrange(len(parts) + 1), random.choice(donor))


def _burden(random: Random, parts: Segments) -> None:
    """Put large segments before the picture."""
    at = random.randrange(len(parts) + 1)
    marker = random.choice((_APP1, 0xE0, 0xE2, 0xED, 0xEE, 0xFE))
    head = random.choice((b"", b"Exif\0\0MM\0*\0\0\0\x08", b"ICC_PROFILE\0\1\xff", b"MPF\0MM\0*"))
    body = head + random.randbytes(random.choice((10, 60_000)))
    parts[at:at] = [(marker, body)] * random.choice((1, 20))


def _change(
    random: Random,
    parts: Segments,
    markers: frozenset[int] | set[int],
    how: Callable[[Random, bytearray], None],
) -> None:
    found = [number for number, (marker, body) in enumerate(parts) if marker in markers and body]
    if not found:
        return
    number = random.choice(found)
    body = bytearray(parts[number][1])
    for _ in range(random.choice((1, 1, 2, 10))):
        how(random, body)
    parts[number] = parts[number][0], bytes(body)


def _any_byte(random: Random, body: bytearray) -> None:
    at = random.randrange(len(body))
    body[at] = random.choice((body[at] ^ 1 << random.randrange(8), random.randrange(256), 0, 255))


def _early_byte(random: Random, body: bytearray) -> None:
    body[random.randrange(min(len(body), 12))] = random.randrange(256)


_WAYS: tuple[Callable[[Random, Segments], None], ...] = (
    _size, _components, _tables, _tables, _exif, _exif, _scan, _scan, _scan_header, _kind,
    _order, _order, _burden,
)  # fmt: skip


def _cut_off(random: Random, picture: bytes) -> bytes:
    return picture[: random.randrange(len(picture))]
