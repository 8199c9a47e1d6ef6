"""The clip: when it is asked for, how often, and what is taken for good."""

import asyncio
from datetime import timedelta
import logging
from pathlib import Path
from threading import Event

import pytest

from custom_components.protect_narrator.pipeline import clip as clip_module
from custom_components.protect_narrator.pipeline.blocking import Decoder
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.clip import (
    Clip,
    ClipFetcher,
    clip_window,
    settle,
)
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.frames import ClipInfo
from custom_components.protect_narrator.pipeline.models import (
    FallbackDetail as Detail,
    Label,
    Policy,
)
from custom_components.protect_narrator.pipeline.readiness import Readiness

from .clips import damaged, mp4, without_length
from .fakes import (
    START,
    FakeWorkspace,
    FakeWorld,
    Step,
    detection,
    forever,
    good_clip,
    media_error,
    storage_error,
)

GARBAGE = b"<html>502</html>"
NOT_READY = media_error(Detail.NOT_READY)


async def fetch(
    outside: FakeWorld,
    case: Case,
    *script: Step,
    rand: float = 0.0,
    disk: FakeWorkspace | None = None,
) -> Clip | None:
    """Fetch a clip from a console that plays the script."""
    if script:
        outside.console.clip = list(script)
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), Readiness(), rand=lambda: rand)
    return await fetcher.fetch(case, disk or FakeWorkspace(outside.root))


def lost(case: Case) -> list[str]:
    """Return the lost rungs as the contract writes them."""
    return [str(fallback) for fallback in case.sighting().fallbacks]


# The window


def test_the_window_has_a_little_before_and_after() -> None:
    assert clip_window(detection(), Policy()) == (
        START - timedelta(seconds=3),
        START + timedelta(seconds=6),
    )


def test_of_a_long_detection_the_first_part_is_fetched() -> None:
    long = detection(end=START + timedelta(minutes=5))

    assert clip_window(long, Policy())[1] == START + timedelta(seconds=62)


def test_an_end_before_the_start_counts_as_the_start() -> None:
    wrong = detection(end=START - timedelta(hours=1))

    assert clip_window(wrong, Policy())[1] == START + timedelta(seconds=2)


# Settling


async def test_the_first_try_waits_for_the_recording(outside: FakeWorld, case: Case) -> None:
    await settle(case, outside.console, Readiness())

    assert outside.clock.slept == [13.5]
    assert outside.console.calls == ["refresh"]


async def test_a_late_detection_is_not_waited_for(outside: FakeWorld, case: Case) -> None:
    outside.clock.advance(3600)
    await settle(case, outside.console, Readiness())

    assert outside.clock.slept == [0.0]


async def test_what_the_console_knows_by_then_is_taken(outside: FakeWorld, case: Case) -> None:
    outside.console.refreshed = detection(labels=(Label.PERSON, Label.VEHICLE))
    await settle(case, outside.console, Readiness())

    assert case.detection.labels == (Label.PERSON, Label.VEHICLE)
    assert outside.clock.slept == [13.5]


async def test_an_end_that_moved_on_is_waited_for(outside: FakeWorld, case: Case) -> None:
    outside.console.refreshed = detection(end=START + timedelta(seconds=20))
    await settle(case, outside.console, Readiness())

    assert outside.clock.slept == [13.5, 16.0]
    assert case.detection.end == START + timedelta(seconds=20)


async def test_an_end_that_moves_for_ever_is_not_waited_for_for_ever(
    outside: FakeWorld, case: Case
) -> None:
    outside.console.refreshed = lambda: detection(end=case.detection.end + timedelta(seconds=1))
    await settle(case, outside.console, Readiness())

    assert len(outside.clock.slept) == 3


async def test_a_wrong_clock_stalls_nobody(outside: FakeWorld, case: Case) -> None:
    case.detection = detection(
        start=START + timedelta(hours=10), end=START + timedelta(hours=10, seconds=4)
    )
    await settle(case, outside.console, Readiness())

    assert outside.clock.slept == [9.5]


