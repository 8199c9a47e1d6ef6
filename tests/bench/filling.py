"""A database as Home Assistant's recorder has written it, without the days that this would take.

The tables are made by the recorder itself; rows go in as it writes them, which a test compares.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
import hashlib
import inspect
from itertools import batched
from pathlib import Path
import shutil
import sqlite3
import sys
import tempfile

from homeassistant import bootstrap, loader
from homeassistant.components.recorder.const import SupportedDialect
from homeassistant.components.recorder.db_schema import SCHEMA_VERSION, EventData
from homeassistant.config_entries import ConfigEntries
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util.ulid import ulid_to_bytes

from custom_components.protect_narrator import publisher, records
from custom_components.protect_narrator.pipeline import models

from . import past

_MANY = 20_000
_FILE = "home-assistant_v2.db"

_EVENT = """
    INSERT INTO events (origin_idx, time_fired_ts, data_id, context_id_bin, event_type_id)
    VALUES (?, ?, ?, ?, ?)
"""


@asynccontextmanager
async def recording(database: Path) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that records into that file, which may be there already."""
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        try:
            await _set_up(hass, database)
            await hass.async_start()
            await hass.async_block_till_done()
            await get_instance(hass).async_block_till_done()
            yield hass
        finally:
            await hass.async_stop(force=True)


async def _set_up(hass: HomeAssistant, database: Path) -> None:
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    if not await bootstrap.async_load_base_functionality(hass):
        raise RuntimeError("Home Assistant's registries could not be loaded")
    await hass.config.async_set_time_zone("Europe/Berlin")
    async_initialize_recorder(hass)
    # What is from a past that does not move with the calendar must not be purged.
    recorder = {"db_url": f"sqlite:///{database}", "auto_purge": False, "auto_repack": False}
    if not await async_setup_component(hass, "recorder", {"recorder": recorder}):
        raise RuntimeError("Home Assistant's recorder was not set up")


async def filled(cache: Path) -> Path:
    """Return the database of the past; fill one when it is not there."""
    path = cache / f"history-{_stamp()}.db"
    if not await asyncio.to_thread(path.exists):
        print("filling a database with 90 days …", file=sys.stderr, flush=True)
        await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            made = Path(folder) / _FILE
            async with recording(made):
                pass
            await asyncio.to_thread(_fill, made)
            await asyncio.to_thread(made.replace, path)
    return path


def _stamp() -> str:
    """Return what changes with all that decides what is in the database."""
    sources = (past, sys.modules[__name__], publisher, records, models)
    texts = [inspect.getsource(module) for module in sources]
    return hashlib.sha256("\n".join([*texts, str(SCHEMA_VERSION)]).encode()).hexdigest()[:12]


def _fill(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        write(connection, past.events())


def copied(database: Path, folder: Path) -> Path:
    """Return a copy in that folder, for a Home Assistant to go on with."""
    return Path(shutil.copy(database, folder / _FILE))


def write(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Write them in this order, as the recorder would if it had heard them."""
    connection.execute("PRAGMA synchronous = OFF")
    types = _Types(connection)
    data = _Data(connection)
    for some in batched(events, _MANY, strict=False):
        rows = [
            (
                event.origin.idx,
                event.time_fired_timestamp,
                data.id_of(event),
                ulid_to_bytes(event.context.id),
                types.id_of(event),
            )
            for event in some
        ]
        data.flush()
        connection.executemany(_EVENT, rows)
        connection.commit()
    # What the recorder keeps in its log, a copy of the file alone would lose.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Types:
    """The kinds of events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT event_type, event_type_id FROM event_types")
        self._known: dict[str, int] = dict(rows.fetchall())

    def id_of(self, event: Event) -> int:
        name = str(event.event_type)
        if name not in self._known:
            added = self._connection.execute(
                "INSERT INTO event_types (event_type) VALUES (?)", (name,)
            )
            self._known[name] = added.lastrowid or 0
        return self._known[name]


class _Data:
    """The data of events, each text once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT shared_data, data_id FROM event_data")
        self._known: dict[str, int] = dict(rows.fetchall())
        self._last = max(self._known.values(), default=0)
        self._new: list[tuple[int, int, str]] = []

    def id_of(self, event: Event) -> int | None:
        if not event.data:
            return None
        encoded = EventData.shared_data_bytes_from_event(event, SupportedDialect.SQLITE)
        text = encoded.decode()
        if text not in self._known:
            self._last += 1
            self._known[text] = self._last
            self._new.append((self._last, EventData.hash_shared_data_bytes(encoded), text))
        return self._known[text]

    def flush(self) -> None:
        self._connection.executemany(
            "INSERT INTO event_data (data_id, hash, shared_data) VALUES (?, ?, ?)", self._new
        )
        self._new = []
