"""The frozen values that move through the pipeline, always to the right.

Times are aware UTC datetimes; durations in fields that end in ``_s`` are seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid5

# Fixed for ever: sighting ids in users' databases are derived from it.
_SIGHTING_NAMESPACE = UUID("5b0c8cf8-6f3c-4c52-9a52-3a0b4d1f7a65")


class Label(StrEnum):
    """What Protect saw or heard, most telling first: the order is the rank."""

    RING = "ring"
    PACKAGE = "package"
    PERSON = "person"
    FACE = "face"
    VEHICLE = "vehicle"
    LICENSE_PLATE = "license_plate"
    ANIMAL = "animal"
    AUDIO_SMOKE = "audio_smoke"
    AUDIO_CARBON_MONOXIDE = "audio_carbon_monoxide"
    AUDIO_GLASS_BREAK = "audio_glass_break"
    AUDIO_BURGLAR_ALARM = "audio_burglar_alarm"
    AUDIO_SIREN = "audio_siren"
    AUDIO_BABY_CRY = "audio_baby_cry"
    AUDIO_SPEECH = "audio_speech"
    AUDIO_BARK = "audio_bark"
    AUDIO_CAR_HORN = "audio_car_horn"
    MOTION = "motion"
    OTHER = "other"


_RANK = {label: rank for rank, label in enumerate(Label)}


def ranked(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Return the distinct labels, most telling first."""
    return tuple(sorted(set(labels), key=_RANK.__getitem__))


class Medium(StrEnum):
    """What the AI was actually shown."""

    CLIP = "clip"
    FRAMES = "frames"
    SNAPSHOT = "snapshot"
    NONE = "none"


