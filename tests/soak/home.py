"""A real Home Assistant in this process, with a database on disk, two agents and both consoles.

In this process, because tasks, descriptors and memory are counted in it. Not all that Home
Assistant starts by default is there (no frontend, no backup): what nobody uses is only noise.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
import json
from pathlib import Path
import socket
from types import MappingProxyType
from typing import Any

from homeassistant import block_async_io, bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import chat_session
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component

# Imported first, so that the loader finds this repository's folder under that name.
import custom_components.protect_narrator
from custom_components.protect_narrator import abilities
from custom_components.protect_narrator.config_flow import NarratorConfigFlow
from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_CLIP_DEADLINE,
    CONF_DESCRIBE_TIMEOUT,
    CONF_LEARN_SETTLE,
    CONF_LONGEST_OPEN,
    CONF_MERGE_GAP,
    CONF_RECONCILE_INTERVAL,
    CONF_SETTLE,
    DOMAIN,
)
from custom_components.protect_narrator.pipeline.ports import Ability
from custom_components.protect_narrator.runtime import NarratorConfigEntry
from tests.fake_agents import add_agents

from .agents import Looker

assert custom_components.protect_narrator

# Shorter than any form takes, so that 10,000 fit into forty minutes. A wait is not learnt: a
# fault at random looks like asking too early. An end that was not told is waited for briefly,
# and what no websocket told is looked for every minute.
OPTIONS = {
    CONF_CLIP_BEFORE: 0,
    CONF_CLIP_AFTER: 0,
    CONF_SETTLE: 0,
    CONF_LEARN_SETTLE: False,
    CONF_CLIP_DEADLINE: 2,
    CONF_DESCRIBE_TIMEOUT: 1,
    CONF_MERGE_GAP: 0,
    CONF_LONGEST_OPEN: 3,
    CONF_RECONCILE_INTERVAL: 60,
}

# Core keeps each call of an agent, pictures' names and words, for five to ten minutes. At this
# pace that is thousands, which no house has, and would hide what we keep ourselves.
_CHATS_ARE_KEPT = timedelta(seconds=5)

# More than the recorder's and SQLite's caches hold; each as large as a Sighting.
_HISTORY, _EVENT_BYTES = 12_000, 1_800

_CONFIG: dict[str, Any] = {
    "homeassistant": {"name": "Soak", "time_zone": "UTC", "unit_system": "metric"},
    "recorder": {"commit_interval": 1},
}
_COMPONENTS = ("homeassistant", "persistent_notification", "recorder", "http", "media_source")

# Home Assistant reads its own file back as it wrote it, and misses what is not there.
_HTTP = {
    "server_host": ["127.0.0.1"],
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}

# One of them is shown clips and the other pictures, as the table of platforms has it of real
# ones; so nothing is learnt from a call that fails.
_SHOWN = {"soak_clips": Ability(takes_clip=True), "soak_pictures": Ability(takes_clip=False)}


class Home:
    """Home Assistant with one entry of ours for each console."""

    def __init__(self, hass: HomeAssistant, folder: Path) -> None:
        """Take what `home` has started."""
        self.hass = hass
        self.media = folder / "media"
        self.entries: list[NarratorConfigEntry] = []

    @property
    def depth(self) -> int:
        """How many Detections are being worked on."""
        return sum(entry.runtime_data.runner.depth for entry in self.entries)

    async def add(self, reach: Mapping[str, Any], agent_id: str) -> None:
        """Set a console up with an entry as the config flow makes it."""
        entry: NarratorConfigEntry = ConfigEntry(
            domain=DOMAIN,
            title=reach["name"],
            unique_id=reach["mac"],
            version=NarratorConfigFlow.VERSION,
            minor_version=NarratorConfigFlow.MINOR_VERSION,
            source=SOURCE_USER,
            data={
                CONF_HOST: reach["host"],
                CONF_PORT: reach["port"],
                CONF_USERNAME: reach["username"],
                CONF_PASSWORD: reach["password"],
                CONF_API_KEY: reach["api_key"],
                CONF_VERIFY_SSL: False,
            },
            options={**OPTIONS, CONF_AGENT_ID: agent_id},
            discovery_keys=MappingProxyType({}),
            subentries_data=(),
        )
        await self.hass.config_entries.async_add(entry)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"{entry.title} was not set up: {entry.state}, {entry.reason}")
        self.entries.append(entry)

    async def unload(self) -> None:
        """Unload every entry of ours."""
        for entry in self.entries:
            await self.hass.config_entries.async_unload(entry.entry_id)
            if entry.state is not ConfigEntryState.NOT_LOADED:
                raise RuntimeError(f"{entry.title} could not be unloaded: {entry.state}")

    async def live_for_a_while(self) -> None:
        """Write as much to the database as a house has after some days.

        The recorder remembers the last 2,048 events that it wrote, and SQLite keeps 16 MB of
        its file in memory. Both fill once, and would look like growth.
        """
        for number in range(_HISTORY):
            self.hass.bus.async_fire("soak_history", {"number": number, "what": "x" * _EVENT_BYTES})
            if not number % 100:
                await asyncio.sleep(0)
        await self.rows_are_written()

    async def rows_are_written(self) -> None:
        """Wait for the recorder."""
        await get_instance(self.hass).async_block_till_done()

    async def files_left(self) -> list[Path]:
        """Return what is in the media folder, but for our own empty folders."""
        return await asyncio.to_thread(self._files_left)

    def _files_left(self) -> list[Path]:
        ours = self.media / "protect_narrator"
        return [path for path in self.media.rglob("*") if path not in {ours, ours / ".clips"}]


@asynccontextmanager
async def home(folder: Path, *agents: Looker) -> AsyncIterator[Home]:
    """Start Home Assistant in this empty folder with these agents; stop it in the end."""
    await asyncio.to_thread(_seed, folder)
    abilities.PLATFORMS.update(_SHOWN)
    chat_session.CONVERSATION_TIMEOUT = _CHATS_ARE_KEPT
    hass = HomeAssistant(str(folder))
    try:
        await _set_up(hass, folder)
        for platform, agent in zip(_SHOWN, agents, strict=True):
            await add_agents(hass, agent, platform=platform)
        await hass.async_start()
        yield Home(hass, folder)
    finally:
        await hass.async_stop(force=True)


async def _set_up(hass: HomeAssistant, folder: Path) -> None:
    hass.config.skip_pip = True
    block_async_io.enable()
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, _CONFIG)
    await loader.async_get_custom_components(hass)
    if not await bootstrap.async_load_base_functionality(hass):
        raise RuntimeError("Home Assistant's registries could not be loaded")
    media = {"media_dirs": {"local": str(folder / "media")}}
    await async_process_ha_core_config(hass, _CONFIG["homeassistant"] | media)
    async_initialize_recorder(hass)
    for component in _COMPONENTS:
        if not await async_setup_component(hass, component, _CONFIG):
            raise RuntimeError(f"Home Assistant's {component} was not set up")


def _seed(folder: Path) -> None:
    """Write what a Home Assistant needs that has never run: a folder and a free port."""
    (folder / "media").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    http = {"stable": {**_HTTP, "server_port": port}, "pending": None, "yaml_migration_done": True}
    document = {"version": 2, "minor_version": 2, "key": "http", "data": http}
    path = folder / ".storage" / "http"
    path.parent.mkdir()
    path.write_text(json.dumps(document))
