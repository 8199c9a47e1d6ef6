"""What happened today, counted."""

from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of one local day of the house."""

    day: date
    sightings: int = 0
    fallbacks: int = 0
    """Sightings that lost at least one rung."""

    ai_calls: int = 0
    """Questions put to the agent, second tries included."""

    skipped: int = 0
    """Detections that the user did not want described."""

    def on(self, day: date) -> Tally:
        """Return these counts, or fresh ones when that day is another."""
        return self if day == self.day else Tally(day=day)

    def with_sighting(self, *, fallback: bool) -> Tally:
        """Return the counts with one Sighting more."""
        return replace(self, sightings=self.sightings + 1, fallbacks=self.fallbacks + int(fallback))

    def with_skipped(self) -> Tally:
        """Return the counts with one Detection more that was left alone."""
        return replace(self, skipped=self.skipped + 1)

    def with_ai_call(self) -> Tally:
        """Return the counts with one question more."""
        return replace(self, ai_calls=self.ai_calls + 1)
