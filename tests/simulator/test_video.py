"""What the cameras filmed can be told from the pictures alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Literal

import av
from hypothesis import given, strategies as st
import numpy as np
from PIL import Image
import pytest

from simulator.video import (
    COLOURS,
    Reading,
    Recorder,
    Scene,
    UnreadablePictureError,
    Walk,
    blank_clip,
    garbage,
    read_still,
    timecode,
    truncated,
)

START = datetime(2026, 11, 24, 8, 30, 15, 250_000, tzinfo=UTC)
CAMERA = "Front door"
NEAR = 0.015  # of the picture's width: a few pixels of 640


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def pictures(clip: bytes) -> Iterator[Image.Image]:
    """Yield the clip's frames, scaled down and compressed as they would be for an AI."""
    with av.open(BytesIO(clip), "r") as container:
        for frame in container.decode(video=0):
            yield shrunk(Image.fromarray(frame.to_ndarray(format="rgb24")))


def shrunk(picture: Image.Image, width: int = 640, quality: int = 60) -> Image.Image:
    out = BytesIO()
    height = round(picture.height * width / picture.width)
    picture.resize((width, height)).save(out, "JPEG", quality=quality)
    return Image.open(out)


def readings(clip: bytes) -> list[Reading]:
    return [read_still(picture) for picture in pictures(clip)]


# -- moments


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080), (3840, 2160)])
def test_every_frame_tells_its_camera_moment_and_figure_after_scaling_down(
    size: tuple[int, int], codec: Literal["h264", "hevc"]
) -> None:
    recorder = Recorder(Scene(*size, codec=codec))
    recorder.walk(CAMERA, "red", START, after(1))

    clip = recorder.clip(CAMERA, after(0.5), after(0.8))

    with av.open(BytesIO(clip), "r") as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.codec_context.name) == (*size, codec)
    seen = readings(clip)
    assert [(each.camera_name, each.at) for each in seen] == [
        (CAMERA, after(0.5 + number / 10)) for number in range(3)
    ]
    for number, each in enumerate(seen):
        (truth,) = recorder.figures(CAMERA, after(0.5 + number / 10))
        assert each.colours == ("red",)
        assert each.figure_x == pytest.approx(truth.x, abs=NEAR)


def test_a_still_shows_the_same_as_the_clip_of_that_moment(recorder: Recorder) -> None:
    recorder.walk(CAMERA, "green", START, after(10))

    still = read_still(recorder.still(CAMERA, after(4)))
    (frame,) = readings(recorder.clip(CAMERA, after(4), after(4.1)))

    assert still.at == frame.at == after(4)
    assert still.colours == frame.colours == ("green",)
    assert still.figure_x == pytest.approx(frame.figure_x, abs=NEAR)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (427, 240), (640, 640), (4096, 2304)])
def test_a_still_is_read_in_any_size(recorder: Recorder, width: int, height: int) -> None:
    with Image.open(BytesIO(recorder.still(CAMERA, START))) as picture:
        reading = read_still(picture.resize((width, height)))

    assert (reading.width, reading.height) == (width, height)
    assert (reading.camera_name, reading.at) == (CAMERA, START)


def test_a_still_is_read_from_other_formats_than_jpeg(recorder: Recorder) -> None:
    out = BytesIO()
    with Image.open(BytesIO(recorder.still(CAMERA, START))) as picture:
        picture.save(out, "PNG")

    assert read_still(out.getvalue()).at == START


def test_of_a_long_name_whole_characters_at_its_beginning_are_kept(recorder: Recorder) -> None:
    name = "Straße vor der Haustür der Großeltern"

    kept = read_still(recorder.still(name, START)).camera_name

    assert kept is not None
    assert name.startswith(kept)
    assert 22 <= len(kept.encode()) <= 24


@given(
    name=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6),
    since_1970=st.integers(0, 8_000_000_000_000),
)
def test_the_code_gives_back_any_name_and_millisecond(name: str, since_1970: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since_1970)

    assert timecode.read(strip_of(timecode.blocks(name, moment))) == (name, moment)


@given(row=st.integers(0, timecode.ROWS - 1), column=st.integers(0, timecode.COLUMNS - 1))
def test_a_code_with_one_wrong_block_is_no_code(row: int, column: int) -> None:
    blocks = timecode.blocks(CAMERA, START)
    blocks[row, column] ^= True

    assert timecode.read(strip_of(blocks)) is None


