"""The watchman: learns from every Sighting and from the connection what is wrong, and tells once.

What is wrong is decided in ``watch``; here it is seen, said in the log and raised as an issue.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
import logging

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .archive import ClipArchive
from .const import EVENT_SIGHTING
from .coordinator import NarratorCoordinator, Published
from .describer import can_be_asked, preferred_agent
from .history import EventExcludedError, NotRecordedError, require_recording
from .issues import async_forget, async_raise, async_take_back, issue_id_of
from .ledger import Ledger
from .options import chosen_agents
from .pipeline.errors import StorageError
from .protect import Connection, Ways
from .watch import (
    QUIET_AFTER,
    STORAGE_KINDS,
    Context,
    Facts,
    Kind,
    Worry,
    after,
    quiet_since,
    without_agent,
    worries,
)

_LOGGER = logging.getLogger(__name__)

# Nothing of this is urgent: it is for what nobody else notices.
CHECK_EVERY = timedelta(hours=1)

# Agents start with Home Assistant, and some are servers in the house that start with it, too.
AGENTS_COME_LATE = timedelta(minutes=10)

# What is lost, and that it is back, as the log says it once; both begin with the console's name.
_SAID: Mapping[Kind, tuple[str, str]] = {
    Kind.AGENT_FAILING: (
        "An AI agent has failed several times in a row; Sightings go on without its words",
        "The AI agent answers again",
    ),
    Kind.NO_MEDIA_ACCESS: (
        "The user may not read recordings; pictures are described instead",
        "Recordings can be read again",
    ),
    Kind.DISK_FULL: (
        "The disk of the media folder is full; no clip or picture can be described",
        "The media folder can be written again",
    ),
    Kind.MEDIA_FOLDER: (
        "The media folder cannot be written; no clip or picture can be described",
        "The media folder can be written again",
    ),
    Kind.API_KEY_REFUSED: (
        "The console refuses the API key; its second way is not listened to",
        "The API key is accepted again",
    ),
    Kind.API_KEY_MISSING: (
        "The websocket is open and tells nothing, and there is no API key for the second one",
        "The websocket tells again",
    ),
    Kind.NEVER_LIVE: (
        "Both websockets tell nothing; Detections are found late, by looking back",
        "The websockets tell again",
    ),
    Kind.NOTHING_HEARD: (
        "Nothing was heard for days, though the console is connected and has cameras",
        "The console is heard again",
    ),
    Kind.RECORDER_OFF: (
        "The recorder does not run; Sightings are not stored",
        "The recorder stores Sightings again",
    ),
    Kind.EVENT_EXCLUDED: (
        "The recorder leaves out our event; Sightings are not stored",
        "The recorder stores Sightings again",
    ),
}


class Watchman:
    """Watches over one entry while it is loaded."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        coordinator: NarratorCoordinator,
        connection: Connection,
        ledger: Ledger,
        archive: ClipArchive,
        unusable: StorageError | None = None,
    ) -> None:
        """Know what was wrong with the media folder at the start, and nothing else yet."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._connection = connection
        self._ledger = ledger
        self._archive = archive
        self._unusable = unusable
        self._facts = Facts(ways=connection.ways)
        self._told: dict[str, Worry] = {}
        self._begun = dt_util.utcnow()
        # Of before: the first look of this run changes it.
        self._looked_at = ledger.looked_at
        self._listening_since: datetime | None = None
        self._agents_count_from: datetime | None = self._begun

    @property
    def facts(self) -> Facts:
        """What is known."""
        return self._facts

    @property
    def closed_cameras(self) -> list[str]:
        """The names of the cameras whose recordings may not be read."""
        cameras = self._coordinator.data.cameras
        return sorted(cameras[mac].name for mac in self._facts.closed if mac in cameras)

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Watch; return how to end that, which takes back what was told."""
        hass, entry = self._hass, self._entry
        if hass.state is not CoreState.running:
            self._agents_count_from = None
        self._connection.report_bugs(self.async_note_bug)
        self._coordinator.report_bugs(self.async_note_bug)
        with ExitStack() as endings:
            endings.callback(lambda: async_forget(hass, entry, keep_ignored=not entry.disabled_by))
            endings.callback(self._coordinator.async_subscribe_all(self._on_published))
            endings.callback(self._coordinator.async_add_listener(self._on_coordinator))
            endings.callback(self._connection.follow_ways(self._on_ways))
            endings.callback(
                async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._on_entry)
            )
            endings.callback(async_track_time_interval(hass, self._on_time, CHECK_EVERY))
            endings.callback(async_at_started(hass, self._on_started))
            if self._unusable is not None:
                self._become(replace(self._facts, storage=STORAGE_KINDS[self._unusable.detail]))
            return endings.pop_all().close

    # -- what is found mended

    @callback
    def async_agent_works(self, agent: str) -> None:
        """Believe the user that the agent works, and count anew."""
        self._become(replace(self._facts, agents=without_agent(self._facts.agents, agent)))

    @callback
    def async_media_opens(self) -> None:
        """Learn that the recordings of all cameras may be read."""
        self._become(replace(self._facts, closed=frozenset()))

    @callback
    def async_storage_works(self) -> None:
        """Learn that the media folder can be written."""
        self._become(replace(self._facts, storage=None))

    @callback
    def async_forget_bug(self) -> None:
        """Know that the user has read of it; the next one is told again."""
        self._become(replace(self._facts, bug=False))

    # -- what is seen

    @callback
    def _on_published(self, published: Published) -> None:
        sighting = published.sighting
        mac = self._coordinator.mac_of(sighting.detection.camera_id)
        counts_from = self._agents_count_from
        context = Context(
            chosen=chosen_agents(self._entry),
            preferred=preferred_agent(self._hass) or "",
            mac=mac or "",
            agents_count=counts_from is not None and dt_util.utcnow() >= counts_from,
            log_in_refused=self._connection.log_in_refused,
            listening_since=self._listening_since,
        )
        self._become(after(self._facts, sighting, context))

    @callback
    def _on_ways(self, ways: Ways) -> None:
        if not ways.all_open:
            self._listening_since = None
        elif self._listening_since is None:
            self._listening_since = dt_util.utcnow()
        self._become(replace(self._facts, ways=ways))

    @callback
    def async_note_bug(self) -> None:
        """Learn of a bug of ours that is in the log."""
        self._become(replace(self._facts, bug=True))

    @callback
    def _on_coordinator(self) -> None:
        """Look whether cameras have gone; and, where it was quiet, whether it still is."""
        if self._facts.closed:
            present = self._facts.closed & self._coordinator.data.cameras.keys()
            self._become(replace(self._facts, closed=frozenset(present)))
        if self._facts.quiet:
            self._become(replace(self._facts, quiet=self._is_quiet()))

    @callback
    def _on_entry(self, _change: ConfigEntryChange, changed: ConfigEntry) -> None:
        """Forget agents that nobody wants any more: a camera's profile changes without reload."""
        if changed.entry_id == self._entry.entry_id:
            chosen = chosen_agents(self._entry)
            agents = {key: each for key, each in self._facts.agents.items() if key in chosen}
            self._become(replace(self._facts, agents=agents))

    @callback
    def _on_started(self, _hass: HomeAssistant) -> None:
        if self._agents_count_from is None:
            self._agents_count_from = dt_util.utcnow() + AGENTS_COME_LATE
        self._become(replace(self._facts, recorder=self._recorder()))

    @callback
    def _on_time(self, _now: datetime) -> None:
        """Look at what nobody tells."""
        agents = self._facts.agents
        for agent, streak in agents.items():
            if streak.kind is Kind.AGENT_MISSING and can_be_asked(self._hass, agent):
                agents = without_agent(agents, agent)
        self._become(
            replace(self._facts, agents=agents, recorder=self._recorder(), quiet=self._is_quiet())
        )
        if self._facts.storage is not None:
            self._entry.async_create_background_task(
                self._hass, self._try_storage(), "protect_narrator media folder"
            )

    async def _try_storage(self) -> None:
        """Find out whether the media folder takes files again."""
        try:
            await self._archive.try_out()
        except StorageError:
            return
        self.async_storage_works()

    def _recorder(self) -> Kind | None:
        """Return why Sightings are not stored."""
        try:
            require_recording(self._hass)
        except EventExcludedError:
            return Kind.EVENT_EXCLUDED
        except NotRecordedError:
            return Kind.RECORDER_OFF
        return None

    def _is_quiet(self) -> bool:
        """Say whether nothing was heard for long; what cannot be known now stays as it is."""
        since = quiet_since(
            self._ledger.heard_at, self._entry.created_at, self._begun, self._looked_at
        )
        if dt_util.utcnow() - since < QUIET_AFTER:
            return False
        if self._coordinator.data.connected and self._connection.cameras_connected:
            return True
        return self._facts.quiet

    # -- what is told

    @callback
    def _become(self, facts: Facts) -> None:
        """Take the facts, and tell what has changed by them."""
        before, self._facts = self._facts, facts
        if facts == before:
            return
        self._say_missing(_missing(before), _missing(facts))
        told = self._told
        self._told = {issue_id_of(self._entry, worry): worry for worry in worries(facts)}
        for issue_id, worry in told.items():
            if issue_id not in self._told:
                self._say(worry, back=True)
                async_take_back(self._hass, issue_id)
        for issue_id, worry in self._told.items():
            if told.get(issue_id) == worry:
                continue
            if issue_id not in told:
                self._say(worry, back=False)
            async_raise(self._hass, self._entry, worry, self._named(worry))

    def _say(self, worry: Worry, *, back: bool) -> None:
        if worry.kind not in _SAID:
            return  # said elsewhere: with its traceback, or as soon as it is missing
        where = f" ({self._archive.folder})" if worry.kind in STORAGE_KINDS.values() else ""
        level = logging.INFO if back else logging.WARNING
        name = self._coordinator.console.name
        _LOGGER.log(level, "%s: %s%s", name, _SAID[worry.kind][back], where)

    def _say_missing(self, before: frozenset[str], now: frozenset[str]) -> None:
        """Say at the first loss that an agent is not there, and that it is again."""
        for agent in now - before:
            _LOGGER.warning(
                "%s cannot be asked at present; Sightings go on without its words",
                agent or "The preferred AI Task entity",
            )
        for agent in before - now:
            _LOGGER.info("%s can be asked again", agent or "The preferred AI Task entity")

    def _named(self, worry: Worry) -> dict[str, str]:
        """Return what the issue's words name, which every user can read."""
        if worry.kind is Kind.NOTHING_HEARD:
            return {"days": str(QUIET_AFTER.days)}
        if worry.kind is Kind.EVENT_EXCLUDED:
            return {"event": EVENT_SIGHTING}
        return {}


def _missing(facts: Facts) -> frozenset[str]:
    return frozenset(
        agent for agent, streak in facts.agents.items() if streak.kind is Kind.AGENT_MISSING
    )
