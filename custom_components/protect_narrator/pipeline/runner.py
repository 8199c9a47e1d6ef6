"""The way of a Detection: settle ► clip ► evidence ► describe ► publish ► clean up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import chain

from .blame import cautious_logger
from .blocking import Decoder
from .breaker import Breaker, Downloads
from .case import Case, Stage
from .clip import Clip, ClipFetcher, settle
from .describe import Interview, require_budget
from .errors import (
    AgentUnavailableError,
    NotTakenError,
    NoWordsError,
    OverBudgetError,
    StorageError,
)
from .evidence import Exhibit, Ladder, Room
from .first_words import FirstWords
from .gate import Gate
from .models import Detection, FallbackDetail, FallbackReason, Medium, Policy, Sighting
from .overload import Overload, giving_way
from .ports import PUBLISH_LIMIT_S, Archive, Clock, Console, Describer, Meter, Publisher
from .readiness import Readiness

_LOGGER = cautious_logger(__name__)

# Ten on each of twenty cameras. One takes kilobytes until its clip is decoded, but beyond
# this the console's one export slot is minutes behind, and words that late help nobody.
UNFINISHED_AT_MOST = 200


async def _nothing(_detection: Detection) -> None:
    """Keep nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a Runner works with: the ports, and what it shares with other consoles' Runners."""

    console: Console
    archive: Archive
    describers: Callable[[str | None], Describer]
    """The agent of that id; None is the one that Home Assistant's user prefers."""

    meter: Meter
    publisher: Publisher
    clock: Clock
    policy: Callable[[Detection], Policy]
    """Read once for each Detection, so that a changed option needs no reload."""

    plain_policy: Callable[[Detection], Policy] | None = None
    """The same in no time, without the user's texts: of a thousand that no agent is asked about
    none needs them. None is ``policy`` itself."""

    readiness: Readiness = field(default_factory=Readiness)
    """How long this console takes until a recording can be fetched."""

    breaker: Breaker | None = None
    """Whether this console may be asked for clips; None makes one that nobody looks at."""

    decoder: Decoder = field(default_factory=Decoder)
    """One for all consoles."""

    gate: Gate = field(default_factory=Gate)
    """In front of the agents; one for all consoles."""

    kept: Callable[[Detection], Awaitable[None]] = _nothing
    """Returns when a Detection would survive a sudden end, or cannot be made to; bounded."""


