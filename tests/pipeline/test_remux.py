"""Cutting a clip without encoding it anew; the clip may be anything."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
import re
from threading import Event
from typing import Literal

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream
import numpy as np
from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline import remux
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError, StorageError
from custom_components.protect_narrator.pipeline.models import FallbackDetail as Detail
from custom_components.protect_narrator.pipeline.pictures import encoded
from custom_components.protect_narrator.pipeline.remux import Cut, cut
from simulator.video import Recorder, Scene

from .clips import (
    claiming,
    damaged,
    mp4,
    number_in,
    sound_only,
    turned,
    without_length,
)

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NO_LIMIT = 10**9


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clip_cut.mp4"


def cut_out(
    source: Path, target: Path, start_s: float, end_s: float, *, most_bytes: int = NO_LIMIT
) -> Cut | None:
    return cut(Event(), source, target, start_s, end_s, most_bytes=most_bytes)


def pictures(path: Path) -> list[tuple[float, int]]:
    """Return second and number of every picture, in the order of showing."""
    with av.open(str(path)) as container:
        return [
            (
                round(frame.time or 0.0, 3),
                number_in(encoded(Image.fromarray(frame.to_ndarray(format="rgb24")))),
            )
            for frame in container.decode(video=0)
        ]


def with_b_frames(seconds: int) -> bytes:
    """Return a clip whose pictures are stored in another order than they are shown in."""
    out = BytesIO()
    with (
        av.open(BytesIO(mp4(seconds)), "r") as source,
        av.open(out, "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=10, options={"x264-params": "scenecut=0"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 20, 3
        stream.time_base = Fraction(1, 10)
        for number, frame in enumerate(source.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, 10)
            frame.pict_type = PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


@pytest.mark.parametrize("fragmented", [False, True])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_cut_begins_at_the_keyframe_before_and_ends_at_its_end(
    source: Path, target: Path, codec: str, fragmented: bool
) -> None:
    source.write_bytes(mp4(20, codec=codec, keyframe_every_s=5, fragmented=fragmented))

    assert cut_out(source, target, 7.2, 12.0) == Cut(5.0, 12.0)

    shown = pictures(target)
    assert [number for _, number in shown] == list(range(50, 120))
    assert [second for second, _ in shown] == pytest.approx([n / 10 for n in range(70)])
    assert target.stat().st_size < source.stat().st_size


def test_a_keyframe_at_the_very_start_is_where_it_begins(source: Path, target: Path) -> None:
    source.write_bytes(mp4(20, keyframe_every_s=5))

    assert cut_out(source, target, 5.0, 6.0) == Cut(5.0, 6.0)


def test_a_cut_clip_is_as_private_as_the_file_that_it_fills(source: Path, target: Path) -> None:
    source.write_bytes(mp4(20, keyframe_every_s=5))
    target.touch(mode=0o600)

    assert cut_out(source, target, 5.0, 6.0)

    assert target.stat().st_size > 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_clip_that_is_asked_for_beyond_its_end_is_cut_at_its_beginning(
    source: Path, target: Path
) -> None:
    source.write_bytes(mp4(8, keyframe_every_s=5))

    assert cut_out(source, target, 6.0, 60.0) == Cut(5.0, 8.0)
    assert len(pictures(target)) == 30


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_sound_of_the_part_stays_beside_its_pictures(
    source: Path, target: Path, codec: Literal["h264", "hevc"]
) -> None:
    film = Recorder(Scene(width=320, height=180, fps=10, codec=codec))
    source.write_bytes(film.clip("Front door", START, START + timedelta(seconds=20)))

    assert cut_out(source, target, 7.0, 12.0) == Cut(5.0, 12.0)

    with av.open(str(source)) as before, av.open(str(target)) as after:
        (sound,) = after.streams.audio
        assert sound.time_base is not None
        assert sound.duration is not None
        assert 0 <= (sound.start_time or 0) * sound.time_base < Fraction(1, 10)
        assert float(sound.duration * sound.time_base) == pytest.approx(7.0, abs=0.1)
        names = [
            [track.codec_context.codec_tag for track in each.streams.get()]
            for each in (before, after)
        ]
        assert names[0] == names[1]
        # What lies before the keyframe is left out, and not only passed over when it is played.
        assert sound.frames == pytest.approx(7 * 16_000 / 1024, abs=2)
        assert sum(1 for _ in after.decode(audio=0)) == pytest.approx(7 * 16_000 / 1024, abs=2)
    assert len(pictures(target)) == 70


def test_pictures_that_are_stored_in_another_order_stay_whole(source: Path, target: Path) -> None:
    source.write_bytes(with_b_frames(8))

    part = cut_out(source, target, 3.0, 6.0)

    assert part is not None
    assert part.start_s == 2.0
    shown = pictures(target)
    assert shown[0] == (0.0, 20)
    assert [number for _, number in shown] == list(range(20, 20 + len(shown)))
    assert 60 <= shown[-1][1] + 1 <= 64


def test_a_clip_that_was_turned_stays_turned(source: Path, target: Path) -> None:
    source.write_bytes(turned(mp4(4)))

    assert cut_out(source, target, 1.0, 2.0) is not None

    with av.open(str(target)) as container:
        assert next(container.decode(video=0)).rotation == -90


def test_what_would_be_too_large_is_not_written_to_its_end(source: Path, target: Path) -> None:
    source.write_bytes(mp4(20, keyframe_every_s=5))
    assert cut_out(source, target, 7.2, 12.0) is not None
    size = target.stat().st_size

    assert cut_out(source, target, 7.2, 12.0, most_bytes=size) is not None
    assert cut_out(source, target, 7.2, 12.0, most_bytes=size - 1) is None
    assert cut_out(source, target, 7.2, 12.0, most_bytes=size // 2) is None
    assert target.stat().st_size < size


def playlist(_clip: bytes) -> bytes:
    """Return a body that names another file."""
    return b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"


@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        playlist,
        lambda clip: claiming(clip, 60_000_000),
        lambda clip: clip[: len(clip) // 3],
        lambda _clip: sound_only(),
        lambda _clip: b"",
    ],
    ids=["no pictures", "playlist", "claims", "truncated", "sound only", "empty"],
)
def test_what_is_no_clip_is_unreadable(
    source: Path, target: Path, spoil: Callable[[bytes], bytes]
) -> None:
    source.write_bytes(spoil(mp4(4)))

    with pytest.raises(ClipUnreadableError) as caught:
        cut_out(source, target, 1.0, 3.0)
    assert caught.value.detail is Detail.UNDECODABLE


def test_a_clip_that_does_not_tell_its_length_can_be_cut(source: Path, target: Path) -> None:
    source.write_bytes(without_length(mp4(6)))

    assert cut_out(source, target, 2.5, 4.0) == Cut(2.0, 4.0)


@pytest.mark.parametrize("fragmented", [False, True])
def test_a_clip_that_is_damaged_anywhere_raises_what_is_expected(
    source: Path, target: Path, fragmented: bool
) -> None:
    clip = mp4(3, fragmented=fragmented)
    dice = np.random.default_rng(7)
    ended: set[type] = set()
    for _ in range(60):
        body = bytearray(clip)
        for place in dice.integers(0, len(body), 12):
            body[place] = dice.integers(0, 256)
        source.write_bytes(body)
        try:
            ended.add(type(cut_out(source, target, 1.0, 2.0)))
        except ClipUnreadableError as err:
            ended.add(type(err))

    assert {Cut, ClipUnreadableError} <= ended


def test_times_beyond_all_bounds_are_unreadable(source: Path, target: Path) -> None:
    body = bytearray(mp4(2, fragmented=True))
    fragments = [match.end() + 4 for match in re.finditer(b"tfdt", body)]
    for place, ticks in zip(fragments, (3 << 62, (1 << 62) + 5), strict=True):
        body[place : place + 8] = ticks.to_bytes(8)
    source.write_bytes(body)

    with pytest.raises(ClipUnreadableError, match="out of all bounds"):
        cut_out(source, target, 1e14, 1e18)


def test_the_work_can_be_stopped(source: Path, target: Path) -> None:
    source.write_bytes(mp4(3))
    stop = Event()
    stop.set()

    with pytest.raises(ClipUnreadableError) as caught:
        cut(stop, source, target, 1.0, 2.0, most_bytes=NO_LIMIT)
    assert caught.value.detail is Detail.TIMEOUT


def test_there_is_an_end_to_what_is_read(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remux, "_MAX_PACKETS", 20)
    source.write_bytes(mp4(3))

    with pytest.raises(ClipUnreadableError, match="too many packets"):
        cut_out(source, target, 2.5, 3.0)


@pytest.mark.parametrize(
    ("place", "detail"), [("/dev/full", Detail.DISK_FULL), ("nowhere/x", Detail.STORAGE_ERROR)]
)
def test_a_disk_that_takes_no_more_is_told_from_a_bad_clip(
    source: Path, tmp_path: Path, place: str, detail: Detail
) -> None:
    source.write_bytes(mp4(3))

    with pytest.raises(StorageError) as caught:
        cut_out(source, tmp_path / place, 1.0, 3.0)
    assert caught.value.detail is detail


def test_a_codec_that_no_camera_has_is_not_copied(source: Path, target: Path) -> None:
    with av.open(str(source), "w", format="mov") as container:
        stream = container.add_stream("qtrle", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "rgb24"
        for number in range(10):
            frame = av.VideoFrame(320, 180, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())

    with pytest.raises(ClipUnreadableError, match="known codec"):
        cut_out(source, target, 0.0, 1.0)
