"""What the page about reliability says of a run: the soak, a flood, what a console was asked."""

from collections import Counter
from collections.abc import Iterator

from tests.reliability.results import Section, Table, machine

from .book import Book
from .faults import FAULTS
from .judge import (
    LEAST_FAULT_FREE,
    LEAST_OF_A_KIND,
    MEMORY_IS_JUDGED_FROM,
    MOST_EXPORTS_AT_ONCE,
    MOST_GROWTH_MB,
    MOST_LOG_INS_A_MINUTE,
    Figures,
    broken,
)
from .town import CAMERAS, CONSOLES

type Row = tuple[str, ...]

# Detections for the page, which are those of the commands that it names: in fewer, the rare
# kinds of fault hardly happen. A flood needs no kinds of fault.
ENOUGH = 10_000
ENOUGH_OF_A_FLOOD = 2_000

_COLUMNS = ("what", "promised", "seen")


def sections(figures: Figures, book: Book) -> dict[str, Section]:
    """Return what the page says; of a flood, which is judged otherwise, under its own name."""
    if figures.open_loop:
        return {"pressure": pressure(figures, book)}
    return {"soak": soak(figures, book), "kind": kind(figures)}


def lacking(figures: Figures) -> str:
    """Return what a run has to be for the page, empty when it is."""
    enough = ENOUGH_OF_A_FLOOD if figures.open_loop else ENOUGH
    return "" if figures.detections >= enough else f"{enough:,} Detections"


def soak(figures: Figures, book: Book) -> Section:
    """Return the promises, and each kind of fault."""
    return Section(
        [
            Table(_COLUMNS, [*_promises(figures)]),
            Table(("fault", "cases", "as expected", "what the Sightings say"), [*_faults(book)]),
        ],
        _said(figures),
    )


def pressure(figures: Figures, book: Book) -> Section:
    """Return what becomes of more than can be told in time."""
    media = Counter[str]()
    for (_, medium), count in book.media.items():
        media[medium] += count
    rows = [
        ("Sightings", f"{figures.detections:,}", f"{figures.sightings:,}"),
        ("doubled", "0", str(figures.duplicates + figures.rows_duplicate)),
        ("missing", "0", str(figures.missing + figures.rows_missing)),
        *((f"told from `{medium}`", "", f"{count:,}") for medium, count in media.most_common()),
        ("of them `queue_full:overload`", "", f"{figures.queue_full:,}"),
        ("exports at once, at a console", str(MOST_EXPORTS_AT_ONCE), _exports(figures)),
        ("memory at the most", "", f"{figures.rss_peak_mb:.0f} MB"),
        ("files left", "0", str(figures.files_left)),
    ]
    return Section([Table(_COLUMNS, rows)], _said(figures))


def kind(figures: Figures) -> Section:
    """Return what was asked of the consoles."""
    rows = [
        ("log-ins of a console in any 60 s", f"≤ {MOST_LOG_INS_A_MINUTE}", _log_ins(figures)),
        ("exports at once, at a console", f"≤ {MOST_EXPORTS_AT_ONCE}", _exports(figures)),
        ("exports for each Detection", "", f"{figures.exports_per_detection:.2f}"),
        ("pictures for each Detection", "", f"{figures.pictures_per_detection:.2f}"),
        ("questions about its event", "", f"{figures.questions_per_detection:.2f}"),
    ]
    return Section([Table(_COLUMNS, rows)], _said(figures))


def _promises(figures: Figures) -> Iterator[Row]:
    yield "Sightings, one each", f"{figures.detections:,}", f"{figures.sightings:,}"
    yield "rows in the database", f"{figures.detections:,}", f"{figures.rows:,}"
    yield "missing", "0", str(figures.missing + figures.rows_missing)
    yield "doubled", "0", str(figures.duplicates + figures.rows_duplicate)
    yield "files left in the media folder", "0", str(figures.files_left)
    connections = figures.connections_after_unload + figures.open_requests + figures.sockets_leaked
    yield "requests and connections left after unloading", "0", str(connections)
    yield "tasks left after unloading", "0", str(figures.tasks_after_unload)
    growth = f"{figures.growth_mb:+.1f} MB, to {figures.rss_end_mb:.0f} MB"
    is_judged = figures.detections >= MEMORY_IS_JUDGED_FROM
    promised = f"< {MOST_GROWTH_MB:.0f} MB" if is_judged else "not judged in a short run"
    yield "growth of memory, after warming up", promised, growth
    yield "`internal_error`", "0", str(figures.internal_errors)
    yield "errors, forgotten tasks, blocking calls in the log", "0", str(figures.complaints)
    least = f"≥ {LEAST_FAULT_FREE:.0%}"
    yield "lack nothing, without a fault of their own", least, f"{figures.fault_free_well:.1%}"
    worst = f"{figures.worst_as_expected:.1%} ({figures.worst_fault})"
    yield "say what happened: the worst kind of fault", f"≥ {LEAST_OF_A_KIND:.0%}", worst
    rare = f"{figures.rare_as_expected:.1%}"
    yield "say what happened: the rare kinds together", f"≥ {LEAST_OF_A_KIND:.0%}", rare
    late = f"{figures.late_unexplained} of {figures.described_late:,}"
    yield "late, though a websocket could have told", "≤ 0.5 % of all", late
    cpu = f"{figures.cpu_s_per_detection * 1000:.0f} ms"
    yield "CPU of Home Assistant for each Detection", "", cpu


def _faults(book: Book) -> Iterator[Row]:
    for index, count in sorted(Counter(book.chosen).items()):
        reasons = Counter({why: n for (fault, why), n in book.reasons.items() if fault == index})
        said = ", ".join(
            f"{'nothing lost' if reason is None else f'`{reason}`'} {n:,}"
            for reason, n in reasons.most_common()
        )
        yield FAULTS[index].name, f"{count:,}", f"{book.share_as_expected([index]):.1%}", said


def _log_ins(figures: Figures) -> str:
    return f"{figures.log_ins_a_minute} ({figures.log_ins} in all)"


def _exports(figures: Figures) -> str:
    return str(figures.most_exports_at_once)


def _said(figures: Figures) -> str:
    """Return when and where, how much in how long, and whether all was kept."""
    kept = "The promise is NOT kept." if any(broken(figures)) else "Every promise is kept."
    return (
        f"{machine()} {figures.detections:,} Detections at {CONSOLES} consoles with {CAMERAS} "
        f"cameras each, {figures.faulty:,} of them with a fault of {figures.kinds_of_fault} "
        f"kinds, in {figures.seconds / 60:.0f} minutes ({figures.per_second:.1f} a second), "
        f"seed {figures.seed}. {kept}"
    )
