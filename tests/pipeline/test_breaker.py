"""A console that fails at every clip is left alone, and tried again with care."""

from collections.abc import Awaitable, Callable
import logging

import pytest

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
from custom_components.protect_narrator.pipeline.models import FallbackDetail as Detail
from custom_components.protect_narrator.pipeline.readiness import Readiness

from .fakes import (
    FakeWorkspace,
    FakeWorld,
    Step,
    detection,
    good_clip,
    media_error,
    storage_error,
)

GARBAGE = b"<html>502</html>"
TIMEOUT = media_error(Detail.TIMEOUT)

type Fetch = Callable[[Step], Awaitable[Case]]


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

    async def one_more(step: Step) -> Case:
        outside.console.clip = [step]
        case = Case(detection=detection(), clock=outside.clock, policy=outside.policy)
        await fetcher.fetch(case, FakeWorkspace(outside.root))
        return case

    return one_more


def lost(case: Case) -> list[str]:
    return [str(fallback) for fallback in case.sighting().fallbacks]


def downloads(breaker: Breaker) -> str:
    """Return the state, as what users see."""
    return breaker.state.value


@pytest.fixture
async def paused(fetch: Fetch, breaker: Breaker, told: list[Downloads]) -> Fetch:
    """A console that has just failed too often."""
    for _ in range(LOST_IN_A_ROW):
        assert downloads(breaker) == "normal"
        await fetch(TIMEOUT)
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
    for _ in range(LOST_IN_A_ROW - 1):
        await paused(TIMEOUT)
    assert downloads(breaker) == "normal", "what was lost before counts no more"


async def test_a_test_is_one_attempt_and_each_failed_one_doubles_the_pause(
    paused: Fetch, outside: FakeWorld, told: list[Downloads]
) -> None:
    pause_s = FIRST_PAUSE_S
    for _ in range(6):
        outside.clock.advance(pause_s - 1)
        assert (await paused(TIMEOUT)).clip_attempts == 0
        assert told == []

        outside.clock.advance(1)
        outside.clock.slept.clear()
        case = await paused(TIMEOUT)

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
        GARBAGE,
    ],
    ids=lambda step: getattr(step, "detail", "garbage"),
)
async def test_what_is_not_the_consoles_own_trouble_neither_counts_nor_makes_well(
    fetch: Fetch, outside: FakeWorld, breaker: Breaker, step: Step
) -> None:
    for _ in range(2 * LOST_IN_A_ROW):
        await fetch(step)
    assert downloads(breaker) == "normal"

    for _ in range(LOST_IN_A_ROW - 1):
        await fetch(TIMEOUT)
    await fetch(step)
    await fetch(TIMEOUT)
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
    for _ in range(LOST_IN_A_ROW - 1):
        await fetch(TIMEOUT)
    await fetch(media_error(detail))
    assert lost(await fetch(good_clip)) == [f"clip_download_failed:{detail}"]


async def test_one_clip_in_between_begins_the_count_anew(fetch: Fetch, breaker: Breaker) -> None:
    for _ in range(3):
        for _ in range(LOST_IN_A_ROW - 1):
            await fetch(TIMEOUT)
        await fetch(good_clip)
    assert downloads(breaker) == "normal"


async def test_while_one_tests_nobody_else_asks(
    paused: Fetch, outside: FakeWorld, breaker: Breaker
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)
    meanwhile: list[Case] = []

    async def ask_meanwhile() -> bytes:
        assert downloads(breaker) == "testing"
        script = outside.console.clip
        meanwhile.append(await paused(good_clip))
        outside.console.clip = script
        return good_clip()

    assert lost(await paused(ask_meanwhile)) == []
    (other,) = meanwhile
    assert other.clip_attempts == 0
    assert lost(other) == ["clip_download_failed:timeout"]


@pytest.mark.parametrize("err", [RuntimeError("a bug"), KeyboardInterrupt()])
async def test_a_test_that_ends_in_another_way_leaves_the_next_to_be_one(
    paused: Fetch, outside: FakeWorld, breaker: Breaker, err: BaseException
) -> None:
    outside.clock.advance(FIRST_PAUSE_S)

    def attempt() -> None:
        with breaker.watch():
            breaker.begin()
            raise err

    with pytest.raises(type(err)):
        attempt()
    assert downloads(breaker) == "paused"
    assert lost(await paused(good_clip)) == []


async def test_a_pause_is_one_line_in_the_log_and_its_end_another(
    fetch: Fetch, outside: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.protect_narrator.pipeline.breaker")
    for _ in range(LOST_IN_A_ROW):
        await fetch(TIMEOUT)
    for _ in range(3):
        outside.clock.advance(LONGEST_PAUSE_S)
        await fetch(TIMEOUT)
    outside.clock.advance(LONGEST_PAUSE_S)
    await fetch(good_clip)

    said = [each for each in caplog.records if each.name.endswith("breaker")]
    assert [each.levelname for each in said] == ["WARNING", "INFO"]
