"""A part of a clip as a clip of its own, copied and not encoded anew. Blocks: run it in a Decoder.

The clip is untrusted. No picture is decoded here, but its tables are read and its packets go
through libav's muxer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import errno
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from .errors import ClipUnreadableError, StorageError
from .models import FallbackDetail
from .opening import opened, picture_in, sound_in

# Ten minutes of 30 fps with their sound (AAC, 48 kHz): more is not an answer to what was asked
# for.
_MAX_PACKETS = 48_000

# Errors of the disk and not of the clip.
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DISK_BROKEN = frozenset({errno.EIO, errno.EROFS, errno.EACCES, errno.ENOENT, errno.ESTALE})

type _Tracks = list[VideoStream | AudioStream]


@dataclass(frozen=True, slots=True)
class Cut:
    """What was copied, in seconds after the first picture of the clip that it comes from."""

    start_s: float
    """Of the keyframe at or before what was asked for."""

    end_s: float


def cut(
    stop: Event, source: Path, target: Path, start_s: float, end_s: float, *, most_bytes: int
) -> Cut | None:
    """Copy picture and sound of that part into ``target``, which begins at 0.

    ``start_s`` and ``end_s`` are seconds after the clip's first picture. Returns None when it
    would be larger than ``most_bytes``; what is written by then is worth nothing. Raises
    ClipUnreadableError and StorageError.
    """
    with _media_errors():
        with _opened(source) as (container, tracks):
            first = _keyframe_before(stop, container, tracks[0], start_s)
        with (
            _opened(source) as (container, tracks),
            av.open(str(target), "w", format="mp4") as output,
        ):
            scissors = _Scissors(container, tracks, first, end_s)
            copied = scissors.copy(stop, output, most_bytes)
    return copied if copied is not None and target.stat().st_size <= most_bytes else None


class _Scissors:
    """What of a clip is kept, and how it is moved to the beginning."""

    def __init__(
        self, container: InputContainer, tracks: _Tracks, first: Fraction, end_s: float
    ) -> None:
        """Keep from ``first``, a keyframe's time in the clip, to ``end_s`` seconds of it."""
        self._container = container
        self._tracks = tracks
        self._zero = _start_of(tracks[0])
        self._first = first
        self._end = self._zero + Fraction(end_s)

    def copy(self, stop: Event, output: OutputContainer, most_bytes: int) -> Cut | None:
        """Copy what is kept; return None as soon as it is too large."""
        outlets = {track.index: _outlet(output, track) for track in self._tracks}
        size, end = 0, self._first
        for packet in self._kept(stop):
            track, base = packet.stream, _time_base(packet.stream)
            size += packet.size
            if size > most_bytes:
                return None
            if track is self._tracks[0]:
                end = max(end, ((packet.pts or 0) + (packet.duration or 0)) * base)
            moved = round(self._first / base)
            packet.pts, packet.dts = (packet.pts or 0) - moved, (packet.dts or 0) - moved
            packet.stream = outlets[track.index]
            output.mux(packet)
        if not size:
            raise _unreadable("nothing of it is where its tables say")
        return Cut(float(self._first - self._zero), float(end - self._zero))

    def _kept(self, stop: Event) -> Iterator[Packet[Stream]]:
        """Yield the pictures from the keyframe on, in their order, and the sound beside them.

        Sound stands in the file up to a second before or after its picture: its time counts.
        """
        begun = False
        for packet in _packets(stop, self._container, self._tracks):
            base = _time_base(packet.stream)
            shown, decoded = (packet.pts or 0) * base, (packet.dts or 0) * base
            if packet.stream is self._tracks[0]:
                begun = begun or (packet.is_keyframe and shown == self._first)
                kept = begun and decoded < self._end
            else:
                kept = self._first <= shown < self._end
            if kept:
                yield packet


def _outlet(output: OutputContainer, track: VideoStream | AudioStream) -> Stream:
    """Return a track like the clip's; raise ClipUnreadableError where its codec has no name."""
    outlet = output.add_stream_from_template(track, opaque=True)
    try:
        # Players that know HEVC by one of its two names do not know it by the other.
        outlet.codec_context.codec_tag = track.codec_context.codec_tag
    except UnicodeError as err:
        raise _unreadable("a codec whose name is no text") from err
    return outlet


def _keyframe_before(
    stop: Event, container: InputContainer, track: VideoStream | AudioStream, start_s: float
) -> Fraction:
    """Return when the last keyframe at or before ``start_s`` is shown, as the clip counts.

    Found by reading: an index is only what a clip says of itself, and one of fragments has none.
    """
    base, zero = _time_base(track), _start_of(track)
    wanted = zero + Fraction(start_s)
    found: Fraction | None = None
    for packet in _packets(stop, container, [track]):
        shown = (packet.pts or 0) * base
        if found is not None and shown > wanted:
            break
        if packet.is_keyframe:
            found = shown
    if found is None:
        raise _unreadable("it has no keyframe")
    return found


def _packets(stop: Event, container: InputContainer, tracks: _Tracks) -> Iterator[Packet[Stream]]:
    """Yield the packets that say when they are due; raise ClipUnreadableError past the bounds."""
    for number, packet in enumerate(container.demux(*tracks)):
        if stop.is_set():
            raise ClipUnreadableError(FallbackDetail.TIMEOUT, "cutting took too long")
        if number >= _MAX_PACKETS:
            raise _unreadable("it has far too many packets")
        if packet.pts is not None and packet.dts is not None:
            yield packet


@contextmanager
def _opened(source: Path) -> Iterator[tuple[InputContainer, _Tracks]]:
    """Open the clip; yield it with its picture and, where it has one that we know, its sound."""
    with opened(source) as container:
        sound = sound_in(container)
        picture: _Tracks = [picture_in(container)]
        yield container, picture if sound is None else [*picture, sound]


@contextmanager
def _media_errors() -> Iterator[None]:
    """Say in our words what libav objects to: the clip, or the disk."""
    try:
        yield
    except av.FFmpegError as err:
        why = err.strerror or type(err).__name__
        if err.errno in _DISK_FULL:
            raise StorageError(FallbackDetail.DISK_FULL, f"the clip cannot be cut: {why}") from err
        if err.errno in _DISK_BROKEN:
            raise StorageError(
                FallbackDetail.STORAGE_ERROR, f"the clip cannot be cut: {why}"
            ) from err
        raise _unreadable(why) from err
    except OverflowError as err:
        raise _unreadable("its times are out of all bounds") from err


def _time_base(stream: object) -> Fraction:
    """Return the seconds of one tick."""
    return getattr(stream, "time_base", None) or Fraction(1)


def _start_of(track: VideoStream | AudioStream) -> Fraction:
    return (track.start_time or 0) * _time_base(track)


def _unreadable(why: str) -> ClipUnreadableError:
    return ClipUnreadableError(FallbackDetail.UNDECODABLE, f"the clip cannot be cut: {why}")
