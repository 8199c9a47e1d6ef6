"""A ledger that was cut off does not keep us from starting; a bug does, and costs nothing."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import DOMAIN as HOME_ASSISTANT
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.protect_narrator import stored as stored_module
from custom_components.protect_narrator.const import DOMAIN
from tests.fake_agents import FakeTaskEntity

from .conftest import Home
from .database import sightings_in_database


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant keep its files on a real disk, in this test's own folder."""
    return {}


async def test_a_truncated_ledger_is_set_aside_and_what_is_seen_is_told(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    before = await home.next_sighting()
    await home.unload()
    file = Path(home.hass.config.path(".storage", f"{DOMAIN}.{home.entry.entry_id}"))
    whole = await asyncio.to_thread(file.read_bytes)
    assert before["protect_event_id"].encode() in whole
    await asyncio.to_thread(file.write_bytes, whole[: len(whole) // 2])

    await home.start()

    assert home.entry.state is ConfigEntryState.LOADED
    (aside,) = await asyncio.to_thread(lambda: list(file.parent.glob(f"{file.name}.corrupt.*")))
    assert await asyncio.to_thread(aside.read_bytes) == whole[: len(whole) // 2]
    issues = ir.async_get(home.hass).issues
    assert [key for key in issues if key[0] == HOME_ASSISTANT and file.name in key[1]]
    event_id = await home.see(home.console.cameras[2])
    told = [await home.next_sighting()]
    while told[-1]["protect_event_id"] != event_id:
        # Looking back finds again what the ledger does not know any more.
        told.append(await home.next_sighting())
    assert event_id in [row["protect_event_id"] for row in await sightings_in_database(home.hass)]


async def test_a_bug_in_reading_the_ledger_is_loud_and_loses_nothing(
    home: Home,
    agent: FakeTaskEntity,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    before = await home.next_sighting()
    await home.unload()
    file = Path(home.hass.config.path(".storage", f"{DOMAIN}.{home.entry.entry_id}"))
    whole = await asyncio.to_thread(file.read_bytes)
    manager = home.hass.config_entries

    with monkeypatch.context() as buggy:
        buggy.setattr(stored_module, "Detection", lambda _renamed: None)
        await manager.async_setup(home.entry.entry_id)

    assert str(home.entry.state) == str(ConfigEntryState.SETUP_ERROR)
    assert "Error setting up entry" in caplog.text
    assert "TypeError: " in caplog.text
    assert await asyncio.to_thread(file.read_bytes) == whole
    # What happens meanwhile is found by the look of the next start, and nothing is told again.
    event_id = await home.see(home.console.cameras[2])
    await manager.async_reload(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.LOADED
    sighting = await home.next_sighting()
    assert sighting["protect_event_id"] == event_id != before["protect_event_id"]
    await home.nothing_more_is_told(home.console.cameras[3])
