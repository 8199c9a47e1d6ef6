"""What is wrong for longer than a moment, decided from what was seen: no I/O and no clock.

Everything that is seen becomes frozen Facts; what the user should know follows from them alone,
so it is told once, and taken back as soon as they say otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .pipeline.models import FallbackDetail, FallbackReason, Medium, Sighting
from .protect import Ways, WayState

# An agent has bad moments: a rate limit, a model that is loaded anew. Five Sightings in a row
# without words are none.
AGENT_LOSSES = 5

# What is found only by looking back may be an event whose telling was lost in a gap; three in a
# row, each of which began while the websockets were open, are websockets that are silent.
UNTOLD_LIVE = 3

# A camera at a quiet place may see nobody for a day or two.
QUIET_AFTER = timedelta(days=3)

# A restart takes minutes. While Home Assistant was away for longer nothing could be heard.
AWAY_AFTER = timedelta(hours=1)

# More agents than a home has; of those beyond nothing is counted.
_MOST_AGENTS = 32


class Kind(StrEnum):
    """What can be wrong; the values are keys of translations."""

    AGENT_MISSING = "agent_missing"
    AGENT_FAILING = "agent_failing"
    NO_MEDIA_ACCESS = "no_media_access"
    DISK_FULL = "disk_full"
    MEDIA_FOLDER = "media_folder"
    API_KEY_REFUSED = "api_key_refused"
    API_KEY_MISSING = "api_key_missing"
    NEVER_LIVE = "never_live"
    NOTHING_HEARD = "nothing_heard"
    RECORDER_OFF = "recorder_off"
    EVENT_EXCLUDED = "event_excluded"
    INTERNAL_ERROR = "internal_error"


AGENT_KINDS = frozenset({Kind.AGENT_MISSING, Kind.AGENT_FAILING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Worry:
    """Something that the user should know."""

    kind: Kind
    agent: str = ""
    """The agent that it is about, as it was chosen: an empty one is the preferred one."""

    cameras: frozenset[str] = frozenset()
    """MAC addresses of the cameras that it is about."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Sightings in a row that one agent had no words for."""

    kind: Kind
    """Why, the last time."""

    count: int
    """How many of them count."""

    asked: str = ""
    """Which agent that is, where the preferred one is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one console's way; replaced as a whole, never changed."""

    agents: Mapping[str, Streak] = field(default_factory=dict)
    """Of those that answer there is nothing."""

    closed: frozenset[str] = frozenset()
    """MAC addresses of the cameras whose recordings may not be read."""

    storage: Kind | None = None
    """What is wrong with the media folder."""

    untold: int = 0
    """Detections in a row that should have been told live and were not."""

    ways: Ways = field(default_factory=Ways)
    quiet: bool = False
    """Whether nothing was heard for long that could have been."""

    recorder: Kind | None = None
    """Why Sightings are not stored."""

    bug: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a Sighting does not say of itself."""

    chosen: frozenset[str]
    """The agents that are chosen now; an empty one is the preferred one."""

    preferred: str
    """Which one that is now, empty where there is none."""

    mac: str
    """Of its camera."""

    agents_count: bool
    """False while agents may still be starting: what they miss then is no streak."""

    log_in_refused: bool
    """Whether the console refuses the log-in: that nothing can be read then says no more."""

    listening_since: datetime | None
    """Since when every websocket that there is, is open; None while one is not."""


def worries(facts: Facts) -> frozenset[Worry]:
    """Return what the user should know."""
    found = {
        Worry(kind=streak.kind, agent=agent)
        for agent, streak in facts.agents.items()
        if streak.count >= AGENT_LOSSES
    }
    if facts.closed:
        found.add(Worry(kind=Kind.NO_MEDIA_ACCESS, cameras=facts.closed))
    kinds = {facts.storage, facts.recorder, _deaf(facts)}
    if facts.ways.public is WayState.REFUSED:
        kinds.add(Kind.API_KEY_REFUSED)
    if facts.quiet:
        kinds.add(Kind.NOTHING_HEARD)
    if facts.bug:
        kinds.add(Kind.INTERNAL_ERROR)
    return frozenset(found | {Worry(kind=kind) for kind in kinds if kind is not None})


def _deaf(facts: Facts) -> Kind | None:
    """Return what there is to say of websockets that are open and silent."""
    if facts.untold < UNTOLD_LIVE or facts.ways.public is WayState.REFUSED:
        return None  # a key that is refused is told as such
    return Kind.API_KEY_MISSING if facts.ways.public is WayState.UNUSED else Kind.NEVER_LIVE


def after(facts: Facts, sighting: Sighting, context: Context) -> Facts:
    """Return the facts with what a Sighting tells."""
    facts = replace(facts, agents=_agents(facts.agents, sighting, context))
    if sighting.revision == 0:
        return facts  # first words are made of one live picture and touch nothing else
    fetched = sighting.clip_attempts > 0 and sighting.medium in {Medium.CLIP, Medium.FRAMES}
    return replace(
        facts,
        closed=_closed(facts.closed, sighting, context, fetched=fetched),
        storage=_storage(facts.storage, sighting, fetched=fetched),
        untold=_untold(facts.untold, sighting, context),
        quiet=facts.quiet and sighting.detection.requested,
        bug=facts.bug
        or any(lost.reason is FallbackReason.INTERNAL_ERROR for lost in sighting.fallbacks),
    )


def _agents(
    agents: Mapping[str, Streak], sighting: Sighting, context: Context
) -> Mapping[str, Streak]:
    """Count an agent's losses; an answer in between ends them. Whoever was not asked lost none.

    Nor are those of an agent counted that nobody wants any more: they say nothing of the one that
    has come in its place.
    """
    agent = sighting.chosen or ""
    asked = sighting.asked or agent or context.preferred
    if agent not in context.chosen or asked != (agent or context.preferred):
        return agents
    if sighting.description.agent_id is not None:
        return without_agent(agents, agent)
    for lost in sighting.fallbacks:
        if lost.reason in {FallbackReason.AGENT_FAILED, FallbackReason.AGENT_UNAVAILABLE}:
            missing = lost.detail is FallbackDetail.AGENT_MISSING
            kind = Kind.AGENT_MISSING if missing else Kind.AGENT_FAILING
            if agent not in agents and len(agents) >= _MOST_AGENTS:
                return agents
            streak = agents.get(agent)
            before = streak.count if streak is not None and streak.asked == asked else 0
            return {**agents, agent: Streak(kind, before + int(context.agents_count), asked)}
    return agents


def without_agent(agents: Mapping[str, Streak], agent: str) -> Mapping[str, Streak]:
    """Return the streaks without that agent's."""
    return {key: streak for key, streak in agents.items() if key != agent}


