"""Frames out of a clip. Everything here blocks: run it through a Decoder.

The clip is untrusted. libav does the heavy work with the interpreter's lock released, on one
thread; Python sees a packet at a time and only pictures that are already small.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from PIL import Image

from .boxes import require_plausible
from .errors import ClipUnreadableError
from .models import FallbackDetail
from .pictures import MAX_PIXELS, encoded, fitted

# Protect writes a keyframe every 5 s: no decodable frame in twenty seconds of 30 fps means
# that none is to be expected.
_PROBED_PACKETS = 600

# Ten minutes of 30 fps, ten times the longest clip by default: more is not an answer to what
# was asked for.
_MAX_PACKETS = 18_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """What a clip says about itself."""

    duration_s: float
    """Of its picture: sound may go on for longer. 0 when it does not say."""

    width: int
    height: int
    codec: str
    frame_rate: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """One JPEG taken from a clip."""

    at_s: float
    """Seconds after the clip's first frame."""

    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Strip:
    """The frames that could be taken from a clip."""

    frames: tuple[Frame, ...]
    """In order, no frame twice; never empty."""

    cut_short: str | None = None
    """Why the rest of the clip was not looked at; None when nothing was in the way."""


def probe(stop: Event, path: Path) -> ClipInfo:
    """Open the clip and decode one frame; raise ClipUnreadableError when that fails."""
    with _opened(path) as (container, stream):
        frame = next(_decoded(container, stream, stop, _PROBED_PACKETS), None)
        if frame is None:
            raise _undecodable("no frame could be decoded")
        return ClipInfo(
            duration_s=float((stream.duration or 0) * (stream.time_base or 0)),
            width=frame.width,
            height=frame.height,
            codec=stream.codec_context.name,
            frame_rate=float(stream.average_rate) if stream.average_rate else None,
        )


def spread(stop: Event, path: Path, moments_s: Sequence[float], max_side: int) -> Strip:
    """Return the frames nearest to the moments.

    Moments are seconds after the clip's first frame; pictures are at most ``max_side`` pixels
    wide and high. Damage costs the frames that it hits, and the time limit those that come
    after it: ClipUnreadableError is raised only when none could be had.
    """
    picked: dict[float, Frame] = {}
    cut_short: str | None = None
    with _opened(path) as (container, stream):
        reel = _Reel(container, stream, stop)
        try:
            for moment_s in sorted(moments_s):
                nearest = reel.nearest(moment_s)
                if nearest is not None and nearest[0] not in picked:
                    at_s, frame = nearest
                    picked[at_s] = Frame(at_s, _jpeg(frame, max_side))
        except (av.FFmpegError, ClipUnreadableError) as err:
            if not picked:
                raise
            cut_short = str(err)
    if not picked:
        raise _undecodable("no frame could be decoded")
    return Strip(tuple(picked.values()), cut_short)


class _Reel:
    """An opened clip, wound forward as cheaply as its keyframes allow."""

    def __init__(self, container: InputContainer, stream: VideoStream, stop: Event) -> None:
        self._container = container
        self._stream = stream
        self._stop = stop
        self._first_pts = stream.start_time or 0
        self._seen: deque[tuple[float, VideoFrame]] = deque(maxlen=2)
        self._frames = _decoded(container, stream, stop, _MAX_PACKETS)

    def nearest(self, moment_s: float) -> tuple[float, VideoFrame] | None:
        """Return time and frame nearest to the moment; moments must not go back."""
        self._wind(moment_s)
        while not self._seen or self._seen[-1][0] < moment_s:
            if (frame := next(self._frames, None)) is None:
                break
            self._seen.append((self._seconds(frame.pts or 0), frame))
        return min(self._seen, key=lambda seen: abs(seen[0] - moment_s), default=None)

    def _wind(self, moment_s: float) -> None:
        """Jump to the last keyframe before the moment if it lies ahead of us."""
        wanted = self._first_pts + int(moment_s / float(self._stream.time_base or 1))
        index = self._stream.index_entries
        found = index.search_timestamp(wanted, backward=True)
        here_s = self._seen[-1][0] if self._seen else 0.0
        if found < 0 or self._seconds(index[found].timestamp) <= here_s:
            return
        self._container.seek(wanted, stream=self._stream)
        self._seen.clear()
        self._frames = _decoded(self._container, self._stream, self._stop, _MAX_PACKETS)

    def _seconds(self, pts: int) -> float:
        return float((pts - self._first_pts) * (self._stream.time_base or 1))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip for decoding on one thread; what libav objects to is ClipUnreadableError.

    The format is fixed: guessing would let a body that is a playlist name other files.
    """
    require_plausible(path)
    try:
        with av.open(str(path), format="mp4") as container:
            stream = next(iter(container.streams.video), None)
            if stream is None or stream.codec_context is None:
                raise _undecodable("no video stream of a known codec")
            if not 0 < stream.codec_context.width * stream.codec_context.height <= MAX_PIXELS:
                raise _undecodable("a picture of no size, or of far too many pixels")
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            # Here, once: what PyAV opens lazily and in vain it later calls a ValueError.
            stream.codec_context.open()
            yield container, stream
    except av.FFmpegError as err:
        raise _undecodable(err.strerror or type(err).__name__) from err


def _decoded(
    container: InputContainer, stream: VideoStream, stop: Event, packets: int
) -> Iterator[VideoFrame]:
    """Yield the sound frames of the next ``packets`` packets; damaged ones are passed over."""
    for packet, _ in zip(container.demux(stream), range(packets), strict=False):
        if stop.is_set():
            raise ClipUnreadableError(FallbackDetail.TIMEOUT, "decoding took too long")
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is not None and not frame.is_corrupt:
                yield frame


def _jpeg(frame: VideoFrame, max_side: int) -> bytes:
    """Return the frame as it was meant to be seen: scaled down, then turned upright."""
    width, height = fitted(frame.width, frame.height, max_side)
    small = frame.reformat(
        width=width, height=height, format="rgb24", interpolation=Interpolation.AREA
    )
    return encoded(Image.fromarray(small.to_ndarray()).rotate(frame.rotation, expand=True))


def _undecodable(message: str) -> ClipUnreadableError:
    return ClipUnreadableError(FallbackDetail.UNDECODABLE, message)
