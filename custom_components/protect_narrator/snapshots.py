"""The picture of each Sighting, kept for people: one small JPEG, outside the media folder.

``<config>/protect_narrator/snapshots/<config entry>/<MAC address>/<sighting id>.jpg``. What is
there is known in memory; the disk is asked when a console starts, once an hour, and for a picture
that somebody wants to see. Where the disk fails Sightings go on without pictures.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from . import snapshot_files as files
from .const import DOMAIN
from .history import HistoryUnavailableError, async_find, require_recording
from .pipeline.blame import cautious_logger
from .pipeline.blocking import Crew, StuckError
from .pipeline.errors import MediaError
from .snapshot_files import Kept
from .snapshot_limits import REMOVED_AT_ONCE, Limits, over

_LOGGER = cautious_logger(__name__)

# Publishing waits for it, within its own thirty seconds. A card at its end takes seconds for one
# small file; what takes longer is written all the same, and found by whoever reads the Sighting.
KEEP_LIMIT_S = 10.0

# One job on the disk; what takes longer hangs, and is let go of some seconds later.
_JOB_LIMIT_S = 10.0

# A page of thumbnails is read a few at a time; two that hang are a share whose server is gone.
_READ_AT_ONCE = 4
_MOST_STUCK = 2

SWEEP_EVERY = timedelta(hours=1)

# Questions to the recorder in one sweep: nearly a thousand a day, which is as many as a busy
# home's purge leaves without a row.
_MOST_QUESTIONS = 40

# For all of them together; a database that is busy is asked again an hour later.
_ASK_LIMIT_S = 30.0

# Of what is younger the row may still be on its way: what is caught up on ended a day ago at most.
_SETTLED = timedelta(days=2)

# When an entry is removed: ten thousand files take a slow card as long.
_DELETE_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """A picture that is kept."""

    mac: str
    """Of its camera, as the coordinator knows it: twelve upper-case hex digits."""

    path: Path
    size: int
    taken: datetime
    """When its Detection began, in UTC."""


def home_of(hass: HomeAssistant) -> Path:
    """Return the folder of all kept pictures, which need not be there."""
    return Path(hass.config.path(DOMAIN, "snapshots"))


def image_path(sighting_id: str) -> str:
    """Return where a Sighting's picture can be had from Home Assistant, by who may see it."""
    return f"/api/{DOMAIN}/snapshot/{sighting_id}"