def strip_of(blocks: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> timecode.Luma:
    """Return a black picture with that code."""
    luma = np.zeros((timecode.READ_HEIGHT, timecode.READ_WIDTH), np.uint8)
    side = timecode.READ_WIDTH // timecode.COLUMNS
    code = np.kron(blocks, np.ones((side, side), np.uint8)).astype(np.uint8)
    luma[-code.shape[0] :] = code * np.uint8(255)
    return luma


# -- figures


@pytest.mark.parametrize("colour", COLOURS)
def test_a_figure_walks_from_left_to_right_in_its_colour(recorder: Recorder, colour: str) -> None:
    recorder.walk(CAMERA, colour, START, after(8))

    seen = [read_still(recorder.still(CAMERA, after(second))) for second in (0, 2, 4, 6, 8)]

    assert [each.colours for each in seen] == [(colour,)] * 5
    places = [each.figure_x for each in seen]
    assert places == pytest.approx([0.08, 0.29, 0.5, 0.71, 0.92], abs=NEAR)


def test_nobody_is_there_before_and_after_a_walk_or_at_another_camera(recorder: Recorder) -> None:
    recorder.walk(CAMERA, "red", START, after(8))

    assert read_still(recorder.still(CAMERA, after(-0.1))).figures == ()
    assert read_still(recorder.still(CAMERA, after(8.1))).figures == ()
    assert read_still(recorder.still("Garden", after(4))).figures == ()


def test_all_who_walk_at_once_are_seen_apart_at_any_time(recorder: Recorder) -> None:
    for colour in COLOURS:
        recorder.walk(CAMERA, colour, START, after(8))

    for second in (0, 3, 8):
        seen = read_still(recorder.still(CAMERA, after(second))).figures
        truth = sorted(recorder.figures(CAMERA, after(second)), key=lambda figure: figure.x)
        assert [each.colour for each in seen] == [each.colour for each in truth]
        assert [each.x for each in seen] == pytest.approx([each.x for each in truth], abs=NEAR)


def test_two_in_the_same_colour_are_two(recorder: Recorder) -> None:
    recorder.walk(CAMERA, "red", START, after(8))
    recorder.walk(CAMERA, "red", START, after(8))

    seen = read_still(recorder.still(CAMERA, after(4)))

    assert len(seen.figures) == 2
    assert seen.colours == ("red",)


# -- clips


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_clip_holds_each_frame_of_its_time_and_keyframes_five_seconds_apart(
    codec: Literal["h264", "hevc"],
) -> None:
    clip = Recorder(Scene(codec=codec)).clip(CAMERA, START, after(12))

    with av.open(BytesIO(clip), "r") as container:
        frames = list(container.decode(video=0))
        assert container.duration == pytest.approx(12e6, rel=0.01)
    assert len(frames) == 120
    assert [frame.time for frame in frames if frame.key_frame] == [0, 5, 10]


def test_the_index_of_a_clip_comes_first(recorder: Recorder) -> None:
    clip = recorder.clip(CAMERA, START, after(1))

    assert 0 < clip.index(b"moov") < clip.index(b"mdat")


@pytest.mark.parametrize("audio", [True, False])
def test_a_clip_has_sound_when_the_scene_has(audio: bool) -> None:
    clip = Recorder(Scene(audio=audio)).clip(CAMERA, START, after(2))

    with av.open(BytesIO(clip), "r") as container:
        assert bool(container.streams.audio) is audio
        if audio:
            samples = sum(frame.samples for frame in container.decode(audio=0))
            assert samples / 16_000 == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_clip_keeps_to_the_bitrate_that_is_asked(codec: Literal["h264", "hevc"]) -> None:
    scene = Scene(1280, 720, 30, codec, bitrate=3_000_000, audio=False)

    clip = Recorder(scene).clip(CAMERA, START, after(3))

    assert len(clip) * 8 / 3 == pytest.approx(3_000_000, rel=0.2)


def test_the_sensor_is_noisy_and_yet_a_moment_always_looks_the_same() -> None:
    first, second = Recorder(), Recorder()
    still, later = first.still(CAMERA, START), first.still(CAMERA, after(1))

    assert second.still(CAMERA, START) == still
    sky = (slice(60, 100), slice(0, 20))
    assert np.any(luma_of(still)[sky] != luma_of(later)[sky])
    quiet = Recorder(Scene(noise=False))
    assert np.array_equal(
        luma_of(quiet.still(CAMERA, START))[sky], luma_of(quiet.still(CAMERA, after(1)))[sky]
    )


def luma_of(jpeg: bytes) -> timecode.Luma:
    with Image.open(BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("L"))


def test_a_repeated_clip_comes_from_the_cache_until_somebody_walks_in(recorder: Recorder) -> None:
    empty = recorder.clip(CAMERA, START, after(1))
    assert recorder.clip(CAMERA, START, after(1)) is empty

    recorder.walk(CAMERA, "blue", START, after(1))

    assert readings(recorder.clip(CAMERA, START, after(1)))[5].colours == ("blue",)


def test_threads_may_share_a_recorder(recorder: Recorder) -> None:
    names = [f"Camera {number}" for number in range(6)]
    for name in names:
        recorder.walk(name, "red", START, after(1))

    with ThreadPoolExecutor(3) as pool:
        clips = list(pool.map(lambda name: recorder.clip(name, START, after(0.3)), names))

    assert [readings(clip)[1].camera_name for clip in clips] == names


# -- what is broken, and what is refused


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1920, 1080)])
@pytest.mark.parametrize("words", ["Beware of the dog", "ü" * 23])
def test_a_sign_is_read_off_every_frame_with_whoever_walks_below_it(
    size: tuple[int, int], words: str
) -> None:
    recorder = Recorder(Scene(*size, fps=5, audio=False))
    recorder.walk(CAMERA, "red", START, after(2))
    recorder.put_up(CAMERA, words)

    found = [
        read_still(shrunk(picture)) for picture in pictures(recorder.clip(CAMERA, START, after(1)))
    ]

    assert len(found) == 5
    for reading in found:
        assert (reading.sign, reading.colours, reading.camera_name) == (words, ("red",), CAMERA)
    assert read_still(recorder.still(CAMERA, START)).sign == words


