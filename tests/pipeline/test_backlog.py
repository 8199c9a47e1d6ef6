"""What was found late gets its turn: the newest first, a few at a time, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
import logging

import pytest

from custom_components.protect_narrator.pipeline import backlog as room
from custom_components.protect_narrator.pipeline.backlog import AT_ONCE, Backlog, Way
from custom_components.protect_narrator.pipeline.models import Detection
from tests.waiting import until

from .fakes import START, FakeClock, detection, forever

NOON = START + timedelta(hours=5)


def found(minutes_ago: float, number: int = 0, **changes: object) -> Detection:
    """Return what has ended so long before noon."""
    end = NOON - timedelta(minutes=minutes_ago)
    times = {"start": end - timedelta(seconds=4), "end": end}
    return detection(number, late=True, **(times | changes))


class World:
    """Where late Detections go, as a backlog knows it."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOON)
        self.told: set[tuple[str, str]] = set()
        self.record_fails: list[Exception] = []
        self.narrowed: list[tuple[Detection, Detection]] = []
        self.bugs = 0
        self.changes = 0
        self.asked: list[datetime] = []
        self.begun: list[Detection] = []
        self.running: dict[Detection, asyncio.Task[None]] = {}
        self.refused: list[Detection] = []
        self.dropped: list[Detection] = []
        self.at_ease = True
        self.resting: set[str] = set()
        self.is_full = False

    async def told_since(self, since: datetime) -> set[tuple[str, str]]:
        self.asked.append(since)
        if self.record_fails:
            raise self.record_fails.pop(0)
        return self.told

    def submit(self, one: Detection) -> asyncio.Task[None] | None:
        self.begun.append(one)
        if self.is_full:
            return None
        self.running[one] = asyncio.get_running_loop().create_task(forever())
        return self.running[one]

    def backlog(self) -> Backlog:
        way = Way(
            told_since=self.told_since,
            submit=self.submit,
            refuse=self.refused.append,
            drop=self.dropped.append,
            narrow=lambda whole, rest: self.narrowed.append((whole, rest)),
            may_begin=lambda camera_id: self.at_ease and camera_id not in self.resting,
        )
        return Backlog(way, self.clock, self.note_change, self.note_bug)

    def note_change(self) -> None:
        self.changes += 1

    def note_bug(self) -> None:
        self.bugs += 1

    async def finish(self, one: Detection) -> None:
        """Let it be told."""
        task = self.running.pop(one)
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world in which nothing that has begun ends by itself."""
    world = World()
    yield world
    for each in tuple(world.running):
        await world.finish(each)


@pytest.fixture
async def backlog(world: World) -> AsyncIterator[Backlog]:
    """A backlog that is closed, whatever happens."""
    backlog = world.backlog()
    yield backlog
    await backlog.close()


async def settled() -> None:
    """Let everybody take the steps that can be taken now."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_the_newest_comes_first_however_it_was_found(world: World, backlog: Backlog) -> None:
    for minutes in (30, 5, 90, 2):
        backlog.add(found(minutes, minutes))
    await until(lambda: len(world.begun) == AT_ONCE)
    for one in (found(2, 2), found(5, 5), found(30, 30)):
        await world.finish(one)
        await settled()

    assert world.begun == [found(2, 2), found(5, 5), found(30, 30), found(90, 90)]
    assert backlog.depth == 0


async def test_no_more_than_two_are_worked_on_at_once(world: World, backlog: Backlog) -> None:
    for number in range(5):
        backlog.add(found(10, number))
    await until(lambda: len(world.begun) == 2)
    await settled()
    assert (len(world.begun), backlog.depth) == (2, 3)

    await world.finish(world.begun[0])
    await settled()
    assert (len(world.begun), backlog.depth) == (3, 2)


async def test_a_change_is_told_once_for_all_that_is_found_together(
    world: World, backlog: Backlog
) -> None:
    for number in range(100):
        backlog.add(found(60, number))
    await until(lambda: len(world.begun) == 2)
    assert world.changes == 1


async def test_what_is_found_later_and_is_newer_goes_before_what_waits(
    world: World, backlog: Backlog
) -> None:
    for number in range(4):
        backlog.add(found(60, number))
    await until(lambda: len(world.begun) == 2)
    backlog.add(found(3, 9))
    await until(lambda: not backlog._found)
    await settled()
    await world.finish(world.begun[0])
    await settled()

    assert world.begun[2] == found(3, 9)


async def test_nothing_begins_before_all_that_comes_with_it_is_there(
    world: World, backlog: Backlog
) -> None:
    more = [found(minutes, minutes) for minutes in (40, 30, 20)]

    async def sleep(seconds: float) -> None:
        world.clock.slept.append(seconds)
        assert world.begun == []
        if more:
            backlog.add(more.pop(0))
        await asyncio.sleep(0)

    world.clock.sleep = sleep  # type: ignore[method-assign]  # another page comes in meanwhile
    backlog.add(found(50, 50))
    await until(lambda: bool(world.begun))

    assert world.begun[0] == found(20, 20)
    assert len(world.clock.slept) == 4


