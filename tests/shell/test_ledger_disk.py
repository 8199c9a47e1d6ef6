"""A disk on which the ledger cannot be written: said, tried again, and claimed by nobody."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.ulid import ulid_now
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.protect_narrator import ledger_file as ledger_file_module
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.ledger import Ledger
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.stored import Fired

from .sightings import detection, sighting

ENTRY_ID = "01JDENTRY"


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant keep its files on a real disk, in this test's own folder."""
    return {}


@pytest.fixture
def file(hass: HomeAssistant) -> Path:
    """Where the ledger is, on a real disk."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{ENTRY_ID}"))


@pytest.fixture
async def ledger(hass: HomeAssistant) -> AsyncGenerator[Ledger]:
    """A new ledger."""
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    yield ledger
    await ledger.async_close()


def fired(number: int) -> Fired:
    """Return what was fired of that Detection."""
    data = event_data(sighting(number), config_entry_id="0" * 26, device_id=None)
    return Fired(context_id=ulid_now(), data=data, fired_at=1795000000.5, run="one")


def unfinished_in(file: Path) -> int:
    """Return how many Detections are unfinished on disk."""
    return len(json.loads(file.read_bytes())["data"]["unfinished"]) if file.is_file() else 0


def block(file: Path) -> None:
    """Have nothing written there, also not by root."""
    file.mkdir(parents=True)
    (file / "something").touch()


def unblock(file: Path) -> None:
    """Let it be written again."""
    (file / "something").unlink()
    file.rmdir()


async def test_what_could_not_be_written_is_tried_again_and_said_once_each_way(
    hass: HomeAssistant,
    file: Path,
    ledger: Ledger,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asyncio.to_thread(block, file)
    for number in range(3):
        ledger.async_take_in(detection(number))
        async with asyncio.timeout(30):
            await ledger.async_kept(detection(number))
    assert not await ledger.async_written(ledger.async_fired(fired(7), None))
    assert caplog.text.count("cannot be written to disk") == 1

    await asyncio.to_thread(unblock, file)
    freezer.tick(timedelta(seconds=ledger_file_module.LONGEST_RETRY_S))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert await asyncio.to_thread(unfinished_in, file) == 3
    assert caplog.text.count("is written to disk again") == 1
    assert await ledger.async_written(1)


async def test_a_disk_that_stays_bad_is_tried_more_and_more_rarely(
    hass: HomeAssistant,
    file: Path,
    ledger: Ledger,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asyncio.to_thread(block, file)
    ledger.async_take_in(detection(0))
    tries: list[int] = []
    for second in range(200):
        await hass.async_block_till_done(wait_background_tasks=True)
        tries += [second] * (caplog.text.count("Error writing config") - len(tries))
        freezer.tick(timedelta(seconds=1))
        async_fire_time_changed(hass)
        if second % 10 == 0:
            # What is new has to wait as long.
            ledger.async_take_in(detection(second))

    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    await asyncio.to_thread(unblock, file)


async def test_while_home_assistant_ends_nobody_waits_for_what_is_written_last_of_all(
    hass: HomeAssistant, file: Path, ledger: Ledger
) -> None:
    hass.set_state(CoreState.stopping)
    async with asyncio.timeout(30):
        assert await ledger.async_written(ledger.async_fired(fired(1), None)) is False
    assert not await asyncio.to_thread(file.exists)
    await ledger.async_close()

    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()

    assert len((await Ledger.async_load(hass, ENTRY_ID)).fired) == 1


async def test_a_disk_that_hangs_keeps_nobody_from_closing(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = asyncio.all_tasks()
    hangs = asyncio.Event()

    async def hang(*_: object) -> None:
        hangs.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ledger_file_module, "CLOSE_LIMIT_S", 0.01)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    with monkeypatch.context() as hanging:
        hanging.setattr(Store, "async_save", hang)
        ledger.async_take_in(detection(1))
        await hangs.wait()
        async with asyncio.timeout(30):
            await ledger.async_close()

    assert "cannot be written to disk: it takes longer than" in caplog.text
    assert asyncio.all_tasks() <= tasks
