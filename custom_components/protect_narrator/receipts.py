"""A Sighting is handed to the recorder like a registered letter: until its row is read back.

The recorder commits seconds after an event was fired, loses what waits when its database is
locked for too long, and with all of us when the power fails. Nothing weaker tells that a row is
there: its commit future was seen to be done, or not to be, while the row was missing.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN, EVENT_SIGHTING
from .history import (
    HistoryUnavailableError,
    NotRecordedError,
    async_processed,
    async_stored,
    commit_interval_s,
    is_listening,
    kept_since,
    require_recording,
)
from .ledger import Ledger
from .pipeline.blame import cautious_logger
from .pipeline.models import Detection
from .recent import RecentSightings
from .records import recorded_at
from .stored import Fired

_LOGGER = cautious_logger(__name__)

# After the recorder's own interval a row is there within moments.
_SLACK_S = 1.0

# One small question a minute burdens no database, and none is asked more rarely.
_LONGEST_PACE_S = 60.0

# A row that is missing for two commits and this is worth asking the recorder about.
_OVERDUE_S = 10.0

# A busy recorder has thousands of events in its queue. It may also be waiting for a lock, or for
# its database to be migrated: then it is asked again later.
_PROCESSED_LIMIT_S = 60.0

# What the recorder has processed and not stored so often, it never stores.
_MOST_LOSSES = 3

# Who looks at the database hardly misses a row for so long. Said then, and when they are there.
_WORTH_SAYING_S = 60.0

# After a bug of ours, and twice as long after each further one, up to the pace above.
_AFTER_BUG_S = 1.0

# What was cut off by the end of the last run is minutes old; a database that is still not ready
# after this, such as one that is migrated, keeps it no longer.
_READY_LIMIT_S = 60.0
_READY_PACE_S = 1.0


@dataclass(slots=True)
class _Wait:
    """How it goes with one that has no row yet; times are the event loop's."""

    since: float
    fired: float
    losses: int = 0


