"""Sound little files to break: the ways in which recorders and cameras write them."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from io import BytesIO
import os
from random import Random
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
import numpy as np
from PIL import Image

from simulator.video import Scene, encode_clip

# Of the AV1 encoder: errors only, or it prints a page for every clip.
os.environ.setdefault("SVT_LOG", "1")

FOREIGN = 3
"""So many of the clips, the last ones, are in a codec that no camera has."""

_WIDTH, _HEIGHT, _FPS, _FRAMES = 96, 64, 10, 14


@cache
def clips() -> tuple[bytes, ...]:
    """Return a clip of each kind; blocking for a second."""
    h264, sound, hevc = _camera("h264"), _camera("h264", audio=True), _camera("hevc", audio=True)
    return (
        h264,
        sound,
        hevc,
        _camera("h264", rotation=90),
        _again(sound),
        _again(sound, movflags="frag_keyframe+empty_moov+default_base_moof"),
        _again(hevc, movflags="frag_every_frame+empty_moov"),
        _again(sound, movflags="frag_keyframe+dash", frag_duration="200000"),
        _again(sound, twice=True),
        _film("libx264", "yuv420p", preset="medium", **{"x264-params": "bframes=3:ref=4"}),
        _film("libx264", "yuv420p10le", preset="veryfast"),
        _film("libx264", "yuv444p", preset="ultrafast"),
        _film("libx264", "yuv420p", flags="+ildct+ilme", **{"x264-params": "tff=1"}),
        _film("libx265", "yuv420p10le", **{"x265-params": "log-level=none:bframes=3"}),
        _film("mpeg4", "yuv420p"),
        _film("mjpeg", "yuvj420p"),
        _film("libsvtav1", "yuv420p", preset="12"),
    )


@cache
def pictures() -> tuple[bytes, ...]:
    """Return a JPEG of each kind."""
    scene = Image.fromarray(_noisy(Random(1), 96, 64))  # noqa: S311 - always the same
    lying = Image.Exif()
    lying[0x0112] = 6
    lying[0x010F] = "A maker"
    lying[0x8769] = {0x9003: "2026:03:01 12:00:00"}
    return (
        _jpeg(scene),
        _jpeg(scene, progressive=True),
        _jpeg(scene, exif=lying, dpi=(72, 72)),
        _jpeg(scene.convert("L")),
        _jpeg(scene.convert("CMYK")),
        _jpeg(scene, subsampling=0, quality=98),
        _jpeg(scene, progressive=True, exif=lying, icc_profile=bytes(300), comment=b"seen"),
        _jpeg(scene, restart_marker_blocks=4),
        _jpeg(scene.resize((640, 360)), quality=40),
    )


def _camera(codec: Any, *, audio: bool = False, rotation: int = 0) -> bytes:
    """Return what the simulated camera films, in a size that decodes within milliseconds."""
    scene = Scene(width=320, height=180, fps=_FPS, codec=codec, audio=audio, keyframe_s=1)
    random = Random(0)  # noqa: S311 - always the same
    planes = [
        np.frombuffer(random.randbytes(20), np.uint8).repeat(4320).reshape(270, 320)
        for _ in range(_FRAMES)
    ]
    return encode_clip(scene, planes, _FRAMES / _FPS, rotation=rotation)


def _film(encoder: str, pixels: str, **options: str) -> bytes:
    """Return a clip of an encoder with a character of its own."""
    buffer, random = BytesIO(), Random(0)  # noqa: S311 - always the same
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream(encoder, rate=_FPS, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, pixels
        stream.codec_context.gop_size = 8
        stream.time_base = Fraction(1, _FPS)
        for number in range(_FRAMES):
            picture = av.VideoFrame.from_ndarray(_noisy(random, _WIDTH, _HEIGHT), "rgb24")
            picture.pts = number
            container.mux(stream.encode(picture.reformat(format=pixels)))
        container.mux(stream.encode())
    return buffer.getvalue()


def _again(clip: bytes, *, twice: bool = False, **muxing: str) -> bytes:
    """Return the clip muxed anew: index last, in fragments, or every track twice."""
    buffer = BytesIO()
    with (
        av.open(BytesIO(clip)) as source,
        av.open(buffer, "w", format="mp4", options=muxing) as target,
    ):
        outlets: dict[int, list[Any]] = {}
        for stream in source.streams:
            assert isinstance(stream, VideoStream | AudioStream)
            outlets[stream.index] = [
                target.add_stream_from_template(stream) for _ in range(2 if twice else 1)
            ]
        assert isinstance(source, InputContainer)
        for packet in source.demux():
            if packet.dts is None:
                continue
            times = packet.pts, packet.dts
            for outlet in outlets[packet.stream.index]:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = times
                copy.time_base, copy.duration = packet.time_base, packet.duration
                copy.is_keyframe = packet.is_keyframe
                copy.stream = outlet
                target.mux(copy)
    return buffer.getvalue()


def _noisy(random: Random, width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    coarse = np.frombuffer(random.randbytes(width * height * 3 // 64), np.uint8)
    blocks = coarse.reshape(height // 8, width // 8, 3)
    return np.ascontiguousarray(blocks.repeat(8, axis=0).repeat(8, axis=1))


def _jpeg(image: Image.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


type Make = Callable[[Random], bytes]
"""Makes one broken thing, the same for the same randomness."""
