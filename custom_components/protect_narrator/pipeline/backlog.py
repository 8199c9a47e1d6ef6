"""What was found late waits here, the newest first, and leaves what is live in front."""

import asyncio
from bisect import insort
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .blame import cautious_logger
from .gate import is_fresh
from .models import Detection
from .ports import Clock

_LOGGER = cautious_logger(__name__)

# One is looked at while the next is fetched; more would not be told sooner, for the console has
# one export slot and an agent few places.
AT_ONCE = 2

# Eighty an hour for six hours. At ten seconds each the last of them is told in an hour and a
# half; what is older than that many is told without being looked at.
WAITING_AT_MOST = 500

# What a look finds comes within a moment: the newest of it is known when nothing came for so
# long. A console that goes on listing is not waited for longer than the other.
_GATHER_S = 2.0
_GATHER_AT_MOST_S = 30.0

# How often it is looked whether there is room again, or a camera's clips are asked for again: its
# pause ends by the clock alone, after ten minutes at the most.
_NO_ROOM_S = 5.0

# Which of them were told is asked for from that long before the oldest: what was told of it was
# stored by our clock, and the console's may have been ahead.
_CLOCKS_APART = timedelta(days=1)


# A recorder that begins is ready within a minute, one whose database is busy answers within a few.
# A database is migrated for longer, sometimes hours: what is late then is told all the same.
_RECORD_WAIT_S = 600.0
_RECORD_PAUSE_S = 1.0
_RECORD_LONGEST_PAUSE_S = 30.0

# So many are not let wait for the record. The ledger takes in no more, and nothing comes here that
# it has not taken in: that bounds what is found and not sorted in yet.
_UNCHECKED_AT_MOST = 4 * WAITING_AT_MOST


class NoRecordYetError(Exception):
    """What is recorded cannot be read now; asked again, it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where what waits goes, and what has to be asked before."""

    told_since: Callable[[datetime], Awaitable[Collection[tuple[str, str]]]]
    """Return the ids of cameras and their Protect events in what is recorded since then.

    Nothing where there is no record. Raises NoRecordYetError.
    """

    submit: Callable[[Detection], asyncio.Task[None] | None]
    """Begin; return what ends when it is told, None if it is not worked on."""

    refuse: Callable[[Detection], None]
    """Tell it without working on it."""

    drop: Callable[[Detection], None]
    """Be done with what was told in an earlier life."""

    narrow: Callable[[Detection, Detection], None]
    """Be done with the first, of which a part was told; from now on it is the second."""

    may_begin: Callable[[str], bool]
    """Say whether there is room beside what is live, and clips of that camera are asked for."""


