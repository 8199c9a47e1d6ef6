"""What has been done so far, in a file: an interrupted run goes on where it was."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Self

_FILE = "progress.json"

# Protect Narrator looks back so far when it starts. A console that comes back knows nothing
# that is older, which nobody asks for.
LOOKED_BACK = timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class Noticed:
    """A detection that has happened at the console: one Sighting of it is expected."""

    event_id: str
    camera_id: str
    start: str
    """ISO 8601."""

    phase: str
    """Of the round in which it happened."""

    is_target: bool
    """Whether its phase was aimed at; else it was under way beside that one."""

    end: str | None = None
    """None while it goes on."""

    fired_s: float | None = None
    """Seconds from its event to the kill, where that came before its row was stored."""

    is_heard: bool = False
    """An automation has had it: it was fired while somebody listened."""

    is_inaudible: bool = False
    """Home Assistant ran before we listened to it again, and may have told it meanwhile."""

    is_told: bool = False
    """Its row has been seen in the database."""

    is_overdue: bool = False
    """It was waited for in vain. Should its row come later after all, that is as good."""

    is_excused: bool = False
    """The run was interrupted for so long that nobody looks back at it any more. It may be
    missing, and must not be doubled."""

    def is_recent(self, now: datetime) -> bool:
        """Say whether a console would still be asked for it after a restart."""
        return now - datetime.fromisoformat(self.start) < LOOKED_BACK


@dataclass(slots=True, kw_only=True)
class Kill:
    """One ``kill -9``, and what came of it."""

    phase: str
    event_id: str
    """Protect's id of the detection that was aimed at."""

    missed: str | None
    """Why that was not in its phase, None when it was."""

    lingered_s: float
    """Seconds since it had entered its phase."""

    in_ledger: bool
    """Whether the ledger's file knew of it."""

    others: int
    """Further detections that had begun and had no row yet."""

    clips: list[str] = field(default_factory=list)
    """The folders of clips that were left on the disk."""

    clips_left: list[str] = field(default_factory=list)
    """Which of them were still there after the restart."""

    told_after_s: float | None = None
    """Seconds from the restart to its Sighting; None where it was told before, or never."""

    round_s: float = 0.0
    """Seconds from the start of Home Assistant to the kill."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """A run so far."""

    folder: Path
    is_set_up: bool = False
    token: str = ""
    """Home Assistant's own."""

    console: dict[str, str] = field(default_factory=dict)
    """How Home Assistant was told to reach the console, and the model under ``model_port``."""

    noticed: list[Noticed] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    seconds: float = 0.0
    """How long it has taken, in all of its parts."""

    @classmethod
    def load(cls, folder: Path, now: datetime) -> Self:
        """Take up an interrupted run; raises FileNotFoundError where there is none."""
        stored = json.loads((folder / _FILE).read_text())
        stored["noticed"] = [Noticed(**each) for each in stored["noticed"]]
        stored["kills"] = [Kill(**each) for each in stored["kills"]]
        progress = cls(**stored | {"folder": folder})
        for each in progress.pending:
            each.is_excused = not each.is_recent(now)
        return progress

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Say whether there is a run in this folder."""
        return (folder / _FILE).exists()

    def save(self) -> None:
        """Write it; the file is always whole."""
        part = self.folder / f"{_FILE}.part"
        part.write_text(json.dumps(asdict(self), default=str, indent=1))
        part.replace(self.folder / _FILE)

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.folder / "config"

    @property
    def pending(self) -> list[Noticed]:
        """What is to be waited for."""
        return [each for each in self.noticed if not each.is_told and not each.is_overdue]

    def tell(self, event_ids: Iterable[str]) -> None:
        """Learn that there are rows of these."""
        told = frozenset(event_ids)
        for each in self.noticed:
            each.is_told |= each.event_id in told

    def hits(self, phase: str) -> int:
        """Return how often a Detection was killed in that phase."""
        return sum(kill.phase == phase and kill.missed is None for kill in self.kills)

    def misses(self, phase: str) -> int:
        """Return how often it was aimed at in vain."""
        return sum(kill.phase == phase and kill.missed is not None for kill in self.kills)

    def recent(self, now: datetime) -> list[Noticed]:
        """Return what a console would still be asked for."""
        return [each for each in self.noticed if each.is_recent(now)]
