"""We die between any two steps: each Sighting has exactly one row, and none is missing."""

import asyncio
from copy import deepcopy
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState
import pytest
from sqlalchemy import text

from custom_components.protect_narrator import receipts as receipts_module
from custom_components.protect_narrator.const import DOMAIN
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home
from .database import sightings_in_database

# Nothing is committed before the test says so.
pytestmark = pytest.mark.parametrize(
    ("recorder_config", "persistent_database"), [({"commit_interval": 3600}, True)], ids=["by_hand"]
)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for rows more often than anybody needs."""
    monkeypatch.setattr(receipts_module, "_LONGEST_PACE_S", 0.05)


class Disk:
    """The ledger's file, and what it was."""

    def __init__(self, home: Home, storage: dict[str, Any]) -> None:
        self.home = home
        self.storage = storage

    @property
    def key(self) -> str:
        return f"{DOMAIN}.{self.home.entry.entry_id}"

    def count(self, part: str) -> int:
        """Return how many entries a part of the file has; none where there is no file."""
        stored = self.storage.get(self.key)
        return len(stored["data"][part]) if stored else 0

    async def die(self, as_of: dict[str, Any] | None = None) -> None:
        """End, and leave on disk only what was there now, or at an earlier moment."""
        left = deepcopy(self.storage[self.key]) if as_of is None else as_of
        await self.home.unload()
        self.storage[self.key] = left
        self.is_another_run()
        self.home.sightings.clear()

    def is_another_run(self) -> None:
        """Let what is on disk be of a run of Home Assistant that is over."""
        for fired in self.storage[self.key]["data"]["fired"]:
            fired["run"] = "the one before"

    def copy(self) -> dict[str, Any]:
        """Return what is on disk now."""
        stored: dict[str, Any] = deepcopy(self.storage[self.key])
        return stored


@pytest.fixture
def disk(home: Home, hass_storage: dict[str, Any]) -> Disk:
    """The disk of the home."""
    return Disk(home, hass_storage)


async def lose_rows(recorder: Recorder) -> None:
    """Have no row, as when the recorder died before it committed them."""

    def delete() -> None:
        session = recorder.get_session()
        # Deleted, their ids would be given anew, which the recorder's session would not have.
        session.execute(text("UPDATE events SET event_type_id = NULL, context_id_bin = NULL"))
        session.commit()
        session.close()

    await sightings_in_database(recorder.hass)
    await recorder.async_add_executor_job(delete)


async def rows(home: Home) -> list[dict[str, Any]]:
    """Return the rows as soon as nothing is unfinished or waited for, committing meanwhile."""
    ledger = home.entry.runtime_data.ledger
    await until(lambda: not ledger.unfinished, limit_s=30)
    async with asyncio.timeout(20):
        while ledger.fired:
            await sightings_in_database(home.hass)
    return await sightings_in_database(home.hass)