class Backlog:
    """Hands over a few at a time; what is live does not come through here.

    A camera of which no clip is asked for now holds up only what is its own. What has ended just
    now waits for nobody: where the websockets are silent all is found late.
    """

    def __init__(
        self,
        way: Way,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        on_bug: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin with nothing.

        ``on_change`` is called when ``depth`` has changed, once for all that was found together;
        whoever is handed something over knows that himself. ``on_bug`` is called at every bug,
        which is in the log already.
        """
        self._way = way
        self._clock = clock
        self._on_change = on_change
        self._on_bug = on_bug
        self._fresh: list[Detection] = []
        self._found: list[Detection] = []
        self._waiting: list[Detection] = []  # the newest last
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_silent = False
        self._closed = False

    @property
    def depth(self) -> int:
        """How many wait here."""
        return len(self._fresh) + len(self._found) + len(self._waiting)

    def add(self, detection: Detection) -> None:
        """Take in what was found; call in the event loop. After ``close()`` nothing is."""
        if self._closed:
            return
        if is_fresh(detection, self._clock.now()):
            self._fresh.append(detection)
            self._go_on(self._hurry, "fresh finds")
        else:
            self._found.append(detection)
            self._go_on(self._sort_in, "late finds")

    async def close(self) -> None:
        """End; what waits stays untold, and what was handed over is not ours."""
        self._closed = True
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _go_on(self, work: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        """Let a task do that until nothing is left to do; one of each kind is enough."""
        if (task := self._tasks.get(name)) is None or task.done():
            task = asyncio.get_running_loop().create_task(work(), name=f"protect_narrator {name}")
            task.add_done_callback(self._be_loud)
            self._tasks[name] = task

    async def _hurry(self) -> None:
        """Hand over what is fresh, unless it was told."""
        while self._fresh:
            batch = tuple(self._fresh)
            told = await self._told(batch, wait_s=0.0)
            del self._fresh[: len(batch)]
            for detection in self._untold(batch, told):
                self._submit(detection)

    async def _sort_in(self) -> None:
        """Put what was found where it belongs; what is too much, the oldest, is told at once."""
        while self._found:
            await self._gather()
            batch = tuple(self._found)
            told = await self._told(batch, wait_s=_RECORD_WAIT_S)
            del self._found[: len(batch)]
            for detection in self._untold(batch, told):
                insort(self._waiting, detection, key=lambda each: each.end)
            too_many = max(len(self._waiting) - WAITING_AT_MOST, 0)
            oldest, self._waiting = self._waiting[:too_many], self._waiting[too_many:]
            for detection in reversed(oldest):
                self._way.refuse(detection)
            self._on_change()
            self._go_on(self._hand_over, "backlog")

    async def _gather(self) -> None:
        """Wait until all is there that is found together."""
        waited_s, before = 0.0, 0
        while before < len(self._found) < WAITING_AT_MOST and waited_s < _GATHER_AT_MOST_S:
            before = len(self._found)
            await self._clock.sleep(_GATHER_S)
            waited_s += _GATHER_S

    async def _hand_over(self) -> None:
        """Begin with the newest that may, whenever one of the places is free."""
        while self._waiting:
            await self._places.acquire()
            while (newest := self._take_newest()) is None:
                await self._clock.sleep(_NO_ROOM_S)
            task = self._submit(newest)
            if task is None:
                self._places.release()
            else:
                task.add_done_callback(lambda _: self._places.release())

    def _take_newest(self) -> Detection | None:
        """Let go of the newest whose camera may begin; None while there is none."""
        resting: set[str] = set()
        for at in reversed(range(len(self._waiting))):
            camera_id = self._waiting[at].camera_id
            if camera_id not in resting and self._way.may_begin(camera_id):
                return self._waiting.pop(at)
            resting.add(camera_id)
        return None

    def _submit(self, detection: Detection) -> asyncio.Task[None] | None:
        """Begin with one; a bug at it costs only that one, and not those behind it."""
        try:
            return self._way.submit(detection)
        except Exception:
            _LOGGER.exception("Sighting %s: not begun by a bug", detection.sighting_id)
            self._on_bug()
            return None

    async def _told(
        self, detections: Sequence[Detection], *, wait_s: float
    ) -> Collection[tuple[str, str]]:
        """Return what of these the record tells of already; nothing where nobody knows.

        The ledger knows what was told, but it may be lost, or of an older day than the record;
        and it remembers so much and no more. So what is late waits for the record, and what is
        fresh, which the ledger hardly ever misses, does not.
        """
        oldest = min(detection.start for detection in detections)
        since = min(oldest, self._clock.now()) - _CLOCKS_APART
        until, pause_s = self._clock.monotonic() + wait_s, _RECORD_PAUSE_S
        while True:
            try:
                told = await self._way.told_since(since)
            except NoRecordYetError as err:
                left_s = until - self._clock.monotonic()
                if left_s <= 0 or len(self._found) >= _UNCHECKED_AT_MOST:
                    self._say_silent(err)
                    return ()
                await self._clock.sleep(min(pause_s, left_s))
                pause_s = min(2 * pause_s, _RECORD_LONGEST_PAUSE_S)
            except Exception:
                # Told twice is better than never.
                _LOGGER.exception("What was told before cannot be read, by a bug")
                self._on_bug()
                return ()
            else:
                if self._is_silent:
                    _LOGGER.info("What was told before can be read again")
                self._is_silent = False
                return told

    def _say_silent(self, err: NoRecordYetError) -> None:
        if not self._is_silent:
            _LOGGER.warning("What was told before cannot be read, and may be told again: %s", err)
        self._is_silent = True

    def _untold(
        self, detections: Sequence[Detection], told: Collection[tuple[str, str]]
    ) -> list[Detection]:
        """Return what of these was not told; of what was told in part only the rest.

        The rest keeps the times of the whole, as nobody knows whose they were: its recording
        shows what belongs to it, and maybe what was told before it.
        """
        untold = []
        for detection in detections:
            rest = tuple(
                event_id
                for event_id in detection.event_ids
                if (detection.camera_id, event_id) not in told
            )
            if not rest:
                _LOGGER.debug("Sighting %s: was told before", detection.sighting_id)
                self._way.drop(detection)
            elif len(rest) == len(detection.event_ids):
                untold.append(detection)
            else:
                narrowed = replace(detection, event_ids=rest)
                _LOGGER.debug(
                    "Sighting %s: told in part, the rest is %s",
                    detection.sighting_id,
                    narrowed.sighting_id,
                )
                self._way.narrow(detection, narrowed)
                untold.append(narrowed)
        return untold

    def _be_loud(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s ended by a bug", task.get_name(), exc_info=error)
            self._on_bug()
