"""Counts what the agents are asked for one console."""

from .coordinator import NarratorCoordinator
from .pipeline.models import Detection, Policy
from .pipeline.ports import Answer


class CallMeter:
    """The pipeline's Meter for one console."""

    def __init__(self, coordinator: NarratorCoordinator) -> None:
        """Count there."""
        self._coordinator = coordinator

    def may_ask(self, _detection: Detection, _policy: Policy) -> bool:
        """Set no limit."""
        return True

    def asked(self, _detection: Detection) -> None:
        """Count a question, just before it is put."""
        self._coordinator.async_count_ai_call()

    def answered(self, _detection: Detection, _answer: Answer) -> None:
        """Count nothing more."""

    def failed(self, _detection: Detection) -> None:
        """Count nothing more."""
