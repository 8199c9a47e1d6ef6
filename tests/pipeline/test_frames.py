"""Frames out of real clips."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline import frames as frames_module, opening
from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.frames import Strip, choose, probe
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.pipeline.motion import edges

from . import clips

GO_ON = Event()

type Save = Callable[[bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Put a clip on the disk."""

    def _save(data: bytes) -> Path:
        path = tmp_path / "clip.mp4"
        path.write_bytes(data)
        return path

    return _save


def look(*best_s: float, count: int = 5, max_side: int = 1280) -> Look:
    """Look for what is seen at those moments, and for whatever else is worth seeing."""
    return Look(
        count=max(count, len(best_s)), first_s=0.0, last_s=60.0, best_s=best_s, max_side=max_side
    )


def shown(strip: Strip) -> list[float]:
    """Return the seconds that can be read in the pictures."""
    return [clips.seconds_in(frame.jpeg) for frame in strip.frames]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_clip_tells_what_it_is(save: Save, codec: str) -> None:
    info = probe(GO_ON, save(clips.mp4(3, codec=codec)))

    assert info.duration_s == pytest.approx(3, abs=0.1)
    assert (info.width, info.height, info.codec, info.frame_rate) == (320, 180, codec, 10)


def test_a_clip_in_fragments_is_as_good_as_a_whole_one(save: Save) -> None:
    clip = save(clips.mp4(6, fragmented=True))

    assert probe(GO_ON, clip).duration_s == pytest.approx(6, abs=0.15)
    assert shown(choose(GO_ON, clip, look(0.5, 3.2, 5.8, count=3))) == pytest.approx(
        [0.5, 3.2, 5.8]
    )


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("keyframe_every_s", [1, 5])
def test_the_frames_show_the_moments_that_were_asked_for(
    save: Save, codec: str, keyframe_every_s: int
) -> None:
    clip = save(clips.mp4(12, codec=codec, keyframe_every_s=keyframe_every_s))

    strip = choose(GO_ON, clip, look(0.32, 2.5, 5.0, 6.98, 11.1))

    assert shown(strip) == pytest.approx([0.3, 2.5, 5.0, 7.0, 11.1])
    assert strip.cut_short is None
    assert [frame.at_s for frame in strip.frames] == pytest.approx(shown(strip))


def test_of_more_moments_than_frames_the_first_are_shown(save: Save) -> None:
    wanted = Look(count=2, first_s=0, last_s=3, best_s=(0.3, 1.5, 2.9))

    assert shown(choose(GO_ON, save(clips.mp4(3)), wanted)) == pytest.approx([0.3, 1.5])


def test_a_moment_beyond_the_end_costs_no_frame(save: Save) -> None:
    strip = choose(GO_ON, save(clips.mp4(3)), look(1.0, 30.0))

    assert 1.0 in [round(second, 1) for second in shown(strip)]
    assert len(strip.frames) == 5


def test_no_frame_is_taken_twice(save: Save) -> None:
    strip = choose(GO_ON, save(clips.mp4(3)), look(0.5, 0.51, 0.52, 0.53, 2.69))

    assert len(set(shown(strip))) == len(strip.frames)
    assert {0.5, 2.7} <= {round(second, 1) for second in shown(strip)}


def test_frames_are_made_small_and_never_large(save: Save) -> None:
    clip = save(clips.mp4(1, width=640, height=360))

    assert clips.size_of(choose(GO_ON, clip, look(max_side=320)).frames[0].jpeg) == (320, 180)
    assert clips.size_of(choose(GO_ON, clip, look()).frames[0].jpeg) == (640, 360)


def test_a_turned_clip_is_shown_upright(save: Save) -> None:
    clip = save(clips.turned(clips.mp4(1)))
    upright = choose(GO_ON, clip, look(0.5, count=1)).frames[0].jpeg

    assert clips.size_of(upright) == (180, 320)
    # A quarter clockwise: what was left is on top now, and columns have become rows.
    assert number_in_rows(upright) == 5


def number_in_rows(jpeg: bytes) -> int:
    """Return the number that a picture shows whose columns have become rows."""
    back = BytesIO()
    Image.open(BytesIO(jpeg)).rotate(90, expand=True).save(back, "JPEG")
    return clips.number_in(back.getvalue())