async def test_a_console_that_goes_on_listing_is_not_waited_for_for_ever(
    world: World, backlog: Backlog
) -> None:
    count = 0

    async def sleep(seconds: float) -> None:
        nonlocal count
        count += 1
        world.clock.slept.append(seconds)
        backlog.add(found(600 - count, count))
        await asyncio.sleep(0)

    world.clock.sleep = sleep  # type: ignore[method-assign]  # as above, and again and again
    backlog.add(found(600))
    await until(lambda: bool(world.begun))
    assert 30 <= sum(world.clock.slept[:20]) <= 60


async def test_what_has_just_ended_waits_for_nobody(world: World, backlog: Backlog) -> None:
    for number in range(4):
        backlog.add(found(60, number))
    await until(lambda: len(world.begun) == 2)
    slept = len(world.clock.slept)
    fresh = [found(0.5, 8), found(-0.2, 9)]
    for each in fresh:
        backlog.add(each)
    await settled()

    assert world.begun[2:] == fresh
    assert len(world.clock.slept) == slept


async def test_an_end_far_in_the_future_is_not_fresh(world: World, backlog: Backlog) -> None:
    for number in range(5):
        backlog.add(found(-24 * 60, number))
    await until(lambda: bool(world.begun))
    await settled()
    assert len(world.begun) == 2


async def test_what_is_recorded_is_not_told_again_and_done_with(
    world: World, backlog: Backlog
) -> None:
    world.told = {("camera-1", "event-1"), ("camera-2", "other"), ("camera-3", "event-2")}
    one, two, fresh = found(60, 1), found(50, 2), found(0.1, 3, event_ids=("event-2",))
    for each in (one, two, fresh):
        backlog.add(each)
    await until(lambda: len(world.begun) == 1 and len(world.dropped) == 2)

    assert world.begun == [two]
    assert set(map(id, world.dropped)) == {id(one), id(fresh)}


async def test_the_record_is_asked_once_for_all_and_with_a_day_for_clocks_apart(
    world: World, backlog: Backlog
) -> None:
    for number in range(20):
        backlog.add(found(60 + number, number))
    await until(lambda: bool(world.begun))

    assert world.asked == [found(79).start - timedelta(days=1)]


async def test_for_what_ends_in_the_future_the_record_is_asked_from_yesterday_on(
    world: World, backlog: Backlog
) -> None:
    backlog.add(found(-24 * 60))
    await until(lambda: bool(world.asked))
    assert world.asked[0] <= NOON - timedelta(hours=23)


