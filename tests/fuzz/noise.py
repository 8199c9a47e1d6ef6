"""Damage that knows no format."""

from random import Random

NUMBERS = (
    0, 1, 2, 7, 8, 15, 127, 128, 255, 256, 1_000, 32_767, 32_768, 65_535, 65_536, 199_999,
    1_000_000, 2**24, 2**28, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 8, 2**32 - 1, 2**62, 2**63 - 1,
    2**63, 2**64 - 1,
)  # fmt: skip
"""Where counters and sizes turn over, and what is far too much."""


def flipped(random: Random, data: bytes) -> bytes:
    """Return the data with bits turned, a few or many."""
    body = bytearray(data)
    for _ in range(random.choice((1, 2, 8, 64)) if body else 0):
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    return bytes(body)


def spliced(random: Random, data: bytes) -> bytes:
    """Return the data with a piece put in, taken out, or said again."""
    at, to = sorted(random.randrange(len(data) + 1) for _ in range(2))
    to = min(to, at + random.choice((1, 4, 64, 4_096)))
    match random.randrange(4):
        case 0:
            return data[:at] + random.randbytes(random.choice((1, 4, 100))) + data[at:]
        case 1:
            return data[:at] + data[to:]
        case 2:
            return data[:to] + data[at:to] * random.choice((1, 2, 50)) + data[to:]
        case _:
            return data[:at] + bytes(to - at) + data[to:]
