"""The ledger's file in Home Assistant's storage: read whatever it holds, written soon."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
import glob
import logging
from pathlib import Path
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.util.ulid import ulid_now

from .checked_store import CheckedStore, NoStorageFileError, NotWrittenError
from .const import DOMAIN
from .stored import Remembered, StoredLedger, stored

_LOGGER = logging.getLogger(__name__)

# How files are named that could not be read: by us, and by Home Assistant.
_SET_ASIDE = ("unread", "corrupt")

# 1.2: what is unfinished has the context id of its event; what was fired waits to be read back.
STORAGE_VERSION = 1
MINOR_VERSION = 2

# The first change is written at once. What follows within so many seconds is gathered: a burst
# of a hundred Detections is written twice, and a write waits for the disk itself.
SAVE_DELAY = 1.0

# For a change to be on disk: that delay, and a disk that is busy for seconds. Whoever waits
# goes on after that, because a Detection is to be told even where nothing can be written.
WRITTEN_LIMIT_S = 10.0

# As long for the last write: a disk that is dead must not keep the entry from being unloaded.
CLOSE_LIMIT_S = WRITTEN_LIMIT_S

# A write that failed is tried again after two seconds, four, and so on up to this: a disk that
# is full or gone comes back in minutes at best, and Home Assistant logs every single failure.
LONGEST_RETRY_S = 60.0
_MOST_DOUBLINGS = 6


class LedgerUnavailableError(Exception):
    """The file cannot be read now, and nothing is known to be wrong with it."""


class _Store(CheckedStore[StoredLedger]):
    """The file, as Home Assistant keeps it."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> Any:
        """Return the content as this version writes it, as far as it is what it should be.

        Content of a later minor version is read as it is.
        """
        unfinished = old_data.get("unfinished") if isinstance(old_data, dict) else None
        if (old_major_version, old_minor_version) >= (1, 2) or not isinstance(unfinished, list):
            return old_data
        with_ids = [
            {**item, "context_id": ulid_now()} if isinstance(item, dict) else item
            for item in unfinished
        ]
        return {**old_data, "unfinished": with_ids, "fired": []}


