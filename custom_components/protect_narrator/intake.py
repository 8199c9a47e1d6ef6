"""What the console tells goes in here: to the pipeline, to the entities, or nowhere."""

import logging

from homeassistant.core import HomeAssistant, callback

from .coordinator import NarratorCoordinator
from .ledger import Ledger
from .options import policy_from
from .pipeline.models import Detection
from .pipeline.runner import Runner
from .pipeline.triage import verdict
from .protect import CameraInfo, ConnectionState

_LOGGER = logging.getLogger(__name__)


class Intake:
    """The Listener of one console's connection."""

    def __init__(
        self, hass: HomeAssistant, coordinator: NarratorCoordinator, ledger: Ledger, runner: Runner
    ) -> None:
        """Feed this pipeline."""
        self._hass = hass
        self._coordinator = coordinator
        self._ledger = ledger
        self._runner = runner
        self._running = False

    @callback
    def async_run(self, _hass: HomeAssistant | None = None) -> None:
        """Begin with what is unfinished, and from now on with what comes.

        Until Home Assistant has started its agents may not be there; what comes before is
        kept in the ledger.
        """
        self._running = True
        for detection in self._ledger.unfinished:
            self._runner.submit(detection)

    def on_detection(self, detection: Detection) -> None:
        """Take a Detection in, unless it is known or not wanted."""
        if self._ledger.knows(detection):
            return
        mac = self._coordinator.mac_of(detection.camera_id)
        skip = verdict(
            detection,
            policy_from(self._hass, self._coordinator.config_entry, mac),
            mac=mac,
            describes=mac not in self._coordinator.data.muted,
        )
        if skip is not None:
            _LOGGER.debug("Sighting %s: skipped, %s", detection.sighting_id, skip)
            self._ledger.async_pass_over(detection)
            self._coordinator.async_count_skipped()
            return
        self._ledger.async_take_in(detection)
        if self._running:
            self._runner.submit(detection)

    def on_state(self, state: ConnectionState) -> None:
        """Show whether the console can be heard; ask for a new log-in when it refuses ours."""
        self._coordinator.async_set_connected(state is ConnectionState.CONNECTED)
        if state is ConnectionState.AUTH_FAILED:
            self._coordinator.config_entry.async_start_reauth(self._hass)

    def on_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Learn that cameras came, went or were renamed."""
        self._coordinator.async_set_cameras(cameras)
