"""How far back is looked, whatever the clocks say, and what is told of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.protect_narrator.pipeline.models import Detection
from custom_components.protect_narrator.protect import look_back as room
from simulator.console import Console, Reply, Socket

from .helpers import LONG_AGO, OFTEN, Heard, linked, looked

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEVER = timedelta(hours=1)
"""Between two looks, for a test that needs but the first."""


@pytest.fixture(autouse=True)
def deaf(console: Console) -> None:
    """Let both websockets be silent: all that is told is found."""
    console.faults.private_socket = console.faults.public_socket = Socket.SILENT


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set our own clock ahead, or back."""

    def set_ahead(by: timedelta) -> None:
        monkeypatch.setattr(room, "_now", lambda: datetime.now(UTC) + by)

    return set_ahead


async def happened(console: Console, *ago: timedelta) -> list[str]:
    """Let detections have ended so long ago; return their ids."""
    length = timedelta(seconds=2)
    now = datetime.now(UTC)
    return [await console.detect(console.cameras[0].id, start=now - each - length) for each in ago]


async def found(console: Console, folder: Path, **chosen: Any) -> list[str]:
    """Return what a connection tells that was just started, and has looked once."""
    chosen = {"not_before": LONG_AGO, "reconcile_every": NEVER, "api_key": None} | chosen
    async with linked(console, folder, **chosen) as link:
        heard = await link.start(console)
        await heard.wait_for(lambda: bool(heard.looked))
        return ids(heard.detections)


def ids(detections: list[Detection]) -> list[str]:
    return [detection.event_ids[0] for detection in detections]


async def looks_again(heard: Heard) -> None:
    """Return when what is there now has been looked at."""
    before = len(heard.looked)
    # The one that runs now may have begun before.
    await heard.wait_for(lambda: len(heard.looked) >= before + 2)


async def test_the_first_look_of_all_goes_back_as_far_as_it_may(
    console: Console, tmp_path: Path
) -> None:
    _, inside, recent = await happened(console, 6 * HOUR + MINUTE, 6 * HOUR - MINUTE, MINUTE)
    assert await found(console, tmp_path) == [inside, recent]


async def test_the_first_look_begins_where_the_last_life_ended(
    console: Console, tmp_path: Path
) -> None:
    _, recent = await happened(console, HOUR, 5 * MINUTE)
    looked_at = datetime.now(UTC) - 10 * MINUTE
    assert await found(console, tmp_path, looked_at=looked_at) == [recent]
    (first, *_) = console.requests_to("/api/events")
    asked = datetime.fromtimestamp(int(first.query["start"]) / 1000, UTC)
    assert timedelta() < looked_at - asked < 5 * MINUTE


async def test_what_was_listed_late_is_found_though_it_ended_before_the_last_look(
    console: Console, tmp_path: Path
) -> None:
    (listed_late,) = await happened(console, MINUTE)
    assert await found(console, tmp_path, looked_at=datetime.now(UTC)) == [listed_late]


async def test_an_absence_of_days_is_caught_up_on_as_far_as_the_user_wants(
    console: Console, tmp_path: Path
) -> None:
    events = await happened(console, 3 * HOUR, 90 * MINUTE, 30 * MINUTE)
    away_since = datetime.now(UTC) - 3 * DAY
    wanted = {"looked_at": away_since, "catch_up": HOUR}
    assert await found(console, tmp_path, **wanted) == events[2:]
    assert await found(console, tmp_path, **wanted | {"catch_up": 2 * HOUR}) == events[1:]


async def test_who_wants_nothing_caught_up_on_hears_of_nothing_before_the_start(
    console: Console, tmp_path: Path
) -> None:
    await happened(console, HOUR, MINUTE)
    looked_at = datetime.now(UTC) - 2 * HOUR
    chosen = {"catch_up": timedelta(), "looked_at": looked_at, "reconcile_every": OFTEN}
    async with linked(console, tmp_path, not_before=LONG_AGO, api_key=None, **chosen) as link:
        heard = await link.start(console)
        await looks_again(heard)
        (new,) = await happened(console, timedelta())
        assert ids(await heard.some()) == [new]
        await looks_again(heard)
    assert ids(heard.detections) == [new]


async def test_nothing_that_ended_before_the_entry_was_made_is_told(
    console: Console, tmp_path: Path
) -> None:
    _, after = await happened(console, 2 * MINUTE, MINUTE)
    not_before = datetime.now(UTC) - 1.5 * MINUTE
    assert await found(console, tmp_path, not_before=not_before) == [after]


async def test_a_complete_look_is_told_and_an_incomplete_one_is_not(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 1)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    await happened(console, 3 * MINUTE, 2 * MINUTE, MINUTE)
    console.faults.events = [Reply.error(500)] * 2
    began = datetime.now(UTC)
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        await heard.some(2)
        assert heard.looked == []
        list_again = datetime.now(UTC)
        await heard.some(3)
        await heard.wait_for(lambda: bool(heard.looked))
    # As of the look that was the first of it.
    assert began < heard.looked[0] < list_again


async def test_what_was_read_before_the_list_failed_is_told(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 1)
    _, newest = await happened(console, 2 * MINUTE, MINUTE)
    console.faults.events = [Reply(), Reply.error(500)] * 10
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=NEVER, api_key=None
    ) as link:
        heard = await link.start(console)
        assert ids(await heard.some()) == [newest]
    assert heard.looked == []


