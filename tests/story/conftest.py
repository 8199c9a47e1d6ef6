"""A home: a recorder database, a console that films, an agent that looks, and us."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
import functools
import logging
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    Platform,
)
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
from uiprotect.websocket import Websocket

from custom_components.protect_narrator import ledger_file
from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_CLIP_DEADLINE,
    CONF_DESCRIBE_TIMEOUT,
    CONF_MERGE_GAP,
    CONF_SETTLE,
    CORE_DOMAIN,
    DOMAIN,
    EVENT_SIGHTING,
)
from custom_components.protect_narrator.runtime import NarratorConfigEntry
from simulator.console import Camera, Console
from simulator.model import Model
from simulator.video import Recorder as Film, Scene
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.ollama import add_ollama
from tests.waiting import until

# A real console's lag is simulated where a test is about it; here every wait is short.
SHORT_WAITS = {
    CONF_CLIP_BEFORE: 1,
    CONF_CLIP_AFTER: 0,
    CONF_SETTLE: 0,
    CONF_CLIP_DEADLINE: 5,
    CONF_DESCRIBE_TIMEOUT: 5,
    CONF_MERGE_GAP: 0,
}

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})

# The ledger gathers for a second, and whoever is second waits for it: nearly every story would.
LEDGER_GATHERS_S = 0.05

# The library waits ten seconds before it connects again.
RECONNECT_S = 0.3

SMALL = Scene(width=320, height=180, fps=5, audio=False)


class Home:
    """A Home Assistant with Protect Narrator in it, and what the tests do with it."""

    def __init__(self, hass: HomeAssistant, console: Console, film: Film) -> None:
        """Write down every Sighting that is fired."""
        self.hass = hass
        self.console = console
        self.film = film
        self.sightings: list[Event[dict[str, Any]]] = []
        self.media = Path(hass.config.media_dirs["local"])
        self._entry: NarratorConfigEntry | None = None
        hass.bus.async_listen(EVENT_SIGHTING, self._note)

    @callback
    def _note(self, event: Event[dict[str, Any]]) -> None:
        self.sightings.append(event)

    # -- us

    @property
    def entry(self) -> NarratorConfigEntry:
        """Our config entry."""
        assert self._entry is not None, "nothing is set up"
        return self._entry

    def add_entry(
        self,
        agent: FakeTaskEntity | str | None = None,
        options: Mapping[str, Any] = NO_OPTIONS,
        *,
        data: dict[str, Any] | None = None,
    ) -> NarratorConfigEntry:
        """Add our entry as the config flow would have made it, and set nothing up yet."""
        agent_id = agent.entity_id if isinstance(agent, FakeTaskEntity) else agent
        console = self.console
        log_in = {
            CONF_HOST: console.host,
            CONF_PORT: console.port,
            CONF_USERNAME: console.username,
            CONF_PASSWORD: console.password,
            CONF_API_KEY: console.api_key,
            CONF_VERIFY_SSL: False,
        }
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=console.name,
            unique_id=console.mac,
            data=log_in if data is None else data,
            options={**SHORT_WAITS, CONF_AGENT_ID: agent_id or "", **options},
        )
        entry.add_to_hass(self.hass)
        self._entry = entry
        return self.entry

    async def set_up(
        self,
        agent: FakeTaskEntity | str | None = None,
        options: Mapping[str, Any] = NO_OPTIONS,
        *,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Add our entry and set it up, until the console can be heard."""
        self.add_entry(agent, options, data=data)
        await self.start()

    async def start(self, options: Mapping[str, Any] = NO_OPTIONS) -> None:
        """Set our entry up, with options changed, until the console can be heard."""
        manager = self.hass.config_entries
        if options:
            manager.async_update_entry(self.entry, options={**self.entry.options, **options})
        before = self.console.open_private_websockets
        await manager.async_setup(self.entry.entry_id)
        assert self.entry.state is ConfigEntryState.LOADED
        await self.console.wait_for(lambda: self.console.open_private_websockets > before)

    async def is_heard(self) -> None:
        """Wait until both websockets are open, and whoever has connected has looked back."""
        console = self.console
        await console.wait_for(lambda: console.open_public_websockets > 0)
        await console.wait_for(lambda: len(console.requests_to("/api/events")) >= 2)
        await console.wait_for(lambda: console.open_requests == 0)

    async def unload(self) -> None:
        """Unload our entry, until the console has seen us leave."""
        before = self.console.open_private_websockets
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        assert self.entry.state is ConfigEntryState.NOT_LOADED
        await self.console.wait_for(lambda: self.console.open_private_websockets < max(before, 1))

    async def tidy_up(self) -> None:
        """Unload our entry if it is loaded."""
        if self._entry is not None and self._entry.state is ConfigEntryState.LOADED:
            await self.unload()

    # -- what happens

    async def see(self, camera: Camera, colour: str = "red", seconds: float = 2.0) -> str:
        """Let somebody walk past a camera until now, and Protect detect it."""
        end = self.console.now()
        self.film.walk(camera.name, colour, end - timedelta(seconds=seconds), end)
        return await self.console.detect(camera.id, ("person",), duration=seconds)

    async def next_sightings(self, count: int = 1, limit_s: float = 30) -> list[dict[str, Any]]:
        """Return the data of the Sightings since the last call, as soon as there are so many."""
        await until(lambda: len(self.sightings) >= count, limit_s=limit_s)
        data = [event.data for event in self.sightings]
        self.sightings.clear()
        return data

    async def next_sighting(self) -> dict[str, Any]:
        """Return the data of the one Sighting since the last call, as soon as it is there."""
        (sighting,) = await self.next_sightings()
        return sighting

    async def last_export(self) -> bytes:
        """Return what the console's last export delivered."""
        export = self.console.requests_to("video/export")[-1]
        start, end = (
            datetime.fromtimestamp(int(export.query[key]) / 1000, UTC) for key in ("start", "end")
        )
        camera = next(each for each in self.console.cameras if each.id == export.query["camera"])
        return await self.hass.async_add_executor_job(self.film.clip, camera.name, start, end)

    # -- what there is to see

    def entity_id(self, platform: Platform, key: str, mac: str) -> str:
        """Return the id of our entity of the camera or console with this MAC address."""
        found = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, f"{mac}_{key}")
        assert found is not None, f"there is no {platform} {key}"
        return found

    def state(self, platform: Platform, key: str, about: Camera | Console) -> State:
        """Return the state of our entity of that camera or of the console."""
        state = self.hass.states.get(self.entity_id(platform, key, about.mac))
        assert state is not None
        return state

    def files_left(self) -> list[Path]:
        """Return what is in the media folder, but for our own empty folders."""
        ours = self.media / "protect_narrator"
        return [path for path in self.media.rglob("*") if path not in {ours, ours / ".clips"}]

    async def is_clean(self) -> None:
        """Wait until nothing is left in the media folder and no request is open."""
        await until(lambda: not self.files_left())
        await self.console.wait_for(lambda: self.console.open_requests == 0)

    async def nothing_more_is_told(self, camera: Camera) -> None:
        """Make sure of it by a Detection of our own: what came before is told by then."""
        event_id = await self.see(camera)
        await until(lambda: not self.entry.runtime_data.runner.depth)
        told = await self.next_sightings()
        assert [sighting["protect_event_id"] for sighting in told] == [event_id]


