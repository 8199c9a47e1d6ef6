"""What was fired is kept until its row was read back from the recorder."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
import sqlite3
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.util.ulid import ulid_now
import pytest
from pytest_homeassistant_custom_component.typing import RecorderInstanceContextManager
from sqlalchemy import text

from custom_components.protect_narrator import receipts as receipts_module
from custom_components.protect_narrator.const import DOMAIN, EVENT_SIGHTING
from custom_components.protect_narrator.history import async_processed, async_stored
from custom_components.protect_narrator.ledger import Ledger
from custom_components.protect_narrator.pipeline.models import Detection
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.receipts import Receipts
from custom_components.protect_narrator.recent import RecentSightings
from tests.story.database import sightings_in_database
from tests.waiting import until

from .sightings import detection, sighting

ENTRY_ID = "01JDENTRY"
KEY = f"{DOMAIN}.{ENTRY_ID}"

# Nothing is committed before the test says so.
BY_HAND = pytest.mark.parametrize(
    ("recorder_config", "persistent_database"), [({"commit_interval": 3600}, True)], ids=["by_hand"]
)
ON_DISK = pytest.mark.parametrize("persistent_database", [True])


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than anybody needs."""
    monkeypatch.setattr(receipts_module, "_LONGEST_PACE_S", 0.02)
    monkeypatch.setattr(receipts_module, "_READY_PACE_S", 0.02)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold a row that was not there at once for overdue."""
    monkeypatch.setattr(receipts_module, "_OVERDUE_S", 0.0)


class World:
    """The receipts of a run, and what the bus and the ledger have seen of it."""

    def __init__(self, hass: HomeAssistant, storage: dict[str, Any]) -> None:
        self.hass = hass
        self.storage = storage
        self.fired: list[Event[dict[str, Any]]] = []
        self.resumed: list[Detection] = []
        self.bugs = 0
        self._open: list[tuple[Receipts, Ledger]] = []
        hass.bus.async_listen(EVENT_SIGHTING, self._note)

    @callback
    def _note(self, event: Event[dict[str, Any]]) -> None:
        self.fired.append(event)

    def _note_bug(self) -> None:
        self.bugs += 1

    async def start(self, run: str = "first", *, begin: bool = True) -> None:
        """Begin with what is on disk, as a new run of Home Assistant."""
        self.ledger = await Ledger.async_load(self.hass, ENTRY_ID)
        self.recent = RecentSightings()
        self.receipts = Receipts(
            self.hass, self.ledger, self.recent, run=run, on_bug=self._note_bug
        )
        self._open.append((self.receipts, self.ledger))
        if begin:
            self.receipts.async_start(self.resumed.append)

    async def die(self) -> None:
        """End without another word: what is on disk stays as it is."""
        left = deepcopy(self.storage)
        await self.close()
        self.storage.update(left)
        self.fired.clear()
        self.resumed.clear()

    async def close(self) -> None:
        """End all that runs."""
        for receipts, ledger in self._open:
            await receipts.close()
            await ledger.async_close()
        self._open.clear()

    async def take_in(self, number: int = 0) -> Detection:
        """Take a Detection in, until it is on disk."""
        taken = detection(number)
        self.ledger.async_take_in(taken)
        await self.ledger.async_kept(taken)
        return taken

    async def tell(self, number: int = 0, revision: int = 1) -> dict[str, Any]:
        """Tell of a Detection; return the event's data."""
        told = replace(sighting(number), revision=revision)
        data = event_data(told, config_entry_id="0" * 26, device_id=None)
        first = told.detection if revision == 1 else None
        context = Context(id=None if first is None else self.ledger.context_id_of(first))
        await self.receipts.async_record(data, context, first)
        return data

    def on_disk(self, key: str) -> list[Any]:
        """Return that part of what is on disk."""
        stored: list[Any] = self.storage[KEY]["data"][key]
        return stored

    async def is_stored(self) -> None:
        """Wait until all of it was read back."""
        await until(lambda: not self.ledger.fired)


@pytest.fixture
async def world(hass: HomeAssistant, hass_storage: dict[str, Any]) -> AsyncGenerator[World]:
    """A home without a recorder, unless the test asks for one."""
    world = World(hass, hass_storage)
    yield world
    await world.close()


