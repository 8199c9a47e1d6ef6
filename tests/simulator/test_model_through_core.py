"""The simulated model, asked by core's own ollama integration."""

from collections.abc import Sequence
from pathlib import Path

from homeassistant.components import ai_task, conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.chat_session import async_get_chat_session
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
from homeassistant.setup import async_setup_component
import probatio
import pytest

from simulator.model import Model, ModelFault
from tests.ollama import AI_TASK, CONVERSATION, add_ollama

from .stills import picture


@pytest.fixture
async def agents(hass: HomeAssistant, model: Model, tmp_path: Path) -> None:
    """Core's own ollama integration with both kinds of agents, and a media folder."""
    hass.config.media_dirs = {"local": str(tmp_path)}
    assert await async_setup_component(hass, "media_source", {})
    await add_ollama(hass, model)


def shown(directory: Path, jpegs: Sequence[bytes]) -> list[dict[str, str]]:
    """Put the pictures into the media folder and return them as attachments."""
    for number, jpeg in enumerate(jpegs):
        (directory / f"{number}.jpg").write_bytes(jpeg)
    return [
        {
            "media_content_id": f"media-source://media_source/local/{number}.jpg",
            "media_content_type": "image/jpeg",
        }
        for number in range(len(jpegs))
    ]


async def generate(hass: HomeAssistant, attachments: list[dict[str, str]]) -> object:
    result = await ai_task.async_generate_data(
        hass,
        task_name="Describe",
        entity_id=AI_TASK,
        instructions="What happens?",
        structure=probatio.Schema(
            {
                probatio.Required("title", description="A headline"): TextSelector(),
                probatio.Required("importance"): SelectSelector(
                    SelectSelectorConfig(options=["low", "medium", "high"])
                ),
                probatio.Required("people"): NumberSelector(NumberSelectorConfig(min=0, max=99)),
            }
        ),
        attachments=attachments,
    )
    return result.data


@pytest.mark.usefixtures("agents")
async def test_cores_ai_task_entity_tells_red_from_blue(
    hass: HomeAssistant, model: Model, tmp_path: Path
) -> None:
    red = await generate(hass, shown(tmp_path, [picture("red")]))
    blue = await generate(hass, shown(tmp_path, [picture("blue", second=2), picture("blue")]))

    assert red == {
        "title": "A person in red walks past Front door",
        "importance": "medium",
        "people": 1,
    }
    assert blue == {
        "title": "A person in blue walks past Front door",
        "importance": "medium",
        "people": 1,
    }
    assert [len(call.images) for call in model.calls] == [1, 2]
    assert model.calls[0].prompt == "What happens?"


@pytest.mark.usefixtures("agents")
async def test_cores_ai_task_entity_fails_when_the_model_does(
    hass: HomeAssistant, model: Model, tmp_path: Path
) -> None:
    attachments = shown(tmp_path, [picture("red")])
    model.fault = ModelFault.garbage()

    with pytest.raises(HomeAssistantError, match="structured response"):
        await generate(hass, attachments)


@pytest.mark.usefixtures("agents")
async def test_cores_conversation_entity_shows_the_pictures_of_the_open_chat_log(
    hass: HomeAssistant, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "still.jpg"
    path.write_bytes(picture("blue"))
    prompt = "What happens? Answer as JSON."

    with (
        async_get_chat_session(hass) as session,
        conversation.async_get_chat_log(hass, session) as log,
    ):
        picture_of_it = conversation.Attachment("still", "image/jpeg", path)
        log.async_add_user_content(conversation.UserContent(prompt, attachments=[picture_of_it]))
        result = await conversation.async_converse(
            hass,
            prompt,
            session.conversation_id,
            Context(),
            agent_id=CONVERSATION,
        )

    speech = result.response.speech["plain"]["speech"]
    assert "A person in blue walks past Front door" in speech
    assert [each.colours for each in model.calls[0].images] == [("blue",)]
