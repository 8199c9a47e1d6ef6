"""What the console tells goes in here: to the pipeline, to the entities, or nowhere."""

from dataclasses import replace
from datetime import datetime
import logging

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .coordinator import NarratorCoordinator
from .ledger import Ledger
from .options import policy_from
from .pipeline.backlog import Backlog
from .pipeline.gate import is_fresh
from .pipeline.models import Detection, Policy
from .pipeline.runner import Runner
from .pipeline.triage import Skip, verdict
from .protect import CameraInfo, ConnectionState
from .receipts import Receipts

_LOGGER = logging.getLogger(__name__)


class Intake:
    """The Listener of one console's connection."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: NarratorCoordinator,
        ledger: Ledger,
        runner: Runner,
        *,
        receipts: Receipts,
        backlog: Backlog,
    ) -> None:
        """Feed this pipeline."""
        self._hass = hass
        self._coordinator = coordinator
        self._ledger = ledger
        self._runner = runner
        self._receipts = receipts
        self._backlog = backlog
        self._running = False
        # What was greeted and has not left yet.
        self._greeted: set[str] = set()

    @callback
    def async_run(self, _hass: HomeAssistant | None = None) -> None:
        """Begin with what is unfinished, and from now on with what comes.

        Until Home Assistant has started its agents may not be there; what comes before is
        kept in the ledger. An entry that was closed meanwhile begins with nothing.
        """
        self._running = self._receipts.async_start(self._resume)
        if self._running:
            for detection in self._ledger.turned_away:
                self._runner.refuse(detection)

    def knows(self, camera_id: str, event_id: str) -> bool:
        """Say whether that event was dealt with before."""
        return self._ledger.knows_event(camera_id, event_id)

    def on_opened(self, detection: Detection) -> None:
        """Greet what has begun, once, if the user wants first words of it."""
        self._ledger.async_heard(dt_util.utcnow())
        if not self._running or detection.sighting_id in self._greeted:
            return
        policy = self._policy(detection)
        wanted = policy.first_words and self._skip(detection, policy) is None
        if wanted and self._runner.greet(detection):
            self._greeted.add(detection.sighting_id)

    def on_detection(self, detection: Detection) -> None:
        """Take a Detection in, unless it is known or not wanted."""
        self._ledger.async_heard(dt_util.utcnow())
        greeted = detection.sighting_id in self._greeted
        self._greeted.discard(detection.sighting_id)
        if self._ledger.knows(detection):
            return
        skip = self._skip(detection, self._policy(detection))
        # First words without the full ones would stay what they are for ever.
        if skip is not None and not greeted:
            _LOGGER.debug("Sighting %s: skipped, %s", detection.sighting_id, skip)
            self._ledger.async_pass_over(detection)
            self._coordinator.async_count_skipped()
            return
        has_place = self._ledger.async_take_in(detection)
        if not self._running:
            return
        if has_place:
            self._begin(detection)
        else:
            self._runner.refuse(detection)

    def _resume(self, detection: Detection) -> None:
        """Go on with what was left unfinished, told live or not.

        What has not just ended is caught up on now: it is looked for in the record, waits behind
        what is live, and is told as late, which is what it is to whoever would have been woken.
        """
        if not detection.late and not is_fresh(detection, dt_util.utcnow()):
            detection = replace(detection, late=True)
        self._begin(detection)

    def _begin(self, detection: Detection) -> None:
        """Work on a Detection; what was found late gets its turn when what is live has had it."""
        if detection.late:
            self._backlog.add(detection)
        else:
            self._runner.submit(detection)

    def on_looked(self, when: datetime) -> None:
        """Remember until when nothing is missed."""
        self._ledger.async_looked(when)

    def on_state(self, state: ConnectionState) -> None:
        """Show whether the console can be heard; ask for a new log-in when it refuses ours.

        A console that starts refuses good ones: it is asked for no more once ours works again.
        """
        entry = self._coordinator.config_entry
        self._coordinator.async_set_connected(state is ConnectionState.CONNECTED)
        if state is ConnectionState.AUTH_FAILED:
            entry.async_start_reauth(self._hass)
        elif state is ConnectionState.CONNECTED:
            for flow in tuple(entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})):
                self._hass.config_entries.flow.async_abort(flow["flow_id"])

    def on_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Learn that cameras came, went or were renamed."""
        self._coordinator.async_set_cameras(cameras)

    def _policy(self, detection: Detection) -> Policy:
        mac = self._coordinator.mac_of(detection.camera_id)
        return policy_from(self._hass, self._coordinator.config_entry, mac)

    def _skip(self, detection: Detection, policy: Policy) -> Skip | None:
        mac = self._coordinator.mac_of(detection.camera_id)
        return verdict(
            detection,
            policy,
            mac=mac,
            describes=mac not in self._coordinator.data.muted,
            last=self._ledger.last_of(detection.camera_id),
        )
