"""Which Detections are unfinished, which Sightings are not stored yet, what is done and counted.

Kept in Home Assistant's storage, so that a restart, a reload or a sudden end neither loses a
Detection nor tells one twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
import logging

from homeassistant.core import HomeAssistant, callback

from .abilities import Experience
from .ledger_file import LedgerFile
from .pipeline.models import Detection
from .pipeline.readiness import Interval
from .records import context_id
from .stored import (
    MAX_DONE,
    MAX_FIRED,
    MAX_UNFINISHED,
    MOST_CAMERAS,
    Fired,
    Remembered,
    Unfinished,
    restored,
)
from .tally import Tally
from .untold import Untold

_LOGGER = logging.getLogger(__name__)

# Of those that found no place on disk, so many are remembered until they are told, and told as
# what they are: a few megabytes. Of what is beyond, the look of the next start finds the rest.
MOST_TURNED_AWAY = 2000


class Ledger:
    """The memory of one console that survives a restart."""

    def __init__(self, file: LedgerFile, remembered: Remembered) -> None:
        """Take up what was stored; see :meth:`async_load`."""
        self._file = file
        self._unfinished = Untold(each.detection for each in remembered.unfinished)
        self._context_ids = {
            each.detection.sighting_id: each.context_id for each in remembered.unfinished
        }
        # Known to this life alone.
        self._turned_away = Untold()
        self._has_lost_sight = False
        self._left_over = frozenset(each.context_id for each in remembered.unfinished)
        # Of what this run has taken in: the change of the file that holds it.
        self._taken_in: dict[str, int] = {}
        self._fired = {each.context_id: each for each in remembered.fired}
        self._too_many_fired = False
        self._last = {detection.camera_id: detection for detection in remembered.last}
        self._done = dict.fromkeys(remembered.done)
        self._today = remembered.today
        self._muted = remembered.muted
        self._knows_muted = remembered.knows_muted
        self._experience = Experience(remembered.abilities, self._save_soon)
        self._ready = remembered.ready
        self._looked_at = remembered.looked_at
        self._heard_at = remembered.heard_at

    @classmethod
    async def async_load(cls, hass: HomeAssistant, entry_id: str) -> Ledger:
        """Read the ledger of this config entry, empty when it is new.

        A file that is none is set aside; of one that is damaged what can be read is taken.
        Raises LedgerUnavailableError where the disk does not give it, which may pass.
        """
        file = LedgerFile(hass, entry_id)
        return cls(file, restored(await file.async_load()))

    @classmethod
    async def async_delete(cls, hass: HomeAssistant, entry_id: str) -> None:
        """Forget everything, because the config entry is removed."""
        await LedgerFile(hass, entry_id).async_remove()

    @property
    def unfinished(self) -> tuple[Detection, ...]:
        """Detections that were taken in and not told yet, oldest first."""
        return tuple(self._unfinished)

    @property
    def turned_away(self) -> tuple[Detection, ...]:
        """Detections that found no place among these and are not told yet, oldest first."""
        return tuple(self._turned_away)

    @property
    def left_over(self) -> Mapping[str, Detection]:
        """What an earlier run took in and did not tell, as far as it knew, by context id.

        It may have been told: between an event and the next write of the ledger lies a moment.
        """
        known = ((self._context_ids[key], each) for key, each in self._unfinished.items())
        return {context_id: each for context_id, each in known if context_id in self._left_over}

    @property
    def fired(self) -> tuple[Fired, ...]:
        """Sightings that were fired, and whose rows were not read back yet, oldest first."""
        return tuple(self._fired.values())

    def is_waited_for(self, context_id: str) -> bool:
        """Say whether it is one of those."""
        return context_id in self._fired

    @property
    def untold_ids(self) -> frozenset[str]:
        """The ids of the Sightings that have no row yet, as far as is known, and will have one."""
        untold = (key for each in (self._unfinished, self._turned_away) for key, _ in each.items())
        return frozenset((*untold, *(fired.data["sighting_id"] for fired in self._fired.values())))

    @property
    def today(self) -> Tally | None:
        """What was counted on the day that was the last."""
        return self._today

    @property
    def muted(self) -> frozenset[str]:
        """MAC addresses of the cameras that are not to be described."""
        return self._muted

    @property
    def knows_muted(self) -> bool:
        """Whether these are all: not where the ledger began anew, which may be one that was lost.

        Then the switches know better; see there.
        """
        return self._knows_muted

    @property
    def experience(self) -> Experience:
        """What trying has told of the agents; written soon after it has told more."""
        return self._experience

    @property
    def ready(self) -> tuple[Interval, ...]:
        """What recent clips told of when a recording is ready, oldest first."""
        return self._ready

    @property
    def looked_at(self) -> datetime | None:
        """When the console's own lists were read completely the last time, if ever."""
        return self._looked_at

    @property
    def heard_at(self) -> datetime | None:
        """When the console told of anything the last time, wanted or not, if ever."""
        return self._heard_at

    @callback
    def async_looked(self, when: datetime) -> None:
        """Remember a complete look; written with whatever is next, as the next one is soon.

        None counts while something of it is neither told nor on disk: the look of the next start
        has to find that again.
        """
        if not self._turned_away and not self._has_lost_sight:
            self._looked_at = when

    @callback
    def async_heard(self, when: datetime) -> None:
        """Remember that the console told of something; written with whatever is next."""
        self._heard_at = when

    @callback
    def last_of(self, camera_id: str) -> Detection | None:
        """Return what of the camera was taken in last, also before a restart."""
        return self._last.get(camera_id)

    @callback
    def knows(self, detection: Detection) -> bool:
        """Say whether any of its Protect events was taken in or passed over before."""
        return any(
            self.knows_event(detection.camera_id, event_id) for event_id in detection.event_ids
        )

    @callback
    def knows_event(self, camera_id: str, event_id: str) -> bool:
        """Say whether that Protect event was taken in or passed over before."""
        return _key(camera_id, event_id) in self._done or any(
            untold.tells_of(camera_id, event_id) for untold in (self._unfinished, self._turned_away)
        )

    @callback
    def context_id_of(self, detection: Detection) -> str | None:
        """Return the context id that its full Sighting is to be fired with.

        None when it is not unfinished, such as what somebody asked for.
        """
        return self._context_ids.get(detection.sighting_id)

    @callback
    def async_take_in(self, detection: Detection) -> bool:
        """Remember a Detection until it is told; say whether there is a place for it on disk.

        Where there is none, it is known to this life alone, and best told at once.
        """
        is_new = self.context_id_of(detection) is None
        if is_new and len(self._unfinished) >= MAX_UNFINISHED:
            self._turn_away(detection)
            return False
        self._unfinished.put(detection)
        sighting_id = detection.sighting_id
        self._context_ids.setdefault(sighting_id, context_id(sighting_id, revision=1))
        last = self._last.pop(detection.camera_id, detection)
        self._last[detection.camera_id] = max(last, detection, key=lambda each: each.end)
        if len(self._last) > MOST_CAMERAS:
            del self._last[next(iter(self._last))]
        self._taken_in[detection.sighting_id] = self._save_soon()
        return True

    @callback
    def _turn_away(self, detection: Detection) -> None:
        if len(self._turned_away) < MOST_TURNED_AWAY:
            self._turned_away.put(detection)
            return
        if not self._has_lost_sight:
            _LOGGER.error(
                "More than %d Detections are not told yet; the next start looks for the rest",
                MAX_UNFINISHED + MOST_TURNED_AWAY,
            )
        self._has_lost_sight = True

    async def async_kept(self, detection: Detection) -> None:
        """Return as soon as that Detection is on disk; at once when it is, or is not unfinished.

        Bounded, and at once where nothing can be written: it is told all the same.
        """
        if (change := self._taken_in.get(detection.sighting_id)) is not None:
            await self._file.async_written(change)

    @callback
    def async_told(self, detection: Detection) -> None:
        """Forget a Detection that was told, but not its events."""
        self._finish(detection)
        self._save_soon()

    @callback
    def async_fired(self, fired: Fired, told: Detection | None) -> int:
        """Remember what was fired until it is stored, and that the Detection is told by it.

        Returns a number for :meth:`async_written`.
        """
        if told is not None:
            self._finish(told)
        self._fired[fired.context_id] = fired
        if len(self._fired) > MAX_FIRED:
            del self._fired[next(iter(self._fired))]
            if not self._too_many_fired:
                _LOGGER.error(
                    "More than %d Sightings are not in the recorder's database yet; the oldest "
                    "are not waited for any more",
                    MAX_FIRED,
                )
            self._too_many_fired = True
        return self._save_soon()

    @callback
    def async_stored(self, context_ids: Iterable[str]) -> None:
        """Let go of what was read back, or need not be stored."""
        gone = [self._fired.pop(context_id, None) for context_id in context_ids]
        if any(gone):
            self._too_many_fired = False
            self._save_soon()

    async def async_written(self, change: int) -> bool:
        """Return whether that change is on disk, as soon as that is known; bounded."""
        return await self._file.async_written(change)

    @callback
    def async_pass_over(self, detection: Detection) -> None:
        """Remember that a Detection is not wanted, whatever the user chooses later.

        Written with whatever is next: a camera in front of a tree is passed over all day,
        and after a power cut the same would be decided again.
        """
        self._be_done_with(detection)

    @callback
    def async_keep(
        self, today: Tally, muted: frozenset[str], ready: tuple[Interval, ...] = ()
    ) -> None:
        """Keep the counts and what was learnt, and what the user has silenced.

        Written soon where it was money or the user's wish, else with whatever is next.
        """
        spent = self._today is None or (self._today.day, self._today.ai_calls) != (
            today.day,
            today.ai_calls,
        )
        urgent = muted != self._muted or (spent and today.ai_calls > 0)
        self._today, self._muted, self._ready = today, muted, ready
        if urgent:
            self._save_soon()

    async def async_close(self) -> None:
        """Write for the last time."""
        await self._file.async_close(self._remembered)

    @callback
    def _finish(self, detection: Detection) -> None:
        self._unfinished.remove(detection.sighting_id)
        self._turned_away.remove(detection.sighting_id)
        self._context_ids.pop(detection.sighting_id, None)
        self._taken_in.pop(detection.sighting_id, None)
        self._be_done_with(detection)

    @callback
    def _be_done_with(self, detection: Detection) -> None:
        self._done.update(dict.fromkeys(_keys(detection)))
        while len(self._done) > MAX_DONE:
            del self._done[next(iter(self._done))]

    @callback
    def _save_soon(self) -> int:
        return self._file.async_changed(self._remembered)

    @callback
    def _remembered(self) -> Remembered:
        """Return all of it as it is now; asked for when it is written."""
        return Remembered(
            unfinished=tuple(
                Unfinished(detection=each, context_id=self._context_ids[key])
                for key, each in self._unfinished.items()
            ),
            fired=tuple(self._fired.values()),
            done=tuple(self._done),
            today=self._today,
            muted=self._muted,
            last=tuple(self._last.values()),
            abilities=self._experience.as_stored(),
            ready=self._ready,
            looked_at=self._looked_at,
            heard_at=self._heard_at,
        )


def _keys(detection: Detection) -> list[str]:
    """Return how its Protect events are remembered; cameras may share the id of one."""
    return [_key(detection.camera_id, event_id) for event_id in detection.event_ids]


def _key(camera_id: str, event_id: str) -> str:
    return f"{camera_id}/{event_id}"
