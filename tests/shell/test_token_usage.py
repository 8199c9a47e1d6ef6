"""What core's agents tell about the tokens that they used, and where it can be read."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from homeassistant.components.conversation.trace import (
    ConversationTrace,
    ConversationTraceEventType,
    async_conversation_trace,
    async_get_traces,
)
from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.pipeline.errors import AgentError
from simulator.model import Model
from simulator.vendors import ModelFault, VendorCall
from tests import ollama
from tests.vendors import GOOGLE, VENDORS

from .asking import ask, filmed

pytestmark = pytest.mark.usefixtures("component", "loopback")


def stats(trace: ConversationTrace) -> list[Mapping[str, Any]]:
    """Return what was told about tokens, in order.

    Not from ``as_dict``, which copies the agent's tools and all that they hold.
    """
    told = (event.data or {} for event in trace._events)
    return [data["stats"] for data in told if "stats" in data]


def used(told: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Return the tokens of all requests, in and out.

    Google tells them with each piece of an answer; the question of the next request is longer.
    """
    requests = [
        (question, max(each["output_tokens"] or 0 for each in pieces))
        for question, pieces in groupby(told, lambda each: each["input_tokens"])
    ]
    return sum(question for question, _ in requests), sum(answer for _, answer in requests)


def counted(call: VendorCall) -> tuple[int, int]:
    """Return what the vendor counted."""
    return call.input_tokens, call.output_tokens


def conversation_about(prompt: str) -> ConversationTrace:
    """Return core's own trace of the conversation that began with these words."""
    return next(
        trace
        for trace in reversed(async_get_traces())
        for event in trace._events
        if event.event_type is ConversationTraceEventType.ASYNC_PROCESS
        and event.data is not None
        and event.data["text"] == prompt
    )


@pytest.mark.parametrize("domain", VENDORS)
async def test_an_ai_task_tells_the_trace_around_it(
    hass: HomeAssistant, tmp_path: Path, domain: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with VENDORS[domain].running(hass) as server:
        with async_conversation_trace() as trace:
            await ask(hass, VENDORS[domain].ai_task, question)

    assert min(counted(server.calls[0])) > 0
    assert used(stats(trace)) == counted(server.calls[0])


@pytest.mark.parametrize("domain", VENDORS)
async def test_a_conversation_tells_a_trace_of_its_own(
    hass: HomeAssistant, tmp_path: Path, domain: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with VENDORS[domain].running(hass) as server:
        with async_conversation_trace() as around:
            await ask(hass, VENDORS[domain].conversation, question)

    (call,) = server.calls
    assert stats(around) == []
    assert used(stats(conversation_about(call.question.prompt))) == counted(call)


async def test_google_tells_it_with_every_piece_of_the_answer(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with GOOGLE.running(hass) as server:
        with async_conversation_trace() as trace:
            await ask(hass, GOOGLE.ai_task, question)

    told = [(each["input_tokens"], each["output_tokens"]) for each in stats(trace)]
    (call,) = server.calls
    assert len(told) > 2
    assert set(told[:-1]) == {(call.input_tokens, None)}
    assert told[-1] == counted(call)


@pytest.mark.parametrize("domain", VENDORS)
async def test_a_refusal_costs_tokens_too(hass: HomeAssistant, tmp_path: Path, domain: str) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with VENDORS[domain].running(hass) as server:
        server.fault = ModelFault.refusal()
        with async_conversation_trace() as trace, pytest.raises(AgentError):
            await ask(hass, VENDORS[domain].ai_task, question)

    assert used(stats(trace))[0] == server.calls[0].input_tokens > 0


@pytest.mark.parametrize("domain", VENDORS)
async def test_who_was_turned_away_is_told_nothing(
    hass: HomeAssistant, tmp_path: Path, domain: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with VENDORS[domain].running(hass) as server:
        server.fault = ModelFault.error(500)
        with async_conversation_trace() as trace, pytest.raises(AgentError):
            await ask(hass, VENDORS[domain].ai_task, question)

    assert server.call_count > 0
    assert stats(trace) == []


@pytest.mark.parametrize("agent_id", [ollama.AI_TASK, ollama.CONVERSATION])
async def test_ollama_tells_nothing(hass: HomeAssistant, tmp_path: Path, agent_id: str) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with Model() as model:
        await ollama.add_ollama(hass, model)
        with async_conversation_trace() as trace:
            await ask(hass, agent_id, question)

    (call,) = model.calls
    if agent_id == ollama.CONVERSATION:
        trace = conversation_about(call.prompt)
    assert trace._events
    assert stats(trace) == []