def test_where_no_sign_is_none_is_read(recorder: Recorder) -> None:
    recorder.put_up("Garden", "Beware of the dog")

    assert read_still(recorder.still(CAMERA, START)).sign is None
    assert read_still(recorder.still("Garden", START)).sign == "Beware of the dog"


def test_a_clip_shows_a_sign_that_was_put_up_since(recorder: Recorder) -> None:
    recorder.clip(CAMERA, START, after(1))
    recorder.put_up(CAMERA, "Wet paint")

    assert {reading.sign for reading in readings(recorder.clip(CAMERA, START, after(1)))} == {
        "Wet paint"
    }


@pytest.mark.parametrize("words", ["", "x" * 47])
def test_a_sign_that_does_not_fit_is_refused(recorder: Recorder, words: str) -> None:
    with pytest.raises(ValueError, match="46 are the most"):
        recorder.put_up(CAMERA, words)


def test_a_blank_clip_is_sound_and_black() -> None:
    with av.open(BytesIO(blank_clip(3)), "r") as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]

    assert len(frames) == 30
    assert max(frame.max() for frame in frames) <= 16


def test_a_blank_picture_shows_nobody_at_no_time() -> None:
    reading = read_still(Image.new("RGB", (640, 360)))

    assert (reading.camera_name, reading.at, reading.figures) == (None, None, ())
    assert (reading.colours, reading.figure_x) == ((), None)


def test_garbage_is_no_video_and_no_picture() -> None:
    data = garbage(65_536)

    assert len(data) == 65_536
    with pytest.raises(av.error.InvalidDataError):
        av.open(BytesIO(data), "r")
    with pytest.raises(UnreadablePictureError):
        read_still(data)


def test_a_truncated_clip_lacks_its_last_frames(recorder: Recorder) -> None:
    whole = recorder.clip(CAMERA, START, after(4))
    half = truncated(whole)

    assert half == whole[: round(len(whole) / 2)]
    assert read_still(next(pictures(half))).at == START
    with pytest.raises(av.error.InvalidDataError):
        readings(half)


def test_a_truncated_picture_is_none(recorder: Recorder) -> None:
    with pytest.raises(UnreadablePictureError):
        read_still(truncated(recorder.still(CAMERA, START)))


@pytest.mark.parametrize(
    ("colour", "start", "end"),
    [
        ("transparent", START, after(1)),
        ("red", START, START),
        ("red", START.replace(tzinfo=None), after(1).replace(tzinfo=None)),
    ],
)
def test_a_walk_that_nobody_could_see_is_refused(
    colour: str, start: datetime, end: datetime
) -> None:
    with pytest.raises(ValueError, match=r"no figure|ends after|time zone"):
        Walk(colour, start, end)


@pytest.mark.parametrize("seconds", [0, -1, 601])
def test_a_clip_of_an_impossible_length_is_refused(recorder: Recorder, seconds: int) -> None:
    with pytest.raises(ValueError, match="no clip"):
        recorder.clip(CAMERA, START, after(seconds))
    with pytest.raises(ValueError, match="no clip"):
        blank_clip(seconds)


@pytest.mark.parametrize(("width", "height"), [(160, 90), (641, 360), (7680, 4320), (640, 100)])
def test_a_scene_that_no_encoder_or_reader_takes_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=r"wide|no video"):
        Scene(width, height)
