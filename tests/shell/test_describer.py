"""The describer asks a real Home Assistant's agents; the agents alone are fakes."""

from collections.abc import Callable
from contextlib import suppress
import logging
from pathlib import Path
from typing import Any

from homeassistant.components.ai_task.const import DATA_PREFERENCES
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.llm import selector_serializer
from homeassistant.setup import async_setup_component
import ollama
import probatio
import pytest

from custom_components.protect_narrator import offered as our_media
from custom_components.protect_narrator.abilities import Experience
from custom_components.protect_narrator.describer import (
    HomeAssistantDescriber,
    preferred_agent,
    suitable_agents,
)
from custom_components.protect_narrator.pipeline.errors import AgentError, AgentUnavailableError
from custom_components.protect_narrator.pipeline.models import (
    Evidence,
    FallbackDetail,
    MediaFile,
    Medium,
)
from custom_components.protect_narrator.pipeline.ports import Question
from tests.fake_agents import (
    GOOD_ANSWER,
    FakeConversationEntity,
    FakeTaskEntity,
    add_agents,
)

pytestmark = pytest.mark.usefixtures("component")

FIELDS = {
    "title": "A headline of at most eight words.",
    "description": "What happened, in two or three sentences.",
    "importance": "How much the household should care.",
    "confidence": "How sure you are.",
    "people": "How many people there are.",
}


@pytest.fixture
def question(tmp_path: Path) -> Question:
    """Two pictures and what to say about them."""
    files = []
    for number in range(2):
        path = tmp_path / f"frame-{number}.jpg"
        path.write_bytes(f"picture {number}".encode())
        files.append(MediaFile(path, "image/jpeg"))
    evidence = Evidence(medium=Medium.FRAMES, files=tuple(files))
    return Question("Describe Front door", "Tell what happens.", FIELDS, evidence)


def fails_with(error: Exception) -> Callable[[], str]:
    def answer() -> str:
        raise error

    return answer


async def test_an_ai_task_entity_gets_the_pictures_and_the_structure(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)

    answer = (await HomeAssistantDescriber(hass, agent.entity_id).ask(question)).raw

    assert answer == GOOD_ANSWER
    (asked,) = agent.asked
    assert asked.text == "Tell what happens."
    assert asked.attachments == (("image/jpeg", b"picture 0"), ("image/jpeg", b"picture 1"))
    assert asked.structure is not None
    schema = probatio.to_openapi(asked.structure, custom_serializer=selector_serializer)
    assert schema["required"] == list(FIELDS)
    assert schema["properties"]["title"] == {"type": "string", "description": FIELDS["title"]}
    assert schema["properties"]["importance"]["enum"] == ["low", "medium", "high"]
    assert schema["properties"]["confidence"]["minimum"] == 0
    assert schema["properties"]["confidence"]["maximum"] == 1
    assert schema["properties"]["people"]["type"] == "number"


async def test_nobody_asks_and_no_tools_are_handed_over(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)

    await HomeAssistantDescriber(hass, agent.entity_id).ask(question)

    (asked,) = agent.asked
    assert asked.context is not None
    assert asked.context.user_id is None
    assert not asked.tools


async def test_a_conversation_agent_sees_the_pictures_and_answers_in_words(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeConversationEntity(answer=lambda: '{"title": "A courier rings"}')
    await add_agents(hass, agent)

    answer = (await HomeAssistantDescriber(hass, agent.entity_id).ask(question)).raw

    assert answer == '{"title": "A courier rings"}'
    (asked,) = agent.asked
    assert asked.attachments == (("image/jpeg", b"picture 0"), ("image/jpeg", b"picture 1"))
    assert asked.text.startswith("Tell what happens.")
    assert "one JSON object" in asked.text
    assert all(f'"{name}": "{meaning}"' in asked.text for name, meaning in FIELDS.items())
    assert asked.context is not None
    assert asked.context.user_id is None


async def test_two_questions_to_a_conversation_agent_are_two_conversations(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeConversationEntity()
    await add_agents(hass, agent)
    describer = HomeAssistantDescriber(hass, agent.entity_id)

    await describer.ask(question)
    agent.answer = fails_with(RuntimeError("broken pipe"))
    with pytest.raises(AgentError):
        await describer.ask(question)
    agent.answer = lambda: "better now"

    # The fake itself insists that its log holds one question only.
    assert (await describer.ask(question)).raw == "better now"
    assert len(agent.asked) == 3


async def test_an_error_that_a_conversation_swallows_is_still_an_error(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeConversationEntity(answer=fails_with(HomeAssistantError("model not loaded")))
    await add_agents(hass, agent)

    with pytest.raises(AgentError, match=r"talker answered with an error \(unknown\)") as caught:
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the library's own"),
        TimeoutError(),
        HomeAssistantError("no quota"),
        KeyError("candidates"),
        TypeError("their bug"),
        AttributeError("their bug"),
    ],
)
@pytest.mark.parametrize("kind", [FakeTaskEntity, FakeConversationEntity])
async def test_whatever_an_agent_raises_is_the_agents_error(
    hass: HomeAssistant,
    question: Question,
    kind: type[FakeTaskEntity | FakeConversationEntity],
    error: Exception,
) -> None:
    agent = kind("Broken", fails_with(error))
    await add_agents(hass, agent)

    with pytest.raises(AgentError) as caught:
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)
    assert caught.value.detail is FallbackDetail.AGENT_ERROR


