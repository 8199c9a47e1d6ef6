"""What Protect saw while nobody listened is told afterwards: once, and behind what is live."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.const import Platform
from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator import history
from custom_components.protect_narrator.const import (
    CONF_CATCH_UP,
    CONF_MERGE_GAP,
    CONF_RECONCILE_INTERVAL,
    DOMAIN,
)
from custom_components.protect_narrator.history import async_told_since, rows
from custom_components.protect_narrator.pipeline import backlog as backlog_room
from custom_components.protect_narrator.pipeline.backlog import AT_ONCE
from simulator.console import Socket
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.waiting import until

from .conftest import Home
from .database import sightings_in_database

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather for a moment only: the console here lists all at once."""
    monkeypatch.setattr(backlog_room, "_GATHER_S", 0.1)


@pytest.fixture
def camera_count() -> int:
    """One for each time of day."""
    return 8


def made_long_ago(home: Home, agent: FakeTaskEntity, **options: object) -> None:
    """Add our entry as one that was there yesterday."""
    entry = home.add_entry(agent, options)
    object.__setattr__(entry, "created_at", datetime.now(UTC) - timedelta(days=2))


async def was_seen(home: Home, *ago: timedelta) -> list[str]:
    """Let somebody have walked past one camera after another, so long ago."""
    length, now = timedelta(seconds=2), datetime.now(UTC)
    events = []
    for camera, each in zip(home.console.cameras, ago, strict=False):
        home.film.walk(camera.name, "red", now - each - length, now - each)
        events.append(await home.console.detect(camera.id, start=now - each - length))
    return events


def ids(sightings: list[dict[str, Any]]) -> list[str]:
    return [sighting["protect_event_id"] for sighting in sightings]


def begins_with_the_newest(told: list[str], newest_first: list[str]) -> bool:
    """Return whether each was begun in its turn: two are at a time, and may overtake each other."""
    return sorted(told) == sorted(newest_first) and all(
        event_id in newest_first[: place + AT_ONCE] for place, event_id in enumerate(told)
    )


async def is_all(home: Home) -> None:
    """Wait until nothing is unfinished, and make sure that nothing more comes."""
    runtime = home.entry.runtime_data
    await until(lambda: not runtime.backlog.depth and not runtime.runner.depth)
    await home.nothing_more_is_told(home.console.cameras[-1])


async def are_recorded(home: Home, count: int) -> None:
    """Return when so many Sightings can be read back."""
    async with asyncio.timeout(10):
        while len(await sightings_in_database(home.hass)) < count:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)


async def forget(home: Home, storage: dict[str, Any], told: int) -> None:
    """Lose the ledger, but not what the recorder has."""
    await are_recorded(home, told)
    del storage[f"{DOMAIN}.{home.entry.entry_id}"]


async def test_what_happened_while_home_assistant_was_down_is_told_the_newest_first(
    home: Home, agent: FakeTaskEntity
) -> None:
    *events, _ = await was_seen(
        home, 10 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 5 * HOUR, 5.9 * HOUR, 7 * HOUR
    )
    made_long_ago(home, agent)
    await home.start()
    told = await home.next_sightings(6)

    assert begins_with_the_newest(ids(told), events)
    assert all(sighting["late"] for sighting in told)
    assert {sighting["fallback_reason"] for sighting in told} == {None}
    await is_all(home)


async def test_who_wants_less_caught_up_on_gets_less(home: Home, agent: FakeTaskEntity) -> None:
    event_id, _ = await was_seen(home, 50 * MINUTE, 70 * MINUTE)
    made_long_ago(home, agent, **{CONF_CATCH_UP: 1})
    await home.start()

    assert ids(await home.next_sightings()) == [event_id]
    await is_all(home)


