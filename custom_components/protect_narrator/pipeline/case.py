"""What is known of one Detection while it is worked on: the pipeline's only changing value."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import logging

from .errors import NarratorError
from .gate import Turn, turn_of
from .models import (
    Description,
    Detection,
    Evidence,
    Fallback,
    FallbackDetail,
    FallbackReason,
    Medium,
    Phase,
    Policy,
    Sighting,
    Timings,
)
from .ports import Clock
from .prompt import from_metadata

_LOGGER = logging.getLogger(__name__)


_NOTHING = Evidence(medium=Medium.NONE)


class Stage(StrEnum):
    """Where a Detection is on its way, as the log names it."""

    SETTLE = "settle"
    CLIP = "clip"
    EVIDENCE = "evidence"
    DESCRIBE = "describe"
    PUBLISH = "publish"
    CLEAN_UP = "clean up"


_BEFORE_WORDS = frozenset({Stage.SETTLE, Stage.CLIP, Stage.EVIDENCE, Stage.DESCRIBE})


@dataclass(slots=True, kw_only=True)
class Case:
    """One Detection on its way to a Sighting.

    Stages write here as they learn, so that whatever happens next the Sighting can be made
    from what is known.
    """

    detection: Detection
    clock: Clock
    policy: Policy = field(default_factory=Policy)
    stage: Stage = Stage.SETTLE
    revision: int = 1
    phase: Phase = Phase.FINAL
    wish: str = ""
    """What the user wants to know beyond the usual, of a description that he asked for."""

    asked_for: bool = False
    """Whether somebody waits for the answer."""

    agent_id: str | None = None
    """The agent that it is prepared for, and then the one that is asked.

    None until it was looked up, and when there is none.
    """

    clip_attempts: int = 0
    shown: Evidence = _NOTHING
    """What the AI was shown last."""

    picture: bytes | None = None
    description: Description | None = None
    published: bool = False
    """Set before the publisher is called, so that nothing calls it twice."""

    kept_back: Fallback | None = None
    """Why a later revision was not published: it has no words."""

    told: Sighting | None = None
    """What was published, once the publisher has done so."""

    _fallbacks: list[Fallback] = field(default_factory=list)
    _seconds: dict[Stage, float] = field(default_factory=dict)
    _entered: float = field(init=False)
    _came: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Start the first stage's time."""
        self._entered = self.clock.monotonic()
        self._came = self.clock.now()

    @property
    def sighting_id(self) -> str:
        """The id that every log line carries."""
        return self.detection.sighting_id

    @property
    def turn(self) -> Turn:
        """Whose turn its is wherever others wait too; better labels make it an earlier one."""
        if self.asked_for or self.phase is Phase.FIRST:
            return Turn.NOW
        return turn_of(self.detection, self._came)

    @property
    def only_waits(self) -> bool:
        """Whether nothing was fetched for it yet, so that nothing is wasted if nothing ever is."""
        return self.stage is Stage.SETTLE or (self.stage is Stage.CLIP and not self.clip_attempts)

    @property
    def may_give_way(self) -> bool:
        """Whether no agent was shown anything of it yet, nor is it being told."""
        return self.shown is _NOTHING and self.stage in _BEFORE_WORDS

    def enter(self, stage: Stage) -> None:
        """Begin a stage; the time since the last call belongs to the stage that ends."""
        now = self.clock.monotonic()
        spent_s = now - self._entered
        _LOGGER.debug("Sighting %s: %s, after %.1f s", self.sighting_id, stage, spent_s)
        self._seconds[self.stage] = self._seconds.get(self.stage, 0.0) + spent_s
        self._entered = now
        self.stage = stage

    def lose(self, reason: FallbackReason, error: NarratorError) -> None:
        """Record a lost rung with its cause, and say so once in the log."""
        self._lose(Fallback(reason, error.detail), str(error))

    def lose_to_bug(self) -> None:
        """Record that a bug of ours ended the stage; its traceback is logged by the caller."""
        self._lose(Fallback(FallbackReason.INTERNAL_ERROR, FallbackDetail.BUG), "see the traceback")

    def _lose(self, fallback: Fallback, why: str) -> None:
        self._fallbacks.append(fallback)
        _LOGGER.log(
            logging.DEBUG if _is_said_once(fallback) else logging.WARNING,
            "Sighting %s: %s at %s: %s",
            self.sighting_id,
            fallback,
            self.stage,
            why,
        )

    def sighting(self) -> Sighting:
        """Return the Sighting as far as it is known now."""
        return Sighting(
            detection=self.detection,
            revision=self.revision,
            phase=self.phase,
            medium=self.shown.medium,
            frame_count=self.shown.frame_count,
            description=self.description or from_metadata(self.detection, self.policy.time_zone),
            fallbacks=tuple(self._fallbacks),
            clip_attempts=self.clip_attempts,
            chosen=self.policy.agent_id,
            asked=self.agent_id,
            timings=self._timings(),
            picture=self.picture,
        )

    def _timings(self) -> Timings:
        """Return the stages' seconds; a console's clock ahead of ours makes no negative total."""
        total = (self.clock.now() - self.detection.end).total_seconds()
        return Timings(
            settle_s=self._seconds.get(Stage.SETTLE, 0.0),
            download_s=self._seconds.get(Stage.CLIP, 0.0),
            prepare_s=self._seconds.get(Stage.EVIDENCE, 0.0),
            describe_s=self._seconds.get(Stage.DESCRIBE, 0.0),
            total_s=max(0.0, total),
        )


# What lasts until somebody mends it.
_LASTING = {
    FallbackDetail.AGENT_MISSING,
    FallbackDetail.DISK_FULL,
    FallbackDetail.NO_ACCESS,
    FallbackDetail.STORAGE_ERROR,
}


def _is_said_once(fallback: Fallback) -> bool:
    """Say whether others tell of it once, so that each Sighting need not.

    A limit that is reached is what the user wanted, of a flood it is said once that there is one,
    and what lasts is watched over from outside.
    """
    return (
        fallback.reason in {FallbackReason.BUDGET_EXHAUSTED, FallbackReason.QUEUE_FULL}
        or fallback.detail in _LASTING
    )
