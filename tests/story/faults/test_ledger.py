"""A damaged file of what is unfinished is set aside, and does not keep us from starting."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import DOMAIN as HOME_ASSISTANT
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.protect_narrator.const import DOMAIN

from .disks import LEDGER
from .playing import heals, is_well
from .stage import Stage
from .telling import Notebook


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant keep its files on a real disk, in this test's own folder."""
    return {}


async def test_what_is_left_of_the_ledger_is_set_aside_and_all_goes_on(stage: Stage) -> None:
    notebook, home = Notebook(LEDGER), stage.home
    await stage.begin()
    await home.unload()
    file = Path(home.hass.config.path(".storage", f"{DOMAIN}.{home.entry.entry_id}"))
    whole = await asyncio.to_thread(file.read_bytes)
    await asyncio.to_thread(file.write_bytes, whole[: len(whole) // 2])

    await home.start()
    await home.is_heard()
    assert home.entry.state is ConfigEntryState.LOADED
    assert await asyncio.to_thread(lambda: list(file.parent.glob(f"{file.name}.corrupt.*")))
    told, beside = await stage.see(stage.camera, stage.neighbour)

    is_well(told, beside)
    issues = ir.async_get(home.hass).issues
    assert [key for key in issues if key[0] == HOME_ASSISTANT and file.name in key[1]]
    seen = ["a repair issue of Home Assistant's own names the file that it has set aside"]
    again = "what was told in the 15 minutes before may be told once more"
    await heals(stage, notebook, told, beside, also=[*seen, again])
