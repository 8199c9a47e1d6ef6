"""Core's own ollama integration, unmodified, in front of the model that really looks."""

from homeassistant.components.ollama.const import DOMAIN as OLLAMA
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_LLM_HASS_API
from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from simulator.model import Model

AI_TASK = "ai_task.simulated"
CONVERSATION = "conversation.simulated"


async def add_ollama(hass: HomeAssistant, model: Model) -> None:
    """Set up core's integration with both kinds of agents: AI_TASK and CONVERSATION."""
    assert await async_setup_component(hass, "homeassistant", {})
    entry = MockConfigEntry(
        domain=OLLAMA,
        data={"url": model.url},
        version=3,
        minor_version=3,
        subentries_data=[
            {
                "data": {"model": model.models[0]},
                "subentry_type": kind,
                "title": "Simulated",
                "unique_id": None,
            }
            for kind in ("ai_task_data", "conversation")
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


def give_tools(hass: HomeAssistant) -> None:
    """Let the conversation agent control the house, as its owner may have done."""
    (entry,) = hass.config_entries.async_entries(OLLAMA)
    subentry: ConfigSubentry = next(
        each for each in entry.subentries.values() if each.subentry_type == "conversation"
    )
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, CONF_LLM_HASS_API: [llm.LLM_API_ASSIST]}
    )
