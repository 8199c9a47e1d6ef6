"""Sums up what was seen: by the user's own AI in one call, or in a sentence with numbers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import CONF_AGENT_ID, DOMAIN
from .describer import HomeAssistantDescriber
from .hidden import hidden_ids
from .history import HistoryUnavailableError, SightingQuery, async_counts
from .mistakes import failure
from .options import options_at, policy_from
from .permissions import loaded_entries, mac_of
from .pipeline.digest import (
    Period,
    PlainSentences,
    Tallies,
    Told,
    considered,
    digest_in,
    digest_question,
    plain_digest,
    tallied,
)
from .pipeline.errors import AgentError, AgentUnavailableError, NarratorError, OverBudgetError
from .pipeline.gate import Turn
from .pipeline.models import Fallback, FallbackDetail, FallbackReason, Policy
from .reading import READ_LIMIT_S, async_read
from .runtime import NarratorConfigEntry, shared

# Newest first, of a few days at most homes; what is beyond is in the total alone.
_MOST_COUNTED = 1000
_IN_PAGE = 200

# In a flood what is live goes first; numbers are better than to wait for its end.
_PLACE_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Digest:
    """The words of an agent, or why there are none."""

    text: str | None
    agent_id: str | None = None
    told: int = 0
    lost: Fallback | None = None


@dataclass(frozen=True, slots=True)
class _Agent:
    """An agent that the user has chosen, and the console for which it works."""

    entry: NarratorConfigEntry
    chosen: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """The agent that is asked, on what terms, and the Sightings that are its own."""

    agent: _Agent
    policy: Policy
    its_own: Sequence[Mapping[str, Any]]


async def async_summarize(hass: HomeAssistant, query: SightingQuery) -> dict[str, Any]:
    """Return a digest of the Sightings of the query, which has a beginning and an end.

    Raises what is told to who asked.
    """
    since, until = query.since, query.until
    if since is None or until is None:
        raise ValueError("a query without bounds")
    rows: Sequence[Mapping[str, Any]] = await _newest(hass, query)
    period = Period(since=since, until=until, total=max(len(rows), await _total(hass, query)))
    digest = await _digest(hass, rows, period) if rows else _Digest(None)
    rows, period = _left(hass, rows, period)
    counts = tallied(map(_told, rows))
    lost = digest.lost
    return {
        "summary": digest.text or _plain(hass, period, counts),
        "fallback_reason": lost and lost.reason.value,
        "fallback_detail": lost and lost.detail.value,
        "agent_id": digest.agent_id,
        "since": since.isoformat(timespec="seconds"),
        "until": until.isoformat(timespec="seconds"),
        "sightings_total": period.total,
        "sightings_counted": len(rows),
        "sightings_considered": digest.told,
        "by_camera": dict(counts.by_camera),
        "by_label": dict(counts.by_label),
        "by_importance": dict(counts.by_importance),
    }


@callback
def _plain(hass: HomeAssistant, period: Period, counts: Tallies) -> str:
    """Return what is said without an agent.

    In the house's language, as the sentences of the activity: several consoles may have agents
    that write in several.
    """
    texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)

    def text(key: str) -> str:
        # While Home Assistant reads a language that was just chosen, it has no sentence of it.
        return texts.get(f"component.{DOMAIN}.common.{key}", "")

    numbers = "{since} \u2013 {until}: {total}."
    sentences = PlainSentences(
        nothing=text("digest_nothing") or numbers,
        one=text("digest_one") or numbers,
        many=text("digest_many") or numbers,
        time=text("digest_time") or "{year}-{month}-{day} {clock}",
    )
    return plain_digest(period, counts, sentences, dt_util.get_default_time_zone())


async def _newest(hass: HomeAssistant, query: SightingQuery) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(rows) < _MOST_COUNTED:
        page = await async_read(hass, query, limit=_IN_PAGE, cursor=cursor)
        rows += page.sightings
        if (cursor := page.next) is None:
            break
    return rows[:_MOST_COUNTED]


async def _total(hass: HomeAssistant, query: SightingQuery) -> int:
    try:
        async with asyncio.timeout(READ_LIMIT_S):
            return sum(day.total for day in await async_counts(hass, query))
    except (HistoryUnavailableError, TimeoutError) as err:
        raise failure("no_history") from err


async def _digest(
    hass: HomeAssistant, rows: Sequence[Mapping[str, Any]], period: Period
) -> _Digest:
    """Wait for the turn, and then ask who is chosen by then, of what is not deleted by then."""
    try:
        async with _turn(hass, rows):
            rows, period = _left(hass, rows, period)
            return await _ask(hass, rows, period) if rows else _Digest(None)
    except NarratorError as err:
        return _Digest(None, lost=Fallback(_reason(err), err.detail))


@asynccontextmanager
async def _turn(hass: HomeAssistant, rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[None]:
    """Hold the turn of digests, and a place among all who ask, while the context lasts.

    Raises AgentUnavailableError, also where more digests are before than one, and they take long.
    """
    async with AsyncExitStack() as stack:
        try:
            # One at a time, however many are asked for: the other places are for what is live.
            async with asyncio.timeout(_turn_limit_s(hass)):
                await stack.enter_async_context(shared(hass).digest)
            at_once = _choice(hass, rows).policy.ai_at_once
            async with asyncio.timeout(_PLACE_LIMIT_S):
                await stack.enter_async_context(shared(hass).gate.place(at_once, Turn.LATER))
        except TimeoutError as err:
            raise AgentUnavailableError(FallbackDetail.OVERLOAD, "others go first") from err
        yield


@callback
def _turn_limit_s(hass: HomeAssistant) -> float:
    """Return how long one digest may take that is before: for its place and for its answer."""
    answers = (policy_from(hass, entry).describe_timeout for entry in loaded_entries(hass))
    return _PLACE_LIMIT_S + max(answers, default=timedelta()).total_seconds()


async def _ask(hass: HomeAssistant, rows: Sequence[Mapping[str, Any]], period: Period) -> _Digest:
    """Return the words of the agent that is chosen now, of one try.

    Raises AgentError, AgentUnavailableError and OverBudgetError.
    """
    choice = _choice(hass, rows)
    policy = choice.policy
    # That of now: what is counted for an earlier life of the entry is lost.
    runtime = choice.agent.entry.runtime_data
    meter = runtime.meter
    describer = HomeAssistantDescriber(hass, choice.agent.chosen or None, runtime.ledger.experience)
    describer.require_reader()
    if not meter.may_ask_of_all(policy):
        raise OverBudgetError(FallbackDetail.OVER_BUDGET, "the AI calls of the day are used up")
    some = considered(list(map(_told, choice.its_own)), policy.time_zone)
    question = digest_question(some, period, policy)
    # Nothing waits from the choice to the question: it is the one that is asked.
    agent_id = describer.reader_id
    meter.asked_of_all()
    try:
        async with asyncio.timeout(policy.describe_timeout.total_seconds()):
            answer = await describer.ask_in_writing(question)
        meter.answered(None, answer)
        return _Digest(digest_in(answer, agent_id), agent_id, len(some))
    except TimeoutError as err:
        meter.failed(None)
        raise AgentError(FallbackDetail.AGENT_TIMEOUT, "no answer in time") from err
    except AgentError:
        meter.failed(None)
        raise


def _reason(err: NarratorError) -> FallbackReason:
    match err:
        case OverBudgetError():
            return FallbackReason.BUDGET_EXHAUSTED
        case AgentUnavailableError():
            return FallbackReason.AGENT_UNAVAILABLE
        case _:
            return FallbackReason.AGENT_FAILED


@callback
def _left(
    hass: HomeAssistant, rows: Sequence[Mapping[str, Any]], period: Period
) -> tuple[Sequence[Mapping[str, Any]], Period]:
    """Return what is left of these Sightings: some may have been deleted since they were read."""
    hidden = hidden_ids(hass)
    left = [data for data in rows if data["sighting_id"] not in hidden]
    return left, replace(period, total=period.total - len(rows) + len(left))


@callback
def _choice(hass: HomeAssistant, rows: Sequence[Mapping[str, Any]]) -> _Choice:
    """Return the agent that is chosen now for most of the Sightings, and these alone.

    Whoever gave the cameras of one room or house another AI does not want the words of them
    told to this one. Raises AgentUnavailableError.
    """
    agents = [_agent_of(hass, data) for data in rows]
    found = Counter(agent.chosen for agent in agents if agent is not None).most_common(1)
    if not found:
        raise AgentUnavailableError(FallbackDetail.AGENT_MISSING, "no camera of these is known")
    chosen = found[0][0]
    first = next(agent for agent in agents if agent is not None and agent.chosen == chosen)
    its_own = [
        data
        for data, agent in zip(rows, agents, strict=True)
        if agent is not None and agent.chosen == chosen
    ]
    return _Choice(first, policy_from(hass, first.entry), its_own)


@callback
def _agent_of(hass: HomeAssistant, data: Mapping[str, Any]) -> _Agent | None:
    """Return the agent of the Sighting's camera.

    None where its console is not at work, or has the camera no more: nobody can tell which agent
    was chosen for it, once its profile is removed.
    """
    for entry in loaded_entries(hass):
        coordinator = entry.runtime_data.coordinator
        if coordinator.console.mac.lower() == data["console_id"]:
            mac = mac_of(hass, data)
            if mac is None or mac not in coordinator.data.cameras:
                return None
            return _Agent(entry, options_at(entry, mac).get(CONF_AGENT_ID) or "")
    return None


def _told(data: Mapping[str, Any]) -> Told:
    return Told(
        start=datetime.fromisoformat(data["start"]),
        camera=data["camera_name"],
        labels=tuple(data["labels"]),
        title=str(data["title"]),
        description=str(data["description"]),
        importance=str(data.get("importance")),
    )