def test_damage_costs_only_the_frames_that_it_hits(save: Save) -> None:
    whole = clips.mp4(6, keyframe_every_s=1)
    at = whole.index(b"mdat") + 4
    size = int.from_bytes(whole[at - 8 : at - 4]) - 8
    broken = whole[: at + size // 2] + bytes(size // 2) + whole[at + size // 2 * 2 :]

    strip = choose(GO_ON, save(broken), look(0.5, 1.6, 5.5, count=3))

    assert shown(strip)[:2] == pytest.approx([0.5, 1.6])


def test_frames_that_are_known_to_be_damaged_are_passed_over(save: Save) -> None:
    clip = save(clips.sprinkled(clips.mp4(6)))
    damaged = clips.known_damage(clip)

    strip = choose(GO_ON, clip, look(*(second / 10 for second in range(60))))

    assert damaged
    assert damaged.isdisjoint(round(frame.at_s, 3) for frame in strip.frames)


def test_a_clip_that_does_not_tell_its_length_has_none(save: Save) -> None:
    clip = save(clips.without_length(clips.mp4(2)))

    assert probe(GO_ON, clip).duration_s == 0
    assert shown(choose(GO_ON, clip, look(1.5, count=1))) == pytest.approx([1.5])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
        clips.mp4(2)[:200],
        clips.damaged(clips.mp4(2)),
        clips.mp4(2).replace(b"avc1", b"zzzz"),
        clips.without_parameters(clips.mp4(2, codec="hevc")),
        clips.sound_only(),
    ],
    ids=["empty", "html", "list", "headless", "noise", "unknown", "no codec", "sound"],
)
def test_what_is_no_video_is_unreadable(save: Save, body: bytes) -> None:
    clip = save(body)
    for read in (lambda: probe(GO_ON, clip), lambda: choose(GO_ON, clip, look())):
        with pytest.raises(ClipUnreadableError) as caught:
            read()
        assert caught.value.detail is FallbackDetail.UNDECODABLE


def test_a_clip_that_claims_millions_of_samples_is_not_opened(save: Save) -> None:
    with pytest.raises(ClipUnreadableError, match="far too many samples"):
        probe(GO_ON, save(clips.claiming(clips.mp4(1), 1_000_000)))


def test_a_picture_of_far_too_many_shades_is_not_decoded(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = save(clips.mp4(1))
    monkeypatch.setattr(frames_module, "_HEAVIEST_BITS", 320 * 180 * 12)
    assert probe(GO_ON, clip).width == 320

    monkeypatch.setattr(frames_module, "_HEAVIEST_BITS", 320 * 180 * 12 - 1)
    with pytest.raises(ClipUnreadableError, match="pixels and shades"):
        probe(GO_ON, clip)


def test_a_picture_of_far_too_many_pixels_is_not_decoded(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MAX_PIXELS", 320 * 180 - 1)

    with pytest.raises(ClipUnreadableError, match="too many pixels"):
        probe(GO_ON, save(clips.mp4(1)))


def test_a_clip_without_end_is_read_no_further_than_the_bound(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_module, "_MAX_PACKETS", 5)

    strip = choose(GO_ON, save(clips.mp4(4, keyframe_every_s=5)), look(count=12))

    assert max(shown(strip)) == pytest.approx(0.3)


def test_decoding_ends_soon_after_it_is_told_to(save: Save) -> None:
    stop = Event()
    stop.set()

    with pytest.raises(ClipUnreadableError) as caught:
        choose(stop, save(clips.mp4(1)), look())
    assert caught.value.detail is FallbackDetail.TIMEOUT


def test_frames_found_before_the_end_of_patience_are_kept(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Event()

    def edges_and_out_of_time(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
        stop.set()
        return edges(luma)

    monkeypatch.setattr(f"{frames_module.__name__}.edges", edges_and_out_of_time)

    strip = choose(stop, save(clips.mp4(3)), look())

    assert shown(strip) == pytest.approx([0.0])
    assert strip.cut_short == "decoding took too long"
