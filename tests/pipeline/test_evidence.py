"""The ladder: clip, frames, snapshot, nothing."""

from dataclasses import replace
from datetime import timedelta
import logging
from pathlib import Path
from threading import Event
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.protect_narrator.pipeline import (
    evidence as evidence_module,
    frames as frames_module,
)
from custom_components.protect_narrator.pipeline.blocking import Crew, Decoder, StuckError
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.clip import Clip
from custom_components.protect_narrator.pipeline.evidence import Exhibit, Ladder, Room, look_for
from custom_components.protect_narrator.pipeline.frames import ClipInfo, Strip, choose
from custom_components.protect_narrator.pipeline.models import (
    Evidence,
    FallbackDetail as Detail,
    MediaFile,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.motion import edges

from .clips import damaged, jpeg, number_in, seconds_in, size_of
from .fakes import (
    START,
    FakeWorkspace,
    FakeWorld,
    Step,
    detection,
    forever,
    good_clip,
    media_error,
    play,
    storage_error,
)


def info(duration_s: float) -> ClipInfo:
    """Return what a clip of that length tells."""
    return ClipInfo(duration_s=duration_s, width=160, height=90, codec="h264", frame_rate=10)


@pytest.fixture
def ladder(outside: FakeWorld, case: Case) -> Ladder:
    """Return a ladder whose every rung holds."""
    return Ladder(case=case, console=outside.console, decoder=Decoder())


@pytest.fixture
def room(tmp_path: Path) -> FakeWorkspace:
    """Return a directory for the AI's files."""
    return FakeWorkspace(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Return a good clip on the disk."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(good_clip())
    return Clip(path, info(9.0))


def lost(ladder: Ladder) -> list[str]:
    """Return the lost rungs as the contract writes them."""
    return [str(fallback) for fallback in ladder.case.sighting().fallbacks]


def names(exhibit: Exhibit) -> list[str]:
    """Return the names of the files that are shown."""
    return [file.path.name for file in exhibit.evidence.files]


NOTHING = Exhibit(Evidence(medium=Medium.NONE))


async def test_where_no_decoder_is_left_there_is_no_picture_and_the_case_goes_on(
    ladder: Ladder, room: FakeWorkspace, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(*_: object, **__: object) -> NoReturn:
        raise StuckError("what was begun before does not end")

    monkeypatch.setattr(Crew, "run", stuck)

    assert await ladder.prepare(clip, room, whole=False) == NOTHING
    assert lost(ladder) == ["clip_unreadable:timeout", "snapshot_unavailable:timeout"]


# What is looked for


def stretch(look: Look) -> tuple[float, float]:
    """Return where it is looked for."""
    return look.first_s, look.last_s


def test_it_is_looked_for_the_detection_and_not_for_its_surroundings() -> None:
    look = look_for(info(9), detection(), replace(Policy(), frame_max_side=640), 4)

    assert (look.count, look.max_side, *stretch(look)) == (4, 640, 3.0, 7.0)


def test_of_a_long_detection_only_what_was_fetched_counts() -> None:
    long = detection(end=START + timedelta(minutes=5))

    assert stretch(look_for(info(65), long, Policy(), 2)) == (3.0, 63.0)


def test_of_a_short_clip_only_what_is_there_counts() -> None:
    assert stretch(look_for(info(5), detection(), Policy(), 2)) == (3.0, 5.0)


@pytest.mark.parametrize("length_s", [5, 10**6])
def test_a_moment_is_shown_with_what_surrounds_it(length_s: float) -> None:
    ring = detection(end=START)

    assert stretch(look_for(info(length_s), ring, Policy(), 5)) == (0.0, 5.0)


def test_a_clip_that_does_not_tell_its_length_is_taken_as_asked_for() -> None:
    assert stretch(look_for(info(0), detection(), Policy(), 2)) == (3.0, 7.0)


def test_the_moments_of_protects_best_views_are_looked_for_as_far_as_the_clip_holds_them() -> None:
    views = tuple(START + timedelta(seconds=second) for second in (-4, -1, 2, 7))

    look = look_for(info(9), detection(best_views=views), Policy(), 4)

    assert look.best_s == (2.0, 5.0)


def test_half_of_the_frames_are_left_for_what_else_happens() -> None:
    views = tuple(START + timedelta(seconds=second / 4) for second in range(16))

    look = look_for(info(9), detection(best_views=views), Policy(), 5)

    assert look.best_s == (4.0, 6.0)


def test_of_what_was_asked_for_all_is_looked_at() -> None:
    asked_for = detection(requested=True, end=START + timedelta(seconds=8))

    assert stretch(look_for(info(8), asked_for, Policy(), 4)) == (0.0, 8.0)


# Clip and frames


async def test_frames_of_the_clip_are_shown_with_their_moments(
    ladder: Ladder, clip: Clip, room: FakeWorkspace
) -> None:
    shown = await ladder.prepare(clip, room, whole=False)

    assert shown.evidence.medium is Medium.FRAMES
    assert names(shown) == [f"frame_0{number}.jpg" for number in range(1, 6)]
    assert {file.mime_type for file in shown.evidence.files} == {"image/jpeg"}
    read = [seconds_in(file.path.read_bytes()) for file in shown.evidence.files]
    assert read == sorted(set(read))
    assert all(2 <= second <= 8 for second in read)
    assert shown.moments_s == pytest.approx([second - 3 for second in read])
    assert ladder.case.picture in [file.path.read_bytes() for file in shown.evidence.files]
    assert lost(ladder) == []


async def test_an_agent_that_takes_video_gets_the_clip_and_people_get_a_frame(
    ladder: Ladder, clip: Clip, room: FakeWorkspace
) -> None:
    shown = await ladder.prepare(clip, room, whole=True)

    assert shown.evidence == Evidence(
        medium=Medium.CLIP, files=(MediaFile(clip.path, "video/mp4"),)
    )
    assert shown.evidence.frame_count == 0
    assert ladder.case.picture is not None
    assert 2 <= seconds_in(ladder.case.picture) <= 8
    assert room.written == []


@pytest.mark.parametrize("whole", [True, False])
async def test_a_clip_whose_frames_are_all_damaged_is_unreadable(
    ladder: Ladder, clip: Clip, room: FakeWorkspace, whole: bool
) -> None:
    clip.path.write_bytes(damaged(good_clip()))
    shown = await ladder.prepare(clip, room, whole=whole)

    assert shown.evidence.medium is Medium.SNAPSHOT
    assert lost(ladder) == ["clip_unreadable:undecodable"]


async def test_frames_that_were_found_in_time_are_shown_and_the_rest_is_told(
    ladder: Ladder,
    clip: Clip,
    room: FakeWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def out_of_time(stop: Event, path: Path, look: Look) -> Strip:
        def edges_late(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
            stop.set()
            return edges(luma)

        monkeypatch.setattr(f"{frames_module.__name__}.edges", edges_late)
        return choose(stop, path, look)

    monkeypatch.setattr(evidence_module, "choose", out_of_time)
    shown = await ladder.prepare(clip, room, whole=False)

    assert shown.evidence.frame_count == len(shown.evidence.files) == len(shown.moments_s) == 1
    assert lost(ladder) == []
    warnings = [each.message for each in caplog.records if each.levelno >= logging.WARNING]
    assert warnings == [
        f"Sighting {ladder.case.sighting_id}: 1 of 5 frames at evidence: decoding took too long"
    ]


# Snapshots


@pytest.mark.parametrize(
    ("working", "number"), [(("thumbnail", "recorded"), 101), (("recorded",), 102), ((), 103)]
)
async def test_without_a_clip_the_first_still_that_can_be_had_is_shown(
    outside: FakeWorld,
    ladder: Ladder,
    room: FakeWorkspace,
    working: tuple[str, ...],
    number: int,
) -> None:
    for name in {"thumbnail", "recorded"} - set(working):
        setattr(outside.console, name, media_error())
    shown = await ladder.prepare(None, room, whole=True)

    assert shown.evidence.medium is Medium.SNAPSHOT
    assert names(shown) == ["snapshot.jpg"]
    assert number_in(shown.evidence.files[0].path.read_bytes()) == number
    assert ladder.case.picture == shown.evidence.files[0].path.read_bytes()
    assert lost(ladder) == []


async def test_stills_are_asked_for_in_the_order_of_what_they_show(
    outside: FakeWorld, ladder: Ladder, room: FakeWorkspace
) -> None:
    outside.console.without_stills()
    shown = await ladder.prepare(None, room, whole=False)

    assert shown == NOTHING
    assert outside.console.calls == [
        "thumbnail of event-0",
        "recorded by camera-0 after 2.0 s",
        "live from camera-0",
    ]
    assert lost(ladder) == ["snapshot_unavailable:no_access"]
    assert ladder.case.picture is None


@pytest.mark.parametrize(
    ("still", "expected"),
    [
        (b"", "empty"),
        (b"<html>", "undecodable"),
        (jpeg()[:500], "undecodable"),
        (media_error(Detail.CONNECTION_LOST), "connection_lost"),
    ],
)
async def test_the_last_hopes_cause_is_told(
    outside: FakeWorld, ladder: Ladder, still: Step, expected: str
) -> None:
    outside.console.without_stills()
    outside.console.live = still

    assert await ladder.photograph() is None
    assert lost(ladder) == [f"snapshot_unavailable:{expected}"]


async def test_what_was_long_ago_is_not_looked_for_in_what_is_seen_now(
    outside: FakeWorld, ladder: Ladder
) -> None:
    outside.clock.advance(3600)
    outside.console.thumbnail = outside.console.recorded = media_error()

    assert await ladder.photograph() is None
    assert not any(call.startswith("live") for call in outside.console.calls)


async def test_a_still_that_never_comes_is_not_waited_for(
    outside: FakeWorld, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_module, "_STILL_LIMIT_S", 0.01)
    outside.console.without_stills()
    outside.console.live = forever

    assert await ladder.photograph() is None
    assert lost(ladder) == ["snapshot_unavailable:timeout"]


async def test_a_large_still_is_made_small(outside: FakeWorld, ladder: Ladder) -> None:
    outside.console.thumbnail = jpeg(3840, 2160)
    picture = await ladder.photograph()

    assert picture is not None
    assert size_of(picture) == (1280, 720)


# The disk


@pytest.mark.parametrize("with_clip", [True, False])
@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("detail", [Detail.DISK_FULL, Detail.STORAGE_ERROR])
async def test_pictures_that_cannot_be_written_are_not_shown_but_kept_for_people(
    ladder: Ladder, clip: Clip, tmp_path: Path, with_clip: bool, made: bool, detail: Detail
) -> None:
    fault = storage_error(detail)
    room: Room = FakeWorkspace(tmp_path, fault) if made else fault
    shown = await ladder.prepare(clip if with_clip else None, room, whole=False)

    assert shown == NOTHING
    assert lost(ladder) == [f"snapshot_unavailable:{detail}"]
    assert ladder.case.picture is not None


# A console that says when to come back


async def test_a_picture_is_waited_for_where_the_console_asks_for_a_moment(
    ladder: Ladder, outside: FakeWorld, room: FakeWorkspace
) -> None:
    script: list[Step] = [media_error(Detail.HTTP_ERROR, retry_after_s=4.0), jpeg(number=101)]
    outside.console.thumbnail = lambda: play(script.pop(0))

    exhibit = await ladder.prepare(None, room, whole=False)

    assert names(exhibit) == ["snapshot.jpg"]
    assert outside.console.calls == ["thumbnail of event-0"] * 2
    assert outside.clock.slept == [4.0]


@pytest.mark.parametrize("asked_s", [20.0, 60.0, 1e9])
async def test_a_picture_is_not_waited_for_beyond_its_own_time(
    ladder: Ladder, outside: FakeWorld, room: FakeWorkspace, asked_s: float
) -> None:
    outside.console.thumbnail = media_error(Detail.HTTP_ERROR, retry_after_s=asked_s)

    await ladder.prepare(None, room, whole=False)

    assert outside.console.calls == ["thumbnail of event-0", "recorded by camera-0 after 2.0 s"]
    assert outside.clock.slept == []


async def test_a_console_is_asked_again_for_a_picture_once(
    ladder: Ladder, outside: FakeWorld, room: FakeWorkspace
) -> None:
    outside.console.thumbnail = media_error(Detail.HTTP_ERROR, retry_after_s=4.0)

    await ladder.prepare(None, room, whole=False)

    assert outside.console.calls[:3] == [
        "thumbnail of event-0",
        "thumbnail of event-0",
        "recorded by camera-0 after 2.0 s",
    ]
