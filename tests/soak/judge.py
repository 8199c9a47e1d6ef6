"""What a run came to, and which promise it broke."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# RSS after warming up; everything that is bounded and of ours together is a tenth of it.
MOST_GROWTH_MB = 20.0

# Of fewer Detections the growth says nothing, because caches of Home Assistant fill meanwhile;
# and only a run that is longer anyway waits until no connection is kept alive any more.
MEMORY_IS_JUDGED_FROM = 1_000

# A fault that hits a console hits the neighbours too: while it restarts no clip can be had, and
# while it is spared none is asked for.
LEAST_AS_EXPECTED = 0.75

# While a console is asked for one export at a time, one that was given up may still be seen
# running when the next begins: the console learns of it a moment later.
_MOST_EXPORTS_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A run in numbers; flat, because a table in the documentation is made of them."""

    detections: int
    seed: int
    seconds: float
    aborted: str | None
    faulty: int
    kinds_of_fault: int
    """How many kinds there were at least one of."""

    sightings: int
    """Final ones, as they came over the bus."""

    missing: int
    duplicates: int
    strays: int
    """Sightings without a Detection."""

    rows: int
    rows_missing: int
    rows_duplicate: int
    rows_stray: int
    files_left: int
    open_requests: int
    connections_after_unload: int
    tasks_warm: int
    tasks_end: int
    tasks_after_unload: int
    """Of ours."""

    descriptors_warm: int
    descriptors_end: int
    sockets_warm: int
    sockets_end: int
    rss_warm_mb: float
    rss_end_mb: float
    rss_peak_mb: float
    database_warm_mb: float
    """What SQLite held of the RSS."""

    database_end_mb: float
    cpu_s_per_detection: float
    """Of Home Assistant."""

    console_cpu_s_per_detection: float
    described_late: int
    internal_errors: int
    queue_full: int
    complaints: int
    """Bugs, forgotten tasks and blocking calls in the log."""

    blind: int
    """How often an agent was given nothing that it could look at."""

    most_exports_at_once: int
    log_ins: int
    as_expected: float
    """Share of the Sightings that say what went wrong, and nothing where nothing did."""

    open_loop: bool = False

    @property
    def growth_mb(self) -> float:
        """RSS at the end beyond that after warming up."""
        return self.rss_end_mb - self.rss_warm_mb

    @property
    def per_second(self) -> float:
        """Detections."""
        return self.detections / self.seconds

    def as_json(self) -> dict[str, Any]:
        """Return them with what follows from them."""
        kept = not any(broken(self))
        figures = {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }
        return {
            "kept": kept,
            **figures,
            "rss_growth_mb": round(self.growth_mb, 2),
            "detections_per_second": round(self.per_second, 2),
        }


_MUST_BE_NONE = {
    "missing": "Detections without a Sighting",
    "duplicates": "Sightings that came twice",
    "strays": "Sightings that nothing was detected for",
    "rows_missing": "Detections without a row in the database",
    "rows_duplicate": "rows that are there twice",
    "rows_stray": "rows that nothing was detected for",
    "files_left": "files left in the media folder",
    "open_requests": "requests still open at a console",
    "connections_after_unload": "connections still open after unloading",
    "tasks_after_unload": "tasks of ours left after unloading",
    "internal_errors": "Sightings that say internal_error",
    "complaints": "complaints in the log",
    "blind": "questions with nothing to look at",
}


def broken(figures: Figures) -> Iterator[str]:
    """Yield every promise that was not kept, in words."""
    if figures.aborted is not None:
        yield f"it was ended: {figures.aborted}"
    for name, meaning in _MUST_BE_NONE.items():
        if count := getattr(figures, name):
            yield f"{count} {meaning}"
    if figures.queue_full and not figures.open_loop:
        yield f"{figures.queue_full} Sightings say queue_full"
    if figures.most_exports_at_once > _MOST_EXPORTS_AT_ONCE:
        yield f"{figures.most_exports_at_once} exports at once at one console"
    if figures.as_expected < LEAST_AS_EXPECTED:
        yield f"only {figures.as_expected:.1%} of the Sightings say what happened"
    yield from _grown(figures)


def _grown(figures: Figures) -> Iterator[str]:
    """Yield what there is more of than after warming up."""
    is_long = figures.detections >= MEMORY_IS_JUDGED_FROM
    for name in ("tasks", "descriptors", *(["sockets"] if is_long else [])):
        warm, end = getattr(figures, f"{name}_warm"), getattr(figures, f"{name}_end")
        if end > warm:
            yield f"{end} {name} at the end, {warm} after warming up"
    if is_long and figures.growth_mb >= MOST_GROWTH_MB:
        yield f"memory grew by {figures.growth_mb:.1f} MB"