async def test_where_an_agents_error_came_from_is_logged_and_not_what_it_says(
    hass: HomeAssistant, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    agent = FakeTaskEntity("Broken", fails_with(RuntimeError("out of memory")))
    await add_agents(hass, agent)

    with caplog.at_level(logging.WARNING), pytest.raises(AgentError):
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)

    assert "Traceback" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "out of memory" not in caplog.text


async def test_the_status_that_an_agent_was_refused_with_is_logged_and_not_what_it_says(
    hass: HomeAssistant, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> object:
        cause = ollama.ResponseError("the key abc is used up", status_code=429)
        raise HomeAssistantError("Sorry, the key abc is used up") from cause

    await add_agents(hass, agent := FakeTaskEntity("Refused", refused))

    with caplog.at_level(logging.WARNING), pytest.raises(AgentError):
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)

    (record,) = (each for each in caplog.records if each.name.endswith(".describer"))
    assert record.getMessage().startswith(f"{agent.entity_id} failed\n")
    assert "(HTTP status 429)" in record.getMessage()
    assert "used up" not in record.getMessage()


async def test_an_agent_that_goes_on_failing_is_said_once_until_it_answers(
    hass: HomeAssistant, question: Question, caplog: pytest.LogCaptureFixture
) -> None:
    agent = FakeTaskEntity("Broken", fail := fails_with(RuntimeError("out of memory")))
    await add_agents(hass, agent)
    experience = Experience()
    caplog.set_level(logging.INFO, "custom_components.protect_narrator")

    async def ask() -> None:
        # A Detection each, of one console.
        await HomeAssistantDescriber(hass, agent.entity_id, experience).ask(question)

    for answer in (fail, fail, lambda: GOOD_ANSWER, lambda: GOOD_ANSWER, fail):
        agent.answer = answer
        with suppress(AgentError):
            await ask()

    said = [record.getMessage().partition("\n")[0] for record in caplog.records]
    ours = [line for line in said if line.startswith(agent.entity_id)]
    failed, back = f"{agent.entity_id} failed", f"{agent.entity_id} answers again"
    assert ours == [failed, back, failed]


@pytest.mark.parametrize("error", [TypeError, AttributeError, KeyError])
async def test_a_bug_of_ours_is_not_disguised_as_the_agents_error(
    hass: HomeAssistant, question: Question, error: type[Exception]
) -> None:
    # Runs as code of our package, as a mistake in one of its functions would.
    namespace: dict[str, Any] = {"__name__": "custom_components.protect_narrator.somewhere"}
    exec(f"def answer():\n    raise {error.__name__}('planted')", namespace)  # noqa: S102 - fixed text
    agent = FakeTaskEntity(answer=namespace["answer"])
    await add_agents(hass, agent)

    with pytest.raises(error, match="planted"):
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)


@pytest.mark.parametrize("answer", [None, ["a", "list"], 7])
async def test_an_answer_that_is_neither_fields_nor_text_is_unusable(
    hass: HomeAssistant, question: Question, answer: object
) -> None:
    agent = FakeTaskEntity(answer=lambda: answer)
    await add_agents(hass, agent)

    with pytest.raises(AgentError) as caught:
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)
    assert caught.value.detail is FallbackDetail.AGENT_UNUSABLE_ANSWER