async def test_an_outage_while_we_run_is_caught_up_on(
    console: Console, tmp_path: Path, clock: Callable[[timedelta], None]
) -> None:
    clock(-3 * HOUR)
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, catch_up=HOUR, api_key=None
    ) as link:
        heard = await link.start(console)
        await looks_again(heard)
        console.faults.events = Reply.error(503)
        # It lasts for three hours, by our clock.
        clock(timedelta())
        _, inside = await happened(console, 2 * HOUR, 30 * MINUTE)
        console.faults.unset()
        assert ids(await heard.some()) == [inside]
        await looks_again(heard)
    assert ids(heard.detections) == [inside]


async def test_a_look_is_told_when_all_that_it_found_is(console: Console, tmp_path: Path) -> None:
    events = await happened(console, HOUR, 2 * HOUR)
    waits = {"not_before": LONG_AGO, "reconcile_every": NEVER, "api_key": None}
    async with linked(console, tmp_path, merge_gap=timedelta(seconds=0.5), **waits) as link:
        heard = await link.start(console)
        told: list[int] = []
        heard.on_looked = lambda when: told.append(  # type: ignore[method-assign]  # noqa: ARG005 - its name
            len(heard.detections)
        )
        await heard.some(2)
        await console.wait_for(lambda: bool(told))
    assert sorted(ids(heard.detections)) == sorted(events)
    assert set(told) == {2}


async def test_a_look_is_not_told_while_it_is_closed_with_what_it_found(
    console: Console, tmp_path: Path
) -> None:
    await happened(console, HOUR)
    waits = {"not_before": LONG_AGO, "reconcile_every": OFTEN, "api_key": None}
    async with linked(console, tmp_path, merge_gap=MINUTE, **waits) as link:
        heard = await link.start(console)
        await looked(console, 3)
    assert heard.detections == []
    assert heard.looked == []


async def test_a_look_is_told_though_there_is_always_something_new(
    console: Console, tmp_path: Path
) -> None:
    waits = {"not_before": LONG_AGO, "reconcile_every": OFTEN, "api_key": None}
    async with linked(console, tmp_path, merge_gap=timedelta(seconds=0.3), **waits) as link:
        heard = await link.start(console)
        for number in range(200):
            await console.detect(console.cameras[number % 3].id)
            await looked(console)
            if len(heard.detections) > 3 and heard.looked:
                break
        assert len(heard.looked) > 0


# -- clocks


async def test_a_last_look_of_the_future_keeps_nothing_from_being_found(
    console: Console, tmp_path: Path
) -> None:
    events = await happened(console, 5 * HOUR, MINUTE)
    assert await found(console, tmp_path, looked_at=datetime.now(UTC) + DAY) == events


@pytest.mark.parametrize("jump", [DAY, -DAY, 6 * HOUR, -6 * HOUR], ids=str)
async def test_our_clock_jumps_and_comes_back_and_everything_is_told_once(
    console: Console, tmp_path: Path, clock: Callable[[timedelta], None], jump: timedelta
) -> None:
    async with linked(
        console, tmp_path, not_before=LONG_AGO - DAY, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        await looks_again(heard)
        events: list[str] = []
        for ahead in (timedelta(), jump, timedelta()):
            clock(ahead)
            events += await happened(console, timedelta(seconds=1))
            await looks_again(heard)
        assert sorted(ids(await heard.some(3))) == sorted(events)
        await looks_again(heard)
    assert len(heard.detections) == 3


async def test_a_start_with_a_clock_ahead_hides_nothing_when_it_is_set_right(
    console: Console, tmp_path: Path, clock: Callable[[timedelta], None]
) -> None:
    clock(DAY)
    events = await happened(console, MINUTE)
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        await looks_again(heard)
        clock(timedelta())
        assert ids(await heard.some()) == events


@pytest.mark.parametrize("behind", [-23 * HOUR, 5 * HOUR], ids=str)
async def test_the_console_s_clock_jumps_and_comes_back_and_everything_is_told_once(
    console: Console, tmp_path: Path, behind: timedelta
) -> None:
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        await looks_again(heard)
        (before,) = await happened(console, timedelta())
        await heard.some(1)
        console.faults.private_socket = Socket.OPEN
        (live,) = await happened(console, behind)
        await heard.some(2)
        (after,) = await happened(console, timedelta())
        await heard.some(3)
        await looks_again(heard)
    assert ids(heard.detections) == [before, live, after]


async def test_a_re_used_id_is_told_once(console: Console, tmp_path: Path) -> None:
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        (event_id,) = await happened(console, timedelta(seconds=1))
        await heard.some()
        for ago in (HOUR, timedelta(), -HOUR):
            start = datetime.now(UTC) - ago
            await console.detect(console.cameras[0].id, start=start, event_id=event_id)
            await looks_again(heard)
    assert ids(heard.detections) == [event_id]


async def test_what_ends_in_the_future_is_told_now(console: Console, tmp_path: Path) -> None:
    (event_id,) = await happened(console, -5 * HOUR)
    assert await found(console, tmp_path) == [event_id]


async def test_thousands_are_found_and_each_is_told_once(console: Console, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    events = [
        await console.detect(
            console.cameras[number % 3].id, start=now - 5 * HOUR + timedelta(seconds=5 * number)
        )
        for number in range(2500)
    ]
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        heard = await link.start(console)
        await heard.some(2500)
        await looks_again(heard)
    assert sorted(ids(heard.detections)) == sorted(events)
    # The newest came first, though each look tells its own from the oldest on.
    assert {*ids(heard.detections)[:2000]} == {*events[500:]}