async def test_who_wants_nothing_caught_up_on_gets_nothing(
    home: Home, agent: FakeTaskEntity
) -> None:
    await was_seen(home, MINUTE, HOUR)
    made_long_ago(home, agent, **{CONF_CATCH_UP: 0, CONF_RECONCILE_INTERVAL: 1})
    await home.start()

    await home.is_heard()
    await is_all(home)


async def test_nothing_from_before_the_entry_was_made_is_told(
    home: Home, agent: FakeTaskEntity
) -> None:
    await was_seen(home, MINUTE, HOUR)
    await home.set_up(agent)

    await home.is_heard()
    await is_all(home)


async def test_a_second_look_begins_where_the_last_life_ended(
    home: Home, agent: FakeTaskEntity
) -> None:
    made_long_ago(home, agent)
    await home.start()
    await until(lambda: home.entry.runtime_data.ledger.looked_at is not None)
    await home.unload()
    looks = len(home.console.requests_to("/api/events"))
    await home.start()
    await until(lambda: len(home.console.requests_to("/api/events")) > looks)

    query = home.console.requests_to("/api/events")[looks].query
    start = datetime.fromtimestamp(int(query["start"]) / 1000, UTC)
    assert datetime.now(UTC) - start < 10 * MINUTE


async def test_a_reload_loses_nothing_of_what_the_look_before_it_found(
    home: Home, agent: FakeTaskEntity
) -> None:
    events = await was_seen(home, HOUR, 2 * HOUR)
    made_long_ago(home, agent, **{CONF_MERGE_GAP: 5})
    await home.start()
    # While what it found is held, for its neighbours may not be told yet.
    await home.is_heard()
    assert home.sightings == []
    await home.unload()
    assert home.sightings == []

    await home.start({CONF_MERGE_GAP: 0})
    assert set(ids(await home.next_sightings(2))) == set(events)
    await is_all(home)


