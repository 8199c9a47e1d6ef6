"""The state of one console, pushed; and the moments, handed to who subscribed."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
import time
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .kinds import kinds_of
from .pipeline.blame import cautious_logger
from .pipeline.breaker import Downloads
from .pipeline.budget import Budget
from .pipeline.models import Detection, Sighting
from .protect import CameraInfo, ConsoleInfo
from .tally import Tally

_LOGGER = cautious_logger(__name__)

# Lost again within this, it comes and goes, which is said instead: a console that tears its
# websockets down as soon as they are open would fill the log, two lines every ten seconds.
_UNSTEADY_S = 600.0

# What ends shortly before midnight is told after it: it counts on the day that begins, because
# the numbers of the other one have been taken already.
_TELLING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class NarratorData:
    """What entities show; replaced as a whole, never changed."""

    cameras: Mapping[str, CameraInfo]
    """By MAC address: a camera that is adopted anew gets another id of Protect's."""

    today: Tally
    connected: bool = True
    queue_depth: int = 0
    """Detections that are being worked on, or wait for that."""

    muted: frozenset[str] = field(default_factory=frozenset)
    """MAC addresses of the cameras whose ``describe`` switch is off."""

    ready_after_s: float | None = None
    """Seconds until a recording can be fetched, None before that was learnt."""

    calls_per_day: int | None = None
    """The user's limit of AI calls; None is without."""

    clip_downloads: Downloads = Downloads.NORMAL
    """Whether the console is asked for clips, or left alone because it failed at them."""

    @property
    def has_doorbell(self) -> bool:
        """Whether anybody can ring."""
        return any(camera.is_doorbell for camera in self.cameras.values())

    @property
    def ai_calls_left(self) -> int | None:
        """AI calls left for anything, without what is kept for rings; None without limit."""
        return Budget(
            limit=self.calls_per_day, spent=self.today.ai_calls, has_doorbell=self.has_doorbell
        ).left()


@dataclass(frozen=True, slots=True)
class Published:
    """A Sighting, as it was told to Home Assistant."""

    sighting: Sighting
    context: Context
    """That of the bus event, which links the entities' changes to it."""


