"""A clip opened for reading, and what of it is looked at. Blocks: run it through a Decoder.

The clip is untrusted. Its format is fixed, because guessing would let a body that is a playlist
name other files; and of libav's decoders only those of cameras ever see its bytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from .boxes import require_plausible
from .errors import ClipUnreadableError
from .models import FallbackDetail
from .pictures import MAX_PIXELS

# What Protect records.
_CODECS = frozenset({"h264", "hevc"})
_SOUNDS = frozenset({"aac", "opus"})

_OPTIONS = {
    # As it opens a clip, libav decodes a little of every track with whatever decoder the tables
    # name, and no flag stops it: there is none that it may use. An MP4 says all that we need.
    "codec_whitelist": "none",
    # A table may say that a track lies in another file: it is the default, and a promise.
    "enable_drefs": "0",
    "protocol_whitelist": "file",
    # Chapters are read as a clip is opened, each with a piece of memory of its own.
    "ignore_chapters": "1",
}


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a clip; raise ClipUnreadableError where it claims too much, or av.FFmpegError."""
    require_plausible(path)
    with av.open(str(path), format="mp4", options=_OPTIONS) as container:
        yield container


def picture_in(container: InputContainer) -> VideoStream:
    """Return the track of what was filmed; raise ClipUnreadableError where there is none.

    Nor is there where its picture has no size, or one that no camera has.
    """
    for stream in container.streams.video:
        if (codec := stream.codec_context) is not None and codec.codec.canonical_name in _CODECS:
            if not 0 < codec.width * codec.height <= MAX_PIXELS:
                break
            return stream
    else:
        raise ClipUnreadableError(FallbackDetail.UNDECODABLE, "no video stream of a known codec")
    raise ClipUnreadableError(
        FallbackDetail.UNDECODABLE, "a picture of no size, or of far too many pixels"
    )


def sound_in(container: InputContainer) -> AudioStream | None:
    """Return the track of what was heard, if there is one."""
    for stream in container.streams.audio:
        if (codec := stream.codec_context) is not None and codec.codec.canonical_name in _SOUNDS:
            return stream
    return None