class LedgerFile:
    """Reads the file of one config entry once, and writes it whenever the content has changed."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Touch nothing yet."""
        self._hass = hass
        # Serialised in a thread: the content is made of values that nobody changes any more.
        self._store = _Store(
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.{entry_id}",
            minor_version=MINOR_VERSION,
            private=True,
            atomic_writes=True,
            serialize_in_event_loop=False,
        )
        self._content: Callable[[], Remembered] = Remembered
        # Changes are counted: all of them, those that a write has ended with, those on disk.
        self._changes = 0
        self._tried = 0
        self._written = 0
        self._failures = 0
        self._progress = asyncio.Event()
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._in_trouble = False

    async def async_load(self) -> object:
        """Return the content, whatever it is; None when there is none that can be read.

        A file that is no JSON is set aside by Home Assistant, which raises a repair issue. One
        of a later version, or that is no storage file, is set aside here. Raises
        LedgerUnavailableError where the disk does not give the file: that may pass.

        Of files that were set aside, the newest is kept: they hold plates and faces.
        """
        content = await self._load()
        await self._hass.async_add_executor_job(_remove_set_aside, self._store.path, 1)
        return content

    async def _load(self) -> object:
        """Return the content; set aside what is none."""
        try:
            return await self._store.async_get()
        except (NoStorageFileError, UnsupportedStorageVersionError) as err:
            why = str(err)
        except OSError as err:
            raise LedgerUnavailableError(str(err)) from err
        except HomeAssistantError as err:
            # What fails while it is opened or read comes wrapped, whatever it is.
            if isinstance(err.__cause__, OSError):
                raise LedgerUnavailableError(str(err.__cause__)) from err
            why = type(err).__name__
        aside = f"{self._store.path}.{_SET_ASIDE[0]}.{datetime.now(UTC):%Y%m%dT%H%M%S}"
        _LOGGER.error("What was remembered cannot be read; it is kept as %s: %s", aside, why)
        await self._hass.async_add_executor_job(_rename, self._store.path, aside)
        return None

    async def async_remove(self) -> None:
        """Delete the file, and what was set aside of it."""
        await self._store.async_remove()
        await self._hass.async_add_executor_job(_remove_set_aside, self._store.path, 0)

    @callback
    def async_changed(self, content: Callable[[], Remembered]) -> int:
        """Write the content soon; return the number of this change."""
        self._content = content
        self._changes += 1
        self._schedule()
        return self._changes

    async def async_written(self, change: int) -> bool:
        """Return whether that change is on disk, as soon as that is known; bounded.

        Where writing fails, and while Home Assistant stops, nobody is kept waiting for it.
        """
        try:
            async with asyncio.timeout(WRITTEN_LIMIT_S):
                while self._tried < change and not (self._closed or self._failures):
                    await self._progress.wait()
        except TimeoutError:
            self._say(f"it takes longer than {WRITTEN_LIMIT_S:.0f} s")
        return self._written >= change

    async def async_close(self, content: Callable[[], Remembered]) -> None:
        """Write the content for the last time; what changes after that is not written."""
        self._closed = True
        self._content = content
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                if self._writer is not None:
                    await asyncio.wait({self._writer})
                await self._write()
        except TimeoutError:
            self._say(f"it takes longer than {CLOSE_LIMIT_S:.0f} s")
            if self._writer is not None:
                # It waits for a thread, which nobody can end.
                self._writer.cancel()
                await asyncio.wait({self._writer}, timeout=CLOSE_LIMIT_S)

    @callback
    def _schedule(self) -> None:
        if self._closed or self._timer is not None or self._writer is not None:
            return
        loop = self._hass.loop
        wait_s = self._next_at - loop.time()
        if wait_s <= 0:
            self._begin()
        else:
            self._timer = loop.call_later(wait_s, self._begin)

    @callback
    def _begin(self) -> None:
        """Write in a task that starts when all that happens at this moment has happened."""
        self._timer = None
        self._writer = self._hass.async_create_background_task(
            self._write_and_go_on(), f"{DOMAIN} ledger", eager_start=False
        )

    async def _write_and_go_on(self) -> None:
        change = self._changes
        try:
            await self._write()
        finally:
            self._writer = None
        if self._changes > change or self._failures:
            self._schedule()

    async def _write(self) -> None:
        """Write all that has changed until now. A disk that fails keeps nobody waiting."""
        change = self._changes
        # What is remembered is a snapshot of values that nobody changes; thousands of them take
        # longer to turn into JSON than the event loop has.
        remembered = self._content()
        try:
            content = await self._hass.async_add_executor_job(stored, remembered)
            is_on_disk = await self._store.async_put(content)
        except NotWrittenError as err:
            self._failures += 1
            self._say(str(err))
        else:
            self._failures = 0
            if is_on_disk:
                self._written = max(self._written, change)
                self._say_well()
        pause_s = SAVE_DELAY * 2 ** min(self._failures, _MOST_DOUBLINGS)
        self._next_at = self._hass.loop.time() + min(pause_s, LONGEST_RETRY_S)
        self._tried = max(self._tried, change)
        self._progress.set()
        self._progress = asyncio.Event()

    def _say(self, why: str) -> None:
        """Say once that writing is in trouble, or takes too long, which nobody else says."""
        if not self._in_trouble:
            self._in_trouble = True
            _LOGGER.warning("What is unfinished cannot be written to disk: %s", why)

    def _say_well(self) -> None:
        """Say once that it is over."""
        if self._in_trouble:
            self._in_trouble = False
            _LOGGER.info("What is unfinished is written to disk again")


def _rename(path: str, aside: str) -> None:
    # Where there is no such file, or it cannot be moved, the next write replaces it.
    with suppress(OSError):
        Path(path).rename(aside)


def _remove_set_aside(path: str, kept: int) -> None:
    """Delete the files that were set aside of this one, but for the last so many."""
    file = Path(path)
    found = [
        (aside.stat().st_mtime_ns, aside)
        for kind in _SET_ASIDE
        for aside in file.parent.glob(f"{glob.escape(file.name)}.{kind}.*")
    ]
    for _, aside in sorted(found, reverse=True)[kept:]:
        # One that cannot be deleted now is tried again with the next start.
        with suppress(OSError):
            aside.unlink()
