"""Sequence parameter sets of H.264 (ITU-T H.264, 7.3.2.1.1) that no camera writes."""

from dataclasses import dataclass, fields
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Sps:
    """What a decoder is told before the first picture."""

    profile: int = 100
    level: int = 51
    chroma: int = 1
    """0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""

    depth: int = 8
    poc_type: int = 2
    poc_cycle: int = 0
    references: int = 1
    macroblocks_wide: int = 20
    macroblocks_high: int = 12
    interlaced: int = 0
    crop: int = 0


class _Bits:
    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, value: int, wide: int) -> None:
        self._bits.append(format(value & (1 << wide) - 1, f"0{wide}b"))

    def ue(self, value: int) -> None:
        code = format(value + 1, "b")
        self._bits.append("0" * (len(code) - 1) + code)

    def encoded(self) -> bytes:
        bits = "".join(self._bits) + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8)


def unit(sps: Sps) -> bytes:
    """Return the parameter set as a NAL unit, without its length."""
    bits = _Bits()
    bits.ue(0)  # its id
    if sps.profile in {100, 110, 122, 244}:
        bits.ue(sps.chroma)
        if sps.chroma == 3:
            bits.u(0, 1)
        bits.ue(sps.depth - 8)
        bits.ue(sps.depth - 8)
        bits.u(0, 2)  # no bypass, no scaling lists
    bits.ue(0)  # frame numbers of 4 bits
    bits.ue(sps.poc_type)
    if sps.poc_type == 0:
        bits.ue(0)
    elif sps.poc_type == 1:
        bits.u(0, 1)
        bits.ue(0)
        bits.ue(0)
        bits.ue(sps.poc_cycle)
        for _ in range(min(sps.poc_cycle, 300)):
            bits.ue(0)
    bits.ue(sps.references)
    bits.u(1, 1)  # gaps are allowed
    bits.ue(sps.macroblocks_wide - 1)
    bits.ue(sps.macroblocks_high - 1)
    bits.u(not sps.interlaced, 1)
    if sps.interlaced:
        bits.u(1, 1)
    bits.u(1, 1)  # 8x8 inference
    bits.u(sps.crop > 0, 1)
    if sps.crop:
        for _ in range(4):
            bits.ue(sps.crop)
    bits.u(0, 1)  # no VUI
    payload = bits.encoded()
    # Three zero bytes would look like the beginning of another unit.
    for pattern in (b"\0\0\0", b"\0\0\1", b"\0\0\2", b"\0\0\3"):
        payload = payload.replace(pattern, b"\0\0\3" + pattern[2:])
    return bytes((0x67, sps.profile, 0, sps.level)) + payload


def configuration(sps: Sps, before: bytes) -> bytes:
    """Return an avcC with that parameter set and the picture parameters of another avcC."""
    rest = before[8 + int.from_bytes(before[6:8]) :] if len(before) > 8 else b"\0"
    told = unit(sps)
    return bytes((1, sps.profile, 0, sps.level, 0xFF, 0xE1)) + len(told).to_bytes(2) + told + rest


def wild(random: Random) -> Sps:
    """Return one that differs in one to three ways from what a camera writes."""
    extremes: dict[str, tuple[int, ...]] = {
        "profile": (66, 77, 110, 122, 244, 44, 0, 255),
        "level": (9, 10, 62, 0, 255),
        "chroma": (0, 2, 3, 4, 31),
        "depth": (9, 10, 12, 14, 15, 16, 40),
        "poc_type": (0, 1, 3),
        "poc_cycle": (1, 255, 256, 60_000),
        "references": (0, 4, 16, 17, 255, 2**31),
        "macroblocks_wide": (1, 200, 257, 1_024, 6_250, 65_535, 2**20),
        "macroblocks_high": (1, 200, 257, 1_024, 6_250, 65_535, 2**20),
        "interlaced": (1,),
        "crop": (1, 100, 2**20, 2**31),
    }
    chosen = random.sample([each.name for each in fields(Sps)], random.choice((1, 2, 3)))
    return Sps(**{name: random.choice(extremes[name]) for name in chosen})
