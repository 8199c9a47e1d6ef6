"""An agent that heeds no cancellation costs its own answer and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
import gc
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator import (
    describer as describer_module,
    offered as our_media,
)
from custom_components.protect_narrator.describer import HomeAssistantDescriber
from custom_components.protect_narrator.pipeline.errors import AgentUnavailableError
from custom_components.protect_narrator.pipeline.gate import Gate
from custom_components.protect_narrator.pipeline.models import (
    Evidence,
    FallbackDetail,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.ports import Question
from custom_components.protect_narrator.pipeline.runner import Runner
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.pipeline.fakes import FakeWorld, detection

pytestmark = pytest.mark.usefixtures("component")

QUESTION = Question(
    "Describe Front door",
    "Tell what happens.",
    {"title": "A headline."},
    Evidence(medium=Medium.NONE),
)


class Stubborn:
    """An answer that heeds no cancellation, until the test lets it go."""

    def __init__(self) -> None:
        """Wait."""
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self) -> object:
        self.begun.set()
        while not self.let_go.is_set():
            with suppress(asyncio.CancelledError):
                await self.let_go.wait()
        raise RuntimeError("far too late")


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """Return such an answer, and let it go in the end."""
    stubborn = Stubborn()
    yield stubborn
    stubborn.let_go.set()
    if left := [task for task in asyncio.all_tasks() if "agent" in task.get_name()]:
        await asyncio.wait(left, timeout=5)


@pytest.fixture
async def agent(
    hass: HomeAssistant, stubborn: Stubborn, monkeypatch: pytest.MonkeyPatch
) -> FakeTaskEntity:
    """Set up an agent that gives such answers, and wait for none of them."""
    monkeypatch.setattr(describer_module, "_FAREWELL_S", 0.01)
    agent = FakeTaskEntity("Stubborn", stubborn)
    await add_agents(hass, agent)
    return agent


async def leave_behind(describer: HomeAssistantDescriber, stubborn: Stubborn) -> None:
    """Ask, and lose patience while the agent is at work."""
    asking = asyncio.create_task(describer.ask(QUESTION))
    await stubborn.begun.wait()
    asking.cancel()
    await asyncio.wait({asking}, timeout=5)
    assert asking.cancelled()


async def test_an_agent_that_heeds_no_cancellation_is_left_behind(
    hass: HomeAssistant, agent: FakeTaskEntity, stubborn: Stubborn, caplog: pytest.LogCaptureFixture
) -> None:
    await leave_behind(HomeAssistantDescriber(hass, agent.entity_id), stubborn)

    assert our_media._offered == {}
    (warning,) = (each for each in caplog.records if each.name == describer_module.__name__)
    assert "still runs" in warning.message


async def test_what_it_raises_after_that_is_nobodys_concern(
    hass: HomeAssistant, agent: FakeTaskEntity, stubborn: Stubborn, caplog: pytest.LogCaptureFixture
) -> None:
    await leave_behind(HomeAssistantDescriber(hass, agent.entity_id), stubborn)
    caplog.clear()
    (left,) = describer_module._at_work

    stubborn.let_go.set()
    await asyncio.wait({left}, timeout=5)
    del left
    gc.collect()

    assert describer_module._at_work == {}
    assert not [each for each in caplog.records if each.levelno > logging.WARNING]


async def test_an_agent_that_leaves_too_much_behind_is_asked_no_more_and_others_are(
    hass: HomeAssistant,
    agent: FakeTaskEntity,
    stubborn: Stubborn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(describer_module, "_AT_WORK_AT_MOST", 1)
    describer = HomeAssistantDescriber(hass, agent.entity_id)
    await leave_behind(describer, stubborn)

    with pytest.raises(AgentUnavailableError) as caught:
        await describer.ask(QUESTION)

    assert caught.value.detail is FallbackDetail.AGENT_TIMEOUT
    assert len(agent.asked) == 1
    healthy = FakeTaskEntity("Healthy")
    await add_agents(hass, healthy)
    assert await HomeAssistantDescriber(hass, healthy.entity_id).ask(QUESTION)


async def test_a_detection_is_told_without_it_and_its_place_is_free(
    hass: HomeAssistant, agent: FakeTaskEntity, tmp_path: Path
) -> None:
    outside = FakeWorld(tmp_path, policy=Policy(describe_timeout=timedelta(seconds=0.01)))
    describer = HomeAssistantDescriber(hass, agent.entity_id)
    gate = Gate()
    runner = Runner(replace(outside.world(), describers=lambda _: describer, gate=gate))

    runner.submit(detection())
    (sighting,) = await outside.publisher.wait_for(1)

    assert [str(lost) for lost in sighting.fallbacks] == ["agent_failed:agent_timeout"]
    assert gate.inside == 0


async def test_closing_does_not_wait_for_it(
    hass: HomeAssistant, agent: FakeTaskEntity, stubborn: Stubborn, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    outside = FakeWorld(media)
    describer = HomeAssistantDescriber(hass, agent.entity_id)
    runner = Runner(replace(outside.world(), describers=lambda _: describer))
    runner.submit(detection())
    await stubborn.begun.wait()

    async with asyncio.timeout(30):
        await runner.close()

    assert runner.depth == 0
    assert outside.archive.left() == []