async def test_what_was_found_late_has_ended_whatever_a_clock_says(
    outside: FakeWorld, case: Case
) -> None:
    case.detection = detection(
        start=START + timedelta(hours=10), end=START + timedelta(hours=11), late=True
    )
    await settle(case, outside.console, Readiness())

    assert outside.clock.slept == [9.5]


async def test_a_console_that_cannot_be_asked_costs_nothing(outside: FakeWorld, case: Case) -> None:
    outside.console.refreshed = media_error()
    await settle(case, outside.console, Readiness())

    assert case.detection == detection()
    assert lost(case) == []


async def test_a_console_that_does_not_answer_is_not_waited_for(
    outside: FakeWorld, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_module, "_REFRESH_LIMIT_S", 0.01)
    outside.console.refreshed = forever
    await settle(case, outside.console, Readiness())

    assert case.detection == detection()


# Fetching


async def test_a_clip_that_is_there_is_fetched_at_once(outside: FakeWorld, case: Case) -> None:
    clip = await fetch(outside, case)

    assert clip is not None
    assert clip.path == outside.root / "clip.mp4"
    assert clip.info.duration_s == pytest.approx(9, abs=0.2)
    assert outside.console.windows == [("camera-0", *clip_window(detection(), Policy()), 45.0)]
    assert outside.clock.slept == []
    assert case.clip_attempts == 1


@pytest.mark.parametrize(
    "early",
    [
        NOT_READY,
        media_error(Detail.CONNECTION_LOST),
        media_error(Detail.EMPTY),
        GARBAGE,
        damaged(mp4(9)),
        mp4(7),
    ],
    ids=["not ready", "reset", "empty", "html", "noise", "short"],
)
async def test_a_clip_that_is_not_ready_is_asked_for_again(
    outside: FakeWorld, case: Case, early: Step
) -> None:
    clip = await fetch(outside, case, early, early, good_clip)

    assert clip is not None
    assert clip.info.duration_s == pytest.approx(9, abs=0.2)
    assert outside.clock.slept == [1, 2]
    assert case.clip_attempts == 3
    assert lost(case) == []


@pytest.mark.parametrize(("came_s", "expected"), [(44, 2), (45.5, 1)])
async def test_a_long_clip_lacks_no_more_than_from_keyframe_to_keyframe(
    outside: FakeWorld, case: Case, came_s: float, expected: int
) -> None:
    case.detection = detection(end=START + timedelta(seconds=45))
    await fetch(outside, case, good_clip(came_s), lambda: good_clip(50))

    assert case.clip_attempts == expected


async def test_a_clip_that_does_not_tell_its_length_is_used_at_last(
    outside: FakeWorld, case: Case
) -> None:
    clip = await fetch(outside, case, without_length(mp4(9)))

    assert clip is not None
    assert clip.info.duration_s == 0
    assert case.clip_attempts == 6
    assert lost(case) == []


async def test_the_pauses_double_until_the_deadline(outside: FakeWorld, case: Case) -> None:
    assert await fetch(outside, case, NOT_READY) is None

    assert outside.clock.slept == [1, 2, 4, 8, 16]
    assert case.clip_attempts == 6
    assert lost(case) == ["clip_download_failed:not_ready"]


async def test_jitter_makes_pauses_longer_and_never_shorter(outside: FakeWorld, case: Case) -> None:
    await fetch(outside, case, NOT_READY, rand=1.0)

    assert outside.clock.slept == [1.25, 2.5, 5, 10, 20]


async def test_no_pause_is_longer_than_a_minute(outside: FakeWorld, case: Case) -> None:
    case.policy = Policy(clip_deadline=timedelta(minutes=5))
    await fetch(outside, case, NOT_READY)

    assert outside.clock.slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_there_are_three_tries_whatever_the_deadline_says(
    outside: FakeWorld, case: Case
) -> None:
    outside.console.attempt_s = 45
    await fetch(outside, case, media_error(Detail.TIMEOUT))

    assert case.clip_attempts == 3
    assert outside.clock.slept == [1, 2]


