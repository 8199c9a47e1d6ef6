"""What agents can be shown: the table, and what is learnt of those that are in none."""

from collections.abc import Callable
from pathlib import Path

import homeassistant.components as core
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import DATA_INTEGRATIONS, async_get_loaded_integration
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator import abilities
from custom_components.protect_narrator.abilities import (
    BLIND_PLATFORMS,
    MAX_LEARNT,
    PLATFORMS,
    Experience,
)
from custom_components.protect_narrator.describer import HomeAssistantDescriber
from tests.fake_agents import PLATFORM, FakeTaskEntity, add_agents

AGENT = "ai_task.stranger"


async def stranger(hass: HomeAssistant) -> MockConfigEntry:
    """Add an agent that is in no table; return its entry."""
    return await add_agents(hass, FakeTaskEntity("Stranger"), platform="strange_ai")


@pytest.fixture
def experience() -> Experience:
    return Experience()


def agent_of(hass: HomeAssistant) -> str:
    """Return the entity id of the stranger."""
    (agent,) = (state.entity_id for state in hass.states.async_all("ai_task"))
    return agent


# The table


def test_every_agent_of_core_is_in_the_table() -> None:
    components = Path(core.__path__[0])
    agents = {
        path.parent.name
        for name in ("ai_task", "conversation")
        for path in components.glob(f"*/{name}.py")
    }

    assert len(agents) > 5
    assert PLATFORMS.keys() - {PLATFORM} | BLIND_PLATFORMS == agents


def test_no_agent_is_both_blind_and_known_to_see() -> None:
    assert not PLATFORMS.keys() & BLIND_PLATFORMS


@pytest.mark.parametrize("platform", list(PLATFORMS))
async def test_what_is_in_the_table_is_not_learnt(
    hass: HomeAssistant, experience: Experience, platform: str
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent, platform=platform)
    describer = HomeAssistantDescriber(hass, agent.entity_id, experience)

    for takes_clip in (True, False):
        describer.learn(takes_clip=takes_clip)

    assert describer.ability == PLATFORMS[platform]
    assert experience.as_stored() == {}


# Learning


async def test_an_unknown_agent_has_to_be_tried_within_limits(hass: HomeAssistant) -> None:
    await stranger(hass)
    ability = HomeAssistantDescriber(hass, agent_of(hass)).ability

    assert ability.takes_clip is None
    assert ability.most_bytes == 15 * 1024 * 1024


@pytest.mark.parametrize("takes_clip", [True, False])
async def test_what_was_learnt_of_an_agent_is_kept(
    hass: HomeAssistant, experience: Experience, takes_clip: bool
) -> None:
    await stranger(hass)
    HomeAssistantDescriber(hass, agent_of(hass), experience).learn(takes_clip=takes_clip)

    restored = Experience(experience.as_stored())
    assert HomeAssistantDescriber(hass, agent_of(hass), restored).ability.takes_clip is takes_clip


async def test_of_an_agent_that_is_gone_nothing_is_learnt(
    hass: HomeAssistant, experience: Experience
) -> None:
    await add_agents(hass)
    HomeAssistantDescriber(hass, "ai_task.nowhere", experience).learn(takes_clip=True)

    assert experience.as_stored() == {}


async def test_an_agent_that_is_not_registered_can_be_learnt_too(
    hass: HomeAssistant, experience: Experience
) -> None:
    agent = FakeTaskEntity("Stranger")
    agent._attr_unique_id = None
    await add_agents(hass, agent, platform="strange_ai")
    describer = HomeAssistantDescriber(hass, agent.entity_id, experience)
    assert describer.ability.takes_clip is None

    describer.learn(takes_clip=False)

    assert describer.ability.takes_clip is False


def with_option(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={"model": "another"})


def with_address(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, data={"url": "http://elsewhere"})


def with_subentry(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    data = ConfigSubentryDataWithId(
        data={"model": "another"},
        subentry_id="01JD",
        subentry_type="ai_task_data",
        title="Task",
        unique_id=None,
    )
    other = MockConfigEntry(domain="strange_ai", subentries_data=[data])
    other.add_to_hass(hass)
    er.async_get(hass).async_update_entity(
        agent_of(hass), config_entry_id=other.entry_id, config_subentry_id="01JD"
    )


def with_update(hass: HomeAssistant, _entry: MockConfigEntry) -> None:
    async_get_loaded_integration(hass, "strange_ai").manifest["version"] = "2.0.0"


def without_its_integration(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.data[DATA_INTEGRATIONS].pop("strange_ai")
    with_option(hass, entry)


@pytest.mark.parametrize(
    "change", [with_option, with_address, with_subentry, with_update, without_its_integration]
)
async def test_an_agent_that_has_changed_is_tried_anew(
    hass: HomeAssistant,
    experience: Experience,
    change: Callable[[HomeAssistant, MockConfigEntry], None],
) -> None:
    entry = await stranger(hass)
    describer = HomeAssistantDescriber(hass, agent_of(hass), experience)
    describer.learn(takes_clip=False)
    assert describer.ability.takes_clip is False

    change(hass, entry)

    assert describer.ability.takes_clip is None


async def test_an_agent_that_has_renewed_its_token_is_the_same(
    hass: HomeAssistant, experience: Experience
) -> None:
    entry = await stranger(hass)
    describer = HomeAssistantDescriber(hass, agent_of(hass), experience)
    describer.learn(takes_clip=False)

    hass.config_entries.async_update_entry(entry, data={"token": {"access_token": "new"}})

    assert describer.ability.takes_clip is False


async def test_after_an_update_of_home_assistant_agents_are_tried_anew(
    hass: HomeAssistant, experience: Experience, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stranger(hass)
    describer = HomeAssistantDescriber(hass, agent_of(hass), experience)
    describer.learn(takes_clip=False)

    monkeypatch.setattr(abilities, "home_assistant_version", "2030.1.0")

    assert describer.ability.takes_clip is None


def test_each_agent_is_learnt_for_itself(experience: Experience) -> None:
    experience.learn(AGENT, "v1", takes_clip=False)

    assert experience.takes_clip("ai_task.other", "v1") is None


def test_an_agent_that_took_clips_and_fails_is_tried_once_more(experience: Experience) -> None:
    experience.learn(AGENT, "v1", takes_clip=True)
    experience.learn(AGENT, "v1", takes_clip=False)
    assert experience.takes_clip(AGENT, "v1") is None

    experience.learn(AGENT, "v1", takes_clip=False)
    assert experience.takes_clip(AGENT, "v1") is False


def test_an_agent_that_takes_clips_after_all_is_believed(experience: Experience) -> None:
    experience.learn(AGENT, "v1", takes_clip=False)
    experience.learn(AGENT, "v1", takes_clip=True)

    assert experience.takes_clip(AGENT, "v1") is True


def test_only_news_is_stored() -> None:
    stored: list[int] = []
    experience = Experience(on_change=lambda: stored.append(1))

    for _ in range(3):
        experience.learn(AGENT, "v1", takes_clip=True)

    assert stored == [1]


def test_only_the_latest_agents_are_remembered(experience: Experience) -> None:
    for number in range(MAX_LEARNT + 1):
        experience.learn(f"ai_task.number_{number}", "v1", takes_clip=True)

    assert len(experience.as_stored()) == MAX_LEARNT
    assert experience.takes_clip("ai_task.number_0", "v1") is None
    assert experience.takes_clip(f"ai_task.number_{MAX_LEARNT}", "v1") is True
