"""The describer with core's own OpenAI, Anthropic and Google: what holds for all of them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeassistant.components.ai_task.const import DEFAULT_SYSTEM_PROMPT
from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.describer import suitable_agents
from custom_components.protect_narrator.pipeline.answer import FIELDS, parse_answer
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from simulator.vendors import ModelFault, VendorServer
from tests.vendors import GOOGLE, VENDORS, Vendor

from .asking import CAMERA, ask, contents, filmed, nothing_of_the_house

pytestmark = pytest.mark.usefixtures("component")


type Running = tuple[Vendor[Any], VendorServer]


@dataclass(frozen=True, slots=True)
class Asked:
    """One vendor, and which of its agents is asked."""

    vendor: Vendor[Any]
    server: VendorServer
    agent_id: str


@pytest.fixture(params=VENDORS)
async def vendor(
    request: pytest.FixtureRequest, hass: HomeAssistant, loopback: None
) -> AsyncGenerator[Running]:
    """Each vendor in turn, behind both kinds of core's agents."""
    each = VENDORS[request.param]
    async with each.running(hass) as server:
        yield each, server


@pytest.fixture(params=["ai_task", "conversation"])
async def asked(request: pytest.FixtureRequest, vendor: Running) -> Asked:
    """Each agent of each vendor in turn."""
    each, server = vendor
    return Asked(each, server, getattr(each, request.param))


async def test_both_kinds_of_agents_are_offered(hass: HomeAssistant, vendor: Running) -> None:
    each, server = vendor
    assert suitable_agents(hass) == list(each.agents)
    assert server.call_count == 0


@pytest.mark.parametrize("colour", ["red", "blue"])
async def test_the_agent_sees_the_pictures_and_its_answer_can_be_used(
    hass: HomeAssistant, asked: Asked, tmp_path: Path, colour: str
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, colour)

    answer = await ask(hass, asked.agent_id, question)

    description = parse_answer(answer, asked.agent_id)
    assert description.title == f"A person in {colour} walks past {CAMERA}"
    assert description.people == 1
    (call,) = asked.server.calls
    shown = await hass.async_add_executor_job(contents, question)
    assert [each.data for each in call.attachments] == shown
    assert [each.mime_type for each in call.attachments] == ["image/jpeg"] * 2
    assert [reading.colours for reading in call.readings] == [(colour,)] * 2
    assert call.question.prompt.startswith(question.instructions)


async def test_neither_places_nor_paths_leave_the_house(
    hass: HomeAssistant, asked: Asked, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, asked.agent_id, question)

    assert len(asked.server.requests) >= 2
    nothing_of_the_house(hass, question, asked.server.requests)
    names = [file.path.name for file in question.evidence.files]
    told = [name for name in names if any(each.holds(name) for each in asked.server.requests)]
    # Google's Files API wants a name for each file, and core gives it the file's own.
    assert told == (names if asked.vendor.domain == GOOGLE.domain else [])


async def test_an_ai_task_hands_over_instructions_fields_and_no_tools(
    hass: HomeAssistant, vendor: Running, tmp_path: Path
) -> None:
    each, server = vendor
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, each.ai_task, question)

    sent = server.calls[0].question
    assert sent.tools == ()
    assert sent.prompt == question.instructions
    greeting, clock = sent.system.split("\n")
    assert greeting == DEFAULT_SYSTEM_PROMPT
    assert clock.startswith("Current time is ")
    wanted: Any = sent.schema
    assert list(wanted["properties"]) == list(FIELDS)
    for name, meaning in FIELDS.items():
        # Anthropic's library adds the bounds of a number, which their schemas cannot say.
        assert wanted["properties"][name]["description"].startswith(meaning)


async def test_a_conversation_brings_what_its_owner_gave_it(
    hass: HomeAssistant, vendor: Running, tmp_path: Path
) -> None:
    each, server = vendor
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    await ask(hass, each.conversation, question)

    sent = server.calls[0].question
    assert "intent__HassTurnOn" in sent.tools
    assert sent.schema is None
    assert all(f'"{name}"' in sent.prompt for name in FIELDS)


@pytest.mark.parametrize(
    "fault",
    [
        ModelFault.error(400),
        ModelFault.error(401),
        ModelFault.error(429),
        ModelFault.error(500),
        ModelFault.error_midway(),
        ModelFault.cut_off(),
        ModelFault.broken(),
        ModelFault.empty(),
        ModelFault.refusal(),
    ],
    ids=lambda fault: f"{fault.failure.name.lower()}-{fault.status}",
)
async def test_whatever_goes_wrong_there_is_the_agents_error(
    hass: HomeAssistant, asked: Asked, tmp_path: Path, fault: ModelFault
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    asked.server.fault = fault

    with pytest.raises(AgentError) as caught:
        await ask(hass, asked.agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert asked.server.call_count > 0


async def test_nonsense_never_becomes_a_description(
    hass: HomeAssistant, asked: Asked, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")

    for fault in (ModelFault.garbage(), ModelFault.unfit()):
        asked.server.fault = fault
        with pytest.raises(AgentError):
            parse_answer(await ask(hass, asked.agent_id, question), asked.agent_id)
    assert asked.server.call_count == 2


async def test_a_kind_of_picture_that_the_vendor_does_not_take_is_the_agents_error(
    hass: HomeAssistant, asked: Asked, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red", "image/bmp")

    with pytest.raises(AgentError) as caught:
        await ask(hass, asked.agent_id, question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR
    assert asked.server.call_count == 0
    assert any(b"image/bmp" in each.body for each in asked.server.requests)


async def test_an_agent_that_is_cancelled_lets_go(
    hass: HomeAssistant, asked: Asked, tmp_path: Path
) -> None:
    question = await hass.async_add_executor_job(filmed, tmp_path, "red")
    asked.server.fault = ModelFault.hang()
    asking = hass.async_create_task(ask(hass, asked.agent_id, question))
    await asked.server.wait_for(lambda: asked.server.call_count == 1)

    asking.cancel()

    await asked.server.wait_for(lambda: asked.server.open_requests == 0)
    assert asking.cancelled()
