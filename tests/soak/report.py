"""The tables at the end of a run."""

from collections import Counter
from collections.abc import Iterator

from .book import Book
from .faults import FAULTS
from .judge import Figures, broken


def report(figures: Figures, book: Book) -> Iterator[str]:
    """Yield the lines."""
    yield from _faults(book)
    yield ""
    yield from _figures(figures)
    yield ""
    complaints = list(broken(figures))
    yield from (f"BROKEN: {complaint}" for complaint in complaints)
    yield "A promise is not kept." if complaints else "Every promise is kept."


def _faults(book: Book) -> Iterator[str]:
    yield f"{'fault':<24}{'how many':>9}{'as expected':>13}  what the Sightings say"
    for index, count in sorted(Counter(book.chosen).items()):
        media = Counter({medium: n for (fault, medium), n in book.media.items() if fault == index})
        reasons = Counter({why: n for (fault, why), n in book.reasons.items() if fault == index})
        said = [f"{medium} {n}" for medium, n in media.most_common()]
        said += [f"{reason} {n}" for reason, n in reasons.most_common() if reason is not None]
        name = FAULTS[index].name
        yield f"{name:<24}{count:>9}{book.as_expected(index):>13}  {', '.join(said)}"
    yield "lost rungs: " + ", ".join(f"{what} {n}" for what, n in book.details.most_common())


def _figures(figures: Figures) -> Iterator[str]:
    yield (
        f"{figures.detections} Detections in {figures.seconds:.0f} s, "
        f"{figures.per_second:.1f} a second; {figures.faulty} with a fault"
    )
    yield (
        f"{figures.sightings} Sightings, {figures.described_late} of them late; "
        f"{figures.rows} rows in the database"
    )
    yield (
        f"CPU for each Detection: {figures.cpu_s_per_detection * 1000:.0f} ms of Home Assistant, "
        f"{figures.console_cpu_s_per_detection * 1000:.0f} ms of the consoles"
    )
    yield (
        f"memory: {figures.rss_warm_mb:.1f} MB after warming up, {figures.rss_end_mb:.1f} MB at "
        f"the end ({figures.growth_mb:+.1f} MB), {figures.rss_peak_mb:.0f} MB at the most; "
        f"SQLite has {figures.database_warm_mb:.1f} MB and {figures.database_end_mb:.1f} MB of it"
    )
    yield (
        f"tasks: {figures.tasks_warm} and {figures.tasks_end}; descriptors: "
        f"{figures.descriptors_warm} and {figures.descriptors_end}; sockets: "
        f"{figures.sockets_warm} and {figures.sockets_end}"
    )
    yield (
        f"exports at once: {figures.most_exports_at_once}; log-ins: {figures.log_ins}, "
        f"{figures.log_ins_a_minute} within a minute"
    )
    yield (
        f"as expected: {figures.fault_free_well:.1%} without a fault, "
        f"{figures.worst_as_expected:.1%} of {figures.worst_fault}, "
        f"{figures.rare_as_expected:.1%} of the rare faults; "
        f"{figures.late_unexplained} late without a reason"
    )
