"""What the page about reliability says of a run."""

from collections.abc import Sequence

from tests.reliability.results import Section, Table, machine

from .kinds import KINDS
from .runner import Tally

# Cases of each kind for the page, which are those of the command that it names.
ENOUGH = 5_000

_COLUMNS = ("kind", "cases", "seed", "worst", "bound", "most memory", "bound", "did harm")


def lacking(tallies: Sequence[Tally]) -> str:
    """Return what a run has to be for the page, empty when it is."""
    cases = {tally.kind: tally.cases for tally in tallies}
    if all(cases.get(kind, 0) >= ENOUGH for kind in KINDS):
        return ""
    return f"{ENOUGH:,} cases of each kind"


def section(tallies: Sequence[Tally], seed: int) -> Section:
    """Return a row for each kind; seconds are of CPU, memory is above what the process has."""
    rows = [
        (
            f"`{tally.kind}`",
            f"{tally.cases:,}",
            str(seed),
            f"{tally.slowest[0]:.2f} s",
            f"{KINDS[tally.kind].most_cpu_s:g} s",
            f"{tally.most_kib[0] / 1024:.0f} MiB",
            f"{KINDS[tally.kind].most_mib} MiB",
            str(len(tally.findings)),
        )
        for tally in tallies
    ]
    minutes = sum(tally.seconds for tally in tallies) / 60
    return Section([Table(_COLUMNS, rows)], f"{machine()} In {minutes:.0f} minutes.")