@pytest.mark.parametrize(
    ("final", "expected"),
    [
        (media_error(Detail.NO_ACCESS, retriable=False), "no_access"),
        (media_error(Detail.NO_API, retriable=False), "no_api"),
        (media_error(Detail.TOO_LARGE), "too_large"),
    ],
)
async def test_what_cannot_pass_is_not_tried_again(
    outside: FakeWorld, case: Case, final: Step, expected: str
) -> None:
    assert await fetch(outside, case, NOT_READY, final) is None

    assert case.clip_attempts == 2
    assert lost(case) == [f"clip_download_failed:{expected}"]


@pytest.mark.parametrize("detail", [Detail.DISK_FULL, Detail.STORAGE_ERROR])
async def test_a_disk_that_takes_nothing_is_not_tried_again(
    outside: FakeWorld, case: Case, detail: Detail
) -> None:
    disk = FakeWorkspace(outside.root, storage_error(detail))
    assert await fetch(outside, case, disk=disk) is None

    assert case.clip_attempts == 1
    assert lost(case) == [f"clip_download_failed:{detail}"]


async def test_more_than_the_limit_is_not_tried_again(outside: FakeWorld, case: Case) -> None:
    case.policy = Policy(clip_max_bytes=1000)
    assert await fetch(outside, case) is None

    assert case.clip_attempts == 1
    assert lost(case) == ["clip_download_failed:too_large"]


async def test_a_body_that_is_never_a_video_is_unreadable(outside: FakeWorld, case: Case) -> None:
    assert await fetch(outside, case, GARBAGE) is None

    assert case.clip_attempts == 6
    assert lost(case) == ["clip_unreadable:undecodable"]


async def test_a_clip_that_takes_too_long_to_decode_is_not_asked_for_again(
    outside: FakeWorld, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(_stop: Event, _path: Path) -> ClipInfo:
        raise ClipUnreadableError(Detail.TIMEOUT, "decoding took too long")

    monkeypatch.setattr(clip_module, "probe", endless)
    assert await fetch(outside, case) is None

    assert case.clip_attempts == 1
    assert lost(case) == ["clip_unreadable:timeout"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([GARBAGE, GARBAGE, media_error()], "clip_download_failed:http_error"),
        ([media_error(), media_error(), GARBAGE], "clip_unreadable:undecodable"),
    ],
)
async def test_the_last_attempt_decides_the_reason(
    outside: FakeWorld, case: Case, script: list[Step], expected: str
) -> None:
    await fetch(outside, case, *script)

    assert lost(case) == [expected]


@pytest.mark.parametrize(
    "script", [[mp4(4)], [GARBAGE, mp4(4), media_error()]], ids=["always", "then errors"]
)
async def test_a_short_clip_is_better_than_none_at_last(
    outside: FakeWorld, case: Case, script: list[Step]
) -> None:
    clip = await fetch(outside, case, *script)

    assert clip is not None
    assert clip.info.duration_s == pytest.approx(4, abs=0.2)
    assert clip.path.read_bytes() == mp4(4)
    assert case.clip_attempts == 6
    assert lost(case) == []


async def test_a_short_clip_is_gone_when_garbage_has_replaced_it(
    outside: FakeWorld, case: Case
) -> None:
    assert await fetch(outside, case, mp4(4), GARBAGE) is None

    assert lost(case) == ["clip_unreadable:undecodable"]


async def test_an_export_that_hangs_gives_up_the_slot(
    outside: FakeWorld, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_module, "_GRACE_S", 0.0)
    case.policy = Policy(clip_deadline=timedelta(seconds=0.01))
    assert await fetch(outside, case, forever) is None

    assert case.clip_attempts == 3
    assert outside.console.open_now == 0
    assert lost(case) == ["clip_download_failed:timeout"]


