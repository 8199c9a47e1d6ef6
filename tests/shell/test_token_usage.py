"""What an answer costs, as core's own agents of the large vendors tell it."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.describer import HomeAssistantDescriber
from simulator.model import Model
from tests import ollama
from tests.vendors import VENDORS

from .asking import filmed

pytestmark = pytest.mark.usefixtures("component", "loopback")


@pytest.mark.parametrize("kind", ["ai_task", "conversation"])
@pytest.mark.parametrize("domain", VENDORS)
async def test_the_tokens_are_those_that_the_vendor_counts(
    hass: HomeAssistant, tmp_path: Path, domain: str, kind: str
) -> None:
    vendor = VENDORS[domain]
    agent_id = vendor.ai_task if kind == "ai_task" else vendor.conversation
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with vendor.running(hass) as server:
        answer = await HomeAssistantDescriber(hass, agent_id).ask(question)

    (call,) = server.calls
    assert min(call.input_tokens, call.output_tokens) > 0
    assert answer.tokens == call.input_tokens + call.output_tokens


@pytest.mark.parametrize("agent_id", [ollama.AI_TASK, ollama.CONVERSATION])
async def test_ollama_tells_nothing(hass: HomeAssistant, tmp_path: Path, agent_id: str) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with Model() as model:
        await ollama.add_ollama(hass, model)
        answer = await HomeAssistantDescriber(hass, agent_id).ask(question)

    assert model.call_count == 1
    assert answer.tokens is None
