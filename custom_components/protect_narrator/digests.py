"""Sums up what was seen: by the user's own AI in one call, or in numbers."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import CONF_AGENT_ID
from .describer import HomeAssistantDescriber
from .history import HistoryUnavailableError, SightingQuery, async_counts
from .mistakes import failure
from .options import options_at, policy_from
from .permissions import loaded_entries, mac_of
from .pipeline.digest import (
    Period,
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
from .pipeline.ports import Question
from .reading import READ_LIMIT_S, async_read
from .runtime import NarratorConfigEntry, shared

# Newest first, of a few days at most homes; what is beyond is in the total alone.
_MOST_COUNTED = 1000
_IN_PAGE = 200

# In a flood what is live goes first; numbers are better than to wait for its end.
_TURN_LIMIT_S = 120.0


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


async def async_summarize(hass: HomeAssistant, query: SightingQuery) -> dict[str, Any]:
    """Return a digest of the Sightings of the query, which has a beginning and an end.

    Raises what is told to who asked.
    """
    since, until = query.since, query.until
    if since is None or until is None:
        raise ValueError("a query without bounds")
    rows = await _newest(hass, query)
    told = [_told(data) for data in rows]
    period = Period(since=since, until=until, total=max(len(rows), await _total(hass, query)))
    counts = tallied(told)
    digest = await _digest(hass, rows, told, period) if rows else _Digest(None)
    lost = digest.lost
    return {
        "summary": digest.text or plain_digest(period, counts, dt_util.get_default_time_zone()),
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
    hass: HomeAssistant, rows: Sequence[Mapping[str, Any]], told: Sequence[Told], period: Period
) -> _Digest:
    """Ask the agent that was chosen for most of the Sightings, and tell it of these alone.

    Whoever gave the cameras of one room or house another AI does not want the words of them
    told to this one.
    """
    agents = [_agent_of(hass, data) for data in rows]
    found = Counter(agent.chosen for agent in agents if agent is not None).most_common(1)
    if not found:
        lost = Fallback(FallbackReason.AGENT_UNAVAILABLE, FallbackDetail.AGENT_MISSING)
        return _Digest(None, lost=lost)
    chosen = found[0][0]
    entry = next(each.entry for each in agents if each is not None and each.chosen == chosen)
    policy = policy_from(hass, entry)
    its_own = [
        each
        for each, agent in zip(told, agents, strict=True)
        if agent is not None and agent.chosen == chosen
    ]
    some = considered(its_own, policy.time_zone)
    question = digest_question(some, period, policy)
    try:
        text, agent_id = await _ask(hass, entry, chosen, question, policy)
    except NarratorError as err:
        return _Digest(None, lost=Fallback(_reason(err), err.detail))
    return _Digest(text, agent_id, len(some))


async def _ask(
    hass: HomeAssistant, entry: NarratorConfigEntry, chosen: str, question: Question, policy: Policy
) -> tuple[str, str | None]:
    """Return the agent's words and its entity id, of one try.

    Raises AgentError, AgentUnavailableError and OverBudgetError.
    """
    async with AsyncExitStack() as stack:
        place = shared(hass).gate.place(policy.ai_at_once, Turn.LATER)
        try:
            async with asyncio.timeout(_TURN_LIMIT_S):
                # One at a time, however many are asked for: the other places are for what is live.
                await stack.enter_async_context(shared(hass).digest)
                await stack.enter_async_context(place)
        except TimeoutError as err:
            raise AgentUnavailableError(FallbackDetail.OVERLOAD, "others go first") from err
        if entry.state is not ConfigEntryState.LOADED:
            raise AgentUnavailableError(FallbackDetail.AGENT_MISSING, "the console was unloaded")
        # That of now: what is counted for an earlier life of the entry is lost.
        runtime = entry.runtime_data
        meter = runtime.meter
        describer = HomeAssistantDescriber(hass, chosen or None, runtime.ledger.experience)
        describer.require_reader()
        if not meter.may_ask_of_all(policy):
            raise OverBudgetError(FallbackDetail.OVER_BUDGET, "the AI calls of the day are used up")
        # Nothing waits from here to the question: it is the one that is asked.
        agent_id = describer.reader_id
        meter.asked_of_all()
        try:
            async with asyncio.timeout(policy.describe_timeout.total_seconds()):
                answer = await describer.ask_in_writing(question)
            meter.answered(None, answer)
            return digest_in(answer, agent_id), agent_id
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
def _agent_of(hass: HomeAssistant, data: Mapping[str, Any]) -> _Agent | None:
    """Return the agent of the Sighting's camera.

    None where its console is not at work, or the camera is not known any more: nobody can tell
    which agent was chosen for it.
    """
    for entry in loaded_entries(hass):
        if entry.runtime_data.coordinator.console.mac.lower() == data["console_id"]:
            if (mac := mac_of(hass, data)) is None:
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
