"""What a run observed, as JSON files that the next step reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / ".cache" / "reliability"


class MissingResultsError(Exception):
    """What is asked for was not run, or did not come to its end."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    """A heading above it; empty for none."""


@dataclass(frozen=True, slots=True)
class Section:
    """All that stands between the marks of one section."""

    tables: Sequence[Table]
    said: str = ""
    """A paragraph above the tables: on which machine, when, how long."""

    def save(self, name: str, folder: Path = RESULTS) -> None:
        """Keep it as what the last run of that name observed."""
        _write(folder / f"{name}.json", asdict(self))

    @classmethod
    def load(cls, name: str, folder: Path = RESULTS) -> Section:
        """Return what the last run of that name observed. Raises MissingResultsError."""
        raw = _read(folder / f"{name}.json")
        return cls([Table(**table) for table in raw["tables"]], raw["said"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One fault as a story saw it; a row of the table of faults."""

    fault: str
    seen: str
    """Where real people met it."""

    sighting: str
    """What the Sighting says."""

    beside: str
    """What else the user sees."""

    after: str
    """What happens when the fault is over."""

    def save(self, slug: str, folder: Path = RESULTS) -> None:
        """Keep it; a story that does not come to its end keeps nothing."""
        _write(_of_fault(slug, folder), asdict(self))


FAULT_COLUMNS = (
    "fault",
    "seen in",
    "what the Sighting says",
    "what else the user sees",
    "what happens after",
)


@dataclass(frozen=True, slots=True)
class Expected:
    """The faults that a complete run plays, by their slugs, under a heading."""

    title: str
    slugs: Sequence[str] = field(default_factory=tuple)


def forget(slug: str, folder: Path = RESULTS) -> None:
    """Forget what an earlier run saw of that fault."""
    _of_fault(slug, folder).unlink(missing_ok=True)


def faults(groups: Iterable[Expected], folder: Path = RESULTS) -> Section:
    """Return the table of faults as the last run saw them. Raises MissingResultsError."""
    tables = []
    for group in groups:
        rows = [Observation(**_read(_of_fault(slug, folder))) for slug in group.slugs]
        cells = [(row.fault, row.seen, row.sighting, row.beside, row.after) for row in rows]
        tables.append(Table(FAULT_COLUMNS, cells, group.title))
    return Section(tables)


def _of_fault(slug: str, folder: Path) -> Path:
    return folder / "faults" / f"{slug}.json"


def _write(path: Path, value: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as err:
        raise MissingResultsError(f"{path.stem} was not observed by the last run") from err
    return found