async def lose_rows(recorder: Recorder) -> None:
    """Have none of our rows, as if we had all died before they were committed."""
    await async_processed(recorder.hass)

    def delete() -> None:
        session = recorder.get_session()
        # Deleted, their ids would be given anew, which the recorder's session would not have.
        session.execute(text("UPDATE events SET event_type_id = NULL, context_id_bin = NULL"))
        session.commit()
        session.close()

    await recorder.async_add_executor_job(delete)


# Until the row was read back


@BY_HAND
async def test_a_sighting_stays_in_the_ledger_until_its_row_was_read_back(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    taken = await world.take_in()
    data = await world.tell()

    assert world.ledger.unfinished == ()
    assert [fired.data for fired in world.ledger.fired] == [data]
    looked = asyncio.get_running_loop().time() + 0.2
    await until(lambda: asyncio.get_running_loop().time() > looked)
    assert len(world.ledger.fired) == 1

    assert await sightings_in_database(world.hass) == [data]
    await world.is_stored()
    assert world.ledger.knows(taken)
    assert len(world.fired) == 1


async def test_a_row_is_found_by_the_context_that_the_detection_was_taken_in_with(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    taken = await world.take_in()
    context_id = world.ledger.context_id_of(taken)
    assert context_id is not None
    assert await async_stored(world.hass, [context_id]) == set()

    await world.tell()
    await async_processed(world.hass)

    assert world.fired[0].context.id == context_id
    assert await async_stored(world.hass, [context_id, ulid_now()]) == {context_id}


async def test_another_event_with_the_same_context_is_no_sighting(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    await world.take_in()
    await world.tell()
    context = Context()
    world.hass.bus.async_fire("something_else", {"of": "the user's"}, context=context)
    await async_processed(world.hass)

    assert await async_stored(world.hass, [context.id]) == set()


async def test_more_rows_than_one_question_may_name_are_found(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    await world.take_in()
    await world.tell()
    await async_processed(world.hass)
    unknown = [ulid_now() for _ in range(1200)]

    found = await async_stored(world.hass, [*unknown, world.fired[0].context.id])

    assert found == {world.fired[0].context.id}


async def test_first_words_are_not_waited_for(recorder_mock: Recorder, world: World) -> None:
    await world.start()
    await world.take_in()

    world.receipts.async_fire(
        {"sighting_id": "a", "revision": 0, "start": "2026-11-01T08:00:00+00:00"}, Context()
    )

    assert len(world.fired) == 1
    assert world.ledger.fired == ()
    assert len(world.ledger.unfinished) == 1


@BY_HAND
async def test_what_somebody_asked_for_is_on_disk_before_it_is_fired(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    on_disk: list[Any] = []

    @callback
    def look(event: Event[dict[str, Any]]) -> None:
        on_disk.extend(fired["data"] for fired in world.on_disk("fired"))

    world.hass.bus.async_listen(EVENT_SIGHTING, look)
    data = await world.tell(revision=2)

    assert on_disk == [data]
    await async_processed(world.hass)
    await world.is_stored()


@BY_HAND
async def test_words_that_are_ready_are_told_even_when_all_ends_at_that_moment(
    recorder_mock: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.start()
    never = asyncio.Event()
    monkeypatch.setattr(world.ledger, "async_written", lambda _change: never.wait())
    telling = asyncio.create_task(world.tell(revision=2))
    await until(lambda: world.ledger.fired)
    telling.cancel()
    await asyncio.wait({telling})

    assert telling.cancelled()
    assert len(world.fired) == 1
    assert len(world.ledger.fired) == 1


@pytest.mark.parametrize(
    ("recorder_config", "persistent_database"), [({"commit_interval": 1}, True)], ids=["soon"]
)
async def test_a_burst_of_a_thousand_has_a_row_each(recorder_mock: Recorder, world: World) -> None:
    await world.start()
    for number in range(1000):
        world.ledger.async_take_in(detection(number))
    await asyncio.gather(*(world.tell(number) for number in range(1000)))
    assert len(world.ledger.fired) == 1000

    await until(lambda: not world.ledger.fired, limit_s=30)

    rows = await sightings_in_database(world.hass)
    assert len(rows) == len({row["sighting_id"] for row in rows}) == 1000


# After a sudden end


async def test_what_was_fired_and_has_no_row_is_fired_again_as_it_was(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start(begin=False)
    await world.take_in()
    await world.tell()
    (before,) = world.fired
    await until(lambda: world.on_disk("fired"))
    await world.die()
    await lose_rows(recorder_mock)

    await world.start("second")
    await until(lambda: world.fired)

    (again,) = world.fired
    assert again.data == before.data
    assert again.context.id == before.context.id
    assert again.time_fired_timestamp == before.time_fired_timestamp
    assert world.recent.find(before.data["sighting_id"]) == before.data
    assert world.resumed == []
    await world.is_stored()
    assert await sightings_in_database(world.hass) == [before.data]


@BY_HAND
async def test_what_was_fired_and_has_its_row_is_not_fired_again(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start(begin=False)
    await world.take_in()
    data = await world.tell()
    await until(lambda: world.on_disk("fired"))
    await world.die()
    assert await sightings_in_database(world.hass) == [data]

    await world.start("second")
    await world.is_stored()

    assert world.fired == []
    assert world.ledger.knows(detection())
    assert await sightings_in_database(world.hass) == [data]


@BY_HAND
async def test_what_is_older_than_the_recorder_keeps_is_not_fired_again(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start(begin=False)
    await world.take_in()
    await world.tell()
    await until(lambda: world.on_disk("fired"))
    await world.die()
    world.on_disk("fired")[0]["fired_at"] -= (recorder_mock.keep_days + 1) * 86400
    await lose_rows(recorder_mock)

    await world.start("second")
    await world.is_stored()

    assert world.fired == []


@BY_HAND
async def test_what_was_stored_before_the_ledger_could_be_is_told(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start(begin=False)
    taken = await world.take_in()
    await world.take_in(2)
    on_disk = deepcopy(world.storage)
    data = await world.tell()
    await world.die()
    world.storage.update(on_disk)
    assert await sightings_in_database(world.hass) == [data]

    await world.start("second")
    await until(lambda: world.resumed)

    assert world.resumed == [detection(2)]
    assert world.ledger.unfinished == (detection(2),)
    assert world.ledger.knows(taken)
    assert await sightings_in_database(world.hass) == [data]


@BY_HAND
async def test_what_a_reload_has_left_in_the_recorders_queue_is_not_fired_twice(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    await world.take_in()
    data = await world.tell()
    await world.close()

    await world.start()
    looked = asyncio.get_running_loop().time() + 0.2
    await until(lambda: asyncio.get_running_loop().time() > looked)
    assert len(world.fired) == 1
    assert await sightings_in_database(world.hass) == [data]
    await world.is_stored()
    assert len(world.fired) == 1


@BY_HAND
async def test_what_a_reload_has_left_in_the_recorders_queue_is_not_begun_anew(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    taken = await world.take_in()
    left = await world.take_in(2)
    before = deepcopy(world.storage)
    data = await world.tell()
    await world.close()
    # As where nothing could be written any more.
    world.storage.update(before)

    await world.start()
    await until(lambda: world.resumed)

    assert world.resumed == [left]
    assert world.ledger.knows(taken)
    assert world.ledger.unfinished == (left,)
    assert await sightings_in_database(world.hass) == [data]


@BY_HAND
async def test_a_recorder_that_hangs_keeps_what_was_left_over_no_longer_than_a_while(
    recorder_mock: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts_module, "_READY_LIMIT_S", 0.1)
    await world.start()
    left = await world.take_in()
    await world.close()
    assert await recorder_mock.lock_database()
    try:
        await world.start()
        await until(lambda: world.resumed == [left])
    finally:
        recorder_mock.unlock_database()


# A recorder in trouble


def slow_recorder(**more: object) -> pytest.MarkDecorator:
    """Commit at once, and give up soon."""
    return pytest.mark.parametrize(
        "recorder_config", [{"commit_interval": 0, "db_retry_wait": 0, **more}]
    )


@ON_DISK
@slow_recorder(db_max_retries=10)
async def test_a_locked_database_is_waited_for_and_said_once(
    recorder_mock: Recorder,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(receipts_module, "_WORTH_SAYING_S", 0.1)
    await world.start()
    await world.take_in()
    lock = sqlite3.connect(_path_of(recorder_mock))
    lock.execute("BEGIN IMMEDIATE")
    try:
        data = await world.tell()
        await until(lambda: "are kept until they are" in caplog.text)
        looked = asyncio.get_running_loop().time() + 0.3
        await until(lambda: asyncio.get_running_loop().time() > looked)
        assert len(world.ledger.fired) == 1
    finally:
        lock.close()

    await world.is_stored()
    await until(lambda: "that were kept are in the recorder's" in caplog.text)
    assert caplog.text.count("are kept until they are") == 1
    assert await sightings_in_database(world.hass) == [data]
    assert len(world.fired) == 1


@BY_HAND
async def test_what_the_recorder_has_lost_is_fired_again(
    recorder_mock: Recorder,
    world: World,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_mock, "commit_interval", 0)
    await world.start()
    await world.take_in()
    refuse = await _refuse_rows(recorder_mock)

    data = await world.tell()
    await until(lambda: "has lost 1 Sightings" in caplog.text)
    await refuse(False)

    await world.is_stored()
    assert await sightings_in_database(world.hass) == [data]
    assert len(world.fired) >= 2
    assert len({event.context.id for event in world.fired}) == 1


@BY_HAND
async def test_what_is_let_go_while_its_row_is_looked_for_is_not_fired_again(
    recorder_mock: Recorder, world: World
) -> None:
    """As somebody may delete it in that time."""
    await world.start(begin=False)
    for number in (0, 1):
        await world.take_in(number)
        await world.tell(number)
    await until(lambda: len(world.on_disk("fired")) == 2)
    await world.die()
    await world.start("second", begin=False)
    first, second = world.ledger.fired
    world.hass.bus.async_listen(
        EVENT_SIGHTING, callback(lambda _event: world.ledger.async_stored([second.context_id]))
    )

    world.receipts.async_start(world.resumed.append)
    await until(lambda: world.fired)
    await async_processed(world.hass)
    await world.is_stored()

    assert [event.context.id for event in world.fired] == [first.context_id]


@BY_HAND
async def test_what_the_recorder_never_stores_is_given_up_and_said(
    recorder_mock: Recorder,
    world: World,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_mock, "commit_interval", 0)
    await world.start()
    await world.take_in()
    refuse = await _refuse_rows(recorder_mock)

    data = await world.tell()
    await world.is_stored()

    assert f"Sighting {data['sighting_id']}: the recorder does not store it" in caplog.text
    assert len(world.fired) == 3
    await refuse(False)
    assert await sightings_in_database(world.hass) == []


@BY_HAND
async def test_what_is_slow_and_not_lost_is_not_fired_again(
    recorder_mock: Recorder, world: World, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts_module, "_PROCESSED_LIMIT_S", 0.05)
    monkeypatch.setattr(receipts_module, "commit_interval_s", lambda _hass: 0.0)
    await world.start()
    await world.take_in()
    assert await recorder_mock.lock_database()
    data = await world.tell()
    looked = asyncio.get_running_loop().time() + 0.5
    await until(lambda: asyncio.get_running_loop().time() > looked)

    assert len(world.ledger.fired) == 1
    recorder_mock.unlock_database()
    await world.is_stored()
    assert len(world.fired) == 1
    assert await sightings_in_database(world.hass) == [data]


async def test_a_recorder_whose_queue_was_full_is_not_fed_again_and_again(
    recorder_mock: Recorder, world: World, impatient: None
) -> None:
    await world.start()
    await world.take_in()
    recorder_mock._async_stop_queue_watcher_and_event_listener()
    await world.tell()
    looked = asyncio.get_running_loop().time() + 0.3
    await until(lambda: asyncio.get_running_loop().time() > looked)

    assert len(world.fired) == 1
    assert len(world.ledger.fired) == 1


# A recorder that does not record


async def test_without_a_recorder_what_was_fired_is_done(world: World) -> None:
    await world.start()
    await world.take_in()
    await world.tell()

    assert len(world.fired) == 1
    assert world.ledger.fired == ()
    assert world.ledger.unfinished == ()
    assert world.ledger.knows(detection())


async def test_without_a_recorder_what_is_unfinished_goes_on_at_once(world: World) -> None:
    await world.start(begin=False)
    taken = await world.take_in()
    await world.die()

    await world.start("second")

    await until(lambda: world.resumed == [taken])


async def test_what_waits_when_there_is_no_recorder_any_more_is_done(
    async_test_recorder: RecorderInstanceContextManager, hass: HomeAssistant, world: World
) -> None:
    async with async_test_recorder(hass, {"commit_interval": 3600}):
        await world.start(begin=False)
        await world.take_in()
        await world.tell()
        await until(lambda: world.on_disk("fired"))
        await world.die()
    assert not hass.is_stopping

    assert len(world.on_disk("fired")) == 1

    await world.start("second")
    await world.is_stored()

    assert world.fired == []


@pytest.mark.parametrize(
    "recorder_config", [{"commit_interval": 0, "exclude": {"event_types": [EVENT_SIGHTING]}}]
)
async def test_where_the_user_leaves_sightings_out_what_was_fired_is_done(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    await world.take_in()
    await world.tell()

    assert len(world.fired) == 1
    assert world.ledger.fired == ()
    assert world.ledger.unfinished == ()
    assert await sightings_in_database(world.hass) == []


async def test_where_recording_is_switched_off_what_was_fired_is_done(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start()
    await world.take_in()
    recorder_mock.set_enable(False)
    await world.tell()

    assert len(world.fired) == 1
    assert world.ledger.fired == ()
    assert world.ledger.unfinished == ()


async def test_a_recorder_that_could_not_start_is_none(
    async_test_recorder: RecorderInstanceContextManager, hass: HomeAssistant, world: World
) -> None:
    broken = {"db_url": "sqlite:////nowhere/at/all.db", "db_max_retries": 1, "db_retry_wait": 0}
    async with async_test_recorder(hass, broken, expected_setup_result=False, wait_recorder=False):
        await world.start()
        await world.take_in()
        await world.tell()

        assert len(world.fired) == 1
        assert world.ledger.fired == ()


# A recorder that is not ready yet


async def test_what_is_left_over_waits_for_the_recorder_and_what_is_new_does_not(
    recorder_mock: Recorder, world: World
) -> None:
    await world.start(begin=False)
    left = await world.take_in(1)
    await world.die()
    recorder_mock.async_db_ready = world.hass.loop.create_future()

    await world.start("second", begin=False)
    new = await world.take_in(2)
    world.receipts.async_start(world.resumed.append)
    assert world.resumed == [new]
    recorder_mock.async_db_ready.set_result(True)

    await until(lambda: world.resumed == [new, left])


async def test_what_is_left_over_does_not_wait_for_ever(
    recorder_mock: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts_module, "_READY_LIMIT_S", 0.1)
    await world.start(begin=False)
    left = await world.take_in()
    await world.die()
    recorder_mock.async_db_ready = world.hass.loop.create_future()

    await world.start("second")

    await until(lambda: world.resumed == [left])


async def test_the_end_leaves_nothing_running(recorder_mock: Recorder, world: World) -> None:
    tasks = asyncio.all_tasks()
    await world.start()
    await world.close()

    assert asyncio.all_tasks() <= tasks


async def test_after_the_end_nothing_begins(recorder_mock: Recorder, world: World) -> None:
    await world.start()
    await world.take_in()
    await world.close()
    tasks = asyncio.all_tasks()
    await world.start("second", begin=False)
    await world.receipts.close()

    assert not world.receipts.async_start(world.resumed.append)

    assert world.resumed == []
    assert asyncio.all_tasks() <= tasks


async def test_a_bug_is_told_and_rows_are_looked_for_all_the_same(
    recorder_mock: Recorder,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(receipts_module, "_AFTER_BUG_S", 0.01)

    def fail(_hass: HomeAssistant) -> float:
        raise RuntimeError("planted")

    await world.start()
    with monkeypatch.context() as buggy:
        buggy.setattr(receipts_module, "commit_interval_s", fail)
        await world.take_in()
        await world.tell()
        await until(lambda: world.bugs)

    assert "RuntimeError" in caplog.text
    await world.is_stored()


async def test_a_bug_in_going_on_with_one_is_told_and_the_others_go_on(
    recorder_mock: Recorder, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts_module, "_AFTER_BUG_S", 0.01)
    await world.start(begin=False)
    for number in range(3):
        await world.take_in(number)
    await world.die()

    def resume(left: Detection) -> None:
        if left == detection(1):
            raise RuntimeError("planted")
        world.resumed.append(left)

    await world.start("second", begin=False)
    assert world.receipts.async_start(resume)
    await until(lambda: world.resumed == [detection(0), detection(2)])

    assert world.bugs == 1
    # What is unfinished goes on after the next start.
    assert len(world.ledger.unfinished) == 3


def _path_of(recorder: Recorder) -> str:
    return recorder.db_url.removeprefix("sqlite:///")


async def _refuse_rows(recorder: Recorder) -> Callable[[bool], Awaitable[None]]:
    """Have the database drop every new event; return how to change that."""

    def execute(statement: str) -> None:
        session = recorder.get_session()
        session.execute(text(statement))
        session.commit()
        session.close()

    async def refuse(yes: bool) -> None:
        statement = (
            "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"
            if yes
            else "DROP TRIGGER refuse"
        )
        await recorder.async_add_executor_job(execute, statement)

    await refuse(True)
    return refuse
