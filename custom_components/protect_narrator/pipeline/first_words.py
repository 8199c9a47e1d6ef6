"""First words: one quick Sighting of one picture, while the Detection still goes on.

They are a favour: where no picture or no answer can be had there are none, and the full
Sighting says what was lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from .blame import cautious_logger
from .blocking import Decoder
from .case import Case, Stage
from .describe import Interview, require_budget
from .errors import NarratorError
from .evidence import Exhibit, Ladder, written_still
from .gate import Gate
from .models import Detection, Phase, Policy
from .ports import PUBLISH_LIMIT_S, Archive, Clock, Console, Describer, Meter, Publisher

_LOGGER = cautious_logger(__name__)

# As many as the cameras that one gust of wind sets off; whoever comes after them would get
# first words when the full ones are there.
GREETINGS_AT_MOST = 20

# For a picture, of whichever kind: one that takes longer shows who was there, not who is.
_PICTURE_LIMIT_S = 5.0


@dataclass(slots=True, eq=False)
class _Greeting:
    """One that is under way."""

    case: Case
    task: asyncio.Task[None] | None = None
    overtaken: bool = False
    """Set when the full words are about to come: none of these may come after them."""


@dataclass(kw_only=True)
class FirstWords:
    """Greets Detections that have just begun; each in a task of its own."""

    console: Console
    archive: Archive
    describers: Callable[[str | None], Describer]
    meter: Meter
    publisher: Publisher
    clock: Clock
    policy: Callable[[Detection], Policy]
    gate: Gate

    # Of its own, because the others may be busy with clips for seconds; a picture takes
    # milliseconds.
    _decoder: Decoder = field(default_factory=partial(Decoder, at_once=1))
    _greetings: dict[str, _Greeting] = field(default_factory=dict)

    def greet(self, detection: Detection) -> bool:
        """Begin; say whether it was, or whether too many are under way."""
        if len(self._greetings) >= GREETINGS_AT_MOST or detection.sighting_id in self._greetings:
            return False
        case = Case(detection=detection, clock=self.clock, revision=0, phase=Phase.FIRST)
        greeting = self._greetings[case.sighting_id] = _Greeting(case)
        greeting.task = asyncio.get_running_loop().create_task(
            self._run(greeting), name=f"protect_narrator first words {case.sighting_id}"
        )
        # Not in the task itself: it may be cancelled before its first step.
        greeting.task.add_done_callback(lambda _: self._greetings.pop(case.sighting_id, None))
        return True

    async def end(self, sighting_id: str) -> None:
        """Return when no first words of that Sighting can be published any more."""
        greeting = self._greetings.get(sighting_id)
        if greeting is None or greeting.task is None:
            return
        greeting.overtaken = True
        if greeting.case.published:
            await asyncio.wait([greeting.task])
        else:
            # How long its agent takes to stop need not be waited for.
            greeting.task.cancel()

    async def close(self) -> None:
        """Cancel all that are under way, and return when they have cleaned up."""
        tasks = [greeting.task for greeting in self._greetings.values() if greeting.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, greeting: _Greeting) -> None:
        """Greet; what goes wrong costs the first words and nothing else."""
        case = greeting.case
        try:
            await self._tell(case, greeting)
        except NarratorError as err:
            _LOGGER.info("Sighting %s: no first words at %s: %s", case.sighting_id, case.stage, err)
        except Exception:
            _LOGGER.exception("Sighting %s: first words ended by a bug", case.sighting_id)

    async def _tell(self, case: Case, greeting: _Greeting) -> None:
        """Go through the stages; raise NarratorError for whatever is missing."""
        case.policy = self.policy(case.detection)
        describer = self.describers(case.policy.agent_id)
        describer.require()
        require_budget(self.meter, case)
        async with AsyncExitStack() as cleaning_up:
            workspace = await cleaning_up.enter_async_context(
                self.archive.workspace(case.sighting_id)
            )
            case.picture = await self._photographed(case)
            exhibit = Exhibit(await written_still(workspace, case.picture))
            case.enter(Stage.DESCRIBE)
            interview = Interview(case=case, describer=describer, gate=self.gate, meter=self.meter)
            case.description = await interview.ask_once(exhibit)
            if greeting.overtaken:
                return  # and the cancellation was swallowed on the way
            case.enter(Stage.PUBLISH)
            case.published = True
            async with asyncio.timeout(PUBLISH_LIMIT_S):
                await self.publisher.publish(case.sighting())
        _LOGGER.debug("Sighting %s: first words are out", case.sighting_id)

    async def _photographed(self, case: Case) -> bytes:
        """Return a picture, the live one first: whoever it is about is there now."""
        case.enter(Stage.EVIDENCE)
        ladder = Ladder(case=case, console=self.console, decoder=self._decoder)
        detection = case.detection
        stills: tuple[Callable[[], Awaitable[bytes]], ...] = (
            partial(self.console.live_snapshot, detection.camera_id),
            partial(self.console.event_thumbnail, detection),
            partial(self.console.recorded_snapshot, detection.camera_id, detection.start),
        )
        return await ladder.first_of(stills, limit_s=_PICTURE_LIMIT_S)
