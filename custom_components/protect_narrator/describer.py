"""The door to the user's own AI: an AI Task entity, or else a conversation agent.

Nobody is asked as a user and no tools are handed over: what a picture shows, a sign with
an instruction for example, can only end up as text. (A conversation agent brings the
Assist tools that its owner gave it, but for our own; the config flow warns of that.)
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
import inspect
import json
import logging
from types import TracebackType
from typing import Any

from homeassistant.components import ai_task, conversation
from homeassistant.components.ai_task.const import DATA_PREFERENCES
from homeassistant.components.conversation.trace import async_conversation_trace
from homeassistant.const import ATTR_SUPPORTED_FEATURES, STATE_UNAVAILABLE
from homeassistant.core import Context, HomeAssistant, State, callback, split_entity_id
from homeassistant.helpers import intent
from homeassistant.helpers.chat_session import async_get_chat_session
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from .abilities import Experience, ability_of, is_blind, learn
from .offered import offered
from .pipeline.blame import cautious_logger
from .pipeline.errors import AgentError, AgentUnavailableError
from .pipeline.models import FallbackDetail, Importance, MediaFile
from .pipeline.ports import Ability, Answer, Question
from .tokens import tokens_in, tokens_of

_LOGGER = cautious_logger(__name__)

# Home Assistant's own sentence matcher, which is no AI.
INTENT_MATCHER = conversation.HOME_ASSISTANT_AGENT

_NEEDED_FEATURES = (
    ai_task.AITaskEntityFeature.GENERATE_DATA | ai_task.AITaskEntityFeature.SUPPORT_ATTACHMENTS
)

# An agent that is told to stop closes a connection; one that has not by then heeds nothing.
_FAREWELL_S = 5.0

# Calls of one agent that run, those included that nobody waits for any more: two are asked at
# once, and of an agent that never ends a call, which holds its pictures, the rest must not grow
# for ever.
_AT_WORK_AT_MOST = 8
_at_work: dict[asyncio.Task[Any], str] = {}

_is_describing: ContextVar[bool] = ContextVar("protect_narrator_describing", default=False)

# Home Assistant 2026.11 wants the context of a chat session, 2026.10 does not know it.
_SESSION_TAKES_CONTEXT = "context" in inspect.signature(async_get_chat_session).parameters


@callback
def suitable_agents(hass: HomeAssistant) -> list[str]:
    """Return the entity ids of the agents that look at pictures, AI Task entities first."""
    return [
        *(
            state.entity_id
            for state in hass.states.async_all(ai_task.DOMAIN)
            if _looks_at_pictures(hass, state)
        ),
        *(
            entity_id
            for entity_id in hass.states.async_entity_ids(conversation.DOMAIN)
            if entity_id != INTENT_MATCHER and not is_blind(hass, entity_id)
        ),
    ]


def _looks_at_pictures(hass: HomeAssistant, state: State) -> bool:
    """Say whether an agent that is there can be shown anything."""
    if is_blind(hass, state.entity_id):
        return False
    if state.domain != ai_task.DOMAIN:
        return True
    features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
    return bool(features & _NEEDED_FEATURES == _NEEDED_FEATURES)


def _answers(state: State) -> bool:
    """Say whether an agent that is there answers at all."""
    if state.domain != ai_task.DOMAIN:
        return state.entity_id != INTENT_MATCHER
    features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
    return bool(features & ai_task.AITaskEntityFeature.GENERATE_DATA)


@callback
def preferred_agent(hass: HomeAssistant) -> str | None:
    """Return the AI Task entity that Home Assistant's user prefers, None if there is none."""
    return hass.data[DATA_PREFERENCES].gen_data_entity_id


@callback
def can_be_asked(hass: HomeAssistant, agent: str) -> bool:
    """Say whether that agent is there; an empty one is the preferred one."""
    return HomeAssistantDescriber(hass, agent or None).agent_id is not None


