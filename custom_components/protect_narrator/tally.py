"""What happened today, counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, NotRequired, TypedDict

from .kinds import Kind
from .pipeline.models import Timings
from .salvage import (
    count_in,
    date_in,
    mapping_in,
    optional_in,
    or_none,
    pair_in,
    required_in,
    seconds_in,
)

# More cameras than any console takes: what a damaged store may hold is cut off there.
_MOST_CAMERAS = 256

# Stands where the MAC address of a camera would, for what is asked about no one camera.
OF_ALL = "all"


@dataclass(frozen=True, slots=True)
class Mean:
    """Seconds that something took, summed up."""

    total_s: float = 0.0
    count: int = 0

    @property
    def seconds(self) -> float | None:
        """The mean; None of nothing."""
        return self.total_s / self.count if self.count else None

    def with_one(self, seconds: float) -> Mean:
        """Return the sum with one more."""
        return Mean(self.total_s + seconds, self.count + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of one local day of the house."""

    day: date
    sightings: int = 0
    fallbacks: int = 0
    """Sightings that lost at least one rung."""

    sightings_by_camera: Mapping[str, Mapping[Kind, int]] = field(default_factory=dict)
    """By MAC address and kind, of known cameras, what they saw on this day."""

    ai_calls: int = 0
    """Questions put to the agent, second tries included."""

    ai_calls_by_camera: Mapping[str, int] = field(default_factory=dict)
    """The same by MAC address; what belongs to no known camera is under an empty one,
    and what is about no one camera under OF_ALL."""

    ai_failures: int = 0
    """Questions that were not answered usably."""

    ai_tokens: int | None = None
    """Read and written, as far as the agents told; None while none did."""

    skipped: int = 0
    """Detections that the user did not want described."""

    stages: Mapping[str, Mean] = field(default_factory=dict)
    """By the names of Timings: how long each took, of the Sightings in which it took place."""

    def on(self, day: date) -> Tally:
        """Return these counts, or fresh ones when that day is another."""
        return self if day == self.day else Tally(day=day)

    def with_sighting(self, *, fallback: bool) -> Tally:
        """Return the counts with one Sighting more."""
        return replace(self, sightings=self.sightings + 1, fallbacks=self.fallbacks + int(fallback))

    def with_sighting_of(self, mac: str, kinds: Iterable[Kind]) -> Tally:
        """Return the counts with one Sighting more of that camera, which is of these kinds."""
        of_camera = dict(self.sightings_by_camera.get(mac, {}))
        for kind in kinds:
            of_camera[kind] = of_camera.get(kind, 0) + 1
        return replace(self, sightings_by_camera={**self.sightings_by_camera, mac: of_camera})

    def sightings_of(self, mac: str, kind: Kind) -> int:
        """Return how many Sightings of that kind the camera had."""
        return self.sightings_by_camera.get(mac, {}).get(kind, 0)

    def with_timings(self, timings: Timings) -> Tally:
        """Return the counts with what one Sighting took; a stage left out took no time."""
        stages = dict(self.stages)
        for stage in fields(Timings):
            if (seconds := getattr(timings, stage.name)) > 0:
                stages[stage.name] = stages.get(stage.name, Mean()).with_one(seconds)
        return replace(self, stages=stages)

    def with_skipped(self) -> Tally:
        """Return the counts with one Detection more that was left alone."""
        return replace(self, skipped=self.skipped + 1)

    def with_ai_call(self, mac: str | None) -> Tally:
        """Return the counts with one question more, about that camera or OF_ALL."""
        by_camera = dict(self.ai_calls_by_camera)
        by_camera[mac or ""] = self.ai_calls_of(mac) + 1
        return replace(self, ai_calls=self.ai_calls + 1, ai_calls_by_camera=by_camera)

    def ai_calls_of(self, mac: str | None) -> int:
        """Return how many questions were put about that camera, or OF_ALL."""
        return self.ai_calls_by_camera.get(mac or "", 0)

    def with_ai_failure(self) -> Tally:
        """Return the counts with one question more that was not answered usably."""
        return replace(self, ai_failures=self.ai_failures + 1)

    def with_ai_tokens(self, tokens: int) -> Tally:
        """Return the counts with what one answer cost."""
        return replace(self, ai_tokens=(self.ai_tokens or 0) + tokens)


class StoredTally(TypedDict):
    """A Tally as JSON; one of an earlier version holds less."""

    day: str
    sightings: int
    fallbacks: int
    sightings_by_camera: NotRequired[dict[str, dict[str, int]]]
    ai_calls: int
    ai_calls_by_camera: NotRequired[dict[str, int]]
    ai_failures: NotRequired[int]
    ai_tokens: NotRequired[int | None]
    skipped: int
    stages: NotRequired[dict[str, list[float]]]


def stored(tally: Tally) -> StoredTally:
    """Return the counts as JSON."""
    return {
        "day": tally.day.isoformat(),
        "sightings": tally.sightings,
        "fallbacks": tally.fallbacks,
        "sightings_by_camera": {
            mac: {kind.value: count for kind, count in of_camera.items()}
            for mac, of_camera in tally.sightings_by_camera.items()
        },
        "ai_calls": tally.ai_calls,
        "ai_calls_by_camera": dict(tally.ai_calls_by_camera),
        "ai_failures": tally.ai_failures,
        "ai_tokens": tally.ai_tokens,
        "skipped": tally.skipped,
        "stages": {name: [mean.total_s, mean.count] for name, mean in tally.stages.items()},
    }


def restored(item: Mapping[str, Any]) -> Tally:
    """Return the counts from JSON; raises UnreadableError of damaged ones."""
    return Tally(
        day=required_in(item, "day", date_in),
        sightings=required_in(item, "sightings", count_in),
        fallbacks=required_in(item, "fallbacks", count_in),
        sightings_by_camera=optional_in(item, "sightings_by_camera", _by_kind, {}),
        ai_calls=required_in(item, "ai_calls", count_in),
        ai_calls_by_camera=optional_in(item, "ai_calls_by_camera", _by_camera, {}),
        ai_failures=optional_in(item, "ai_failures", count_in, 0),
        ai_tokens=optional_in(item, "ai_tokens", or_none(count_in), None),
        skipped=required_in(item, "skipped", count_in),
        stages=optional_in(item, "stages", _means, {}),
    )


_STAGES = tuple(stage.name for stage in fields(Timings))


def _means(item: object) -> dict[str, Mean]:
    stages = mapping_in(item)
    return {name: _mean(stages[name]) for name in _STAGES if name in stages}


def _mean(item: object) -> Mean:
    total_s, count = pair_in(item)
    return Mean(seconds_in(total_s), count_in(count))


def _by_camera(item: object) -> dict[str, int]:
    return {mac: count_in(count) for mac, count in _first_of(item)}


def _by_kind(item: object) -> dict[str, dict[Kind, int]]:
    """Return the counts of each camera; a kind of a later version is left out."""
    return {
        mac: {kind: count_in(counts[kind]) for kind in Kind if kind in counts}
        for mac, counts in ((mac, mapping_in(each)) for mac, each in _first_of(item))
    }


def _first_of(item: object) -> list[tuple[str, Any]]:
    return list(mapping_in(item).items())[:_MOST_CAMERAS]
