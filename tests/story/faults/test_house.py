"""Without a database the Sighting is still told; with a locked one it is stored later, once."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
import sqlite3
from typing import NoReturn

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
import pytest
from uiprotect import ProtectApiClient

from simulator.console import Console
from simulator.video import Recorder as Film
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.story.conftest import Home
from tests.story.database import sightings_in_database
from tests.waiting import until

from .house import CHANGED_CALL, LOCKED, RECORDER_OFF
from .playing import heals, is_well
from .stage import Stage
from .telling import Notebook


@pytest.fixture
async def forgetful(
    enable_custom_integrations: None,
    hass: HomeAssistant,
    console: Console,
    film: Film,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> AsyncGenerator[Stage]:
    """A stage in a Home Assistant that has no recorder."""
    media = tmp_path / "media"
    media.mkdir()
    hass.config.media_dirs = {"local": str(media)}
    assert await async_setup_component(hass, "homeassistant", {})
    agent = FakeTaskEntity()
    await add_agents(hass, agent)
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(home=Home(hass, console, film), agent=agent, log=caplog, patch=patch)
        yield stage
    await stage.home.tidy_up()


async def test_without_a_recorder_all_is_told_and_nothing_is_kept(forgetful: Stage) -> None:
    stage, notebook = forgetful, Notebook(RECORDER_OFF)
    await stage.begin()
    told, beside = await stage.see(stage.camera, stage.neighbour)
    is_well(told, beside)
    assert "recorder" not in stage.home.hass.config.components
    seen = stage.look()
    await stage.home.is_clean()
    await stage.home.tidy_up()
    assert stage.errors() == []
    notebook.write(told, seen, "told once: no history to ask, or to look it up in", beside)


@pytest.fixture
def recorder_db_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database in a file, which another program can lock."""
    # SQLite itself waits five seconds for a lock by default, before the recorder hears of it.
    return f"sqlite:///{tmp_path}/home-assistant_v2.db?timeout=0.2"


@pytest.fixture
def recorder_config() -> dict[str, int]:
    """Have the recorder write soon, and try again soon."""
    return {"commit_interval": 1, "db_retry_wait": 1}


async def test_a_sighting_that_meets_a_locked_database_is_there_once_when_it_opens(
    stage: Stage, recorder_mock: Recorder, tmp_path: Path
) -> None:
    notebook = Notebook(LOCKED)
    await stage.begin()
    await sightings_in_database(stage.home.hass)
    other = await asyncio.to_thread(_locked, tmp_path / "home-assistant_v2.db")
    try:
        told, beside = await stage.see(stage.camera, stage.neighbour)
        is_well(told, beside)
        seen = stage.look()
        await until(lambda: "database is locked" in stage.log.text)
    finally:
        await asyncio.to_thread(other.close)
    stored = await sightings_in_database(stage.home.hass)
    assert sorted(each["sighting_id"] for each in stored) == sorted(
        each["sighting_id"] for each in (told, beside)
    )
    assert get_instance(stage.home.hass).is_alive()
    await heals(stage, notebook, told, beside, seen=[*seen, "stored when the lock is gone, once"])


def _locked(path: Path) -> sqlite3.Connection:
    """Return a connection of another program that keeps everybody else from writing."""
    other = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


async def test_a_client_whose_calls_have_changed_is_a_bug_and_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook(CHANGED_CALL)
    await stage.begin()

    def request(*_: object, **__: object) -> NoReturn:
        raise TypeError("request() got an unexpected keyword argument 'timeout'")

    stage.patch.setattr(ProtectApiClient, "request", request)
    told, beside = await stage.see(stage.camera, stage.neighbour)
    assert told["fallbacks"] == ["internal_error:bug"]
    assert told["title"] == f"Person at {stage.camera.name}"
    assert sum("a bug at" in each for each in stage.errors()) == 2
    seen = ["log: a traceback", *stage.logged()]
    stage.log.clear()
    await heals(stage, notebook, told, beside, seen=seen)
