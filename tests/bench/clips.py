"""The recordings that are measured with: sensor noise, 30 frames a second, real bitrates.

They take a minute to render, so they are kept in the repository's ignored cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
from io import BytesIO
from pathlib import Path
import sys

import av

from simulator.video import Recorder, Scene

_START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchClip:
    """One recording; its name is the camera's in the simulated console."""

    name: str
    scene: Scene
    seconds: int
    repeat: int = 1
    """How often the rendered seconds follow each other."""

    @property
    def total_seconds(self) -> int:
        """Length of the file."""
        return self.seconds * self.repeat

    def __str__(self) -> str:
        """Describe it as the table does."""
        scene = self.scene
        rate = (scene.bitrate or 0) / 1_000_000
        return (
            f"{scene.width}x{scene.height} {scene.codec} {scene.fps} fps {rate:.0f} Mbit/s, "
            f"{self.total_seconds} s"
        )


_UHD = {"width": 3840, "height": 2160, "fps": 30, "bitrate": 16_000_000, "audio": False}
HD = BenchClip(
    name="hd",
    scene=Scene(width=1920, height=1080, fps=30, bitrate=6_000_000, audio=False),
    seconds=15,
)
UHD = BenchClip(name="uhd", scene=Scene(**_UHD, codec="h264"), seconds=12)  # type: ignore[arg-type]  # one dict for two scenes
UHD_HEVC = BenchClip(name="uhd_hevc", scene=Scene(**_UHD, codec="hevc"), seconds=12)  # type: ignore[arg-type]  # as above
UHD_MINUTE = BenchClip(name="uhd_minute", scene=UHD.scene, seconds=12, repeat=5)
ALL = (HD, UHD, UHD_HEVC, UHD_MINUTE)


def path_of(clip: BenchClip, cache: Path) -> Path:
    """Return where the clip lies; render it when it does not."""
    return cached(clip.name, repr(clip), cache, lambda: _render(clip))


def cached(name: str, definition: str, cache: Path, render: Callable[[], bytes]) -> Path:
    """Return where the clip of that name and definition lies; render it when it does not."""
    key = hashlib.sha256(definition.encode()).hexdigest()[:12]
    path = cache / f"{name}-{key}.mp4"
    if not path.exists():
        print(f"rendering {name} …", file=sys.stderr, flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(render())
        part.replace(path)
    return path


def _render(clip: BenchClip) -> bytes:
    recorder = Recorder(clip.scene)
    end = _START + timedelta(seconds=clip.seconds)
    recorder.walk(clip.name, "red", _START, end)
    rendered = recorder.clip(clip.name, _START, end)
    return rendered if clip.repeat == 1 else _repeated(rendered, clip.repeat)


def _repeated(mp4: bytes, times: int) -> bytes:
    """Put a clip behind itself, without encoding it again."""
    out = BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = None
        for turn in range(times):
            with av.open(BytesIO(mp4), "r") as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None or video.duration is None:
                        continue
                    packet.pts += turn * video.duration
                    packet.dts += turn * video.duration
                    packet.stream = stream
                    target.mux(packet)
    return out.getvalue()
