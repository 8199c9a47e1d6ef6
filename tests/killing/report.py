"""Tells what a run has found: a table for people, and one line for programs."""

from collections.abc import Collection, Iterable

from simulator.demo.client import Json
from tests.reliability.results import Section, Table, machine

from .judging import Tally, Verdict
from .phases import PHASES
from .progress import Noticed

# Kills in each phase for the page, which are those of the command that it names: one may be lucky.
ENOUGH = 20

_COLUMNS = (
    *("phase", "kills", "hit", "expected", "found", "doubled", "missing", "clips left"),
    *("others", "s to tell", "s a round"),
)


def table(tallies: Iterable[Tally]) -> str:
    """Return a line for each phase."""
    lines = [_COLUMNS, *(_cells(tally) for tally in tallies)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _cells(tally: Tally) -> tuple[str, ...]:
    counts = (
        *(tally.kills, tally.hits, tally.expected, tally.found),
        *(tally.doubled, tally.missing, tally.clips_left),
    )
    means = (tally.others, tally.told_after_s, tally.round_s)
    return (
        tally.phase,
        *map(str, counts),
        *("-" if mean is None else f"{mean:.1f}" for mean in means),
    )


def lacking(each: int, phases: Collection[str]) -> str:
    """Return what a run has to be for the page, empty when it is."""
    is_enough = each >= ENOUGH and set(phases) == set(PHASES)
    return "" if is_enough else f"{ENOUGH} kills in each of the phases"


def section(verdict: Verdict, seconds: float) -> Section:
    """Return what the page about reliability says of a run."""
    columns = (
        *("killed while", "kills in that phase", "Sightings expected", "stored", "doubled"),
        *("missing", "clips left", "told after a restart (mean)"),
    )
    rows = [
        (
            f"{PHASES[tally.phase].summary} (`{tally.phase}`)",
            *map(str, (tally.hits, tally.expected, tally.found)),
            *map(str, (tally.doubled, tally.missing, tally.clips_left)),
            "-" if tally.told_after_s is None else f"{tally.told_after_s:.1f} s",
        )
        for tally in verdict.tallies
    ]
    kills = sum(tally.kills for tally in verdict.tallies)
    hits = sum(tally.hits for tally in verdict.tallies)
    heard = "Automations missed some." if verdict.unheard else "Automations missed none."
    return Section(
        [Table(columns, rows)],
        f"{machine()} {kills} kills, {hits} of them in the phase that was aimed at, in "
        f"{seconds / 60:.0f} minutes. {heard} "
        f"{'The promise is kept.' if verdict.is_kept else 'The promise is NOT kept.'}",
    )


def findings(verdict: Verdict) -> list[str]:
    """Return a sentence for everything that speaks against us."""
    return [
        *(f"missing: {_told(one)}" for one in verdict.missing),
        *(f"doubled: {_told(one)}" for one in verdict.doubled),
        *(f"not told to automations: {_told(one)}" for one in verdict.unheard),
        *(
            f"unexpected: Sighting {row.sighting_id}, revision {row.revision}, "
            f"of {', '.join(sorted(row.event_ids))}"
            for row in verdict.unexpected
        ),
        *(f"left in the media folder: {name}" for name in verdict.clips_left),
        *(f"hit too seldom: {phase}" for phase in verdict.short),
        *(f"in Home Assistant's log: {record}" for record in verdict.complaints),
    ]


def _told(one: Noticed) -> str:
    role = "aimed at" if one.is_target else "a bystander"
    fired = "" if one.fired_s is None else f", its event fired {one.fired_s:.1f} s before the kill"
    return f"{one.event_id}, {role} in a round of {one.phase}{fired}"


def as_json(verdict: Verdict, each: int, seconds: float) -> Json:
    """Return all of it."""
    return {
        "kept": verdict.is_kept,
        "each": each,
        "seconds": round(seconds, 1),
        "phases": {
            tally.phase: {
                "kills": tally.kills,
                "hit": tally.hits,
                "misses": tally.kills - tally.hits,
                "rows_expected": tally.expected,
                "rows_found": tally.found,
                "doubled": tally.doubled,
                "missing": tally.missing,
                "clips_left": tally.clips_left,
                "others_under_way": _rounded(tally.others),
                "seconds_to_sighting": _rounded(tally.told_after_s),
                "seconds_a_round": _rounded(tally.round_s),
            }
            for tally in verdict.tallies
        },
        "unheard": len(verdict.unheard),
        "unexpected": len(verdict.unexpected),
        "clips_left": list(verdict.clips_left),
        "log": list(verdict.complaints),
        "findings": findings(verdict),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