class HomeAssistantDescriber:
    """Asks one agent; which one is looked up anew each time."""

    def __init__(
        self, hass: HomeAssistant, agent_id: str | None, experience: Experience | None = None
    ) -> None:
        """Use this entity, or Home Assistant's preferred AI Task entity when None.

        ``experience`` is what it learns from and adds to; without, it has to try for itself.
        """
        self._hass = hass
        self._chosen = agent_id
        self._experience = experience or Experience()

    @property
    def agent_id(self) -> str | None:
        """The entity that would be asked now, None if there is none that can look."""
        agent_id = self._chosen or preferred_agent(self._hass)
        state = self._hass.states.get(agent_id) if agent_id else None
        if state is None or state.state == STATE_UNAVAILABLE:
            return None
        return agent_id if _looks_at_pictures(self._hass, state) else None

    @property
    def reader_id(self) -> str | None:
        """The entity that would be asked about words now, None if there is none."""
        agent_id = self._chosen or preferred_agent(self._hass)
        state = self._hass.states.get(agent_id) if agent_id else None
        if state is None or state.state == STATE_UNAVAILABLE:
            return None
        return agent_id if _answers(state) else None

    @property
    def ability(self) -> Ability:
        """What is known of that agent."""
        if (agent_id := self.agent_id) is None:
            return Ability(takes_clip=False)
        return ability_of(self._hass, agent_id, self._experience)

    def learn(self, *, takes_clip: bool) -> None:
        """Remember what trying has told of an agent whose ability was not known."""
        if (agent_id := self.agent_id) is not None:
            learn(self._hass, agent_id, self._experience, takes_clip=takes_clip)

    def require(self) -> None:
        """Raise AgentUnavailableError when there is nobody who could be asked now."""
        self._required(self.agent_id)

    async def ask(self, question: Question) -> Answer:
        """Return the agent's answer, unvalidated.

        There is no time limit here, but a cancellation takes effect within seconds whatever
        the agent does. Raises AgentUnavailableError, and AgentError for whatever the agent
        raises; a bug of ours passes through.
        """
        return await self._ask(self._required(self.agent_id), question)

    def require_reader(self) -> None:
        """Raise AgentUnavailableError when there is nobody who could be asked about words now."""
        self._required(self.reader_id)

    async def ask_in_writing(self, question: Question) -> Answer:
        """Return the answer to a question with words alone: who sees nothing will do.

        As ``ask``.
        """
        return await self._ask(self._required(self.reader_id), question)

    async def _ask(self, agent_id: str, question: Question) -> Answer:
        domain, _ = split_entity_id(agent_id)
        asking = self._ask_task if domain == ai_task.DOMAIN else self._ask_conversation
        with offered(question.evidence.files) as files:
            try:
                answer, tokens = await asking(agent_id, question, files)
            except AgentError:
                raise
            except Exception as err:
                if _is_our_bug(err):
                    raise
                self._say_failed(agent_id)
                raise AgentError(
                    FallbackDetail.AGENT_ERROR, f"{agent_id} raised {type(err).__name__}"
                ) from err
        if agent_id in self._experience.failing:
            self._experience.failing.remove(agent_id)
            _LOGGER.info("%s answers again", agent_id)
        if not isinstance(answer, Mapping | str):
            raise AgentError(
                FallbackDetail.AGENT_UNUSABLE_ANSWER,
                f"{agent_id} answered with a {type(answer).__name__}",
            )
        return Answer(answer, tokens)

    def _say_failed(self, agent_id: str) -> None:
        """Say where the present error came from: loudly once, until the agent answers."""
        failing = self._experience.failing
        level = logging.DEBUG if agent_id in failing else logging.WARNING
        failing.add(agent_id)
        _LOGGER.log(level, "%s failed", agent_id, exc_info=True)

    def _required(self, agent_id: str | None) -> str:
        """Return the entity to ask; raise AgentUnavailableError."""
        if agent_id is None:
            raise AgentUnavailableError(
                FallbackDetail.AGENT_MISSING,
                f"{self._chosen or 'a preferred AI Task entity'} cannot be asked at present",
            )
        if list(_at_work.values()).count(agent_id) >= _AT_WORK_AT_MOST:
            raise AgentUnavailableError(
                FallbackDetail.AGENT_TIMEOUT, f"earlier calls of {agent_id} still run"
            )
        return agent_id

    async def _ask_task(
        self, agent_id: str, question: Question, files: Mapping[str, MediaFile]
    ) -> tuple[object, int | None]:
        """Ask an AI Task entity for structured data; return it, and the tokens it took."""
        with async_conversation_trace() as trace:
            result = await _on_its_own(
                agent_id,
                ai_task.async_generate_data(
                    self._hass,
                    task_name=question.task_name,
                    entity_id=agent_id,
                    instructions=question.instructions,
                    structure=_structure(question.fields),
                    attachments=[
                        {"media_content_id": content_id, "media_content_type": file.mime_type}
                        for content_id, file in files.items()
                    ],
                    context=Context(),
                ),
            )
        return result.data, tokens_in(trace)

    async def _ask_conversation(
        self, agent_id: str, question: Question, files: Mapping[str, MediaFile]
    ) -> tuple[object, int | None]:
        """Ask a conversation agent for JSON; return its words, and the tokens they took.

        Conversations have no argument for attachments. But an agent joins the chat log
        that is open for its conversation and keeps a last message with the same text,
        attachments included. Tests pin this for each version of Home Assistant.
        """
        prompt = _prompt(question)
        context = Context()
        session_arguments: dict[str, Any] = {"context": context} if _SESSION_TAKES_CONTEXT else {}
        with (
            async_get_chat_session(self._hass, **session_arguments) as session,
            conversation.async_get_chat_log(self._hass, session) as log,
        ):
            log.async_add_user_content(
                conversation.UserContent(
                    prompt,
                    attachments=[
                        conversation.Attachment(content_id, file.mime_type, file.path)
                        for content_id, file in files.items()
                    ],
                )
            )
            with _describing():
                result = await _on_its_own(
                    agent_id,
                    conversation.async_converse(
                        self._hass, prompt, session.conversation_id, context, agent_id=agent_id
                    ),
                )
        tokens = tokens_of(session.conversation_id)
        text = str(result.response.speech.get("plain", {}).get("speech", ""))
        if result.response.response_type is intent.IntentResponseType.ERROR:
            # Its text is the agent's, and may hold anything: what was asked, or a key.
            code = result.response.error_code
            raise AgentError(
                FallbackDetail.AGENT_ERROR,
                f"{agent_id} answered with an error ({code.value if code else 'unknown'})",
            )
        return text, tokens


