"""Counts what the agents are asked for one console, within the user's limits."""

from datetime import date
import logging

from .coordinator import NarratorCoordinator
from .pipeline.budget import Budget, is_within
from .pipeline.models import Detection, Policy
from .pipeline.ports import Answer
from .tally import OF_ALL

_LOGGER = logging.getLogger(__name__)

# Of a day's calls one in so many may be spent on what is asked about all cameras: whoever may read
# may ask for that, and the rest is for what cameras see. Of fewer it is none: there are numbers.
_SHARE_OF_ALL = 4


class CallMeter:
    """The pipeline's Meter for one console."""

    def __init__(self, coordinator: NarratorCoordinator) -> None:
        """Count there."""
        self._coordinator = coordinator
        self._said_on: dict[str | None, date] = {}

    def may_ask(self, detection: Detection, policy: Policy) -> bool:
        """Say whether one more question is within the day's limits; once in the log if not."""
        mac = self._coordinator.mac_of(detection.camera_id)
        whole, of_camera = self._budget(policy), self._budget_of_camera(mac, policy)
        if is_within(detection, (whole, of_camera)):
            return True
        if is_within(detection, (whole,)):
            self._say_once(mac, "one of its cameras")
        else:
            self._say_once(None, "all of its cameras")
        return False

    def asked(self, detection: Detection) -> None:
        """Count a question, just before it is put."""
        self._coordinator.async_count_ai_call(self._coordinator.mac_of(detection.camera_id))

    def may_ask_of_all(self, policy: Policy) -> bool:
        """Say whether one more question about no one camera is within the day's limit.

        What is kept for rings stays kept, and three calls of four for Detections. Who has set no
        limit has said that calls may be made; Home Assistant lets every user ask its agents.
        """
        if self._budget(policy).left() == 0:
            self._say_once(None, "all of its cameras")
            return False
        limit, spent = policy.calls_per_day, self._coordinator.today.ai_calls_of(OF_ALL)
        return limit is None or spent < limit // _SHARE_OF_ALL

    def asked_of_all(self) -> None:
        """Count such a question, just before it is put."""
        self._coordinator.async_count_ai_call(OF_ALL)

    def answered(self, _detection: Detection | None, answer: Answer) -> None:
        """Count what an answer cost, whether or not it can be used."""
        if answer.tokens is not None:
            self._coordinator.async_count_ai_tokens(answer.tokens)

    def failed(self, _detection: Detection | None) -> None:
        """Count a question that was not answered usably."""
        self._coordinator.async_count_ai_failure()

    def _budget(self, policy: Policy) -> Budget:
        coordinator = self._coordinator
        return Budget(
            limit=policy.calls_per_day,
            spent=coordinator.today.ai_calls,
            has_doorbell=coordinator.data.has_doorbell,
        )

    def _budget_of_camera(self, mac: str | None, policy: Policy) -> Budget:
        camera = self._coordinator.data.cameras.get(mac or "")
        return Budget(
            limit=policy.calls_per_camera,
            spent=self._coordinator.today.ai_calls_of(mac),
            has_doorbell=camera is not None and camera.is_doorbell,
        )

    def _say_once(self, mac: str | None, whose: str) -> None:
        """Say once a day that a limit is reached: it is what the user wanted."""
        today = self._coordinator.today.day
        if self._said_on.get(mac) != today:
            self._said_on[mac] = today
            _LOGGER.info(
                "The AI calls of the day are used up for the console %s, %s; Sightings go on "
                "without the AI until midnight",
                self._coordinator.console.name,
                whose,
            )