async def test_one_export_at_a_time_and_the_slot_is_free_while_backing_off(
    outside: FakeWorld,
) -> None:
    """A clip that is never ready lets one that is ready pass between its tries."""
    order: list[str] = []

    def never() -> bytes:
        order.append("never")
        raise NOT_READY

    def ready() -> bytes:
        order.append("ready")
        return good_clip()

    outside.console.clip = [never, ready, never]
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), Readiness(), rand=lambda: 0.0)
    cases = [
        Case(detection=detection(number), clock=outside.clock, policy=Policy())
        for number in range(2)
    ]
    disks = [FakeWorkspace(outside.root / str(number)) for number in range(2)]
    for disk in disks:
        disk.path.mkdir()
    first, second = await asyncio.gather(
        *(fetcher.fetch(case, disk) for case, disk in zip(cases, disks, strict=True))
    )

    assert first is None
    assert second is not None
    assert order[:3] == ["never", "ready", "never"]
    assert outside.console.open_most == 1


async def test_waiting_for_the_slot_costs_nothing_of_the_deadline(outside: FakeWorld) -> None:
    """A neighbour that hangs for its whole time leaves the other all of its own tries."""
    outside.console.attempt_s = 44
    outside.console.clip = [NOT_READY]
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), Readiness(), rand=lambda: 0.0)
    cases = [
        Case(detection=detection(number), clock=outside.clock, policy=Policy())
        for number in range(2)
    ]
    await asyncio.gather(*(fetcher.fetch(case, FakeWorkspace(outside.root)) for case in cases))

    assert [case.clip_attempts for case in cases] == [3, 3]


async def test_a_lost_clip_is_one_warning_that_names_the_sighting(
    outside: FakeWorld, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await fetch(outside, case, NOT_READY)

    (record,) = caplog.records
    assert case.sighting_id in record.message
    assert "clip_download_failed:not_ready at clip" in record.message


# A console that says when to come back


@pytest.mark.parametrize(
    ("asked_s", "waited"),
    [
        (None, [1.0, 2.0]),
        (0.0, [1.0, 2.0]),
        (1.5, [1.5, 2.0]),
        (7.0, [7.0, 7.0]),
        (1e9, [60.0, 60.0]),
    ],
)
async def test_a_console_that_asks_to_wait_is_given_the_time(
    outside: FakeWorld, case: Case, asked_s: float | None, waited: list[float]
) -> None:
    busy = media_error(Detail.HTTP_ERROR, retry_after_s=asked_s)
    case.policy = Policy(clip_deadline=timedelta(seconds=500))
    assert await fetch(outside, case, busy, busy, good_clip)
    assert outside.clock.slept == waited


async def test_what_a_console_asks_for_beyond_a_clips_own_time_is_waited_for_at_the_slot(
    outside: FakeWorld, case: Case
) -> None:
    case.policy = Policy(clip_deadline=timedelta(seconds=70))
    await fetch(outside, case, media_error(Detail.HTTP_ERROR, retry_after_s=1e9))
    assert outside.clock.slept == [60.0, 10.0, 50.0]
    assert case.clip_attempts == 3
    assert lost(case) == ["clip_download_failed:http_error"]


@pytest.mark.parametrize(("asked_s", "waited"), [(30.0, [30.0]), (1e9, [60.0]), (0.0, [])])
async def test_what_a_console_asks_of_one_holds_for_all(
    outside: FakeWorld, asked_s: float, waited: list[float]
) -> None:
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), Readiness(), rand=lambda: 0.0)
    one, other = (
        Case(detection=detection(number), clock=outside.clock, policy=Policy())
        for number in range(2)
    )
    outside.console.clip = [
        media_error(Detail.HTTP_ERROR, retriable=False, retry_after_s=asked_s),
        good_clip,
    ]

    assert not await fetcher.fetch(one, FakeWorkspace(outside.root))
    assert outside.clock.slept == []
    assert await fetcher.fetch(other, FakeWorkspace(outside.root))
    assert outside.clock.slept == waited
