"""Which Detections are unfinished, which Protect events are done with, and what was counted.

Kept in Home Assistant's storage, so that a restart or a reload neither loses a Detection
nor tells one twice.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
import logging
from typing import NotRequired, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .abilities import Experience, StoredExperience
from .const import DOMAIN
from .pipeline.models import Detection, Label, ranked
from .pipeline.readiness import MOST_INTERVALS, Interval
from .tally import StoredTally, Tally, restored as restored_tally, stored as stored_tally

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION = 1

# Detections come in bursts; their writes are gathered for this long, in seconds.
SAVE_DELAY = 1.0

# As many as a look-back reads at the most: what is older is not asked for again.
MAX_DONE = 2000

# More than any console has; of those whose camera is gone nothing is asked any more.
MOST_CAMERAS = 200


class StoredDetection(TypedDict):
    """A Detection as JSON."""

    console_id: str
    camera_id: str
    camera_name: str
    event_ids: list[str]
    labels: list[str]
    start: str
    end: str
    end_estimated: bool
    score: int | None
    license_plates: list[str]
    faces: list[str]
    late: bool

    # Absent in what version 0.1 has written.
    zones: NotRequired[list[str]]
    best_views: NotRequired[list[str]]
    requested: NotRequired[bool]


class StoredLedger(TypedDict, total=False):
    """The whole file; one of an earlier version may hold less."""

    unfinished: list[StoredDetection]
    done: list[str]
    today: StoredTally | None
    muted: list[str]
    last: list[StoredDetection]
    """Of each camera what was taken in last."""

    abilities: dict[str, StoredExperience]
    ready: list[tuple[float | None, float]]
    """What recent clips told of when a recording is ready: too early, and ready."""

    looked_at: str | None
    """When the console's own lists were read completely the last time."""

    heard_at: str | None
    """When the console told of anything the last time."""


class Ledger:
    """The memory of one console that survives a restart."""

    def __init__(self, store: Store[StoredLedger], stored: StoredLedger | None) -> None:
        """Take up what was stored; see :meth:`async_load`."""
        self._store = store
        self._saving = False
        self._unfinished: dict[str, Detection] = {}
        self._last: dict[str, Detection] = {}
        self._done: dict[str, None] = {}
        self._today: Tally | None = None
        self._muted: frozenset[str] = frozenset()
        self._experience = Experience((stored or {}).get("abilities"), self._save_soon)
        self._ready: tuple[Interval, ...] = ()
        self._looked_at: datetime | None = None
        self._heard_at: datetime | None = None
        if stored is not None:
            for detection in _restored_all(stored.get("unfinished", [])):
                self._unfinished[detection.sighting_id] = detection
            for detection in _restored_all(stored.get("last", [])):
                self._last[detection.camera_id] = detection
            self._done = dict.fromkeys(stored.get("done", [])[-MAX_DONE:])
            self._today = _restored_tally(stored.get("today"))
            self._muted = frozenset(stored.get("muted", []))
            self._ready = _restored_ready(stored.get("ready", []))
            self._looked_at = _restored_moment(stored.get("looked_at"))
            self._heard_at = _restored_moment(stored.get("heard_at"))

    @classmethod
    async def async_load(cls, hass: HomeAssistant, entry_id: str) -> Ledger:
        """Read the ledger of this config entry, empty when it is new.

        A damaged file is set aside by Home Assistant, which raises a repair issue.
        """
        store = _store(hass, entry_id)
        return cls(store, await store.async_load())

    @classmethod
    async def async_delete(cls, hass: HomeAssistant, entry_id: str) -> None:
        """Forget everything, because the config entry is removed."""
        await _store(hass, entry_id).async_remove()

    @property
    def unfinished(self) -> tuple[Detection, ...]:
        """Detections that were taken in and not told yet, oldest first."""
        return tuple(self._unfinished.values())

    @property
    def today(self) -> Tally | None:
        """What was counted on the day that was the last."""
        return self._today

    @property
    def muted(self) -> frozenset[str]:
        """MAC addresses of the cameras that are not to be described."""
        return self._muted

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
        """Remember a complete look; written with whatever is next, as the next one is soon."""
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
            camera_id == unfinished.camera_id and event_id in unfinished.event_ids
            for unfinished in self._unfinished.values()
        )

    @callback
    def async_take_in(self, detection: Detection) -> None:
        """Remember a Detection until it is told."""
        self._unfinished[detection.sighting_id] = detection
        last = self._last.pop(detection.camera_id, detection)
        self._last[detection.camera_id] = max(last, detection, key=lambda each: each.end)
        if len(self._last) > MOST_CAMERAS:
            del self._last[next(iter(self._last))]
        self._save_soon()

    @callback
    def async_told(self, detection: Detection) -> None:
        """Forget a Detection that was told, but not its events."""
        self._unfinished.pop(detection.sighting_id, None)
        self._be_done_with(detection)
        self._save_soon()

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

    async def async_flush(self) -> None:
        """Write what is not written yet."""
        await self._store.async_save(self._as_stored())

    @callback
    def _be_done_with(self, detection: Detection) -> None:
        self._done.update(dict.fromkeys(_keys(detection)))
        while len(self._done) > MAX_DONE:
            del self._done[next(iter(self._done))]

    @callback
    def _save_soon(self) -> None:
        """Write in a moment."""
        # The store begins the delay anew at each call: a busy house would never be written.
        if not self._saving:
            self._saving = True
            self._store.async_delay_save(self._as_stored, SAVE_DELAY)

    @callback
    def _as_stored(self) -> StoredLedger:
        """Return the file; the store asks when it writes."""
        self._saving = False
        today = self._today
        return {
            "unfinished": [_stored(detection) for detection in self._unfinished.values()],
            "last": [_stored(detection) for detection in self._last.values()],
            "done": list(self._done),
            "today": None if today is None else stored_tally(today),
            "muted": sorted(self._muted),
            "abilities": self._experience.as_stored(),
            "ready": [(one.too_early_s, one.ready_s) for one in self._ready],
            "looked_at": None if self._looked_at is None else self._looked_at.isoformat(),
            "heard_at": None if self._heard_at is None else self._heard_at.isoformat(),
        }


