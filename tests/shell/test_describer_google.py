"""The describer with core's own Google integration: what leaves the house, to the byte."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from homeassistant.components.google_generative_ai_conversation.const import TIMEOUT_MILLIS
from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.pipeline.answer import FIELDS, parse_answer
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from simulator.vendors import Google, ModelFault, Processing
from tests.vendors import GOOGLE

from .asking import CAMERA, START, ask, contents, filmed, filmed_clip, nothing_of_the_house

pytestmark = pytest.mark.usefixtures("component")

MODEL = "/v1beta/models/gemini-3.1-flash-lite"
UPLOAD = "/upload/v1beta/files"


@pytest.fixture
async def model(hass: HomeAssistant, loopback: None) -> AsyncGenerator[Google]:
    """Google behind both kinds of core's agents."""
    async with GOOGLE.running(hass) as server:
        yield server


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
async def test_pictures_are_uploaded_and_named_in_their_order_and_nothing_else_is_sent(
    hass: HomeAssistant, model: Google, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, agent_id, question)

    (call,) = model.calls
    shown = await hass.async_add_executor_job(contents, question)
    assert [(file.mime_type, bytes(file.data)) for file in model.files] == [
        ("image/jpeg", jpeg) for jpeg in shown
    ]
    said: Any = call.body["contents"]
    assert said == [
        {
            "role": "user",
            "parts": [
                {"text": call.question.prompt},
                *(
                    {
                        "fileData": {
                            "file_uri": f"{model.url}/v1beta/{file.name}",
                            "mime_type": "image/jpeg",
                        }
                    }
                    for file in model.files
                ),
            ],
        }
    ]
    assert [(each.method, each.path) for each in model.requests] == [
        ("GET", MODEL),
        *([("POST", UPLOAD)] * 2 * len(shown)),
        ("POST", f"{MODEL}:streamGenerateContent"),
    ]


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
@pytest.mark.parametrize("colour", ["red", "blue"])
async def test_a_clip_goes_as_it_is_and_the_model_watches_it(
    hass: HomeAssistant, model: Google, tmp_path: Path, agent_id: str, colour: str
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, colour)

    description = parse_answer(await ask(hass, agent_id, question), agent_id)

    assert description.title == f"A person in {colour} walks past {CAMERA}"
    (call,) = model.calls
    (shown,) = call.attachments
    assert shown.mime_type == "video/mp4"
    assert [shown.data] == await hass.async_add_executor_job(contents, question)
    moments = [reading.at for reading in shown.readings if reading.at is not None]
    assert len(moments) == len(shown.readings) > 5
    assert moments == sorted(set(moments))
    assert moments[0] == START
    nothing_of_the_house(hass, question, model.requests)


async def test_a_clip_is_asked_about_only_when_google_has_examined_it(
    hass: HomeAssistant, model: Google, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")

    await ask(hass, GOOGLE.ai_task, question)

    (file,) = model.files
    assert file.looks > 1
    assert [each.path for each in model.requests] == [
        MODEL,
        UPLOAD,
        UPLOAD,
        *([f"/v1beta/{file.name}"] * file.looks),
        f"{MODEL}:streamGenerateContent",
    ]


async def test_a_clip_larger_than_one_piece_arrives_whole(
    hass: HomeAssistant, model: Google, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")
    (clip,) = question.evidence.files

    def pad() -> int:
        # A box of this kind is skipped by whoever reads the file.
        padding = 10_000_000
        with clip.path.open("ab") as file:
            file.write(padding.to_bytes(4) + b"free" + bytes(padding - 8))
        return clip.path.stat().st_size

    size = await hass.async_add_executor_job(pad)

    assert "in red" in str(await ask(hass, GOOGLE.ai_task, question))
    assert [bytes(file.data) for file in model.files] == await hass.async_add_executor_job(
        contents, question
    )
    uploads = [each for each in model.requests if each.path == UPLOAD]
    assert len(uploads) == 3
    assert sum(len(each.body) for each in uploads[1:]) == size


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
async def test_a_clip_that_google_cannot_examine_is_the_agents_error(
    hass: HomeAssistant, model: Google, tmp_path: Path, agent_id: str
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")
    model.processing = Processing.FAILING

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert model.call_count == 0


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
async def test_core_waits_for_google_to_examine_a_clip_for_ten_seconds_at_most(
    hass: HomeAssistant,
    model: Google,
    tmp_path: Path,
    agent_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert TIMEOUT_MILLIS == 10_000
    monkeypatch.setattr(f"homeassistant.components.{GOOGLE.domain}.entity.TIMEOUT_MILLIS", 500)
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")
    model.processing = Processing.ENDLESS

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)

    # It is no TimeoutError, which would be taken for our own patience.
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert model.call_count == 0
    assert model.files[0].looks > 1


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
@pytest.mark.parametrize("status", [400, 429, 500])
async def test_an_upload_that_is_turned_away_is_the_agents_error(
    hass: HomeAssistant, model: Google, tmp_path: Path, agent_id: str, status: int
) -> None:
    question = await hass.async_add_executor_job(filmed_clip, tmp_path, "red")
    model.refused_upload = status

    with pytest.raises(AgentError) as caught:
        await ask(hass, agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert (len(model.files), model.call_count) == (0, 0)


async def test_an_ai_task_asks_for_json_in_the_schema_with_every_field(
    hass: HomeAssistant, model: Google, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, GOOGLE.ai_task, question)

    config: Any = model.calls[0].body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseSchema"]["required"] == list(FIELDS)
    assert "tools" not in model.calls[0].body


@pytest.mark.parametrize("agent_id", GOOGLE.agents)
@pytest.mark.parametrize("status", [429, 500])
async def test_nobody_asks_google_again(
    hass: HomeAssistant, model: Google, tmp_path: Path, agent_id: str, status: int
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    model.fault = ModelFault.error(status)

    with pytest.raises(AgentError):
        await ask(hass, agent_id, question)
    assert model.call_count == 1
