"""Says of a whole run whether each Sighting was stored once, and what else it has left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from .database import Row
from .progress import Kill, Noticed

_REVISION = 1  # nothing is described again here, and first words are off


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the detections in the rounds of one phase."""

    phase: str
    kills: int
    hits: int
    expected: int
    found: int
    doubled: int
    missing: int
    clips_left: int
    told_after_s: float | None
    """Mean seconds from a restart to the Sighting of what was killed."""

    others: float | None
    """Mean number of further detections under way at the kill."""

    round_s: float | None
    """Mean seconds of a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What there is to say of a run."""

    tallies: tuple[Tally, ...]
    missing: tuple[Noticed, ...]
    doubled: tuple[Noticed, ...]
    unheard: tuple[Noticed, ...]
    """What is stored and no automation had."""

    unexpected: tuple[Row, ...]
    """Rows that tell of nothing that has happened, or in a revision that nobody asked for."""

    clips_left: tuple[str, ...]
    complaints: tuple[str, ...]
    """Records of Home Assistant's log."""

    short: tuple[str, ...]
    """Phases that were hit less often than was asked for."""

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept in every respect."""
        return not any(
            (
                self.missing,
                self.doubled,
                self.unheard,
                self.unexpected,
                self.clips_left,
                self.complaints,
                self.short,
                any(tally.clips_left for tally in self.tallies),
            )
        )


def judge(
    *,
    phases: Sequence[str],
    each: int,
    noticed: Sequence[Noticed],
    kills: Sequence[Kill],
    rows: Sequence[Row],
    clips_left: Iterable[str] = (),
    complaints: Iterable[str] = (),
) -> Verdict:
    """Compare what has happened with what is stored.

    A detection is doubled when more than one row tells of it, whatever ids those have.
    """
    counts = {one.event_id: _count(one, rows) for one in noticed}
    missing = tuple(one for one in noticed if not counts[one.event_id] and not one.is_excused)
    doubled = tuple(one for one in noticed if counts[one.event_id] > 1)
    unheard = tuple(
        one for one in noticed if counts[one.event_id] and not (one.is_heard or one.is_inaudible)
    )
    known = frozenset(counts)
    tallies = tuple(_tally(phase, noticed, kills, counts) for phase in phases)
    return Verdict(
        tallies=tallies,
        missing=missing,
        doubled=doubled,
        unheard=unheard,
        unexpected=tuple(
            row for row in rows if row.revision != _REVISION or not row.event_ids <= known
        ),
        clips_left=tuple(clips_left),
        complaints=tuple(complaints),
        short=tuple(tally.phase for tally in tallies if tally.hits < each),
    )


def _count(one: Noticed, rows: Iterable[Row]) -> int:
    return sum(row.revision == _REVISION and one.event_id in row.event_ids for row in rows)


def _tally(
    phase: str, noticed: Iterable[Noticed], kills: Iterable[Kill], counts: dict[str, int]
) -> Tally:
    ours = [kill for kill in kills if kill.phase == phase]
    found = [counts[one.event_id] for one in noticed if one.phase == phase]
    excused = sum(
        one.phase == phase and one.is_excused and not counts[one.event_id] for one in noticed
    )
    return Tally(
        phase=phase,
        kills=len(ours),
        hits=sum(kill.missed is None for kill in ours),
        expected=len(found) - excused,
        found=sum(count > 0 for count in found),
        doubled=sum(count > 1 for count in found),
        missing=sum(count == 0 for count in found) - excused,
        clips_left=sum(len(kill.clips_left) for kill in ours),
        told_after_s=_mean([kill.told_after_s for kill in ours if kill.told_after_s is not None]),
        others=_mean([kill.others for kill in ours]),
        round_s=_mean([kill.round_s for kill in ours]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