class Receipts:
    """Fires the Sightings of one console, and sees to it that each has its row."""

    def __init__(
        self,
        hass: HomeAssistant,
        ledger: Ledger,
        recent: RecentSightings,
        *,
        run: str,
        on_bug: Callable[[], None] = lambda: None,
    ) -> None:
        """``run`` names this run of Home Assistant, whatever is reloaded meanwhile.

        ``on_bug`` is called when looking for rows has failed by a bug, which is logged then.
        """
        self._hass = hass
        self._ledger = ledger
        self._recent = recent
        self._run = run
        self._on_bug = on_bug
        self._closed = False
        self._left_over: dict[str, Detection] = {}
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._waits: dict[str, _Wait] = {}
        self._said = False
        for fired in ledger.fired:
            # Whether it is in the database or not, it can be described again.
            recent.note(fired.data, fired.fired_at)

    @callback
    def async_start(self, resume: Callable[[Detection], None]) -> bool:
        """Begin with what is unfinished; ``resume`` is called with all of it that was not told.

        Of what an earlier run has left the rows are looked for first, as an event may have been
        stored in the moment before the ledger could be. What was fired and has no row is fired
        again, as it was.

        Returns whether it has begun: nothing does after ``close``, which may come first where
        an entry is unloaded while Home Assistant starts.
        """
        if self._closed:
            return False
        self._left_over = dict(self._ledger.left_over)
        for detection in self._ledger.unfinished:
            if self._ledger.context_id_of(detection) not in self._left_over:
                resume(detection)
        self._task = self._hass.async_create_background_task(
            self._work(resume), f"{DOMAIN} receipts"
        )
        self._task.add_done_callback(_be_loud)
        return True

    async def close(self) -> None:
        """Look for rows no more. What was not read back stays in the ledger."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    @callback
    def async_fire(self, data: dict[str, Any], context: Context) -> None:
        """Fire an event that is no record, such as first words."""
        self._fire(data, context, self._recorded_at(data))

    async def async_record(
        self, data: dict[str, Any], context: Context, told: Detection | None
    ) -> None:
        """Fire the event that is the record; it is in the ledger until its row was read back.

        ``told`` is the Detection that is finished by it. Before the event is out the ledger on
        disk knows its context: that of the unfinished Detection, or, where somebody asked for
        the words, the whole event.
        """
        fired = Fired(
            context_id=context.id,
            data=data,
            fired_at=self._recorded_at(data),
            run=self._run,
        )
        try:
            if told is not None and self._ledger.context_id_of(told) == context.id:
                await self._ledger.async_kept(told)
            elif self._is_recorded():
                await self._ledger.async_written(self._ledger.async_fired(fired, told))
        finally:
            # Even when we are ended at this very moment: all the work is done.
            self._fire(data, context, fired.fired_at)
            if self._is_recorded():
                self._ledger.async_fired(fired, told)
                self._begun.set()
            elif told is not None:
                self._ledger.async_told(told)

    @callback
    def _fire(self, data: dict[str, Any], context: Context, when: float) -> None:
        self._hass.bus.async_fire(EVENT_SIGHTING, data, context=context, time_fired=when)
        self._recent.note(data, when)

    def _recorded_at(self, data: Mapping[str, Any]) -> float:
        """Return the time of its row: when the Detection began, for each revision the same."""
        if (known := self._recent.find_row(data["sighting_id"])) is not None:
            return known.time
        return recorded_at(datetime.fromisoformat(data["start"]), dt_util.utcnow())

    def _is_recorded(self) -> bool:
        try:
            require_recording(self._hass)
        except NotRecordedError:
            return False
        return True

    async def _work(self, resume: Callable[[Detection], None]) -> None:
        """Go on until it is closed: no bug may keep every later row from being looked for."""
        pause_s = _AFTER_BUG_S
        while True:
            try:
                await self._resume(resume)
                await self._keep_looking()
            # A cancellation that nobody asked of this task has leaked out of some library.
            except Exception, asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise
                _LOGGER.exception("Looking for the rows of Sightings failed by a bug")
                self._on_bug()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PACE_S)

    async def _keep_looking(self) -> None:
        await self._look()
        pace_s = self._pace_s()
        while True:
            if not self._ledger.fired:
                self._begun.clear()
                await self._begun.wait()
                pace_s = self._pace_s()
            await asyncio.sleep(pace_s)
            # The database is in no hurry, or in trouble: it is not asked more and more.
            pace_s = self._pace_s() if await self._look() else min(pace_s * 2, _LONGEST_PACE_S)

    def _pace_s(self) -> float:
        return min(commit_interval_s(self._hass) + _SLACK_S, _LONGEST_PACE_S)

    async def _resume(self, resume: Callable[[Detection], None]) -> None:
        """Go on with what an earlier run has left, unless its row tells that it was told."""
        left_over = self._left_over
        stored: Collection[str] = ()
        if left_over:
            try:
                async with asyncio.timeout(_READY_LIMIT_S):
                    stored = await self._stored_when_ready(left_over)
                    if len(stored) < len(left_over):
                        # Of a life of this same run a row may still be in the recorder's queue;
                        # which run it was is not known where the ledger could not be written.
                        await async_processed(self._hass)
                        stored = await self._stored_when_ready(left_over)
            except NotRecordedError:
                _LOGGER.debug("Nothing is recorded any more; what was left unfinished goes on")
            except HistoryUnavailableError, TimeoutError:
                _LOGGER.warning("The recorder is not ready; what was left unfinished goes on")
        while left_over:
            context_id = next(iter(left_over))
            detection = left_over.pop(context_id)  # one that fails by a bug keeps no other
            if context_id in stored:
                _LOGGER.debug("Sighting %s: was told before the restart", detection.sighting_id)
                self._ledger.async_told(detection)
            else:
                resume(detection)

    async def _stored_when_ready(self, context_ids: Collection[str]) -> Collection[str]:
        while True:
            try:
                return await async_stored(self._hass, context_ids)
            except NotRecordedError:
                raise
            except HistoryUnavailableError:
                await asyncio.sleep(_READY_PACE_S)

    async def _look(self) -> bool:
        """Look for all rows that are waited for; say whether anything has come of it."""
        waiting = {fired.context_id: fired for fired in self._ledger.fired}
        self._note(waiting)
        try:
            stored = await async_stored(self._hass, waiting) if waiting else set()
            self._let_go(stored)
            missing = [fired for each, fired in waiting.items() if each not in stored]
            lost = await self._lost(missing)
        except NotRecordedError as err:
            _LOGGER.debug("%d Sightings are not waited for: %s", len(waiting), err)
            self._let_go(waiting)
            return True
        except HistoryUnavailableError as err:
            self._say(str(err))
            return False
        for fired in lost:
            if self._ledger.is_waited_for(fired.context_id):  # else it was deleted meanwhile
                self._fire_again(fired)
            await asyncio.sleep(0)  # each of them may start the user's automations
        self._say("the recorder has not stored them")
        return bool(stored or lost)

    def _note(self, waiting: Iterable[str]) -> None:
        """Remember since when each is waited for, and forget those that are not any more."""
        now = self._hass.loop.time()
        self._waits = {each: self._waits.get(each) or _Wait(now, now) for each in waiting}

    def _let_go(self, context_ids: Iterable[str]) -> None:
        context_ids = tuple(context_ids)
        self._ledger.async_stored(context_ids)
        for context_id in context_ids:
            self._waits.pop(context_id, None)

    async def _lost(self, missing: Iterable[Fired]) -> list[Fired]:
        """Return those that will have no row: of an earlier run, or lost by the recorder.

        Raises HistoryUnavailableError.
        """
        if not is_listening(self._hass):
            # Its queue was full. What is fired now would be lost too; the next start has them.
            return []
        before = self._hass.loop.time() - 2 * commit_interval_s(self._hass) - _OVERDUE_S
        lost: list[Fired] = []
        overdue: dict[str, Fired] = {}
        for fired in missing:
            if fired.run != self._run and fired.fired_at < kept_since(self._hass):
                # We were disabled for so long that its row has come and gone.
                self._let_go([fired.context_id])
            elif fired.run != self._run:
                lost.append(fired)
            elif self._waits[fired.context_id].fired <= before:
                overdue[fired.context_id] = fired
        return lost + await self._lost_by_recorder(overdue)

    async def _lost_by_recorder(self, overdue: dict[str, Fired]) -> list[Fired]:
        """Return those that the recorder has dealt with and not stored."""
        if not overdue:
            return []
        try:
            async with asyncio.timeout(_PROCESSED_LIMIT_S):
                await async_processed(self._hass)
        except TimeoutError:
            return []
        stored = await async_stored(self._hass, overdue)
        self._let_go(stored)
        again: list[Fired] = []
        for context_id in overdue.keys() - stored:
            fired, wait = overdue[context_id], self._waits[context_id]
            wait.losses += 1
            if wait.losses < _MOST_LOSSES:
                again.append(fired)
            else:
                _LOGGER.error(
                    "Sighting %s: the recorder does not store it; it was fired, and that is all",
                    fired.data["sighting_id"],
                )
                self._let_go([context_id])
        if again:
            _LOGGER.warning("The recorder has lost %d Sightings, which are fired again", len(again))
        return sorted(again, key=lambda fired: fired.fired_at)

    def _fire_again(self, fired: Fired) -> None:
        """Fire it as it was, and as of when it was; its row is waited for anew."""
        self._fire(fired.data, Context(id=fired.context_id), fired.fired_at)
        self._ledger.async_fired(replace(fired, run=self._run), None)
        self._waits[fired.context_id].fired = self._hass.loop.time()

    def _say(self, why: str) -> None:
        """Say once when rows are missing for long, and once when they are there."""
        late_s = 2 * commit_interval_s(self._hass) + _WORTH_SAYING_S
        since = min((wait.since for wait in self._waits.values()), default=None)
        is_late = since is not None and self._hass.loop.time() - since >= late_s
        if is_late and not self._said:
            self._said = True
            _LOGGER.warning(
                "%d Sightings are kept until they are in the recorder's database: %s",
                len(self._waits),
                why,
            )
        elif self._said and not is_late:
            self._said = False
            _LOGGER.info("The Sightings that were kept are in the recorder's database")


def _be_loud(task: asyncio.Task[None]) -> None:
    """Say what has ended the task all the same: it is awaited when all is closed, not before."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.error("%s: ended by a bug", task.get_name(), exc_info=error)
