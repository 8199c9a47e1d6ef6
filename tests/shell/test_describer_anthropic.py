"""The describer with core's own Anthropic integration: what leaves the house, to the byte."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.pipeline.answer import FIELDS
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from simulator.vendors import Anthropic, ModelFault
from tests.vendors import ANTHROPIC

from .asking import ask, contents, filmed, filmed_clip

pytestmark = pytest.mark.usefixtures("component")

# Two tries more by the client library itself, on which core sets nothing.
TRIES = 3


@pytest.fixture
async def model(hass: HomeAssistant, loopback: None) -> AsyncGenerator[Anthropic]:
    """Anthropic behind both kinds of core's agents."""
    async with ANTHROPIC.running(hass) as server:
        yield server


@pytest.mark.parametrize("agent_id", ANTHROPIC.agents)
async def test_the_message_is_the_words_and_the_pictures_in_their_order_and_nothing_else(
    hass: HomeAssistant, model: Anthropic, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, agent_id, question)

    (call,) = model.calls
    shown = await hass.async_add_executor_job(contents, question)
    assert call.body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": call.question.prompt},
                *(
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/jpeg",
                            "data": b64encode(jpeg).decode(),
                        },
                    }
                    for jpeg in shown
                ),
            ],
        }
    ]
    assert [(each.method, each.path) for each in model.requests] == [
        ("GET", "/v1/models"),
        ("POST", "/v1/messages"),
    ]


async def test_an_ai_task_asks_for_a_schema_with_every_field(
    hass: HomeAssistant, model: Anthropic, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, ANTHROPIC.ai_task, question)

    config: Any = model.calls[0].body["output_config"]
    assert config["format"]["type"] == "json_schema"
    assert config["format"]["schema"]["required"] == list(FIELDS)
    assert "tools" not in model.calls[0].body


@pytest.mark.parametrize("agent_id", ANTHROPIC.agents)
async def test_a_clip_is_refused_before_anything_leaves(
    hass: HomeAssistant, model: Anthropic, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)

    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert [each.path for each in model.requests] == ["/v1/models"]


@pytest.mark.parametrize("agent_id", ANTHROPIC.agents)
async def test_a_model_that_the_vendor_does_not_list_is_shown_nothing(
    hass: HomeAssistant, loopback: None, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    async with ANTHROPIC.running(hass, listed=False) as model:
        with pytest.raises(AgentError) as caught:
            await ask(hass, agent_id, question)

    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert model.call_count == 0


@pytest.mark.parametrize("agent_id", ANTHROPIC.agents)
@pytest.mark.parametrize(
    ("status", "tries"), [(400, 1), (401, 1), (429, TRIES), (500, TRIES), (529, TRIES)]
)
async def test_the_client_library_asks_again_where_that_may_help(
    hass: HomeAssistant, model: Anthropic, tmp_path: Path, agent_id: str, status: int, tries: int
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.error(status)

    with pytest.raises(AgentError):
        await ask(hass, agent_id, question)
    assert model.call_count == tries


async def test_after_an_error_the_next_question_is_answered(
    hass: HomeAssistant, model: Anthropic, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.cut_off(calls=1)

    with pytest.raises(AgentError):
        await ask(hass, ANTHROPIC.ai_task, question)
    assert "in red" in str(await ask(hass, ANTHROPIC.ai_task, question))