class NarratorCoordinator(DataUpdateCoordinator[NarratorData]):
    """Holds the data of one console; everything is pushed, nothing is polled."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        console: ConsoleInfo,
        *,
        today: Tally | None = None,
        muted: frozenset[str] = frozenset(),
        ready_after_s: float | None = None,
        calls_per_day: int | None = None,
    ) -> None:
        """Start with the console's cameras and what is remembered of before."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {console.name}", update_interval=None
        )
        self.console = console
        self._said_lost: float | None = None
        self._unsteady = False
        self._unsaid: CALLBACK_TYPE = _nothing
        self._subscribers: dict[str, list[Callable[[Published], None]]] = {}
        self._subscribers_to_all: list[Callable[[Published], None]] = []
        self._on_bug: Callable[[], None] = lambda: None
        # Of cameras that are gone, too: a Detection may still be on its way.
        self._macs = {camera.id: camera.mac for camera in console.cameras}
        self.data = NarratorData(
            cameras={camera.mac: camera for camera in console.cameras},
            today=(today or Tally(day=_local_day())).on(_local_day()),
            muted=muted,
            ready_after_s=ready_after_s,
            calls_per_day=calls_per_day,
        )

    @override
    async def _async_update_data(self) -> NarratorData:
        """Return what is known, for the action that asks entities to update."""
        return self.data

    def mac_of(self, camera_id: str) -> str | None:
        """Return the MAC address of the camera that Protect calls so."""
        return self._macs.get(camera_id)

    def camera_ids_of(self, macs: Collection[str]) -> frozenset[str]:
        """Return what Protect calls these cameras, and called them since the set-up."""
        return frozenset(camera_id for camera_id, mac in self._macs.items() if mac in macs)

    @callback
    def async_subscribe(self, mac: str, subscriber: Callable[[Published], None]) -> CALLBACK_TYPE:
        """Call ``subscriber`` with each Sighting of that camera; return how to end it."""
        subscribers = self._subscribers.setdefault(mac, [])
        subscribers.append(subscriber)

        def unsubscribe() -> None:
            subscribers.remove(subscriber)

        return unsubscribe

    @callback
    def async_subscribe_all(self, subscriber: Callable[[Published], None]) -> CALLBACK_TYPE:
        """Call ``subscriber`` with every Sighting, after its camera's; return how to end it."""
        self._subscribers_to_all.append(subscriber)

        def unsubscribe() -> None:
            self._subscribers_to_all.remove(subscriber)

        return unsubscribe

    def report_bugs(self, on_bug: Callable[[], None]) -> None:
        """Call ``on_bug`` from now on when a subscriber fails by a bug, which is logged then."""
        self._on_bug = on_bug

    @callback
    def async_published(self, published: Published) -> None:
        """Hand a Sighting to who subscribed; count it, unless more words follow."""
        sighting = published.sighting
        mac = self.mac_of(sighting.detection.camera_id)
        of_camera = self._subscribers.get(mac, []) if mac else []
        for subscriber in (*of_camera, *self._subscribers_to_all):
            try:
                subscriber(published)
            except Exception:
                # The event is out: no entity may keep it from the others.
                _LOGGER.exception("Sighting %s: not shown", sighting.sighting_id)
                self._on_bug()
        # First words are none yet, what is described again was counted, and what was looked for
        # later ended long ago.
        if sighting.revision == 1:
            today = self.today.with_sighting(fallback=sighting.fallback_reason is not None)
            if mac is not None and _is_of(today.day, sighting.detection):
                today = today.with_sighting_of(mac, kinds_of(sighting.detection.labels))
            late = sighting.detection.late
            self._set(today=today if late else today.with_timings(sighting.timings))

    @property
    def today(self) -> Tally:
        """The counts of the present local day."""
        return self.data.today.on(_local_day())

    @callback
    def async_count_ai_call(self, mac: str | None) -> None:
        """Count a question put to the agent, about that camera or OF_ALL."""
        self._set(today=self.today.with_ai_call(mac))

    @callback
    def async_count_ai_tokens(self, tokens: int) -> None:
        """Count what an answer cost."""
        self._set(today=self.today.with_ai_tokens(tokens))

    @callback
    def async_count_ai_failure(self) -> None:
        """Count a question that was not answered usably."""
        self._set(today=self.today.with_ai_failure())

    @callback
    def async_count_skipped(self) -> None:
        """Count a Detection that the user did not want described."""
        self._set(today=self.today.with_skipped())

    @callback
    def async_begin_day(self) -> None:
        """Begin the counts anew; for midnight."""
        self._set(today=self.today)

    @callback
    def async_set_connected(self, connected: bool) -> None:
        """Learn whether the console can be heard; say so once in the log."""
        if connected == self.data.connected:
            return
        self._unsaid()
        if not connected:
            self._say_lost(time.monotonic())
        elif not self._unsteady:
            _LOGGER.info("The console %s is connected again", self.console.name)
        else:
            self._unsaid = async_call_later(self.hass, _UNSTEADY_S, self._on_steady)
        self._set(connected=connected)

    @callback
    def async_forget_return(self) -> None:
        """Wait no longer to say that the console is connected again; for the end."""
        self._unsaid()

    @callback
    def _on_steady(self, _now: datetime) -> None:
        """Say that the connection that came and went has lasted."""
        self._unsteady, self._unsaid = False, _nothing
        _LOGGER.info("The console %s is connected again", self.console.name)

    @callback
    def _say_lost(self, now: float) -> None:
        """Say that the connection is lost, or once that it comes and goes."""
        if self._said_lost is None or now - self._said_lost >= _UNSTEADY_S:
            self._said_lost, self._unsteady = now, False
            _LOGGER.warning("The connection to the console %s is lost", self.console.name)
        elif not self._unsteady:
            self._unsteady = True
            _LOGGER.warning("The connection to the console %s comes and goes", self.console.name)

    @callback
    def async_set_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Learn that cameras came, went or were renamed."""
        self._macs.update({camera.id: camera.mac for camera in cameras})
        self._set(cameras={camera.mac: camera for camera in cameras})

    @callback
    def async_set_ready_after(self, seconds: float | None) -> None:
        """Learn how long the console takes until a recording can be fetched."""
        self._set(ready_after_s=seconds)

    @callback
    def async_set_clip_downloads(self, downloads: Downloads) -> None:
        """Learn whether the console is asked for clips."""
        self._set(clip_downloads=downloads)

    @callback
    def async_set_queue_depth(self, depth: int) -> None:
        """Learn how many Detections are being worked on, or wait for that."""
        if depth == self.data.queue_depth:
            return  # somebody has given way to somebody: every entity would be written for nothing
        self._set(queue_depth=depth)

    @callback
    def async_set_describes(self, mac: str, *, describes: bool) -> None:
        """Learn what the camera's ``describe`` switch says."""
        muted = self.data.muted - {mac} if describes else self.data.muted | {mac}
        self._set(muted=muted)

    @callback
    def _set(self, **changes: object) -> None:
        # dataclasses.replace is typed for any keyword; a wrong name raises.
        self.async_set_updated_data(replace(self.data, **changes))  # type: ignore[arg-type]


def _nothing() -> None:
    """Stand for a wait that is none."""


def _local_day() -> date:
    return dt_util.now().date()


def _is_of(day: date, detection: Detection) -> bool:
    """Say whether it is one of that day, which is the present one, and not found days later."""
    return detection.end >= dt_util.start_of_local_day(day) - _TELLING
