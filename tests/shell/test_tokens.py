"""What an answer cost: told by the agents in the trace of a conversation, or not at all."""

import asyncio
from pathlib import Path

from homeassistant.components.conversation import trace
from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.describer import HomeAssistantDescriber
from custom_components.protect_narrator.pipeline.models import Evidence, MediaFile, Medium
from custom_components.protect_narrator.pipeline.ports import Question
from custom_components.protect_narrator.tokens import tokens_in, tokens_of
from tests.fake_agents import FakeConversationEntity, FakeTaskEntity, add_agents

pytestmark = pytest.mark.usefixtures("component")

KINDS = pytest.mark.parametrize("kind", [FakeTaskEntity, FakeConversationEntity])
type Kind = type[FakeTaskEntity | FakeConversationEntity]


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """A picture and what to say about it."""
    path = tmp_path / "frame.jpg"
    path.write_bytes(b"picture")
    evidence = Evidence(medium=Medium.FRAMES, files=(MediaFile(path, "image/jpeg"),))
    return Question("Describe", "Tell what happens.", {"title": "A headline."}, evidence)


def used(read: object, written: object) -> dict[str, object]:
    """Return what an integration of core tells."""
    return {"input_tokens": read, "output_tokens": written}


@KINDS
async def test_an_agent_s_tokens_come_with_its_answer(
    hass: HomeAssistant, question: Question, kind: Kind
) -> None:
    agent = kind()
    agent.stats = [used(1200, 80)]
    await add_agents(hass, agent)

    answer = await HomeAssistantDescriber(hass, agent.entity_id).ask(question)

    assert answer.tokens == 1280


@KINDS
async def test_an_agent_that_tells_nothing_has_no_tokens(
    hass: HomeAssistant, question: Question, kind: Kind
) -> None:
    agent = kind()
    await add_agents(hass, agent)

    assert (await HomeAssistantDescriber(hass, agent.entity_id).ask(question)).tokens is None


@KINDS
async def test_questions_at_the_same_time_are_counted_apart(
    hass: HomeAssistant, question: Question, kind: Kind
) -> None:
    cheap, dear = kind("Cheap"), kind("Dear")
    cheap.stats, dear.stats = [used(10, 1)], [used(1000, 100)]
    await add_agents(hass, cheap, dear)

    answers = await asyncio.gather(
        *(HomeAssistantDescriber(hass, agent.entity_id).ask(question) for agent in (cheap, dear))
    )

    assert [answer.tokens for answer in answers] == [11, 1100]


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        ([used(100, 10)], 110),
        # A running total, told with every piece.
        ([used(100, None), used(100, 4), used(100, 10)], 110),
        ([used(100, 4), used(None, 10)], 110),
        # Several answers.
        ([used(100, 10), used(150, 5)], 265),
        ([used(100, 10), used(100, 5)], 215),
        # As far as it is told, and by whom ever.
        ([used(None, 7)], 7),
        ([used(None, None)], None),
        ([used("many", True), used(-1, 2.5)], None),
        (["free of charge", None], None),
        ([], None),
    ],
)
def test_tokens_are_counted_as_far_as_they_are_told(told: list[object], tokens: int | None) -> None:
    with trace.async_conversation_trace() as conversation:
        for stats in told:
            trace.async_conversation_trace_append(
                trace.ConversationTraceEventType.AGENT_DETAIL, {"stats": stats}
            )
        trace.async_conversation_trace_append(
            trace.ConversationTraceEventType.TOOL_CALL, {"stats": used(5, 5)}
        )
        trace.async_conversation_trace_append(
            trace.ConversationTraceEventType.AGENT_DETAIL, {"messages": []}
        )

    assert tokens_in(conversation) == tokens


def test_a_conversation_that_nobody_traced_has_no_tokens() -> None:
    with trace.async_conversation_trace():
        assert tokens_of("01JDCONVERSATION") is None
