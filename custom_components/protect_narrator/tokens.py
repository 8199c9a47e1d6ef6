"""What an answer cost, as far as the agents tell: they leave it in the trace of a conversation."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.components.conversation.trace import (
    ConversationTrace,
    ConversationTraceEvent,
    ConversationTraceEventType,
    async_get_traces,
)


def tokens_in(trace: ConversationTrace) -> int | None:
    """Return the tokens that were read and written, None when nothing was told."""
    told = [
        stats
        for event in _events(trace)
        if event.event_type is ConversationTraceEventType.AGENT_DETAIL
        and isinstance(stats := (event.data or {}).get("stats"), Mapping)
    ]
    return _total(told)


def tokens_of(conversation_id: str) -> int | None:
    """Return the tokens of a conversation, None when nothing was told.

    ``async_converse`` opens a trace of its own. Home Assistant keeps the last three: with more
    conversations than that at once, the tokens of some are not known.
    """
    for trace in async_get_traces():
        first = next(iter(_events(trace)), None)
        if first and (first.data or {}).get("conversation_id") == conversation_id:
            return tokens_in(trace)
    return None


def _events(trace: ConversationTrace) -> Iterable[ConversationTraceEvent]:
    """Return what was traced.

    Not by the public ``as_dict``: it copies the agent's tools deeply, and some of them hold
    Home Assistant itself. Where the trace is made in another way, nothing is told.
    """
    events: Iterable[ConversationTraceEvent] = getattr(trace, "_events", ())
    return events


def _total(told: Iterable[Mapping[str, Any]]) -> int | None:
    """Return the sum over all answers.

    Google and Anthropic tell a running total with every piece of an answer. The next request
    of the same task has the answer before in it, and thus another input.
    """
    before, read, written = 0, 0, 0
    heard = False
    for stats in told:
        now_read, now_written = _count(stats, "input_tokens"), _count(stats, "output_tokens")
        if now_read is None and now_written is None:
            continue
        heard = True
        if now_read not in {None, read} or (now_written or 0) < written:
            before += read + written
            read, written = 0, 0
        read, written = now_read or read, now_written or written
    return before + read + written if heard else None


def _count(stats: Mapping[str, Any], name: str) -> int | None:
    """Return a number of tokens; agents tell None, or anything, where they know none."""
    value = stats.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