async def test_what_is_live_goes_before_what_is_caught_up_on(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    late = await was_seen(home, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)
    agent.answer = lambda: never
    made_long_ago(home, agent)
    await home.start()
    await until(lambda: len(agent.asked) == 1)
    await home.is_heard()

    agent.answer = lambda: GOOD_ANSWER
    live = await home.see(home.console.cameras[7])
    assert ids(await home.next_sightings()) == [live]
    never.set_result(GOOD_ANSWER)
    assert set(ids(await home.next_sightings(4))) == set(late)


async def test_what_waits_is_told_after_a_restart_and_once(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    late = await was_seen(home, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)
    agent.answer = lambda: never
    made_long_ago(home, agent)
    await home.start()
    await until(lambda: len(agent.asked) == 1)
    assert len(home.entry.runtime_data.ledger.unfinished) == 4
    # Two are worked on.
    assert home.state(Platform.SENSOR, "queue_depth", home.console).state == "4"
    await home.unload()
    assert home.sightings == []

    agent.answer = lambda: GOOD_ANSWER
    await home.start()
    told = await home.next_sightings(4)
    assert begins_with_the_newest(ids(told), late)
    assert all(sighting["late"] for sighting in told)
    await is_all(home)


async def test_what_was_live_and_is_left_over_is_caught_up_on_the_newest_first(
    home: Home,
    agent: FakeTaskEntity,
    never: asyncio.Future[object],
    hass_storage: dict[str, Any],
) -> None:
    agent.answer = lambda: never
    await home.set_up(agent)
    await home.is_heard()
    left = [await home.see(camera) for camera in home.console.cameras[:4]]
    ledger = home.entry.runtime_data.ledger
    await until(lambda: len(ledger.unfinished) == 4)
    assert not any(each.late for each in ledger.unfinished)
    await home.unload()
    stored = hass_storage[f"{DOMAIN}.{home.entry.entry_id}"]["data"]["unfinished"]
    for number, each in enumerate(stored):
        ago = (4 - number) * HOUR if number < 3 else timedelta()
        for key in ("start", "end"):
            each[key] = (datetime.fromisoformat(each[key]) - ago).isoformat()

    never = asyncio.get_running_loop().create_future()
    agent.answer = lambda: GOOD_ANSWER
    await home.start()
    told = await home.next_sightings(4)
    assert {each["protect_event_id"] for each in told if not each["late"]} == {left[3]}
    late = [each["protect_event_id"] for each in told if each["late"]]
    assert begins_with_the_newest(late, [left[2], left[1], left[0]])
    await is_all(home)


async def test_what_does_not_fit_is_told_all_the_same(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_room, "WAITING_AT_MOST", 3)
    events = await was_seen(home, *(hours * HOUR for hours in range(1, 6)))
    made_long_ago(home, agent)
    await home.start()
    told = {each["protect_event_id"]: each for each in await home.next_sightings(5)}

    lost = {event_id: told[event_id]["fallback_reason"] for event_id in events}
    assert list(lost.values()) == [None, None, None, "queue_full", "queue_full"]
    local = dt_util.as_local(datetime.fromisoformat(told[events[4]]["start"]))
    assert f"{local:%Y-%m-%d %H:%M:%S}" in told[events[4]]["description"]
    await is_all(home)


async def test_with_silent_websockets_nothing_waits_for_what_is_caught_up_on(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    home.console.faults.private_socket = home.console.faults.public_socket = Socket.SILENT
    await was_seen(home, HOUR, 2 * HOUR, 3 * HOUR)
    agent.answer = lambda: never
    made_long_ago(home, agent, **{CONF_RECONCILE_INTERVAL: 1})
    await home.start()
    await until(lambda: len(agent.asked) == 1)

    agent.answer = lambda: GOOD_ANSWER
    event_id = await home.see(home.console.cameras[7])
    (sighting,) = await home.next_sightings()
    assert sighting["protect_event_id"] == event_id
    assert sighting["late"] is True


async def test_when_the_console_told_of_anything_last_is_remembered(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.is_heard()
    ledger = home.entry.runtime_data.ledger
    moments = [ledger.heard_at]

    began = datetime.now(UTC)
    event_id = await home.console.start_detection(home.console.cameras[1].id)
    await until(lambda: ledger.heard_at)
    moments.append(ledger.heard_at)
    await home.console.end_detection(event_id)
    await home.next_sighting()
    moments.append(ledger.heard_at)
    never, opened, ended = moments
    assert never is None
    assert opened is not None
    assert ended is not None
    assert began <= opened < ended


# -- nothing is told twice


async def test_a_ledger_that_is_lost_tells_nothing_twice(
    home: Home, agent: FakeTaskEntity, hass_storage: dict[str, Any]
) -> None:
    made_long_ago(home, agent)
    await home.start()
    told = await was_seen(home, timedelta(), HOUR, 2 * HOUR)
    await home.next_sightings(3)
    await home.unload()
    await forget(home, hass_storage, 3)
    missed = await was_seen(home, 3 * HOUR)

    await home.start()
    assert ids(await home.next_sightings()) == missed
    await is_all(home)
    await are_recorded(home, len(told) + len(missed) + 1)
    assert len(await sightings_in_database(home.hass)) == len(told) + len(missed) + 1


async def test_a_ledger_that_is_lost_while_the_console_s_clock_is_ahead_tells_nothing_twice(
    home: Home, agent: FakeTaskEntity, hass_storage: dict[str, Any]
) -> None:
    made_long_ago(home, agent)
    await home.start()
    await was_seen(home, -23 * HOUR, -22 * HOUR)
    await home.next_sightings(2)
    await home.unload()
    await forget(home, hass_storage, 2)

    await home.start()
    await until(lambda: home.entry.runtime_data.ledger.looked_at is not None)
    await is_all(home)


@pytest.mark.parametrize("ago", [timedelta(), 6 * MINUTE, -HOUR, 5 * HOUR], ids=str)
async def test_an_id_that_is_used_again_is_told_once(
    home: Home, agent: FakeTaskEntity, ago: timedelta
) -> None:
    made_long_ago(home, agent)
    await home.start()
    (event_id,) = await was_seen(home, MINUTE)
    await home.next_sighting()
    await home.unload()
    # As a console does that was restored, or counts anew.
    camera, start = home.console.cameras[0], datetime.now(UTC) - ago
    await home.console.detect(camera.id, start=start, event_id=event_id)

    await home.start()
    await home.console.detect(camera.id, start=start, event_id=event_id)
    await home.is_heard()
    await is_all(home)


async def test_first_words_do_not_count_as_told(home: Home, agent: FakeTaskEntity) -> None:
    data = {"camera_id": "camera", "protect_event_ids": ["event"], "revision": 0}
    home.hass.bus.async_fire("protect_narrator_sighting", data)
    home.hass.bus.async_fire("protect_narrator_sighting", {"of": "somebody else"})
    hour_ago = datetime.now(UTC) - HOUR
    await are_recorded(home, 2)
    assert await async_told_since(home.hass, hour_ago) == frozenset()

    home.hass.bus.async_fire("protect_narrator_sighting", data | {"revision": 1})
    await are_recorded(home, 3)
    assert await async_told_since(home.hass, hour_ago) == {("camera", "event")}
    assert await async_told_since(home.hass, datetime.now(UTC) + HOUR) == frozenset()


@pytest.mark.parametrize("ids", [None, 7, [["x"]], [{}], "event", {"event": 1}], ids=str)
async def test_what_somebody_else_fires_under_our_name_silences_nobody(
    home: Home, agent: FakeTaskEntity, ids: object
) -> None:
    foreign = {"revision": 1, "camera_id": [], "protect_event_ids": ids}
    home.hass.bus.async_fire("protect_narrator_sighting", foreign)
    home.hass.bus.async_fire("protect_narrator_sighting", foreign | {"camera_id": "camera"})
    await are_recorded(home, 2)
    home.sightings.clear()
    hour_ago = datetime.now(UTC) - HOUR
    assert await async_told_since(home.hass, hour_ago) == frozenset()

    (event_id,) = await was_seen(home, HOUR)
    made_long_ago(home, agent)
    await home.start()
    assert [each["protect_event_id"] for each in await home.next_sightings()] == [event_id]


async def test_a_home_that_has_told_nothing_has_told_nothing(home: Home) -> None:
    assert await async_told_since(home.hass, datetime.now(UTC) - HOUR) == frozenset()


async def test_a_database_that_does_not_answer_is_said_and_costs_no_sighting(
    home: Home,
    agent: FakeTaskEntity,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hang(_recorder: Recorder, _since: datetime) -> frozenset[tuple[str, str]]:
        raise TimeoutError

    monkeypatch.setattr(backlog_room, "_RECORD_WAIT_S", 0.2)
    monkeypatch.setattr("custom_components.protect_narrator.history.rows._told_since", hang)
    events = await was_seen(home, HOUR)
    made_long_ago(home, agent)
    await home.start()

    assert ids(await home.next_sightings()) == events
    assert "may be told again: TimeoutError" in caplog.text


async def test_a_recorder_that_is_not_ready_yet_lets_nothing_be_told_twice(
    home: Home, agent: FakeTaskEntity, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_long_ago(home, agent)
    await home.start()
    await was_seen(home, HOUR, 2 * HOUR)
    await home.next_sightings(2)
    await home.unload()
    await forget(home, hass_storage, 2)
    told_since, asked = rows._told_since, 0

    def not_ready(recorder: Recorder, since: datetime) -> frozenset[tuple[str, str]]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise history.HistoryUnavailableError("is not ready yet")
        return told_since(recorder, since)

    monkeypatch.setattr(backlog_room, "_RECORD_PAUSE_S", 0.05)
    monkeypatch.setattr(rows, "_told_since", not_ready)
    await home.start()
    await until(lambda: asked >= 2)
    await is_all(home)