def _closed(
    closed: frozenset[str], sighting: Sighting, context: Context, *, fetched: bool
) -> frozenset[str]:
    refused = any(
        lost.reason is FallbackReason.CLIP_DOWNLOAD_FAILED
        and lost.detail is FallbackDetail.NO_ACCESS
        for lost in sighting.fallbacks
    )
    if refused and not context.log_in_refused:
        return closed | {context.mac}
    return closed - {context.mac} if fetched else closed


def _storage(storage: Kind | None, sighting: Sighting, *, fetched: bool) -> Kind | None:
    for lost in sighting.fallbacks:
        if (kind := STORAGE_KINDS.get(lost.detail)) is not None:
            return kind
    return None if fetched else storage


STORAGE_KINDS = {
    FallbackDetail.DISK_FULL: Kind.DISK_FULL,
    FallbackDetail.STORAGE_ERROR: Kind.MEDIA_FOLDER,
}


def _untold(untold: int, sighting: Sighting, context: Context) -> int:
    detection = sighting.detection
    if detection.requested or sighting.revision > 1:
        return untold  # nobody tells of those
    if not detection.late:
        return 0
    since = context.listening_since
    # What began in a gap is told by nobody, and looked back for with good reason.
    return untold + 1 if since is not None and detection.start > since else untold


def quiet_since(
    heard_at: datetime | None, created_at: datetime, begun: datetime, looked_at: datetime | None
) -> datetime:
    """Return since when nothing was heard; ``looked_at`` is of before ``begun``.

    What may have happened while Home Assistant was away for long is not held against anybody.
    """
    since = heard_at or created_at
    if looked_at is not None and begun - looked_at > AWAY_AFTER:
        return max(since, begun)
    return since
