"""Whatever the AI does: the Sighting comes and says so, and another AI is asked as ever."""

from urllib.parse import urlsplit

import pytest

from custom_components.protect_narrator import abilities
from custom_components.protect_narrator.const import CONF_AGENT_ID, CONF_SHOW
from custom_components.protect_narrator.pipeline.ports import Ability
from simulator.model import Model
from tests import vendors
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.ollama import AI_TASK, add_ollama

from .agents import AGENTS, ERROR, OFF, REMOVED, VENDORS
from .fault import Fault
from .playing import heals, is_told_and_heals, is_well
from .stage import Stage
from .telling import Notebook


@pytest.mark.parametrize("fault", AGENTS, ids=lambda fault: fault.slug)
async def test_an_ai_that_fails_costs_words_and_only_where_it_was_asked(
    stage: Stage, model: Model, fault: Fault
) -> None:
    stage.brought = model
    await stage.begin(fault.options, agent_id=AI_TASK)
    await is_told_and_heals(fault, stage)
    await model.wait_for(lambda: model.open_requests == 0)


@pytest.mark.parametrize("fault", VENDORS, ids=lambda fault: fault.slug)
async def test_a_vendor_that_does_not_answer_is_told_of(stage: Stage, fault: Fault) -> None:
    notebook = Notebook(fault)
    domain, failure = VENDORS[fault]
    vendor = vendors.VENDORS[domain]
    async with vendor.running(stage.home.hass) as server:
        await stage.begin({CONF_SHOW: "frames"}, agent_id=vendor.ai_task)
        server.fault = failure
        told, beside = await stage.see(stage.camera, stage.neighbour)
        assert (told["medium"], tuple(told["fallbacks"])) == ("frames", fault.fallbacks)
        assert told["title"] == f"Person at {stage.camera.name}"
        is_well(beside)
        seen = stage.look()
        server.fault = None
        await heals(stage, notebook, told, beside, seen=seen)


async def test_an_ai_whose_server_is_off_is_asked_again_when_it_is_on(stage: Stage) -> None:
    notebook = Notebook(OFF)
    async with Model() as model:
        port = urlsplit(model.url).port
        assert port is not None
        await add_ollama(stage.home.hass, model)
        await stage.begin(agent_id=AI_TASK)
    told, beside = await stage.see(stage.camera, stage.neighbour)
    assert (told["medium"], tuple(told["fallbacks"])) == ("frames", ERROR)
    is_well(beside)
    seen = stage.look()
    async with Model(port):
        await heals(stage, notebook, told, beside, seen=seen)


async def test_an_ai_that_was_removed_is_missed_until_another_is_chosen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook(REMOVED)
    monkeypatch.setitem(abilities.PLATFORMS, "other_agents", Ability(takes_clip=False))
    leaving, hass = FakeTaskEntity("Leaving"), stage.home.hass
    entry = await add_agents(hass, leaving, platform="other_agents")
    await stage.begin(agent_id=leaving.entity_id)
    await hass.config_entries.async_remove(entry.entry_id)

    told, beside = await stage.see(stage.camera, stage.neighbour)
    assert told["fallbacks"] == ["agent_unavailable:agent_missing"]
    assert (told["medium"], told["clip_attempts"]) == ("none", 0)
    is_well(beside)
    seen = stage.look()
    chosen = {**stage.home.entry.options, CONF_AGENT_ID: stage.agent.entity_id}
    hass.config_entries.async_update_entry(stage.home.entry, options=chosen)
    await heals(stage, notebook, told, beside, seen=seen)
