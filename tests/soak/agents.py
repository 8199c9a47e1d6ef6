"""Two agents that look at what they are given, and fail when it is their turn.

Fake entities behind the real AI Task integration, and no model over HTTP: core's ollama keeps
clients, buffers and images of its own, and it is our memory that is measured.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import override

from homeassistant.components import conversation
from homeassistant.components.ai_task import GenDataTask, GenDataTaskResult
from homeassistant.exceptions import HomeAssistantError

from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity

from .faults import FAULTS, Trouble

_JPEG, _MP4 = b"\xff\xd8\xff", b"ftyp"


class Looker(FakeTaskEntity):
    """Reads every attachment, as a real agent does, keeps nothing and answers."""

    def __init__(self, name: str, fault_of: Callable[[Path], tuple[int, int]]) -> None:
        """Take from ``fault_of`` a Detection's number and its fault's, by an attachment's path."""
        super().__init__(name)
        self._fault_of = fault_of
        self._tries: Counter[int] = Counter()
        self.blind = 0
        """How often there was nothing to see in an attachment."""

    @override
    async def _async_generate_data(
        self, task: GenDataTask, chat_log: conversation.ChatLog
    ) -> GenDataTaskResult:
        """Look, and answer or fail."""
        paths = [attachment.path for attachment in task.attachments or ()]
        self.blind += not await self.hass.async_add_executor_job(_can_be_seen, paths)
        number, index = self._fault_of(paths[0]) if paths else (-1, 0)
        answer: object = GOOD_ANSWER
        if (trouble := FAULTS[index].agent) is not None and self._is_its_turn(number, index):
            answer = await _failed(trouble)
        return GenDataTaskResult(chat_log.conversation_id, answer)

    def _is_its_turn(self, number: int, index: int) -> bool:
        times = FAULTS[index].times
        if times is None:
            return True
        self._tries[number] += 1
        return self._tries[number] <= times


async def _failed(trouble: Trouble) -> object:
    match trouble:
        case Trouble.ERROR:
            raise HomeAssistantError("the model is overloaded")
        case Trouble.HANG:
            await asyncio.get_running_loop().create_future()
        case Trouble.GARBAGE:
            return "lorem ipsum dolor sit amet"
        case Trouble.REFUSAL:
            return "I'm sorry, but I can't help with identifying people in images."
        case Trouble.EMPTY:
            return ""
    return [GOOD_ANSWER]


def _can_be_seen(paths: Sequence[Path]) -> bool:
    beginnings = [path.read_bytes()[:8] for path in paths]
    return bool(beginnings) and all(
        each.startswith(_JPEG) or each[4:] == _MP4 for each in beginnings
    )