class SnapshotStore:
    """The kept pictures of one config entry, within its limits."""

    def __init__(self, hass: HomeAssistant, entry_id: str, title: str, limits: Limits) -> None:
        """Touch nothing yet; the log calls the console by its title."""
        self._hass = hass
        self._title = title
        self._limits = limits
        self._root = home_of(hass) / entry_id
        # One writes at a time, so that what is in memory changes in the order of the disk.
        self._writer = Crew(at_once=1, most_stuck=1)
        self._readers = Crew(at_once=_READ_AT_ONCE, most_stuck=_MOST_STUCK)
        self._index: dict[str, Kept] = {}
        self._bytes = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self._tidying: asyncio.Task[object] | None = None
        self._untold: Callable[[], Collection[str]] = frozenset
        self._asked_last = ""
        self._in_trouble = False
        self._closed = False

    @property
    def count(self) -> int:
        """How many pictures are kept."""
        return len(self._index)

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return self._bytes

    async def async_load(self) -> None:
        """Learn what there is; remove what a sudden end left, and what there is no room for.

        What is too old goes with the first sweep: a clock that is set after the start, as on a
        board without a battery, has told lies until then.
        """
        await self._look()
        self._tidy()

    @callback
    def async_start(self, untold: Callable[[], Collection[str]]) -> CALLBACK_TYPE:
        """Tidy up every hour; return how to end that.

        ``untold`` returns the ids of the Sightings that have no row yet, and will have one.
        """
        self._untold = untold

        @callback
        def sweep(_now: datetime) -> None:
            if self._tidying is None:
                self._tidying = self._begin(self._sweep())

        return async_track_time_interval(self._hass, sweep, SWEEP_EVERY)

    async def close(self) -> None:
        """Write and remove nothing more. What is kept can still be found and read."""
        self._closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @callback
    def find(self, sighting_id: str) -> KeptSnapshot | None:
        """Return the picture of that Sighting; the disk is not asked."""
        if (kept := self._index.get(sighting_id)) is None:
            return None
        return KeptSnapshot(
            mac=kept.folder.upper(),
            path=files.picture_in(self._root, kept.folder, sighting_id),
            size=kept.size,
            taken=datetime.fromtimestamp(_moment(kept), UTC),
        )

    async def async_read(self, sighting_id: str) -> bytes | None:
        """Return the JPEG; None where there is none, or the disk does not give it."""
        if (kept := self._index.get(sighting_id)) is None:
            return None
        read = partial(files.read, self._root, kept.folder, sighting_id)
        try:
            return await self._readers.run(read, limit_s=_JOB_LIMIT_S)
        except FileNotFoundError, NotADirectoryError:
            self._forget([sighting_id])
        except (OSError, StuckError) as err:
            _LOGGER.debug("Sighting %s: its picture cannot be read: %s", sighting_id, _why(err))
        return None

    async def async_keep(self, mac: str, sighting_id: str, jpeg: bytes, taken: datetime) -> bool:
        """Keep a JPEG of ours as the Sighting's, made small; say whether it is on disk.

        It replaces an earlier one. Bounded; what fails is logged once, until it works again.
        """
        folder = mac.lower()
        if not (files.is_folder_name(folder) and files.is_sighting_id(sighting_id)):
            return False
        if self._closed or not self._limits.keep_for:
            return False
        # As the console says, however old that looks: it is our clock that may not be set yet.
        task = self._begin(self._keep(folder, sighting_id, jpeg, taken.timestamp()))
        await asyncio.wait({task}, timeout=KEEP_LIMIT_S)
        if not task.done():
            self._say(f"it takes longer than {KEEP_LIMIT_S:.0f} s")
            return False
        return not task.cancelled() and task.result()

    async def async_remove(self, sighting_id: str) -> bool:
        """Remove the picture of that Sighting; say whether there is none any more."""
        if (kept := self._index.get(sighting_id)) is None:
            return True
        self._forget([sighting_id])
        return await self._removed([(sighting_id, kept)]) == 1

    # -- how

    @callback
    def _begin[R](self, work: Coroutine[object, object, R]) -> asyncio.Task[R]:
        task = self._hass.async_create_background_task(work, f"{DOMAIN} kept pictures")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    @callback
    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if self._tidying is task:
            self._tidying = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s: a bug at the kept pictures", self._title, exc_info=error)

    async def _on_disk[R](self, work: Callable[[], R]) -> R | None:
        """Return what it returns; None where it failed, which is said once."""
        try:
            done = await self._writer.run(work, limit_s=_JOB_LIMIT_S)
        except (MediaError, OSError, StuckError) as err:
            self._say(_why(err))
            return None
        return done

    async def _keep(self, folder: str, sighting_id: str, jpeg: bytes, taken: float) -> bool:
        work = partial(files.keep, self._root, folder, sighting_id, jpeg, taken)
        if (size := await self._on_disk(work)) is None:
            return False
        self._say_well()
        self._forget([sighting_id])
        self._index[sighting_id] = Kept(folder, size, taken=taken, came=_now())
        self._bytes += size
        self._tidy()
        return True

    async def _look(self) -> None:
        """Learn from the disk what there is, whoever changed it."""
        found = await self._on_disk(partial(files.listed, self._root))
        if found is not None:
            self._index = found
            self._bytes = sum(kept.size for kept in found.values())

    @callback
    def _tidy(self) -> None:
        """Begin to remove what there is no room for, if anything is."""
        is_full = self._limits.is_full(self.count, self._bytes)
        if is_full and self._tidying is None and not self._closed:
            self._tidying = self._begin(self._drop_what_is_over(None))

    async def _sweep(self) -> None:
        await self._look()
        await self._drop_what_is_over(_now())
        await self._drop_orphans()

    async def _drop_what_is_over(self, now: float | None) -> None:
        """Remove what is too old then, and what there is no room for, some at a time."""
        while self._index:
            # Sorted in a thread: there may be as many as ten thousands.
            find = partial(over, tuple(self._index.items()), self._limits, now)
            victims = await self._hass.async_add_executor_job(find)
            if await self._removed(victims) < len(victims):
                return  # the disk does not let go of them now; tried again with the next sweep
            if len(victims) < REMOVED_AT_ONCE:
                return

    async def _removed(self, pictures: list[tuple[str, Kept]]) -> int:
        """Remove these; return of how many nothing is there any more."""
        if not pictures:
            return 0
        gone = await self._on_disk(partial(files.removed, self._root, pictures))
        if gone is None:
            return 0
        if len(gone) < len(pictures):
            self._say("old ones cannot be removed")
        self._forget(gone)
        return len(gone)

    @callback
    def _forget(self, sighting_ids: Collection[str]) -> None:
        for sighting_id in sighting_ids:
            if (kept := self._index.pop(sighting_id, None)) is not None:
                self._bytes -= kept.size

    async def _drop_orphans(self) -> None:
        """Remove pictures of which the recorder has no Sighting any more, or never had."""
        try:
            async with asyncio.timeout(_ASK_LIMIT_S):
                for sighting_id in await self._orphans():
                    await self.async_remove(sighting_id)
        except HistoryUnavailableError, TimeoutError:
            return  # who cannot be asked has lost nothing

    async def _orphans(self) -> list[str]:
        """Return some that have no row: the oldest, which are purged first, then any others.

        Raises HistoryUnavailableError, also where what is fired is not recorded.
        """
        require_recording(self._hass)
        now = _now()
        before = now - _SETTLED.total_seconds()
        untold = frozenset(self._untold())
        oldest = sorted(
            (kept.begun(now), sighting_id)
            for sighting_id, kept in self._index.items()
            if kept.begun(now) < before and sighting_id not in untold
        )
        orphans: list[str] = []
        asked = set[str]()
        for _, sighting_id in oldest[:_MOST_QUESTIONS]:
            asked.add(sighting_id)
            if await async_find(self._hass, sighting_id) is not None:
                break
            orphans.append(sighting_id)
        # In the order of their ids, which is none: each comes round some day.
        others = sorted(sighting_id for _, sighting_id in oldest if sighting_id not in asked)
        later = [each for each in others if each > self._asked_last] or others
        for sighting_id in later[: _MOST_QUESTIONS - len(asked)]:
            self._asked_last = sighting_id
            if await async_find(self._hass, sighting_id) is None:
                orphans.append(sighting_id)
        return orphans

    @callback
    def _say(self, why: str) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            _LOGGER.warning("%s: Pictures of Sightings cannot be kept: %s", self._title, why)

    @callback
    def _say_well(self) -> None:
        if self._in_trouble:
            self._in_trouble = False
            _LOGGER.info("%s: Pictures of Sightings are kept again", self._title)


async def async_remove_strangers(hass: HomeAssistant) -> None:
    """Remove the pictures of config entries that are gone.

    As far as that can be done soon; the next start removes the rest.
    """
    known = {entry.entry_id for entry in hass.config_entries.async_entries(DOMAIN)}
    try:
        async with asyncio.timeout(_DELETE_LIMIT_S):
            await hass.async_add_executor_job(files.remove_strangers, home_of(hass), known)
    except OSError as err:  # a TimeoutError is one
        _LOGGER.warning("Pictures of a console that was removed are left: %s", _why(err))


def _now() -> float:
    return dt_util.utcnow().timestamp()


def _moment(kept: Kept) -> float:
    """Return when it was taken as a moment that a calendar has: not one to come."""
    return max(0.0, min(kept.taken, _now()))


def _why(err: Exception) -> str:
    """Return what went wrong, without the names of files."""
    if isinstance(err, OSError):
        return err.strerror or type(err).__name__
    return str(err)
