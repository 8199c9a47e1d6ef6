"""Frames out of a clip. Everything here blocks: run it through a Decoder.

The clip is untrusted. libav does the heavy work with the interpreter's lock released, on one
thread; Python sees a packet at a time and only pictures that are already small.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
import math
from pathlib import Path
from threading import Event

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .choosing import Gallery, Look, Still
from .errors import ClipUnreadableError
from .models import FallbackDetail
from .motion import COLUMNS, ROWS, edges, toned
from .opening import opened, picture_in
from .pictures import MAX_PIXELS, encoded, fitted

# Protect writes a keyframe every 5 s: no decodable frame in twenty seconds of 30 fps means
# that none is to be expected.
_PROBED_PACKETS = 600

# Ten minutes of 30 fps, ten times the longest clip by default: more is not an answer to what
# was asked for.
_MAX_PACKETS = 18_000

# A subject of 0.8 s is looked at two or three times.
# The hundredth is for clocks that round.
_STEP_S = 0.3 - 0.01

# Ten minutes of them.
_MAX_SAMPLES = 2_000

# What all cameras film in; as good as grey as it is, which saves a quarter of a look's cost.
_LUMA_FIRST = {"yuv420p", "yuvj420p", "gray"}

# One of the largest pictures in eight bits, with colours for every fourth pixel: what cameras
# film in. A picture of 4K may have twice as many.
_HEAVIEST_BITS = MAX_PIXELS * 12

# For the pictures that may be shown: 21 of 1280x720. Two decoders run at once on machines that
# have a gigabyte.
_KEPT_BYTES = 30_000_000

# Of any size: judging three thousand stamps again and again takes minutes on a slow board.
_KEPT_MOST = 100


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
    """In order, no two that show the same; never empty."""

    best_at: int
    """Which of them is best for people."""

    cut_short: str | None = None
    """Why the rest of the clip was not looked at; None when nothing was in the way."""

    @property
    def best(self) -> Frame:
        """The one for people."""
        return self.frames[self.best_at]


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


def choose(stop: Event, path: Path, look: Look) -> Strip:
    """Return the frames that tell most of what happens in the clip.

    Every frame is decoded, three or four a second are looked at. Damage costs only the frames
    that it hits, and the time limit those that come after it: ClipUnreadableError is raised
    only when none could be had.
    """
    gallery = Gallery[VideoFrame](look)
    cut_short: str | None = None
    with _opened(path) as (container, stream):
        frames = _decoded(container, stream, stop, _MAX_PACKETS)
        try:
            samples = islice(_sampled(frames, stream, look), _MAX_SAMPLES)
            for at_s, frame, wanted in samples:
                picture = _reduced(frame, look.max_side)
                gallery.add(_still(at_s, picture, wanted), _room_for(picture, look.count))
        except (av.FFmpegError, ClipUnreadableError) as err:
            if not gallery:
                raise
            # What libav itself says has the file's name in it, and pieces of the file.
            cut_short = str(err) if isinstance(err, ClipUnreadableError) else err.strerror
    if not gallery:
        raise _undecodable("no frame could be decoded")
    stills, best = gallery.hang()
    hung = [Frame(still.at_s, _jpeg(still.picture)) for still in stills]
    return Strip(tuple(hung), stills.index(best), cut_short)


def _sampled(
    frames: Iterator[VideoFrame], stream: VideoStream, look: Look
) -> Iterator[tuple[float, VideoFrame, bool]]:
    """Yield the frames to look at with their seconds, and whether each one was asked for.

    Never two frames at once are held: a decoder that gets its last picture back keeps to the
    processor's cache.
    """
    first_pts, base_s = stream.start_time or 0, float(stream.time_base or 1)
    asked = deque(sorted(look.best_s)[: look.count])
    last_s, due_s = -_STEP_S / 10, -math.inf
    for frame in frames:
        at_s = ((frame.pts or 0) - first_pts) * base_s
        step_s, last_s = at_s - last_s, max(at_s, last_s)
        if step_s <= 0:
            continue  # time does not go back
        wanted = False
        # The nearest one, if the next frame comes as soon as this one did.
        while asked and at_s + step_s / 2 > asked[0]:
            asked.popleft()
            wanted = True
        if wanted or at_s >= due_s:
            due_s = at_s + _STEP_S
            yield at_s, frame, wanted


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip for decoding on one thread; what libav objects to is ClipUnreadableError."""
    try:
        with opened(path) as container:
            stream = picture_in(container)
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
        except MemoryError:
            raise  # that is no damage, and the next packet would ask for it again
        except av.FFmpegError:
            continue
        finally:
            _require_light(stream)
        for frame in frames:
            if frame.pts is not None and not frame.is_corrupt:
                yield frame


def _require_light(stream: VideoStream) -> None:
    """Refuse pictures in so many shades that one takes more memory than the largest should.

    Those that are decoded next may refer to sixteen of them. What a clip says before is not
    what it may go over to.
    """
    codec = stream.codec_context
    depth = codec.format.padded_bits_per_pixel if codec.format else 0
    if codec.width * codec.height * depth > _HEAVIEST_BITS:
        raise _undecodable("pictures of far too many pixels and shades")


def _room_for(picture: VideoFrame, count: int) -> int:
    """Return how many such pictures are kept.

    Whatever their size: those that were asked for, and both ends of the clip.
    """
    room = _KEPT_BYTES // sum(plane.buffer_size for plane in picture.planes)
    return max(count + 2, min(room, _KEPT_MOST))


def _reduced(frame: VideoFrame, max_side: int) -> VideoFrame:
    """Return the frame no larger than it will be shown."""
    width, height = fitted(frame.width, frame.height, max_side)
    return frame.reformat(width=width, height=height, interpolation=Interpolation.AREA, threads=1)


def _still(at_s: float, picture: VideoFrame, wanted: bool) -> Still[VideoFrame]:
    """Return what is needed to judge the picture."""
    stamp = picture.reformat(
        width=COLUMNS, height=ROWS, format="gray", interpolation=Interpolation.AREA, threads=1
    )
    return Still(
        at_s=at_s,
        stamp=toned(_luma(stamp)),
        edges=edges(_luma(picture)),
        picture=picture,
        wanted=wanted,
    )


def _luma(picture: VideoFrame) -> NDArray[np.uint8]:
    """Return the picture in shades of grey, without a copy where its format allows."""
    if picture.format.name not in _LUMA_FIRST:
        picture = picture.reformat(format="gray", threads=1)
    plane = picture.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: picture.height, : picture.width]


def _jpeg(picture: VideoFrame) -> bytes:
    """Return the picture as it was meant to be seen: turned upright."""
    image = Image.fromarray(picture.reformat(format="rgb24", threads=1).to_ndarray())
    return encoded(image.rotate(picture.rotation, expand=True) if picture.rotation else image)


def _undecodable(message: str) -> ClipUnreadableError:
    return ClipUnreadableError(FallbackDetail.UNDECODABLE, message)
