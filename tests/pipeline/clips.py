"""Real little MP4s whose every frame tells its own number, and pictures to read it back."""

from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
import numpy as np
from PIL import Image

FPS = 10
_BITS = 12


def mp4(
    seconds: float,
    *,
    width: int = 320,
    height: int = 180,
    codec: str = "h264",
    keyframe_every_s: int = 1,
    fragmented: bool = False,
) -> bytes:
    """Return a clip at 10 fps; its frame ``n`` shows ``n`` as black and white columns."""
    buffer = BytesIO()
    muxing = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    with av.open(buffer, "w", format="mp4", options=muxing) as container:
        encoder = {"h264": "libx264", "hevc": "libx265"}[codec]
        options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        stream = container.add_stream(encoder, rate=FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = keyframe_every_s * FPS
        stream.codec_context.max_b_frames = 0
        stream.time_base = Fraction(1, FPS)
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(_columns(number, width, height), format="gray")
            frame.pts = number
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return buffer.getvalue()


def sound_only(seconds: float = 1.0) -> bytes:
    """Return an MP4 that has no picture."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, round(seconds * 48_000)), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def number_in(jpeg: bytes) -> int:
    """Return the number of the frame that the picture shows."""
    image = Image.open(BytesIO(jpeg)).convert("L")
    row = np.asarray(image)[image.height // 2]
    edges = np.linspace(0, image.width, _BITS + 1).astype(int)
    bits = [row[(a + b) // 2] > 127 for a, b in pairwise(edges)]
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def seconds_in(jpeg: bytes) -> float:
    """Return at which second of its clip the picture was taken."""
    return number_in(jpeg) / FPS


def jpeg(width: int = 640, height: int = 360, number: int = 1) -> bytes:
    """Return a still that shows a number."""
    buffer = BytesIO()
    Image.fromarray(_columns(number, width, height)).save(buffer, "JPEG")
    return buffer.getvalue()


def size_of(picture: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG."""
    image = Image.open(BytesIO(picture))
    assert image.format == "JPEG"
    image.load()
    return image.size


def damaged(clip: bytes) -> bytes:
    """Return the clip with a sound index and noise in place of all its pictures."""
    at = clip.index(b"mdat") + 4
    size = int.from_bytes(clip[at - 8 : at - 4])
    noise = np.random.default_rng(1).integers(0, 256, size - 8, np.uint8).tobytes()
    return clip[:at] + noise + clip[at + size - 8 :]


def sprinkled(clip: bytes) -> bytes:
    """Return the clip with one byte in a hundred of its pictures changed."""
    at = clip.index(b"mdat") + 4
    size = int.from_bytes(clip[at - 8 : at - 4]) - 8
    body = bytearray(clip)
    for place in np.random.default_rng(1).integers(at, at + size, size // 100):
        body[place] ^= 0xFF
    return bytes(body)


def known_damage(path: Path) -> set[float]:
    """Return the seconds of the frames that libav calls corrupt."""
    seconds: set[float] = set()
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            with suppress(av.FFmpegError):
                seconds.update(round(f.time, 3) for f in packet.decode() if f.is_corrupt)
    return seconds


def without_length(clip: bytes) -> bytes:
    """Return the clip with an impossible length in all its headers."""
    body = bytearray(clip)
    for name, place in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = clip.index(name) + 4 + place
        body[at : at + 4] = b"\xff" * 4
    return bytes(body)


def claiming(clip: bytes, samples: int) -> bytes:
    """Return the clip with tables that claim so many samples, of a byte each."""
    body = bytearray(clip)
    at = clip.index(b"stsz") + 8
    body[at : at + 8] = (1).to_bytes(4) + samples.to_bytes(4)
    return bytes(body)


def without_parameters(clip: bytes) -> bytes:
    """Return the HEVC clip with parameter sets of impossible sizes: its codec cannot open."""
    at = clip.index(b"hvcC") + 4 + 23  # the fixed part of the configuration record
    return clip[:at] + b"\xff" * 5 + clip[at + 5 :]


def turned(clip: bytes) -> bytes:
    """Return the clip with a display matrix that turns it by a quarter clockwise."""
    at = clip.index(b"tkhd") + 4 + 40
    matrix = (0, 0x10000, 0, -0x10000 & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000)
    return clip[:at] + b"".join(part.to_bytes(4) for part in matrix) + clip[at + 36 :]


def _columns(
    number: int, width: int, height: int
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    edges = np.linspace(0, width, _BITS + 1).astype(int)
    picture = np.zeros((height, width), np.uint8)
    for place, (a, b) in enumerate(pairwise(edges)):
        picture[:, a:b] = 235 if number >> place & 1 else 16
    return picture
