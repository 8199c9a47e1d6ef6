"""What a run came to, and which promise it broke."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# RSS after warming up; everything that is bounded and of ours together is a tenth of it.
MOST_GROWTH_MB = 20.0

# Of fewer Detections the growth says nothing, because caches of Home Assistant fill meanwhile;
# and only a run that is longer anyway waits until no connection is kept alive any more.
MEMORY_IS_JUDGED_FROM = 1_000

# Of what nothing is wrong with: a console that restarts, or lets nobody log in for a minute, has
# no clips for its other cameras meanwhile.
LEAST_FAULT_FREE = 0.97

# Of each kind of fault, and of all rare kinds together: a neighbour's may come first.
LEAST_OF_A_KIND = 0.90

# The simulated console knows of each that was given up.
MOST_EXPORTS_AT_ONCE = 1

# Ours and nobody else's; a console locks out who needs more than about five.
MOST_LOG_INS_A_MINUTE = 3

# What a websocket could have told and did not, because it was just being opened.
MOST_UNEXPLAINED = 0.005


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

    files_open: int
    """Descriptors of the media folder's files that are still there after unloading."""

    sockets_leaked: int
    """Connections that are held after unloading, those included that the consoles have closed."""

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
    late_unexplained: int
    """Of them those that a websocket could have told."""

    internal_errors: int
    queue_full: int
    complaints: int
    """Bugs, forgotten tasks and blocking calls in the log."""

    blind: int
    """How often an agent was given nothing that it could look at."""

    most_exports_at_once: int
    log_ins: int
    log_ins_a_minute: int
    """The most in any 60 seconds at one console."""

    exports_per_detection: float
    pictures_per_detection: float
    questions_per_detection: float
    """About its event."""

    fault_free_well: float
    """Share of the Sightings without a fault that lack nothing."""

    worst_fault: str
    worst_as_expected: float
    """Of the kinds with many cases, that which the lowest share of its Sightings says."""

    rare_as_expected: float
    """Of all other kinds together."""

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
    "sockets_leaked": "sockets still held after unloading",
    "files_open": "files of the media folder still open after unloading",
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
    if figures.most_exports_at_once > MOST_EXPORTS_AT_ONCE:
        yield f"{figures.most_exports_at_once} exports at once at one console"
    if figures.log_ins_a_minute > MOST_LOG_INS_A_MINUTE:
        yield f"{figures.log_ins_a_minute} log-ins within a minute at one console"
    if not figures.open_loop:
        yield from _untrue(figures)
    yield from _grown(figures)


def _untrue(figures: Figures) -> Iterator[str]:
    """Yield what Sightings do not say, or say that should not be; in a flood they may."""
    if figures.queue_full:
        yield f"{figures.queue_full} Sightings say queue_full"
    if figures.fault_free_well < LEAST_FAULT_FREE:
        yield f"only {figures.fault_free_well:.1%} of the Sightings without a fault lack nothing"
    if figures.worst_as_expected < LEAST_OF_A_KIND:
        yield f"only {figures.worst_as_expected:.1%} say what happened: {figures.worst_fault}"
    if figures.rare_as_expected < LEAST_OF_A_KIND:
        yield f"only {figures.rare_as_expected:.1%} say what happened, of the rare faults"
    if figures.late_unexplained > max(1, MOST_UNEXPLAINED * figures.detections):
        yield f"{figures.late_unexplained} late Sightings of what a websocket told"


def _grown(figures: Figures) -> Iterator[str]:
    """Yield what there is more of than after warming up."""
    is_long = figures.detections >= MEMORY_IS_JUDGED_FROM
    for name in ("tasks", "descriptors", *(["sockets"] if is_long else [])):
        warm, end = getattr(figures, f"{name}_warm"), getattr(figures, f"{name}_end")
        if end > warm:
            yield f"{end} {name} at the end, {warm} after warming up"
    if is_long and figures.growth_mb >= MOST_GROWTH_MB:
        yield f"memory grew by {figures.growth_mb:.1f} MB"
