"""AI agents of a fake integration, set up by a real Home Assistant like anybody's."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from inspect import isawaitable
from pathlib import Path
from typing import Any, Literal, override

from homeassistant.components import conversation
from homeassistant.components.ai_task import (
    AITaskEntity,
    AITaskEntityFeature,
    GenDataTask,
    GenDataTaskResult,
)
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import MATCH_ALL, Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.intent import IntentResponse
from homeassistant.setup import async_setup_component
import probatio
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

PLATFORM = "fake_agents"

GOOD_ANSWER: dict[str, Any] = {
    "title": "A courier rings",
    "description": "A person in a red jacket walks to the door and rings.",
    "importance": "high",
    "confidence": 0.9,
}


@dataclass(frozen=True)
class Asked:
    """What an agent was asked, with the attachments as they were on disk at that moment."""

    text: str
    attachments: tuple[tuple[str, bytes], ...]
    """MIME type and content."""

    paths: tuple[Path, ...]
    context: Context | None
    structure: probatio.Schema | None = None
    tools: bool = False


def _asked(
    text: str, attachments: Sequence[conversation.Attachment] | None, entity: Entity
) -> Asked:
    return Asked(
        text,
        tuple((one.mime_type, one.path.read_bytes()) for one in attachments or ()),
        tuple(one.path for one in attachments or ()),
        entity._context,
    )


def _tell(chat_log: conversation.ChatLog, stats: Iterable[object]) -> None:
    """Trace what the answer cost, as core's integrations do."""
    for each in stats:
        chat_log.async_trace({"stats": each})


class FakeTaskEntity(AITaskEntity):
    """Answers every task with what ``answer`` returns (an awaitable is awaited), or raises."""

    _attr_has_entity_name = True

    def __init__(
        self,
        name: str = "Task",
        answer: Callable[[], object] = lambda: GOOD_ANSWER,
        *,
        attachments: bool = True,
    ) -> None:
        """Take pictures unless told otherwise."""
        self._attr_name = name
        self._attr_unique_id = f"task-{name}"
        self._attr_supported_features = AITaskEntityFeature.GENERATE_DATA
        if attachments:
            self._attr_supported_features |= AITaskEntityFeature.SUPPORT_ATTACHMENTS
        self.answer = answer
        self.asked: list[Asked] = []
        self.stats: list[object] = []

    @override
    async def _async_generate_data(
        self, task: GenDataTask, chat_log: conversation.ChatLog
    ) -> GenDataTaskResult:
        """Note the task and answer."""
        self.asked.append(
            replace(
                _asked(task.instructions, task.attachments, self),
                structure=task.structure,
                tools=chat_log.llm_api is not None,
            )
        )
        _tell(chat_log, self.stats)
        answer = self.answer()
        return GenDataTaskResult(
            chat_log.conversation_id, await answer if isawaitable(answer) else answer
        )


class FakeConversationEntity(conversation.ConversationEntity):
    """Says what ``answer`` returns, or raises; sees the chat log as real agents do."""

    _attr_has_entity_name = True

    def __init__(self, name: str = "Talker", answer: Callable[[], str] = lambda: "{}") -> None:
        """Name it."""
        self._attr_name = name
        self._attr_unique_id = f"talk-{name}"
        self.answer = answer
        self.asked: list[Asked] = []
        self.stats: list[object] = []

    @property
    @override
    def supported_languages(self) -> list[str] | Literal["*"]:
        """Speak every language."""
        return MATCH_ALL

    @override
    async def _async_handle_message(
        self, user_input: conversation.ConversationInput, chat_log: conversation.ChatLog
    ) -> conversation.ConversationResult:
        """Note the last message and answer."""
        users = [one for one in chat_log.content if isinstance(one, conversation.UserContent)]
        assert len(users) == 1, "the prompt must be in the log once"
        self.asked.append(_asked(users[0].content, users[0].attachments, self))
        _tell(chat_log, self.stats)
        speech = self.answer()
        chat_log.async_add_assistant_content_without_tools(
            conversation.AssistantContent(self.entity_id, speech)
        )
        response = IntentResponse(language=user_input.language)
        response.async_set_speech(speech)
        return conversation.ConversationResult(response, chat_log.conversation_id)


async def add_agents(
    hass: HomeAssistant, *entities: Entity, platform: str = PLATFORM
) -> MockConfigEntry:
    """Set up an integration of that name with these entities, and return its entry.

    The one by default is known to take pictures only; see the fixture in ``conftest.py``.
    """

    async def setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        await hass.config_entries.async_forward_entry_setups(
            entry, [Platform.AI_TASK, Platform.CONVERSATION]
        )
        return True

    async def unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        return await hass.config_entries.async_unload_platforms(
            entry, [Platform.AI_TASK, Platform.CONVERSATION]
        )

    def adds(kind: type[Entity]) -> MockPlatform:
        async def setup_platform(
            _hass: HomeAssistant, _entry: ConfigEntry, add: AddConfigEntryEntitiesCallback
        ) -> None:
            add(entity for entity in entities if isinstance(entity, kind))

        return MockPlatform(async_setup_entry=setup_platform)

    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "ai_task", {})
    mock_integration(
        hass,
        MockModule(platform, async_setup_entry=setup_entry, async_unload_entry=unload_entry),
    )
    mock_platform(hass, f"{platform}.config_flow")
    mock_platform(hass, f"{platform}.{Platform.AI_TASK}", adds(FakeTaskEntity))
    mock_platform(hass, f"{platform}.{Platform.CONVERSATION}", adds(FakeConversationEntity))
    entry = MockConfigEntry(domain=platform, title=platform)
    entry.add_to_hass(hass)

    class Flow(ConfigFlow):
        """A config flow that nobody runs."""

    with mock_config_flow(platform, Flow):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry
