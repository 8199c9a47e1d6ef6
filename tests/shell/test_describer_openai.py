"""The describer with core's own OpenAI integration: what leaves the house, to the byte."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.pipeline.answer import FIELDS
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from simulator.vendors import ModelFault, OpenAI
from tests.vendors import OPENAI

from .asking import ask, contents, filmed, filmed_clip

pytestmark = pytest.mark.usefixtures("component")

# Two tries more by the client library itself, on which core sets nothing.
TRIES = 3


@pytest.fixture
async def model(hass: HomeAssistant, loopback: None) -> AsyncGenerator[OpenAI]:
    """OpenAI behind both kinds of core's agents."""
    async with OPENAI.running(hass) as server:
        yield server


@pytest.mark.parametrize("agent_id", OPENAI.agents)
async def test_the_message_is_the_words_and_the_pictures_in_their_order_and_nothing_else(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, agent_id, question)

    (call,) = model.calls
    shown = await hass.async_add_executor_job(contents, question)
    said: Any = call.body["input"]
    assert [(each["type"], each["role"]) for each in said] == [
        ("message", "developer"),
        ("message", "user"),
    ]
    assert said[1]["content"] == [
        {"type": "input_text", "text": call.question.prompt},
        *(
            {
                "type": "input_image",
                "detail": "auto",
                "image_url": f"data:image/jpeg;base64,{b64encode(jpeg).decode()}",
            }
            for jpeg in shown
        ),
    ]
    assert call.body["store"] is False
    assert [(each.method, each.path) for each in model.requests] == [
        ("GET", "/v1/models"),
        ("POST", "/v1/responses"),
    ]


async def test_an_ai_task_asks_for_a_strict_schema_with_every_field(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, OPENAI.ai_task, question)

    text: Any = model.calls[0].body["text"]
    assert text["format"]["type"] == "json_schema"
    assert text["format"]["strict"] is True
    assert text["format"]["schema"]["required"] == list(FIELDS)
    assert text["format"]["schema"]["additionalProperties"] is False
    assert "tools" not in model.calls[0].body


@pytest.mark.parametrize("agent_id", OPENAI.agents)
async def test_a_clip_is_refused_before_anything_leaves(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)

    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert [each.path for each in model.requests] == ["/v1/models"]


@pytest.mark.parametrize("agent_id", OPENAI.agents)
@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (429, TRIES), (500, TRIES)])
async def test_the_client_library_asks_again_where_that_may_help(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path, agent_id: str, status: int, tries: int
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.error(status)

    with pytest.raises(AgentError):
        await ask(hass, agent_id, question)
    assert model.call_count == tries


@pytest.mark.parametrize("agent_id", OPENAI.agents)
async def test_one_limit_of_rate_is_passed_by_the_client_library(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.error(429, calls=1)

    assert "in red" in str(await ask(hass, agent_id, question))
    assert model.call_count == 2


@pytest.mark.parametrize("agent_id", OPENAI.agents)
@pytest.mark.parametrize("filtered", [False, True])
async def test_no_is_the_agents_error_whichever_way_it_is_said(
    hass: HomeAssistant, model: OpenAI, tmp_path: Path, agent_id: str, filtered: bool
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.refusal()
    model.filters_content = filtered

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert model.call_count == 1
