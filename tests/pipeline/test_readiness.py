"""Patience that is learnt: clips are asked for neither too early nor too late."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.blocking import Decoder
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.clip import ClipFetcher, settle
from custom_components.protect_narrator.pipeline.models import FallbackDetail as Detail, Policy
from custom_components.protect_narrator.pipeline.readiness import (
    CAP_S,
    FLOOR_S,
    LONG_AGO_S,
    MOST_INTERVALS,
    Interval,
    Readiness,
)

from .clips import mp4, without_length
from .fakes import (
    START,
    FakeWorkspace,
    FakeWorld,
    Step,
    detection,
    good_clip,
    media_error,
    storage_error,
)
from .lateness import LateHome, tries, wasted_s

BEGIN_S = 7.5
NOT_READY = media_error(Detail.NOT_READY)


def came(ready_s: float) -> Interval:
    """Return what a clip tells that came at the first try."""
    return Interval(None, ready_s)


def taught(*intervals: Interval) -> Readiness:
    """Return what is known after these clips."""
    readiness = Readiness()
    for interval in intervals:
        readiness.learn(interval, BEGIN_S)
    return readiness


# What was promised


@pytest.mark.parametrize("ready_after_s", [1, 8, 20])
async def test_after_ten_clips_a_console_is_asked_neither_too_early_nor_too_late(
    tmp_path: Path, ready_after_s: float
) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(10, lambda: ready_after_s)

    then = await home.fetch_many(60, lambda: ready_after_s)

    assert tries(then) < 1.2
    assert wasted_s(then) < 2
    assert home.readiness.known_s(BEGIN_S) == pytest.approx(ready_after_s + 1, abs=1.1)


async def test_a_console_beyond_the_cap_is_known_to_a_user_who_waits_for_it(
    tmp_path: Path,
) -> None:
    home = LateHome(tmp_path, policy=Policy(settle=timedelta(seconds=45)))
    await home.fetch_many(10, lambda: 37)

    then = await home.fetch_many(60, lambda: 37)

    assert tries(then) < 1.2
    assert wasted_s(then) < 2


@pytest.mark.parametrize(("lasts_s", "ready_after_s"), [(4, 2), (4, 4), (20, 4), (45, 4), (45, 8)])
async def test_a_console_that_shortens_clips_is_not_asked_so_early_that_much_is_missing(
    tmp_path: Path, lasts_s: float, ready_after_s: float
) -> None:
    home = LateHome(tmp_path, shortens=True, lasts_s=lasts_s)
    await home.fetch_many(10, lambda: ready_after_s)

    then = await home.fetch_many(2 * MOST_INTERVALS, lambda: ready_after_s)

    # While an earlier moment is tried, one clip may lack more, and no more than it may at all.
    missing = sorted(one.missing_s for one in then)
    assert missing[-3] <= 1
    assert missing[-1] <= 5
    assert tries(then) < 1.2
    assert wasted_s(then) < 2


async def test_errors_at_random_are_waited_for_no_longer_than_the_cap(tmp_path: Path) -> None:
    home = LateHome(tmp_path, errors=0.3, seed=2)

    fetched = await home.fetch_many(300, lambda: 3)

    asked_s = [3 + one.wasted_s for one in fetched if one.tries == 1]
    assert CAP_S - 5 < max(asked_s) < CAP_S + 1


@pytest.mark.parametrize("seconds", [1, 8, 20])
async def test_a_moody_console_is_not_felt_for_ever(tmp_path: Path, seconds: float) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(10, home.around(seconds))

    then = await home.fetch_many(100, home.around(seconds))

    assert tries(then) < 1.2
    # Nobody can ask for nine in ten at the first try and wait for less than most of them take.
    assert wasted_s(then) < 0.3 * seconds + 2


async def test_a_console_that_becomes_slow_is_followed_and_back(tmp_path: Path) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(20, lambda: 1)

    await home.fetch_many(8, lambda: 20)
    slow = await home.fetch_many(10, lambda: 20)
    assert tries(slow) < 1.2
    assert wasted_s(slow) < 2

    await home.fetch_many(MOST_INTERVALS + 6, lambda: 1)
    fast = await home.fetch_many(10, lambda: 1)
    assert tries(fast) < 1.2
    assert wasted_s(fast) < 2


@pytest.mark.parametrize("before", [0, 20], ids=["at first", "later"])
async def test_one_clip_that_takes_long_changes_nothing(tmp_path: Path, before: int) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(before, lambda: 6.7)

    assert (await home.fetch(35)).tries > 3
    then = await home.fetch_many(10, lambda: 6.7)

    assert wasted_s(then) < 2
    assert tries(then) <= 1.2


async def test_looking_whether_a_steady_console_became_faster_costs_a_try_a_window(
    tmp_path: Path,
) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(20, lambda: 20)

    then = await home.fetch_many(4 * MOST_INTERVALS, lambda: 20)

    assert sum(one.tries > 1 for one in then) <= 4


# Where it begins, and its bounds


def test_the_first_clip_is_waited_for_as_long_as_the_user_says() -> None:
    readiness = Readiness()
    assert readiness.wait_s(BEGIN_S) == BEGIN_S
    assert readiness.wait_s(3) == 3
    assert readiness.known_s(BEGIN_S) is None


async def test_no_console_is_asked_before_the_floor(tmp_path: Path) -> None:
    home = LateHome(tmp_path)
    await home.fetch_many(20, lambda: 0)

    assert home.readiness.wait_s(BEGIN_S) >= FLOOR_S
    assert home.readiness.known_s(BEGIN_S) == pytest.approx(FLOOR_S, abs=0.2)


@pytest.mark.parametrize("begin_s", [0, 0.2])
def test_a_user_who_begins_below_the_floor_stays_there(begin_s: float) -> None:
    readiness = Readiness()
    for _ in range(MOST_INTERVALS):
        assert readiness.wait_s(begin_s) == pytest.approx(begin_s, abs=0.1)
        readiness.learn(came(begin_s + 0.05), begin_s)


def test_nothing_is_waited_for_longer_than_the_cap() -> None:
    readiness = taught(*[Interval(29, 40)] * MOST_INTERVALS)
    assert readiness.wait_s(BEGIN_S) == CAP_S


def test_a_user_who_waits_for_longer_than_the_cap_goes_on_doing_so() -> None:
    readiness = Readiness()
    for _ in range(MOST_INTERVALS):
        readiness.learn(Interval(readiness.wait_s(45), 70), 45)
    assert readiness.wait_s(45) == 45


def test_a_clip_that_is_not_whole_never_makes_us_ask_earlier() -> None:
    readiness = taught(came(7.5))
    readiness.learn(came(7.2), BEGIN_S, whole=False)

    assert readiness.intervals[-1] == Interval(7.2, 7.5)
    assert readiness.wait_s(BEGIN_S) == 7.5


def test_a_clip_that_is_never_whole_does_not_make_us_ask_later() -> None:
    readiness = Readiness()
    for _ in range(2 * MOST_INTERVALS):
        readiness.learn(came(readiness.wait_s(BEGIN_S) + 0.05), BEGIN_S, whole=False)
    assert readiness.known_s(BEGIN_S) == pytest.approx(BEGIN_S, abs=0.1)


def test_only_the_latest_are_remembered() -> None:
    readiness = taught(*(came(7.5 + number / 1000) for number in range(100)))
    assert len(readiness.intervals) == MOST_INTERVALS
    assert readiness.intervals[-1] == came(7.599)


def test_who_learns_something_says_so() -> None:
    changes: list[float | None] = []
    readiness = Readiness((), lambda: changes.append(readiness.known_s(BEGIN_S)))
    readiness.learn(came(7.5), BEGIN_S)
    readiness.learn(came(30), BEGIN_S)

    assert changes == [7.5], "what was asked late for another reason is no news"


@pytest.mark.parametrize(
    ("too_early_s", "ready_s"),
    [(5, 4), (5, 5), (float("nan"), 5), (None, float("nan")), (None, float("inf"))],
)
def test_what_no_clip_can_tell_is_refused(too_early_s: float | None, ready_s: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        Interval(too_early_s, ready_s)


def test_of_a_burst_one_clip_alone_tries_an_earlier_moment() -> None:
    readiness = taught(came(7.5))
    waits = [readiness.wait_s(BEGIN_S) for _ in range(3)]
    assert waits == [6.5, 7.5, 7.5]

    readiness.learn(came(6.5), BEGIN_S)
    assert readiness.wait_s(BEGIN_S) == 4.5


# What teaches, and what does not


async def learnt(
    outside: FakeWorld,
    *script: Step,
    disk: FakeWorkspace | None = None,
    policy: Policy | None = None,
    asked_s: float = BEGIN_S,
    late: bool = False,
) -> tuple[Interval, ...]:
    """Return what fetching one clip teaches that is asked for so many seconds after its window."""
    outside.console.clip = list(script)
    case = Case(
        detection=detection(late=late), clock=outside.clock, policy=policy or outside.policy
    )
    outside.clock.advance(6 + asked_s)
    readiness = Readiness()
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), readiness, rand=lambda: 0.0)
    await fetcher.fetch(case, disk or FakeWorkspace(outside.root))
    return readiness.intervals


async def test_a_clip_that_is_there_was_ready_by_then(outside: FakeWorld) -> None:
    assert await learnt(outside, good_clip) == (came(7.5),)


@pytest.mark.parametrize(
    "early",
    [
        NOT_READY,
        media_error(Detail.EMPTY),
        b"<html>502</html>",
        mp4(7),
        pytest.param(media_error(Detail.HTTP_ERROR, early=True), id="500"),
    ],
)
async def test_what_is_not_written_yet_teaches(outside: FakeWorld, early: Step) -> None:
    assert await learnt(outside, early, early, good_clip) == (Interval(8.5, 10.5),)


@pytest.mark.parametrize(
    "trouble",
    [
        media_error(Detail.TIMEOUT),
        media_error(Detail.CONNECTION_LOST),
        media_error(Detail.TRUNCATED),
        media_error(Detail.HTTP_ERROR),
    ],
    ids=["timeout", "connection lost", "cut off", "too many log-ins"],
)
@pytest.mark.parametrize("number", [0, 1])
async def test_other_trouble_teaches_nothing(
    outside: FakeWorld, trouble: Step, number: int
) -> None:
    script: list[Step] = [NOT_READY, NOT_READY, good_clip]
    script[number] = trouble
    assert await learnt(outside, *script) == ()


@pytest.mark.parametrize(
    "lost",
    [
        NOT_READY,
        media_error(Detail.NO_ACCESS, retriable=False),
        mp4(4),
        pytest.param(without_length(mp4(9)), id="no length"),
    ],
)
async def test_what_never_comes_was_not_late(outside: FakeWorld, lost: Step) -> None:
    assert await learnt(outside, lost) == ()


async def test_a_full_disk_teaches_nothing(outside: FakeWorld) -> None:
    disk = FakeWorkspace(outside.root, storage_error())
    assert await learnt(outside, good_clip, disk=disk) == ()


async def test_what_is_found_by_looking_back_teaches_nothing(outside: FakeWorld) -> None:
    assert await learnt(outside, NOT_READY, good_clip, late=True) == ()


@pytest.mark.parametrize("script", [[good_clip], [NOT_READY, good_clip]])
async def test_what_ended_long_ago_teaches_nothing(outside: FakeWorld, script: list[Step]) -> None:
    assert await learnt(outside, *script, asked_s=LONG_AGO_S + 1) == ()


async def test_a_clock_that_is_set_back_teaches_nothing(outside: FakeWorld) -> None:
    def set_back() -> bytes:
        outside.clock.time -= timedelta(hours=1)
        raise NOT_READY

    assert await learnt(outside, set_back, good_clip) == ()


async def test_the_wait_for_the_export_slot_counts_as_waiting(outside: FakeWorld) -> None:
    """The second was asked for the first time when the first one's export had ended."""
    readiness = Readiness()
    outside.console.attempt_s = 4
    outside.clock.advance(6 + BEGIN_S)
    fetcher = ClipFetcher(outside.console, outside.clock, Decoder(), readiness)
    outside.console.clip = [good_clip, NOT_READY, good_clip]
    cases = [
        Case(detection=detection(number), clock=outside.clock, policy=Policy())
        for number in range(2)
    ]
    disks = [FakeWorkspace(outside.root / str(number)) for number in range(2)]
    for disk in disks:
        disk.path.mkdir()
    await asyncio.gather(
        *(fetcher.fetch(case, disk) for case, disk in zip(cases, disks, strict=True))
    )

    first, second = sorted(readiness.intervals, key=lambda interval: interval.ready_s)
    assert first == came(7.5)
    assert second.too_early_s == 11.5


# Who uses it


async def test_who_does_not_want_it_waits_as_he_says(outside: FakeWorld) -> None:
    case = Case(detection=detection(), clock=outside.clock, policy=Policy(learn_settle=False))
    await settle(case, outside.console, taught(*[Interval(19, 20)] * 5))

    assert outside.clock.slept == [13.5]


async def test_an_end_that_moved_on_is_waited_for_with_the_same_patience(
    outside: FakeWorld, case: Case
) -> None:
    outside.console.refreshed = detection(end=START + timedelta(seconds=20))
    await settle(case, outside.console, taught(*[Interval(19, 20)] * 5))

    assert outside.clock.slept == [26.0, 16.0]