@pytest.fixture(autouse=True)
def _quiet_database(caplog: pytest.LogCaptureFixture) -> None:
    """Keep every statement to the database out of the log that a failed test shows."""
    for name in ("sqlalchemy.engine", "homeassistant.components.recorder"):
        caplog.set_level(logging.WARNING, name)


@pytest.fixture(autouse=True)
def _hasty_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ledger write what follows soon; that it gathers is tested beside it."""
    monkeypatch.setattr(ledger_file, "SAVE_DELAY", LEDGER_GATHERS_S)


@pytest.fixture
def back_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library connect again soon after its websocket has ended."""
    monkeypatch.setattr(
        Websocket, "__init__", functools.partialmethod(Websocket.__init__, backoff=RECONNECT_S)
    )


@pytest.fixture
def film() -> Film:
    """What the cameras film."""
    return Film(SMALL)


@pytest.fixture
def camera_count() -> int:
    """How many cameras the console has; a test module may want more."""
    return 4


@pytest.fixture
async def console(loopback: None, film: Film, camera_count: int) -> AsyncGenerator[Console]:
    """A console with a doorbell and other cameras."""
    cameras = [Camera.make(number, is_doorbell=number == 0) for number in range(camera_count)]
    async with Console(cameras, film, public_requests_per_second=1000) as running:
        yield running


@pytest.fixture
async def home(
    recorder_mock: Recorder, hass: HomeAssistant, console: Console, film: Film, tmp_path: Path
) -> AsyncGenerator[Home]:
    """A home with a recorder and a media folder, before we are set up."""
    media = tmp_path / "media"
    media.mkdir()
    hass.config.media_dirs = {"local": str(media)}
    assert await async_setup_component(hass, "homeassistant", {})
    home = Home(hass, console, film)
    yield home
    await home.tidy_up()


@pytest.fixture
async def agent(home: Home) -> FakeTaskEntity:
    """An AI Task entity that takes pictures."""
    entity = FakeTaskEntity()
    await add_agents(home.hass, entity)
    return entity


@pytest.fixture
async def model(home: Home) -> AsyncGenerator[Model]:
    """A model that really looks, behind core's own ollama integration."""
    async with Model() as running:
        await add_ollama(home.hass, running)
        yield running


class Core:
    """Core's own unifiprotect, unmodified."""

    def __init__(self, hass: HomeAssistant, console: Console) -> None:
        """Prepare to be set up."""
        self.hass = hass
        self.console = console
        self.entry_id = ""

    async def set_up(self) -> None:
        """Set it up through its own config flow."""
        # What it waits for at first looks for consoles in the whole network.
        self.hass.config.components.add("unifi_discovery")
        flow = self.hass.config_entries.flow
        menu = await flow.async_init(CORE_DOMAIN, context={"source": SOURCE_USER})
        form = await flow.async_configure(menu["flow_id"], {"next_step_id": "full"})
        result = await flow.async_configure(
            form["flow_id"],
            {
                CONF_HOST: self.console.host,
                CONF_PORT: self.console.port,
                CONF_VERIFY_SSL: False,
                CONF_USERNAME: self.console.username,
                CONF_PASSWORD: self.console.password,
                CONF_API_KEY: self.console.api_key,
            },
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        self.entry_id = result["result"].entry_id
        await self.hass.async_block_till_done(wait_background_tasks=False)

    async def reload(self) -> None:
        """Reload it."""
        await self.hass.config_entries.async_reload(self.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=False)

    async def remove(self) -> None:
        """Remove it with its devices."""
        await self.hass.config_entries.async_remove(self.entry_id)
        self.entry_id = ""
        await self.hass.async_block_till_done(wait_background_tasks=False)


@pytest.fixture
async def core(home: Home) -> AsyncGenerator[Core]:
    """Core's own unifiprotect for the same console, before it is set up."""
    core = Core(home.hass, home.console)
    yield core
    await home.tidy_up()
    if core.entry_id:
        await home.hass.config_entries.async_unload(core.entry_id)


@pytest.fixture
async def never() -> asyncio.Future[object]:
    """An answer that does not come."""
    return asyncio.get_running_loop().create_future()