def _store(hass: HomeAssistant, entry_id: str) -> Store[StoredLedger]:
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", private=True, atomic_writes=True)


def _keys(detection: Detection) -> list[str]:
    """Return how its Protect events are remembered; cameras may share the id of one."""
    return [_key(detection.camera_id, event_id) for event_id in detection.event_ids]


def _key(camera_id: str, event_id: str) -> str:
    return f"{camera_id}/{event_id}"


def _stored(detection: Detection) -> StoredDetection:
    return {
        "console_id": detection.console_id,
        "camera_id": detection.camera_id,
        "camera_name": detection.camera_name,
        "event_ids": list(detection.event_ids),
        "labels": list(detection.labels),
        "start": detection.start.isoformat(),
        "end": detection.end.isoformat(),
        "end_estimated": detection.end_estimated,
        "score": detection.score,
        "license_plates": list(detection.license_plates),
        "faces": list(detection.faces),
        "late": detection.late,
        "zones": list(detection.zones),
        "best_views": [view.isoformat() for view in detection.best_views],
        "requested": detection.requested,
    }


def _restored_tally(item: StoredTally | None) -> Tally | None:
    if item is None:
        return None
    try:
        return restored_tally(item)
    except (KeyError, TypeError, ValueError) as err:
        _LOGGER.warning("The day's counts in storage cannot be read: %r", err)
        return None


def _restored_ready(items: list[tuple[float | None, float]]) -> tuple[Interval, ...]:
    """Return what was learnt; nothing where that cannot be read, it is soon learnt again."""
    try:
        return tuple(
            Interval(None if early is None else float(early), float(ready))
            for early, ready in items[-MOST_INTERVALS:]
        )
    except (KeyError, TypeError, ValueError) as err:
        _LOGGER.warning("What was learnt of the console cannot be read: %r", err)
        return ()


def _restored_moment(item: str | None) -> datetime | None:
    """Return an aware moment; None where there is none, or nothing that can be read."""
    try:
        moment = None if item is None else datetime.fromisoformat(item)
    except (TypeError, ValueError) as err:
        _LOGGER.warning("A moment in storage cannot be read: %r", err)
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _restored_all(items: Iterable[StoredDetection]) -> Iterator[Detection]:
    """Yield the Detections; one that cannot be read must not keep the others."""
    for item in items:
        try:
            yield _restored(item)
        except (KeyError, TypeError, ValueError) as err:
            _LOGGER.warning("An unfinished Detection in storage cannot be read: %r", err)


def _restored(item: StoredDetection) -> Detection:
    return Detection(
        console_id=item["console_id"],
        camera_id=item["camera_id"],
        camera_name=item["camera_name"],
        event_ids=tuple(item["event_ids"]),
        labels=ranked(Label(label) for label in item["labels"]),
        start=datetime.fromisoformat(item["start"]),
        end=datetime.fromisoformat(item["end"]),
        end_estimated=item["end_estimated"],
        score=item["score"],
        license_plates=tuple(item["license_plates"]),
        faces=tuple(item["faces"]),
        late=item["late"],
        zones=tuple(item.get("zones", ())),
        best_views=tuple(map(datetime.fromisoformat, item.get("best_views", ()))),
        requested=item.get("requested", False),
    )