class Runner:
    """Runs every Detection of one console as a task of its own."""

    def __init__(
        self,
        world: World,
        on_change: Callable[[], None] = lambda: None,
        on_bug: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_change`` is called whenever ``depth`` has changed, ``on_bug`` when one was lost."""
        self._world = world
        self._on_change = on_change
        self._on_bug = on_bug
        self._fetcher = ClipFetcher(
            world.console, world.clock, world.decoder, world.readiness, breaker=world.breaker
        )
        self._first_words = FirstWords(
            console=world.console,
            archive=world.archive,
            describers=world.describers,
            meter=world.meter,
            publisher=world.publisher,
            clock=world.clock,
            policy=world.policy,
            gate=world.gate,
        )
        self._unfinished: dict[asyncio.Task[None], Case] = {}
        self._giving_way: dict[asyncio.Task[None], Case] = {}
        self._overload = Overload(self._publish, world.plain_policy or world.policy, on_bug)
        self._closed = False

    @property
    def depth(self) -> int:
        """Number of Detections that are being worked on."""
        return len(self._unfinished)

    @property
    def is_at_ease(self) -> bool:
        """Whether there is room for more than what is live."""
        return self.depth < UNFINISHED_AT_MOST // 2

    def may_catch_up(self, camera_id: str) -> bool:
        """Whether something of that camera may begin that is in no hurry.

        While no clip of it is asked for it would lose its own. When the pause is over, the
        console's or the camera's, it is tried with one of these, unless something is at work
        already that will.
        """
        breaker = self._world.breaker
        if breaker is None:
            return self.is_at_ease
        if not breaker.allows(camera_id):
            return False
        if breaker.state is not Downloads.NORMAL:
            return not self.depth
        if breaker.has_paused(camera_id) and self._works_on(camera_id):
            return False
        return self.is_at_ease

    def submit(self, detection: Detection) -> asyncio.Task[None] | None:
        """Begin with a Detection; call in the event loop. After ``close()`` nothing begins.

        Returns what ends when it is told, None where it is not worked on. Where too much is
        unfinished, it takes the place of what matters less and has only waited, if there is any.
        """
        if self._closed:
            return None
        case = Case(detection=detection, clock=self._world.clock)
        if not self._has_room(case):
            self._overload.refuse(case)
            return None
        return self._start(case)

    def refuse(self, detection: Detection) -> None:
        """Tell a Detection without working on it, because there are too many before it."""
        if not self._closed:
            self._overload.refuse(Case(detection=detection, clock=self._world.clock))

    async def describe(
        self, detection: Detection, *, revision: int = 1, wish: str = ""
    ) -> Sighting:
        """Tell what somebody asked for and waits for; cancelling him cancels it.

        Raises NotTakenError when the same is being told already, when too much is unfinished,
        and when the Runner is closed before it is told; NoWordsError when a later revision got
        no answer: nothing is published then, because what was told before says more.
        """
        case = Case(
            detection=detection,
            clock=self._world.clock,
            revision=revision,
            wish=wish,
            asked_for=True,
        )
        if self.is_telling(case.sighting_id):
            raise NotTakenError(FallbackDetail.OVERLOAD, "it is being described already")
        if self._closed or not self._has_room(case):
            raise NotTakenError(FallbackDetail.OVERLOAD, "nothing more is taken in now")
        task = self._start(case)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        if case.kept_back is not None:
            lost = case.kept_back
            raise NoWordsError(lost.reason, lost.detail)
        if case.told is None:
            raise NotTakenError(FallbackDetail.OVERLOAD, "it was ended before it was told")
        return case.told

    def greet(self, detection: Detection) -> bool:
        """Begin with first words of what still goes on; say whether any are tried.

        Call in the event loop, before the Detection is submitted.
        """
        return not self._closed and self._first_words.greet(detection)

    async def close(self) -> None:
        """Cancel what is unfinished, and return when it has cleaned up. Publishes nothing."""
        self._closed = True
        tasks = (*self._unfinished, *self._giving_way)
        for task in tasks:
            task.cancel()
        await self._overload.close()
        await asyncio.gather(self._first_words.close(), *tasks, return_exceptions=True)

    def is_telling(self, sighting_id: str) -> bool:
        """Say whether that one was given to us and is still to be told, worked on or not.

        What waits in the backlog, or for the end of a start, only the ledger knows.
        """
        cases = chain(self._unfinished.values(), self._giving_way.values())
        return self._overload.holds(sighting_id) or any(
            case.sighting_id == sighting_id and case.told is None for case in cases
        )

    def _works_on(self, camera_id: str) -> bool:
        return any(case.detection.camera_id == camera_id for case in self._unfinished.values())

    def _has_room(self, newcomer: Case) -> bool:
        """Say whether there is a place; it may be made by somebody who gives way.

        He is told when he has cleaned up, for he may still be on his way to where he waits.
        """
        if self.depth < UNFINISHED_AT_MOST:
            return True
        task = giving_way(newcomer, self._unfinished)
        if task is None:
            return False
        self._giving_way[task] = self._unfinished.pop(task)
        task.cancel()
        return True

    def _start(self, case: Case) -> asyncio.Task[None]:
        name = f"protect_narrator Sighting {case.sighting_id}"
        task = asyncio.get_running_loop().create_task(self._run(case), name=name)
        self._unfinished[task] = case
        task.add_done_callback(self._finished)
        self._on_change()
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Let go of a task, and be loud about what even publishing did not survive."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s: lost to a bug", task.get_name(), exc_info=error)
            self._on_bug()
        gave_way = self._giving_way.pop(task, None)
        if gave_way is not None and task.cancelled() and not self._closed:
            self._overload.refuse(gave_way)
        if self._unfinished.pop(task, None) is not None:
            self._on_change()
        if self.is_at_ease:
            self._overload.passed()

    async def _run(self, case: Case) -> None:
        """Tell one Detection. A bug on the way costs words, never the Sighting."""
        try:
            await self._tell(case)
        # The one broad place: the stages have already caught what can be expected.
        # A cancellation that nobody asked of this task has leaked out of some library.
        except Exception, asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            _LOGGER.exception("Sighting %s: a bug at %s", case.sighting_id, case.stage)
            if not case.published:
                case.lose_to_bug()
                await self._publish(case)

    async def _tell(self, case: Case) -> None:
        """Go through the stages; the workspace goes whatever happens in them."""
        world = self._world
        policy = world.policy(case.detection)
        case.policy = _patient(policy, world.meter.may_ask(case.detection, policy))
        describer = world.describers(case.policy.agent_id)
        ladder = Ladder(case=case, console=world.console, decoder=world.decoder)
        async with AsyncExitStack() as cleaning_up:
            await settle(case, world.console, world.readiness)
            # Before anything slow: settling is no more than waiting.
            await world.kept(case.detection)
            if self._may_ask(case, describer):
                workspace = await self._workspace(case, cleaning_up)
                clip = await self._clip(case, workspace)
                exhibit = await self._evidence(case, describer, ladder, clip, workspace)
                interview = Interview(
                    case=case,
                    describer=self._same(case, describer),
                    gate=world.gate,
                    meter=world.meter,
                )
                await interview.describe(
                    exhibit, instead=partial(ladder.prepare, clip, workspace, whole=False)
                )
            else:
                await ladder.photograph()
            await self._publish(case)
            case.enter(Stage.CLEAN_UP)

    def _may_ask(self, case: Case, describer: Describer) -> bool:
        """Say whether an agent may be asked: without one a clip would serve nobody."""
        try:
            describer.require()
            require_budget(self._world.meter, case)
        except AgentUnavailableError as err:
            case.lose(FallbackReason.AGENT_UNAVAILABLE, err)
        except OverBudgetError as err:
            case.lose(FallbackReason.BUDGET_EXHAUSTED, err)
        else:
            return True
        return False

    async def _workspace(self, case: Case, cleaning_up: AsyncExitStack) -> Room:
        """Return a directory that is removed at the end, or why there is none."""
        try:
            return await cleaning_up.enter_async_context(
                self._world.archive.workspace(case.sighting_id)
            )
        except StorageError as err:
            return err

    async def _clip(self, case: Case, workspace: Room) -> Clip | None:
        """Return the recording; None where there is none to be had, or nobody wants it."""
        if case.policy.show is Medium.SNAPSHOT:
            return None
        if isinstance(workspace, StorageError):
            case.lose(FallbackReason.CLIP_DOWNLOAD_FAILED, workspace)
            return None
        return await self._fetcher.fetch(case, workspace)

    async def _evidence(
        self, case: Case, describer: Describer, ladder: Ladder, clip: Clip | None, workspace: Room
    ) -> Exhibit:
        """Choose the agent, once, and prepare what it can look at."""
        show, ability = case.policy.show, describer.ability
        case.agent_id = describer.agent_id
        whole = show is Medium.CLIP or (show is None and ability.takes_clip is not False)
        return await ladder.prepare(clip, workspace, whole=whole, ability=ability)

    def _same(self, case: Case, describer: Describer) -> Describer:
        """Return the agent that the evidence was made for, whichever is preferred meanwhile."""
        return describer if case.agent_id is None else self._world.describers(case.agent_id)

    async def _publish(self, case: Case) -> None:
        await self._first_words.end(case.sighting_id)
        case.enter(Stage.PUBLISH)
        sighting = case.sighting()
        if sighting.revision > 1 and case.description is None:
            case.kept_back = sighting.fallbacks[-1]
            return
        case.published = True
        async with asyncio.timeout(PUBLISH_LIMIT_S):
            await self._world.publisher.publish(sighting)
        case.told = sighting


def _patient(policy: Policy, may_ask: bool) -> Policy:
    """Return the policy with no wait for a recording that nobody will fetch.

    Where one picture is all that is shown, or no AI call is left to show more: the console has a
    thumbnail as soon as the Detection has ended, and is asked for a while.
    """
    if may_ask and policy.show is not Medium.SNAPSHOT:
        return policy
    none = timedelta(0)
    return replace(policy, clip_after=none, settle=none, learn_settle=False)
