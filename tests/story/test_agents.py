"""Agents that fail, refuse, hang or leave: always a Sighting, and never their error text."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.protect_narrator.const import CONF_DESCRIBE_TIMEOUT, CONF_SHOW
from simulator.console import Reply
from simulator.model import Model, ModelFault
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity, add_agents
from tests.ollama import AI_TASK, CONVERSATION

from .conftest import Home


def fails_with(error: Exception) -> Callable[[], object]:
    def answer() -> object:
        raise error

    return answer


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory"), TypeError("a bug of theirs"), KeyError("choices")]
)
async def test_whatever_an_agent_raises_is_the_agents_failure(
    home: Home, agent: FakeTaskEntity, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    agent.answer = fails_with(error)
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_failed:agent_error"]
    assert sighting["title"] == "Person at Camera 1"
    assert str(error.args[0]) not in sighting["description"]
    assert sighting["agent_id"] is None
    assert (sighting["medium"], sighting["frame_count"]) == ("frames", 5)
    assert len(agent.asked) == 2
    assert f"{agent.entity_id} failed\nTraceback" in caplog.text
    assert f"{type(error).__name__}: (what it says is left out)" in caplog.text
    ours = [each for each in caplog.records if "protect_narrator" in each.name]
    assert not [each for each in ours if str(error.args[0]) in each.getMessage()]
    assert "bug of ours" not in caplog.text


async def test_an_agent_that_fails_once_is_asked_once_more(
    home: Home, agent: FakeTaskEntity
) -> None:
    busy = fails_with(RuntimeError("busy"))
    agent.answer = lambda: busy() if len(agent.asked) == 1 else GOOD_ANSWER
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] is None
    assert sighting["title"] == "A courier rings"


async def test_an_agent_that_never_answers_is_given_up(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: asyncio.shield(never)
    await home.set_up(agent, {CONF_DESCRIBE_TIMEOUT: 0.3})

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_failed:agent_timeout"]
    assert sighting["title"] == "Person at Camera 1"
    await home.is_clean()


async def test_an_agent_that_rejects_the_clip_gets_frames_of_it(
    home: Home, agent: FakeTaskEntity
) -> None:
    def picky() -> object:
        if agent.asked[-1].attachments[0][0] == "video/mp4":
            raise RuntimeError("only pictures")
        return GOOD_ANSWER

    agent.answer = picky
    await home.set_up(agent, {CONF_SHOW: "clip"})

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_rejected_clip:agent_error"]
    assert (sighting["medium"], sighting["frame_count"]) == ("frames", 5)
    assert sighting["title"] == "A courier rings"
    assert sighting["clip_attempts"] == 1


async def test_an_agent_that_leaves_while_the_clip_comes_is_unavailable(home: Home) -> None:
    agent = FakeTaskEntity()
    entry = await add_agents(home.hass, agent)
    home.console.faults.export = [Reply.error(500)]
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.console.wait_for(lambda: len(home.console.requests_to("video/export")) == 1)

    await home.hass.config_entries.async_unload(entry.entry_id)
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_unavailable:agent_missing"]
    assert (sighting["medium"], sighting["frame_count"]) == ("none", 0)
    assert sighting["title"] == "Person at Camera 1"
    assert agent.asked == []
    await home.is_clean()


async def test_an_agent_that_looks_at_nothing_costs_no_download(home: Home) -> None:
    blind = FakeTaskEntity(attachments=False)
    await add_agents(home.hass, blind)
    await home.set_up(blind)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_unavailable:agent_missing"]
    assert (sighting["medium"], sighting["frame_count"]) == ("none", 0)
    assert home.console.requests_to("video/export") == []
    assert blind.asked == []


FAULTS = {
    "error": (ModelFault.error(500), "agent_error"),
    "error midway": (ModelFault.error_midway(), "agent_error"),
    "empty": (ModelFault.empty(), "agent_error"),
    "garbage": (ModelFault.garbage(), "agent_unusable_answer"),
    "unfit": (ModelFault.unfit(), "agent_unusable_answer"),
    "refusal": (ModelFault.refusal(), "agent_refused"),
}


# The client's generators are closed whenever the garbage collector comes to them, which may be
# while the test ends: a task of the client's then, not of ours.
@pytest.mark.parametrize("expected_lingering_tasks", [True])
@pytest.mark.parametrize("name", FAULTS)
async def test_core_s_conversation_agent_fails_in_many_ways(
    home: Home, model: Model, name: str
) -> None:
    model.fault, detail = FAULTS[name]
    await home.set_up(CONVERSATION)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == [f"agent_failed:{detail}"]
    assert sighting["title"] == "Person at Camera 1"
    assert model.call_count == 2


@pytest.mark.parametrize("fault", [ModelFault.error(500), ModelFault.garbage()])
async def test_core_s_ai_task_that_fails_is_named(
    home: Home, model: Model, fault: ModelFault
) -> None:
    model.fault = fault
    await home.set_up(AI_TASK)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] == "agent_failed"
    assert sighting["title"] == "Person at Camera 1"
    assert sighting["agent_id"] is None