def is_describing() -> bool:
    """Say whether this is done for an agent that describes what a camera sees now.

    It needs nothing that was seen before, and a sign must not be able to ask for it.
    """
    return _is_describing.get()


@contextmanager
def _describing() -> Iterator[None]:
    """Let every task that begins within this know that it describes."""
    before = _is_describing.set(True)
    try:
        yield
    finally:
        _is_describing.reset(before)


async def _on_its_own[R](agent_id: str, asked: Coroutine[Any, Any, R]) -> R:
    """Let the agent run as a task of its own; cancelling the caller cancels it.

    What it does to the event loop is then put down to it alone: ollama of 2026.10 reads its
    pictures there, and Home Assistant's warning would have our frames in its traceback. And an
    agent that heeds no cancellation is left behind: it keeps neither its place nor the entry.
    """
    task = asyncio.create_task(asked, name="protect_narrator agent")
    _at_work[task] = agent_id
    task.add_done_callback(_done)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=_FAREWELL_S)
        if not task.done():
            _LOGGER.warning("%s still runs %.0f s after it was cancelled", agent_id, _FAREWELL_S)
        raise
    if task.cancelled():
        # Not by us: some library of the agent's has cancelled what it was waiting for.
        raise AgentError(FallbackDetail.AGENT_ERROR, f"{agent_id} cancelled its own call")
    return task.result()


def _done(task: asyncio.Task[Any]) -> None:
    """Forget a call, and look at its error, which nobody may be there to do."""
    del _at_work[task]
    if not task.cancelled():
        task.exception()


def _structure(fields: Mapping[str, str]) -> probatio.Schema:
    """Return the fields as the schema that AI Task entities translate for their models."""
    return probatio.Schema(
        {
            probatio.Required(name, description=meaning): _selector(name)
            for name, meaning in fields.items()
        }
    )


def _selector(name: str) -> Selector[Any]:
    """Return what the field may hold; a field that is not known here holds text."""
    match name:
        case "importance":
            return SelectSelector(
                SelectSelectorConfig(options=[value.value for value in Importance])
            )
        case "confidence":
            return NumberSelector(NumberSelectorConfig(min=0, max=1, step="any"))
        case "people" | "vehicles" | "animals" | "packages":
            return NumberSelector(NumberSelectorConfig(min=0, max=99, step=1))
        case _:
            return TextSelector(TextSelectorConfig(multiline=name == "description"))


def _prompt(question: Question) -> str:
    """Return the instructions with the request for JSON that a structure makes elsewhere."""
    wanted = json.dumps(dict(question.fields), ensure_ascii=False, indent=2)
    return (
        f"{question.instructions}\n\n"
        "Answer with one JSON object and nothing else: no other words, no code fence. "
        f"It has exactly these keys; here each is explained by its value:\n{wanted}"
    )


def _is_our_bug(err: Exception) -> bool:
    """Tell a mistake in our own code from an agent's error.

    A wrong call of Home Assistant's functions is ours too: its innermost frame is the call.
    """
    if not isinstance(err, TypeError | AttributeError | KeyError):
        return False
    traceback: TracebackType | None = err.__traceback__
    module = ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        traceback = traceback.tb_next
    return module == __package__ or module.startswith(f"{__package__}.")
