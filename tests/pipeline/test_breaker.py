"""A console that fails at every clip is left alone, and tried again with care."""

import asyncio
from collections.abc import Awaitable
from itertools import count
import logging
from pathlib import Path
from threading import Event
from typing import Protocol

import pytest

from custom_components.protect_narrator.pipeline import clip as clip_room
from custom_components.protect_narrator.pipeline.blocking import Decoder
from custom_components.protect_narrator.pipeline.breaker import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    LOST_IN_A_ROW,
    Breaker,
    Downloads,
)
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.clip import ClipFetcher
from custom_components.protect_narrator.pipeline.frames import ClipInfo, probe
from custom_components.protect_narrator.pipeline.models import FallbackDetail as Detail
from custom_components.protect_narrator.pipeline.readiness import Readiness

from .fakes import (
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
TIMEOUT = media_error(Detail.TIMEOUT)

# Each of them loses one clip.
CAMERAS = range(LOST_IN_A_ROW)
LAST_LOSER = CAMERAS[-1]


class Fetch(Protocol):
    """One more Detection of that camera."""

    def __call__(self, step: Step, camera: int = 0) -> Awaitable[Case]: ...


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> FakeWorld:
    return FakeWorld(tmp_path_factory.mktemp("world"))


@pytest.fixture
def told() -> list[Downloads]:
    return []


@pytest.fixture
def breaker(outside: FakeWorld, told: list[Downloads]) -> Breaker:
    return Breaker(outside.clock, told.append)


@pytest.fixture
def fetch(outside: FakeWorld, breaker: Breaker) -> Fetch:
    """Try for one more Detection's clip at a console that always does the same."""
    fetcher = ClipFetcher(
        outside.console, outside.clock, Decoder(), Readiness(), breaker=breaker, rand=lambda: 0.0
    )

    numbers = count()

    async def one_more(step: Step, camera: int = 0) -> Case:
        outside.console.clip = [step]
        case = Case(detection=detection(camera), clock=outside.clock, policy=outside.policy)
        path = outside.root / str(next(numbers))
        path.mkdir()
        await fetcher.fetch(case, FakeWorkspace(path))
        return case

    return one_more


def lost(case: Case) -> list[str]:
    return [str(fallback) for fallback in case.sighting().fallbacks]


def downloads(breaker: Breaker) -> str:
    """Return the state, as what users see."""
    return breaker.state.value


@pytest.fixture
async def paused(fetch: Fetch, breaker: Breaker, told: list[Downloads]) -> Fetch:
    """A console that has just failed too often; the last loser was the last of its cameras."""
    for camera in CAMERAS:
        assert downloads(breaker) == "normal"
        await fetch(TIMEOUT, camera)
    assert downloads(breaker) == "paused"
    told.clear()
    return fetch


async def test_in_a_pause_nothing_is_asked_for_and_the_cause_is_said(
    paused: Fetch, outside: FakeWorld
) -> None:
    asked = len(outside.console.windows)

    case = await paused(good_clip)

    assert lost(case) == ["clip_download_failed:timeout"]
    assert case.clip_attempts == 0
    assert len(outside.console.windows) == asked


async def test_after_the_pause_a_clip_that_comes_makes_all_well(
    paused: Fetch, outside: FakeWorld, breaker: Breaker, told: list[Downloads]
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)

    case = await paused(good_clip)

    assert lost(case) == []
    assert told == [Downloads.TESTING, Downloads.NORMAL]
    for camera in CAMERAS[:-1]:
        await paused(TIMEOUT, camera)
    assert downloads(breaker) == "normal", "what was lost before counts no more"


async def test_a_test_is_one_attempt_and_each_failed_one_doubles_the_pause(
    paused: Fetch, outside: FakeWorld, told: list[Downloads]
) -> None:
    pause_s = FIRST_PAUSE_S
    for camera in (0, 1) * 3:
        outside.clock.advance(pause_s - 1)
        assert (await paused(TIMEOUT, camera)).clip_attempts == 0
        assert told == []

        outside.clock.advance(1)
        outside.clock.slept.clear()
        case = await paused(TIMEOUT, camera)

        assert case.clip_attempts == 1
        assert outside.clock.slept == []
        assert lost(case) == ["clip_download_failed:timeout"]
        assert told == [Downloads.TESTING, Downloads.PAUSED]
        told.clear()
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    assert pause_s == LONGEST_PAUSE_S


@pytest.mark.parametrize(
    "step",
    [
        media_error(Detail.NOT_READY),
        media_error(Detail.TRUNCATED),
        media_error(Detail.EMPTY),
        media_error(Detail.NO_ACCESS, retriable=False),
        media_error(Detail.HTTP_ERROR, retriable=False),
        media_error(Detail.TOO_LARGE, retriable=False),
        storage_error(),
    ],
    ids=lambda step: step.detail,
)
async def test_what_is_not_the_consoles_own_trouble_neither_counts_nor_makes_well(
    fetch: Fetch, outside: FakeWorld, breaker: Breaker, step: Step
) -> None:
    for camera in (*CAMERAS, *CAMERAS):
        await fetch(step, camera)
    assert downloads(breaker) == "normal"

    for camera in CAMERAS[:-1]:
        await fetch(TIMEOUT, camera)
    await fetch(step)
    await fetch(TIMEOUT, LAST_LOSER)
    assert downloads(breaker) == "paused"

    outside.clock.advance(FIRST_PAUSE_S)
    await fetch(step)
    assert downloads(breaker) == "paused", "it has not proved anything"
    assert lost(await fetch(good_clip)) == [], "so the very next is a test again"
    assert downloads(breaker) == "normal"


@pytest.mark.parametrize("detail", [Detail.HTTP_ERROR, Detail.TIMEOUT, Detail.CONNECTION_LOST])
async def test_the_last_cause_is_the_one_that_is_told(
    fetch: Fetch, outside: FakeWorld, detail: Detail
) -> None:
    for camera in CAMERAS[:-1]:
        await fetch(TIMEOUT, camera)
    await fetch(media_error(detail), LAST_LOSER)
    assert lost(await fetch(good_clip)) == [f"clip_download_failed:{detail}"]


async def test_one_clip_in_between_begins_the_count_anew(fetch: Fetch, breaker: Breaker) -> None:
    for _ in range(3):
        for camera in CAMERAS[:-1]:
            await fetch(TIMEOUT, camera)
        await fetch(good_clip)
    assert downloads(breaker) == "normal"


async def test_who_comes_while_one_tests_waits_for_its_end(
    paused: Fetch, outside: FakeWorld, breaker: Breaker
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)
    others: list[asyncio.Task[Case]] = []

    async def ask_meanwhile() -> bytes:
        assert downloads(breaker) == "testing"
        others.extend(asyncio.ensure_future(paused(good_clip, camera)) for camera in CAMERAS)
        for _ in range(10):
            await asyncio.sleep(0)
        return good_clip()

    assert lost(await paused(ask_meanwhile)) == []
    assert [lost(each) for each in await asyncio.gather(*others)] == [[]] * len(others)
    assert outside.console.open_most == 1


async def test_a_test_ends_as_its_body_is_complete_whatever_is_in_it_and_whoever_decodes(
    paused: Fetch, outside: FakeWorld, told: list[Downloads], monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)
    states: list[list[Downloads]] = []

    def looked_at(stop: Event, path: Path) -> ClipInfo:
        states.append([*told])
        return probe(stop, path)

    monkeypatch.setattr(clip_room, "probe", looked_at)

    await paused(GARBAGE)

    assert states[0] == [Downloads.TESTING, Downloads.NORMAL]


async def test_a_test_that_is_cancelled_leaves_the_next_to_be_one(
    paused: Fetch, outside: FakeWorld, breaker: Breaker
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)
    testing = asyncio.Event()

    async def never() -> None:
        testing.set()
        await forever()

    task = asyncio.ensure_future(paused(never))
    await testing.wait()
    assert downloads(breaker) == "testing"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert downloads(breaker) == "paused"
    assert lost(await paused(good_clip)) == []


# -- whose trouble it is


async def test_a_camera_that_always_fails_takes_no_clip_of_another(
    fetch: Fetch, outside: FakeWorld, breaker: Breaker
) -> None:
    bad, good = 1, 2
    for hour in range(6):
        for _ in range(2 * LOST_IN_A_ROW):
            await fetch(TIMEOUT, bad)
            outside.clock.advance(60)
        # And a chance loss makes no trouble of the console's.
        await fetch(TIMEOUT if hour == 3 else good_clip, good)
        assert lost(await fetch(good_clip, good)) == []
    assert downloads(breaker) == "normal"


async def test_a_camera_that_always_fails_is_left_alone_itself(
    fetch: Fetch, outside: FakeWorld
) -> None:
    for _ in range(LOST_IN_A_ROW):
        await fetch(TIMEOUT, 1)
        await fetch(good_clip, 2)

    assert (await fetch(good_clip, 1)).clip_attempts == 0

    outside.clock.advance(FIRST_PAUSE_S)
    assert (await fetch(TIMEOUT, 1)).clip_attempts == 1
    outside.clock.advance(FIRST_PAUSE_S)
    assert (await fetch(good_clip, 1)).clip_attempts == 0, "the pause has doubled"
    outside.clock.advance(FIRST_PAUSE_S)
    assert lost(await fetch(good_clip, 1)) == []
    assert (await fetch(TIMEOUT, 1)).clip_attempts > 1, "and all is well"


async def test_who_lost_last_lets_others_test_first(paused: Fetch, outside: FakeWorld) -> None:
    outside.clock.advance(FIRST_PAUSE_S)
    assert (await paused(TIMEOUT, LAST_LOSER)).clip_attempts == 0
    assert lost(await paused(good_clip, 0)) == []


async def test_who_lost_last_tests_where_nobody_else_does(
    paused: Fetch, outside: FakeWorld
) -> None:
    outside.clock.advance(2 * FIRST_PAUSE_S)
    assert lost(await paused(good_clip, LAST_LOSER)) == []


async def test_no_camera_pays_later_for_what_the_console_failed_at(
    paused: Fetch, outside: FakeWorld
) -> None:
    for _ in range(2 * LOST_IN_A_ROW):
        outside.clock.advance(2 * LONGEST_PAUSE_S)
        await paused(TIMEOUT, 1)
    outside.clock.advance(2 * LONGEST_PAUSE_S)
    await paused(good_clip, 2)

    assert lost(await paused(good_clip, 1)) == []


@pytest.mark.parametrize("err", [RuntimeError("a bug"), KeyboardInterrupt()])
async def test_a_test_that_ends_in_another_way_leaves_the_next_to_be_one(
    paused: Fetch, outside: FakeWorld, breaker: Breaker, err: BaseException
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)

    def attempt() -> None:
        with breaker.attempt("camera-0"):
            raise err

    with pytest.raises(type(err)):
        attempt()
    assert downloads(breaker) == "paused"
    assert lost(await paused(good_clip)) == []


@pytest.mark.parametrize("of_all", [True, False])
async def test_a_pause_is_one_line_in_the_log_and_its_end_another(
    fetch: Fetch, outside: FakeWorld, caplog: pytest.LogCaptureFixture, *, of_all: bool
) -> None:
    caplog.set_level(logging.INFO, "custom_components.protect_narrator.pipeline.breaker")
    for camera in CAMERAS if of_all else [0] * LOST_IN_A_ROW:
        await fetch(TIMEOUT, camera)
    for _ in range(3):
        outside.clock.advance(2 * LONGEST_PAUSE_S)
        await fetch(TIMEOUT)
    outside.clock.advance(2 * LONGEST_PAUSE_S)
    await fetch(good_clip)

    said = [each for each in caplog.records if each.name.endswith("breaker")]
    assert [each.levelname for each in said] == ["WARNING", "INFO"]
