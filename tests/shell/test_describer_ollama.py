"""The describer with core's own ollama integration, unmodified, and a model that really looks."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.describer import HomeAssistantDescriber, suitable_agents
from custom_components.protect_narrator.pipeline.answer import FIELDS, parse_answer
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import (
    Evidence,
    FallbackDetail,
    MediaFile,
    Medium,
)
from custom_components.protect_narrator.pipeline.ports import Question
from simulator.model import Model, ModelFault
from simulator.video import Recorder
from tests.ollama import AI_TASK, CONVERSATION, add_ollama

pytestmark = pytest.mark.usefixtures("component")

START = datetime(2026, 11, 24, 8, 30, 15, tzinfo=UTC)


@pytest.fixture
async def model(hass: HomeAssistant, loopback: None) -> AsyncGenerator[Model]:
    """A model behind both kinds of core's ollama agents."""
    async with Model() as running:
        await add_ollama(hass, running)
        yield running


def filmed(folder: Path, colour: str) -> Question:
    """Let somebody of that colour walk by, and ask about two stills of it."""
    recorder = Recorder()
    recorder.walk("Front door", colour, START, START + timedelta(seconds=8))
    files = []
    for second in (2, 5):
        path = folder / f"{colour}-{second}.jpg"
        path.write_bytes(recorder.still("Front door", START + timedelta(seconds=second)))
        files.append(MediaFile(path, "image/jpeg"))
    evidence = Evidence(medium=Medium.FRAMES, files=tuple(files))
    return Question("Describe", "Tell what happens.", FIELDS, evidence)


async def test_both_kinds_of_agents_are_offered(hass: HomeAssistant, model: Model) -> None:
    assert model.call_count == 0
    assert suitable_agents(hass) == [AI_TASK, CONVERSATION]


@pytest.mark.parametrize("agent_id", [AI_TASK, CONVERSATION])
@pytest.mark.parametrize("colour", ["red", "blue"])
async def test_the_agent_sees_the_pictures_and_its_answer_can_be_used(
    hass: HomeAssistant, model: Model, tmp_path: Path, agent_id: str, colour: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, colour)

    answer = (await HomeAssistantDescriber(hass, agent_id).ask(question)).raw

    description = parse_answer(answer, agent_id)
    assert colour in f"{description.title} {description.description}".casefold()
    (call,) = model.calls
    assert call.image_bytes == tuple(file.path.read_bytes() for file in question.evidence.files)
    assert call.prompt.startswith(question.instructions)


async def test_an_ai_task_hands_the_fields_over_as_a_schema(
    hass: HomeAssistant, model: Model, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await HomeAssistantDescriber(hass, AI_TASK).ask(question)

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
        await HomeAssistantDescriber(hass, agent_id).ask(question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
