"""Frames into MP4, as a camera would deliver it."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from io import BytesIO

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
import numpy as np
from numpy.typing import NDArray

from .scene import Scene

_SAMPLE_RATE = 16_000  # hertz, mono
_SAMPLES = 1024  # in one AAC frame
_TONE_HZ, _LOUDNESS = 440, 0.02

# The index stands before the data, as a player on the network wants it; its room must be kept
# free beforehand. A sample costs at most 28 bytes in it: size, chunk offset, chunk map.
_INDEX_BYTES, _INDEX_BYTES_PER_SAMPLE = 16_384, 32

_STEADY = "scenecut=0:bframes=0"  # keyframes by the clock alone
_QUIET = "open-gop=0:log-level=error"  # x265 prints a banner otherwise
_CRF = 26  # constant quality when no bitrate is asked: small files with readable codes


def encode_clip(
    scene: Scene,
    frames: Iterable[NDArray[np.uint8]],
    seconds: float,
    *,
    times_s: Sequence[float] | None = None,
    rotation: int = 0,
) -> bytes:
    """Return the frames as a complete MP4 file whose index comes first.

    ``frames`` are yuv420p arrays of height * 3/2 rows, ``seconds`` how long they are together
    at the scene's frame rate. ``times_s`` gives each frame a time of its own, in whole
    milliseconds; ``rotation`` says by how many degrees, counterclockwise, a player has to turn
    the picture (0, 90, 180, 270). Blocking. Raises av.FFmpegError if the frames are far more
    than ``seconds``, as the index would not fit.
    """
    tick = Fraction(1, scene.fps if times_s is None else 1000)
    samples = seconds * (scene.fps + _SAMPLE_RATE / _SAMPLES) + 2
    index = _INDEX_BYTES + round(samples * _INDEX_BYTES_PER_SAMPLE)
    out = BytesIO()
    with av.open(out, "w", format="mp4", container_options={"moov_size": str(index)}) as container:
        video = _video_stream(container, scene)
        video.codec_context.time_base = tick
        if rotation:
            video.set_display_rotation(rotation)
        tone = _Tone(container) if scene.audio else None
        for count, array in enumerate(frames, 1):
            frame = av.VideoFrame.from_ndarray(array, "yuv420p")
            frame.pts = count - 1 if times_s is None else round(times_s[count - 1] * 1000)
            frame.time_base = tick
            container.mux(video.encode(frame))
            if tone is not None:
                tone.play_until(count / scene.fps)
        container.mux(video.encode())
        if tone is not None:
            tone.finish()
    return out.getvalue()


def _video_stream(container: OutputContainer, scene: Scene) -> VideoStream:
    """Add a stream with fixed groups of pictures and without B-frames, as cameras make it."""
    rate = {"crf": str(_CRF)} if scene.bitrate is None else {}
    if scene.codec == "h264":
        stream = container.add_stream(
            "libx264",
            rate=scene.fps,
            options={"preset": "ultrafast", "x264-params": _STEADY, **rate},
        )
    else:
        stream = container.add_stream(
            "libx265",
            rate=scene.fps,
            options={"preset": "ultrafast", "x265-params": f"{_STEADY}:{_QUIET}", **rate},
        )
        stream.codec_context.codec_tag = "hvc1"  # what Apple's players insist on
    stream.codec_context.gop_size = scene.fps * scene.keyframe_s
    stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
    if scene.bitrate is not None:
        stream.bit_rate = scene.bitrate
    return stream


class _Tone:
    """A quiet tone beside the pictures, written as far as they are."""

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream: AudioStream = container.add_stream("aac", rate=_SAMPLE_RATE)
        self._stream.codec_context.layout = "mono"
        self._stream.codec_context.bit_rate = 32_000
        self._frames = self._endless()
        self._played = 0.0

    def play_until(self, seconds: float) -> None:
        """Write whole audio frames up to that time of the clip."""
        while self._played < seconds:
            self._container.mux(self._stream.encode(next(self._frames)))
            self._played += _SAMPLES / _SAMPLE_RATE

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode())

    @staticmethod
    def _endless() -> Iterator[av.AudioFrame]:
        position = 0
        while True:
            times = np.arange(position, position + _SAMPLES) / _SAMPLE_RATE
            wave = (_LOUDNESS * np.sin(2 * np.pi * _TONE_HZ * times)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(wave[None], "fltp", "mono")
            frame.sample_rate, frame.pts = _SAMPLE_RATE, position
            frame.time_base = Fraction(1, _SAMPLE_RATE)
            yield frame
            position += _SAMPLES