async def test_without_a_choice_the_preferred_agent_is_asked(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)
    describer = HomeAssistantDescriber(hass, None)

    hass.data[DATA_PREFERENCES].async_set_preferences(gen_data_entity_id=agent.entity_id)

    assert describer.agent_id == agent.entity_id == preferred_agent(hass)
    assert (await describer.ask(question)).raw == GOOD_ANSWER


async def test_without_a_choice_and_a_preference_nobody_can_be_asked(
    hass: HomeAssistant, question: Question
) -> None:
    await add_agents(hass, FakeTaskEntity())
    describer = HomeAssistantDescriber(hass, None)

    assert describer.agent_id is None
    with pytest.raises(AgentUnavailableError) as caught:
        await describer.ask(question)
    assert caught.value.detail is FallbackDetail.AGENT_MISSING


async def test_an_agent_that_is_gone_cannot_be_asked(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeTaskEntity()
    entry = await add_agents(hass, agent)
    describer = HomeAssistantDescriber(hass, agent.entity_id)

    assert await hass.config_entries.async_unload(entry.entry_id)

    state = hass.states.get(agent.entity_id)
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
    assert describer.agent_id is None
    assert describer.ability.takes_clip is False
    with pytest.raises(AgentUnavailableError):
        await describer.ask(question)


async def test_an_agent_that_never_was_cannot_be_asked(
    hass: HomeAssistant, question: Question
) -> None:
    await add_agents(hass)
    with pytest.raises(AgentUnavailableError, match=r"ai_task\.nowhere"):
        await HomeAssistantDescriber(hass, "ai_task.nowhere").ask(question)


@pytest.mark.parametrize(
    ("platform", "takes_clip"),
    [
        ("google_generative_ai_conversation", True),
        ("openai_conversation", False),
        ("anthropic", False),
        ("ollama", False),
        ("strange_ai", None),
    ],
)
async def test_only_platforms_known_to_understand_video_take_a_clip(
    hass: HomeAssistant, platform: str, takes_clip: bool | None
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent, platform=platform)
    assert HomeAssistantDescriber(hass, agent.entity_id).ability.takes_clip is takes_clip


@pytest.mark.parametrize("platform", ["litellm", "ovhcloud_ai_endpoints", "wyoming"])
async def test_an_agent_that_drops_pictures_silently_is_never_asked(
    hass: HomeAssistant, question: Question, platform: str
) -> None:
    agent = FakeConversationEntity()
    await add_agents(hass, agent, platform=platform)

    assert agent.entity_id not in suitable_agents(hass)
    with pytest.raises(AgentUnavailableError):
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)
    assert agent.asked == []


async def test_agents_that_look_at_pictures_are_listed_tasks_first(hass: HomeAssistant) -> None:
    talker = FakeConversationEntity()
    task = FakeTaskEntity()
    blind_task = FakeTaskEntity("Blind", attachments=False)
    await add_agents(hass, talker, blind_task, task)

    assert hass.states.get("conversation.home_assistant") is not None
    assert suitable_agents(hass) == [task.entity_id, talker.entity_id]


async def test_a_file_is_offered_for_one_call_only(hass: HomeAssistant, question: Question) -> None:
    assert await async_setup_component(hass, "media_source", {})
    with our_media.offered(question.evidence.files) as files:
        for content_id, file in files.items():
            media = await async_resolve_media(hass, content_id, None)
            assert media.path == file.path
            assert media.mime_type == "image/jpeg"
            assert str(file.path) not in media.url
            with pytest.raises(BrowseError):
                await async_browse_media(hass, content_id)

    for content_id in files:
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, content_id, None)


@pytest.mark.parametrize(
    "identifier",
    ["../../../../etc/passwd", "%2e%2e%2fsecrets.yaml", ".clips/x", "0" * 32],
)
async def test_what_was_not_offered_cannot_be_reached(
    hass: HomeAssistant, question: Question, identifier: str
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    with our_media.offered(question.evidence.files):
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"media-source://protect_narrator/{identifier}", None)
        with pytest.raises(BrowseError):
            await async_browse_media(hass, f"media-source://protect_narrator/{identifier}")


async def test_a_failed_call_leaves_nothing_offered(
    hass: HomeAssistant, question: Question
) -> None:
    agent = FakeTaskEntity(answer=fails_with(RuntimeError()))
    await add_agents(hass, agent)
    with pytest.raises(AgentError):
        await HomeAssistantDescriber(hass, agent.entity_id).ask(question)
    assert our_media._offered == {}