async def test_a_detection_that_was_cut_off_before_it_was_told_is_told(
    home: Home, agent: FakeTaskEntity, disk: Disk, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: asyncio.shield(never)
    await home.set_up(agent)
    event_id = await home.see(home.console.cameras[1])
    await until(lambda: agent.asked)
    # It was on disk before the clip was asked for.
    assert disk.count("unfinished") == 1
    await disk.die()
    agent.answer = FakeTaskEntity().answer
    assert await sightings_in_database(home.hass) == []

    await home.start()

    (row,) = await rows(home)
    assert (row["protect_event_id"], row["revision"]) == (event_id, 1)
    assert [sighting.data for sighting in home.sightings] == [row]


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "lost"])
async def test_what_was_told_in_the_last_moment_before_the_ledger_could_be_written(
    home: Home, agent: FakeTaskEntity, disk: Disk, recorder_mock: Recorder, committed: bool
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await until(lambda: disk.count("unfinished"))
    before = disk.copy()
    sighting = await home.next_sighting()
    if committed:
        assert await sightings_in_database(home.hass) == [sighting]
        await disk.die(before)
    else:
        await disk.die(before)
        await lose_rows(recorder_mock)

    await home.start()

    (row,) = await rows(home)
    assert row["sighting_id"] == sighting["sighting_id"]
    assert len(agent.asked) == (1 if committed else 2)
    assert len(home.sightings) == (0 if committed else 1)
    home.sightings.clear()
    await home.nothing_more_is_told(home.console.cameras[1])


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "lost"])
async def test_what_was_told_and_not_read_back_costs_no_second_question(
    home: Home, agent: FakeTaskEntity, disk: Disk, recorder_mock: Recorder, committed: bool
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await until(lambda: home.sightings)
    (before,) = home.sightings
    await until(lambda: disk.count("fired"))
    assert disk.count("unfinished") == 0
    await disk.die()
    if committed:
        assert await sightings_in_database(home.hass) == [before.data]
    else:
        await lose_rows(recorder_mock)

    await home.start()

    assert await rows(home) == [before.data]
    assert len(agent.asked) == 1
    assert [event.data for event in home.sightings] == ([] if committed else [before.data])
    for event in home.sightings:
        assert event.context.id == before.context.id
        assert event.time_fired == before.time_fired
    found = home.entry.runtime_data.recent.find(before.data["sighting_id"])
    assert found == before.data


async def test_what_was_read_back_has_left_and_is_not_told_again(
    home: Home, agent: FakeTaskEntity, disk: Disk
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()
    assert await sightings_in_database(home.hass) == [sighting]
    await until(lambda: disk.count("done") and not disk.count("fired"))
    await disk.die()

    await home.start()

    await home.nothing_more_is_told(camera)
    assert [row["sighting_id"] for row in await rows(home)].count(sighting["sighting_id"]) == 1


async def test_a_later_revision_that_was_lost_is_stored_too(
    home: Home, agent: FakeTaskEntity, disk: Disk, recorder_mock: Recorder
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert await sightings_in_database(home.hass) == [sighting]
    await until(lambda: not home.entry.runtime_data.ledger.fired)
    await home.hass.services.async_call(
        DOMAIN,
        "describe_again",
        {"sighting_id": sighting["sighting_id"]},
        blocking=True,
        return_response=True,
    )
    again = await home.next_sighting()
    await until(lambda: disk.count("fired"))
    await disk.die()
    await lose_rows(recorder_mock)

    await home.start()

    assert await rows(home) == [again]
    assert again["revision"] == 2
    assert len(agent.asked) == 2


async def test_a_reload_fires_nothing_again_that_the_recorder_has_yet_to_commit(
    home: Home, agent: FakeTaskEntity, disk: Disk
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    await home.unload()
    assert disk.count("fired") == 1

    await home.start()

    assert await rows(home) == [sighting]
    assert home.sightings == []


async def test_what_the_recorder_commits_last_is_known_at_the_next_start(
    home: Home, agent: FakeTaskEntity, disk: Disk
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    hass = home.hass
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    hass.set_state(CoreState.running)
    await disk.home.unload()
    assert disk.count("fired") == 1
    assert await sightings_in_database(hass) == [sighting]
    disk.is_another_run()

    await home.start()

    assert await rows(home) == [sighting]
    assert home.sightings == []


async def test_after_death_in_the_middle_of_many_each_has_one_row(
    home: Home, agent: FakeTaskEntity, disk: Disk, recorder_mock: Recorder
) -> None:
    await home.set_up(agent)
    cameras = home.console.cameras
    seen = [await home.see(camera) for camera in cameras]
    await until(lambda: len(home.sightings) >= 2)
    told_before = {event.data["protect_event_id"] for event in home.sightings}
    await disk.die()
    await lose_rows(recorder_mock)

    await home.start()

    found = await rows(home)
    assert sorted(row["protect_event_id"] for row in found) == sorted(seen)
    assert told_before <= {row["protect_event_id"] for row in found}
