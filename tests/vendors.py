"""Core's own OpenAI, Anthropic and Google integrations, unmodified, in front of models that look.

Their client libraries take the address of the API from the environment; nothing else differs from
what leaves a real house. The entries are as their config flows store them.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
import os
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from google import genai
from homeassistant.components.anthropic import config_flow as anthropic
from homeassistant.components.google_generative_ai_conversation import (
    config_flow as google,
    const as google_const,
)
from homeassistant.components.openai_conversation import (
    config_flow as openai,
    const as openai_const,
)
from homeassistant.config_entries import ConfigEntryState, ConfigFlow
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.vendors import Anthropic, Google, OpenAI, VendorServer


@dataclass(frozen=True, slots=True)
class Vendor[S: VendorServer]:
    """One vendor: its API on loopback, and core's integration of it."""

    domain: str
    flow: type[ConfigFlow]
    server: type[S]
    address: Callable[[S], Mapping[str, str]]
    """What its client library reads from the environment."""

    options: Mapping[str, Mapping[str, Any]]
    """By the type of the subentry, what core's config flow stores there."""

    ai_task: str
    conversation: str
    """The entities that come of it."""

    @property
    def agents(self) -> tuple[str, str]:
        """Both entities."""
        return self.ai_task, self.conversation

    def running(self, hass: HomeAssistant, **given: Any) -> AbstractAsyncContextManager[S]:
        """Run the API and set core's integration up, with both kinds of agents.

        What is given, the server is made with.
        """
        return _running(hass, self, self.server(**given))


OPENAI = Vendor(
    openai_const.DOMAIN,
    openai.OpenAIConfigFlow,
    OpenAI,
    lambda server: {"OPENAI_BASE_URL": server.base_url},
    {
        "conversation": openai_const.RECOMMENDED_CONVERSATION_OPTIONS,
        "ai_task_data": openai_const.RECOMMENDED_AI_TASK_OPTIONS,
    },
    "ai_task.simulated_ai_task_data",
    "conversation.simulated_conversation",
)
ANTHROPIC = Vendor(
    "anthropic",
    anthropic.AnthropicConfigFlow,
    Anthropic,
    lambda server: {"ANTHROPIC_BASE_URL": server.url},
    {
        "conversation": anthropic.DEFAULT_CONVERSATION_OPTIONS,
        "ai_task_data": anthropic.DEFAULT_AI_TASK_OPTIONS,
    },
    "ai_task.simulated_ai_task_data",
    "conversation.simulated_conversation",
)
GOOGLE = Vendor(
    google_const.DOMAIN,
    google.GoogleGenerativeAIConfigFlow,
    Google,
    lambda server: {"GOOGLE_GEMINI_BASE_URL": server.url},
    {
        "conversation": google_const.RECOMMENDED_CONVERSATION_OPTIONS,
        "ai_task_data": google_const.RECOMMENDED_AI_TASK_OPTIONS,
    },
    "ai_task.simulated_ai_task_data",
    "conversation.simulated_conversation",
)
_ALL: tuple[Vendor[Any], ...] = (OPENAI, ANTHROPIC, GOOGLE)
VENDORS = MappingProxyType({each.domain: each for each in _ALL})


@asynccontextmanager
async def _running[S: VendorServer](
    hass: HomeAssistant, vendor: Vendor[S], server: S
) -> AsyncIterator[S]:
    async with server:
        with patch.dict(os.environ, vendor.address(server)):
            entry = await _added(hass, vendor, server)
            client = entry.runtime_data
            yield server
            await hass.config_entries.async_unload(entry.entry_id)
        if isinstance(client, genai.Client):
            # Core leaves its connections to the garbage collector.
            await client.aio.aclose()
            await hass.async_add_executor_job(client.close)


async def _added[S: VendorServer](
    hass: HomeAssistant, vendor: Vendor[S], server: S
) -> MockConfigEntry:
    assert await async_setup_component(hass, "homeassistant", {})
    # Their text to speech wants it, and with it a program that this machine need not have.
    hass.config.components.add("ffmpeg")
    entry = MockConfigEntry(
        domain=vendor.domain,
        data={CONF_API_KEY: server.api_key},
        version=vendor.flow.VERSION,
        minor_version=vendor.flow.MINOR_VERSION,
        subentries_data=[
            {
                "data": dict(options),
                "subentry_type": kind,
                "title": f"Simulated {kind}",
                "unique_id": None,
            }
            for kind, options in vendor.options.items()
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    return entry
