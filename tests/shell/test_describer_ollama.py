"""The describer with core's own ollama integration, unmodified, and a model that really looks."""

from collections.abc import AsyncGenerator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.describer import suitable_agents
from custom_components.protect_narrator.pipeline.answer import FIELDS, parse_answer
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from simulator.model import Model, ModelFault
from tests.ollama import AI_TASK, CONVERSATION, add_ollama

from .asking import ask, filmed

pytestmark = pytest.mark.usefixtures("component")


@pytest.fixture
async def model(hass: HomeAssistant, loopback: None) -> AsyncGenerator[Model]:
    """A model behind both kinds of core's ollama agents."""
    async with Model() as running:
        await add_ollama(hass, running)
        yield running


async def test_both_kinds_of_agents_are_offered(hass: HomeAssistant, model: Model) -> None:
    assert model.call_count == 0
    assert suitable_agents(hass) == [AI_TASK, CONVERSATION]


@pytest.mark.parametrize("agent_id", [AI_TASK, CONVERSATION])
@pytest.mark.parametrize("colour", ["red", "blue"])
async def test_the_agent_sees_the_pictures_and_its_answer_can_be_used(
    hass: HomeAssistant, model: Model, tmp_path: Path, agent_id: str, colour: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, colour)

    answer = await ask(hass, agent_id, question)

    description = parse_answer(answer, agent_id)
    assert colour in f"{description.title} {description.description}".casefold()
    (call,) = model.calls
    assert call.image_bytes == tuple(file.path.read_bytes() for file in question.evidence.files)
    assert call.prompt.startswith(question.instructions)


async def test_an_ai_task_hands_the_fields_over_as_a_schema(
    hass: HomeAssistant, model: Model, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, AI_TASK, question)

    wanted = model.calls[0].format
    assert isinstance(wanted, dict)
    assert wanted["required"] == list(FIELDS)
    assert {name: field["description"] for name, field in wanted["properties"].items()} == FIELDS


@pytest.mark.parametrize("agent_id", [AI_TASK, CONVERSATION])
async def test_a_model_that_is_down_is_the_agents_error(
    hass: HomeAssistant, model: Model, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.error(500)

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