async def test_beyond_the_bound_the_oldest_are_told_without_being_looked_at(
    world: World, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAITING_AT_MOST", 3)
    for number in range(8):
        backlog.add(found(100 - number, number))
    await until(lambda: bool(world.begun))
    await settled()

    assert world.refused == [found(100 - number, number) for number in (4, 3, 2, 1, 0)]
    assert world.begun == [found(100 - number, number) for number in (7, 6)]
    assert backlog.depth == 1


async def test_it_waits_while_there_is_no_room(world: World, backlog: Backlog) -> None:
    world.at_ease = False
    backlog.add(found(60))
    await until(lambda: len(world.clock.slept) > 10)
    assert world.begun == []
    world.at_ease = True
    await until(lambda: bool(world.begun))
    assert max(world.clock.slept) <= 5


async def test_what_is_of_a_camera_that_rests_waits_and_the_others_go_on(
    world: World, backlog: Backlog
) -> None:
    world.resting = {"camera-1"}
    for minutes, camera in ((10, 1), (20, 1), (30, 2), (40, 3)):
        backlog.add(found(minutes, camera))
    await until(lambda: len(world.begun) == 2)
    for one in tuple(world.running):
        await world.finish(one)
    await settled()
    assert world.begun == [found(30, 2), found(40, 3)]
    assert backlog.depth == 2

    world.resting.clear()
    await until(lambda: len(world.begun) == 4)
    assert world.begun[2:] == [found(10, 1), found(20, 1)]
    assert backlog.depth == 0


async def test_what_is_not_taken_gives_its_place_to_the_next(
    world: World, backlog: Backlog
) -> None:
    world.is_full = True
    for number in range(5):
        backlog.add(found(60, number))
    await until(lambda: len(world.begun) == 5)


async def test_closing_ends_it_and_nothing_begins_after_that(
    world: World, backlog: Backlog
) -> None:
    before = asyncio.all_tasks()
    world.at_ease = False
    backlog.add(found(60))
    backlog.add(found(0.1, 1))
    await backlog.close()
    backlog.add(found(50, 2))
    backlog.add(found(0.1, 3))
    await settled()

    assert asyncio.all_tasks() == before
    assert world.begun == []


async def test_of_what_was_told_in_part_the_rest_is_told(world: World, backlog: Backlog) -> None:
    world.told = {("camera-3", "before")}
    late = found(60, 3, event_ids=("before", "while-away"))
    fresh = found(0.1, 3, event_ids=("now", "before"))
    for each in (late, fresh):
        backlog.add(each)
    await until(lambda: len(world.begun) == 2)

    rest_of_late, rest_of_fresh = (
        found(60, 3, event_ids=("while-away",)),
        found(0.1, 3, event_ids=("now",)),
    )
    assert set(world.begun) == {rest_of_late, rest_of_fresh}
    assert set(world.narrowed) == {(late, rest_of_late), (fresh, rest_of_fresh)}
    assert world.dropped == []


# -- the record


async def test_what_is_late_waits_until_the_record_can_be_read(
    world: World, backlog: Backlog
) -> None:
    world.told = {("camera-1", "event-1")}
    world.record_fails = [room.NoRecordYetError("is not ready")] * 8
    told, untold = found(60, 1), found(50, 2)
    for each in (told, untold):
        backlog.add(each)
    await until(lambda: bool(world.begun))

    assert world.begun == [untold]
    assert world.dropped == [told]
    assert world.clock.slept[-8:] == [1, 2, 4, 8, 16, 30, 30, 30]


async def test_a_record_that_never_can_be_read_costs_time_and_no_sighting(
    world: World, backlog: Backlog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.record_fails = [room.NoRecordYetError("is not ready")] * 1000
    backlog.add(found(60))
    await until(lambda: bool(world.begun))
    assert 600 <= sum(world.clock.slept) < 610

    backlog.add(found(50, 1))
    await until(lambda: len(world.begun) == 2)
    assert caplog.text.count("may be told again: is not ready") == 1
    world.record_fails.clear()
    backlog.add(found(40, 2))
    await until(lambda: len(world.asked) == 3 or "can be read again" in caplog.text)
    assert caplog.text.count("can be read again") == 1


async def test_what_has_just_ended_does_not_wait_for_the_record(
    world: World, backlog: Backlog
) -> None:
    world.record_fails = [room.NoRecordYetError("is not ready")]
    backlog.add(found(0.1))
    await until(lambda: bool(world.begun))
    assert world.clock.slept == []


async def test_more_than_the_ledger_holds_do_not_wait_for_the_record(
    world: World, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_UNCHECKED_AT_MOST", 3)
    world.record_fails = [room.NoRecordYetError("is not ready")] * 1000
    for number in range(3):
        backlog.add(found(60, number))
    await until(lambda: bool(world.begun))
    assert sum(world.clock.slept) < 10


@pytest.mark.parametrize("minutes", [60, 0.1])
async def test_a_bug_at_the_record_is_loud_and_keeps_nothing_back(
    world: World, backlog: Backlog, caplog: pytest.LogCaptureFixture, minutes: float
) -> None:
    world.record_fails = [TypeError("a typo")]
    backlog.add(found(minutes))
    await until(lambda: world.begun == [found(minutes)])
    assert "cannot be read, by a bug\nTraceback" in caplog.text
    assert world.bugs == 1

    backlog.add(found(minutes - 0.01, 1))
    await until(lambda: len(world.begun) == 2)


async def test_a_bug_at_one_costs_only_that_one_and_not_its_place(
    world: World, backlog: Backlog, caplog: pytest.LogCaptureFixture
) -> None:
    submit, failed = world.submit, []

    def buggy(one: Detection) -> asyncio.Task[None] | None:
        if one.end < found(5).end:
            return submit(one)
        failed.append(one)
        raise KeyError("a typo")

    world.submit = buggy  # type: ignore[method-assign]  # a bug of ours
    backlog = world.backlog()
    for minutes in (2, 3, 4, 0.1, 60, 50):
        backlog.add(found(minutes, int(minutes)))
    await until(lambda: len(world.begun) == 2)
    await backlog.close()

    assert len(failed) == world.bugs == 4
    assert caplog.text.count("not begun by a bug\nTraceback") == 4


async def test_a_bug_of_ours_is_loud_and_keeps_nothing_else_back(
    world: World, backlog: Backlog, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(dict[str, str]):
        def __contains__(self, key: object) -> bool:
            raise KeyError("a typo")

    caplog.set_level(logging.ERROR)
    good, world.told = world.told, Buggy()  # type: ignore[assignment]  # a bug of ours
    backlog.add(found(60))
    await until(lambda: "late finds ended by a bug\nTraceback" in caplog.text)
    assert world.bugs == 1
    world.told = good
    backlog.add(found(50, 1))
    await until(lambda: world.begun == [found(50, 1)])
