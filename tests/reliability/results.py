"""What a run observed, as JSON files that the next step reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import platform
import shutil
from typing import Any

from homeassistant.const import __version__ as home_assistant

# Another folder for a run beside another: each would forget what the other saw.
RESULTS = Path(
    os.environ.get("RELIABILITY_RESULTS") or Path(__file__).parents[2] / ".cache" / "reliability"
)


class MissingResultsError(Exception):
    """What is asked for was not run, or did not come to its end."""


def machine() -> str:
    """Return in words when and on what a run was made: figures say nothing without it."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, on {os.process_cpu_count()} cores "
        f"({platform.machine()}), Python {platform.python_version()}, "
        f"Home Assistant {home_assistant}."
    )


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


def keep(sections: Mapping[str, Section], lacking: str, folder: Path = RESULTS) -> str:
    """Keep what a run observed for the page, by its names there; say so in words.

    ``lacking`` is what the run would have to be for that, empty if it is: a small one, made to
    look at something, is not to take the place of one that says something.
    """
    if lacking:
        return f"No figures for the page: that takes {lacking}."
    for name, section in sections.items():
        section.save(name, folder)
    return f"Figures for the page: python -m tests.reliability --write {' '.join(sections)}"


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


def forget_faults(folder: Path = RESULTS) -> None:
    """Forget what earlier runs saw of all faults: a story that is skipped now has no row."""
    shutil.rmtree(folder / "faults", ignore_errors=True)


def faults(groups: Iterable[Expected], folder: Path = RESULTS) -> Section:
    """Return the table of faults as the last run saw them. Raises MissingResultsError."""
    groups = tuple(groups)
    slugs = [slug for group in groups for slug in group.slugs]
    if missing := [slug for slug in slugs if not _of_fault(slug, folder).exists()]:
        raise MissingResultsError(
            f"these stories were skipped, or failed, or are still to be run: {', '.join(missing)}"
        )
    tables = []
    for group in groups:
        rows = [Observation(**_read(_of_fault(slug, folder))) for slug in group.slugs]
        cells = [(row.fault, row.seen, row.sighting, row.beside, row.after) for row in rows]
        tables.append(Table(FAULT_COLUMNS, cells, group.title))
    return Section(tables)


def _of_fault(slug: str, folder: Path) -> Path:
    return folder / "faults" / f"{slug}.json"


def _write(path: Path, value: Mapping[str, object]) -> None:
    """Write it whole: several processes of a run write side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False))
    part.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as err:
        raise MissingResultsError(f"{path.stem} was not observed by the last run") from err
    return found