class Importance(StrEnum):
    """How much a person in the house should care."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Phase(StrEnum):
    """Which words these are: the first quick ones, or the full ones."""

    FIRST = "first"
    FINAL = "final"


class FallbackReason(StrEnum):
    """The rung that was lost; a closed set that users filter on."""

    CLIP_DOWNLOAD_FAILED = "clip_download_failed"
    CLIP_UNREADABLE = "clip_unreadable"
    AGENT_REJECTED_CLIP = "agent_rejected_clip"
    SNAPSHOT_UNAVAILABLE = "snapshot_unavailable"
    AGENT_FAILED = "agent_failed"
    AGENT_UNAVAILABLE = "agent_unavailable"
    BUDGET_EXHAUSTED = "budget_exhausted"
    QUEUE_FULL = "queue_full"
    INTERNAL_ERROR = "internal_error"


class FallbackDetail(StrEnum):
    """Why the rung was lost; a closed set."""

    NOT_READY = "not_ready"
    HTTP_ERROR = "http_error"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    UNDECODABLE = "undecodable"
    TOO_LARGE = "too_large"
    NO_ACCESS = "no_access"
    DISK_FULL = "disk_full"
    STORAGE_ERROR = "storage_error"
    NO_API = "no_api"
    AGENT_ERROR = "agent_error"
    AGENT_TIMEOUT = "agent_timeout"
    AGENT_UNUSABLE_ANSWER = "agent_unusable_answer"
    AGENT_REFUSED = "agent_refused"
    AGENT_MISSING = "agent_missing"
    OVER_BUDGET = "over_budget"
    OVERLOAD = "overload"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Fallback:
    """One lost rung with its cause."""

    reason: FallbackReason
    detail: FallbackDetail

    def __str__(self) -> str:
        """Return ``reason:detail``, as the contract stores it."""
        return f"{self.reason}:{self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What Protect flagged: one camera, one stretch of time, one or more labels."""

    console_id: str
    """MAC address of the console, twelve lower-case hex digits."""

    camera_id: str
    """Protect's id of the camera."""

    camera_name: str
    event_ids: tuple[str, ...]
    """Protect's ids of the events this is made of, the first first; never empty."""

    labels: tuple[Label, ...]
    """Never empty, most telling first."""

    start: datetime
    end: datetime
    end_estimated: bool = False
    """True where Protect never said when it ended."""

    score: int | None = None
    """Protect's confidence, 0-100."""

    license_plates: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """What the user calls the zones of the picture that it happened in."""

    best_views: tuple[datetime, ...] = ()
    """When Protect saw what it flagged best, as far as it said so."""

    late: bool = False
    """Found by looking back over REST, not told live."""

    requested: bool = False
    """Asked for by the user: Protect flagged nothing, and knows no such event."""

    @property
    def sighting_id(self) -> str:
        """32 hex digits, the same for this camera and first event for ever."""
        parts = (self.console_id, self.camera_id, self.event_ids[0])
        return uuid5(_SIGHTING_NAMESPACE, "/".join(parts)).hex


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file made for the AI, for as long as the analysis lasts."""

    path: Path
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the AI is shown."""

    medium: Medium
    files: tuple[MediaFile, ...] = ()

    @property
    def frame_count(self) -> int:
        """Number of stills: 0 for a clip and for nothing."""
        return 0 if self.medium is Medium.CLIP else len(self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is told about a Detection, by the agent or from Protect's own metadata."""

    title: str
    description: str
    importance: Importance
    importance_reason: str | None = None
    confidence: float | None = None
    """0-1, the agent's own."""

    people: int | None = None
    vehicles: int | None = None
    animals: int | None = None
    packages: int | None = None
    agent_id: str | None = None
    """The entity that answered; None when no AI did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds per stage; ``total_s`` runs from the Detection's end to publication."""

    settle_s: float = 0.0
    download_s: float = 0.0
    prepare_s: float = 0.0
    describe_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The finished record of a Detection; published once per revision, never changed."""

    detection: Detection
    revision: int = 1
    phase: Phase = Phase.FINAL
    medium: Medium
    frame_count: int = 0
    description: Description
    fallbacks: tuple[Fallback, ...] = ()
    """Every rung lost, in the order of losing."""

    clip_attempts: int = 0
    chosen: str | None = None
    """The agent that the user had chosen for it; None is the one that he prefers."""

    asked: str | None = None
    """The agent that it was prepared for or that was asked; None where none was looked up."""

    timings: Timings = field(default_factory=Timings)
    picture: bytes | None = field(default=None, repr=False, compare=False)
    """The best JPEG of it, for people; None when no picture could be had."""

    @property
    def sighting_id(self) -> str:
        """The Detection's own id; all revisions share it."""
        return self.detection.sighting_id

    @property
    def fallback_reason(self) -> FallbackReason | None:
        """The first rung lost: a later loss never overwrites an earlier one."""
        return self.fallbacks[0].reason if self.fallbacks else None

    @property
    def fallback_detail(self) -> FallbackDetail | None:
        """Why the first rung was lost."""
        return self.fallbacks[0].detail if self.fallbacks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the user chose, in one frozen value; the defaults are the product's."""

    cameras: frozenset[str] = frozenset()
    """MAC addresses of the cameras to describe; empty means all of them."""

    labels: frozenset[Label] = frozenset(Label) - {Label.MOTION, Label.OTHER}

    clip_before: timedelta = timedelta(seconds=3)
    clip_after: timedelta = timedelta(seconds=2)
    clip_longest: timedelta = timedelta(seconds=60)
    """Of a longer Detection only the first part is fetched."""

    settle: timedelta = timedelta(seconds=7.5)
    """From the end of the clip's window to the first try: recordings are written in
    five-second groups and published with a lag; unifi-protect-backup asks no earlier."""

    clip_deadline: timedelta = timedelta(seconds=45)
    """For one clip's own attempts and waits between them, and the limit of one attempt."""

    clip_max_bytes: int = 200 * 1024 * 1024
    frame_count: int = 5
    frame_max_side: int = 1280
    """Pixels; agents scale larger pictures down themselves and charge for them."""

    show: Medium | None = None
    """CLIP, FRAMES or SNAPSHOT overrule what is known of the agent; None decides by the agent."""

    agent_id: str | None = None
    """The entity to ask; None asks the one that Home Assistant's user prefers."""

    describe_timeout: timedelta = timedelta(seconds=60)
    language: str = "en"
    time_zone: tzinfo = UTC
    """In which the agent is told the time of day."""

    house_notes: str = ""
    """What the agent should know of the house: "the white van is ours"."""

    instruction: str = ""
    """What the agent should mind at this camera."""

    importance_guide: str = ""
    """What is important to this user; empty leaves it to the product's own words."""

    cooldown: timedelta = timedelta(0)
    """After a described Detection, of this camera, before the next; a ring is never skipped."""

    first_words: bool = False
    """Whether a first Sighting is made of one picture while the Detection still goes on."""

    calls_per_day: int | None = None
    """AI calls of the whole console on one local day; None is without limit."""

    calls_per_camera: int | None = None
    """AI calls of one camera on one local day; None is without limit."""

    ai_at_once: int = 2
    """Agents at home are one graphics card, agents in the cloud are billed and limited by rate:
    two keep one detection from waiting for another without either getting worse."""

    learn_settle: bool = True
    """Whether ``settle`` is only where to begin, and the console's own time is learnt."""
