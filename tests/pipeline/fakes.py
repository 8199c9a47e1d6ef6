"""Small stand-ins for the ports; each does what its contract says and nothing else."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
import shutil
from typing import Any

from custom_components.protect_narrator.pipeline.errors import (
    AgentUnavailableError,
    MediaError,
    StorageError,
)
from custom_components.protect_narrator.pipeline.models import (
    Detection,
    FallbackDetail,
    Label,
    Policy,
    Sighting,
)
from custom_components.protect_narrator.pipeline.ports import (
    Ability,
    Answer,
    Question,
    Workspace,
)
from custom_components.protect_narrator.pipeline.runner import World

from . import clips

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ANSWER: dict[str, object] = {
    "title": "A courier rings",
    "description": "A person in a red jacket walks to the door.",
    "importance": "high",
    "confidence": 0.9,
}

# What a console fails with that is in trouble.
TROUBLE = {FallbackDetail.HTTP_ERROR, FallbackDetail.TIMEOUT, FallbackDetail.CONNECTION_LOST}

# What a scripted call does: raise, return, or run.
type Step = BaseException | Callable[[], Any] | Any


@cache
def good_clip(seconds: float = 9.0) -> bytes:
    """Return a clip of the window of ``detection()``, made once."""
    return clips.mp4(seconds, width=160, height=90)


def detection(number: int = 0, **changes: Any) -> Detection:
    """Return four seconds of a person at the front door."""
    return replace(
        Detection(
            console_id="aabbccddeeff",
            camera_id=f"camera-{number}",
            camera_name="Front door",
            event_ids=(f"event-{number}",),
            labels=(Label.PERSON,),
            start=START,
            end=START + timedelta(seconds=4),
        ),
        **changes,
    )


def media_error(
    detail: FallbackDetail = FallbackDetail.HTTP_ERROR,
    *,
    retriable: bool = True,
    early: bool | None = None,
    retry_after_s: float | None = None,
) -> MediaError:
    """Return what a console's failure looks like."""
    if early is None:
        early = detail in {FallbackDetail.NOT_READY, FallbackDetail.EMPTY}
    return MediaError(
        detail,
        "as the test wants it",
        retriable=retriable,
        early=early,
        trouble=retriable and detail in TROUBLE,
        retry_after_s=retry_after_s,
    )


def storage_error(detail: FallbackDetail = FallbackDetail.DISK_FULL) -> StorageError:
    """Return what a disk's failure looks like."""
    return StorageError(detail, "as the test wants it")


async def play(step: Step) -> Any:
    """Do what the script says."""
    if isinstance(step, BaseException):
        raise step
    if callable(step):
        result = step()
        return await result if asyncio.iscoroutine(result) else result
    return step


async def forever() -> None:
    """Hang."""
    await asyncio.Event().wait()


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.time += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass
class FakeConsole:
    """A console that plays scripts; the last step of a script repeats for ever."""

    clock: FakeClock
    clip: list[Step] = field(default_factory=lambda: [good_clip])
    thumbnail: Step = field(default_factory=lambda: clips.jpeg(number=101))
    recorded: Step = field(default_factory=lambda: clips.jpeg(number=102))
    live: Step = field(default_factory=lambda: clips.jpeg(number=103))
    refreshed: Step | None = None
    attempt_s: float = 0.0
    calls: list[str] = field(default_factory=list)
    windows: list[tuple[str, datetime, datetime, float]] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0

    async def refresh(self, detection: Detection) -> Detection:
        self.calls.append("refresh")
        if self.refreshed is None:
            return detection
        result: Detection = await play(self.refreshed)
        return result

    @asynccontextmanager
    async def open_clip(
        self, camera_id: str, start: datetime, end: datetime, *, time_limit: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.calls.append("clip")
        self.windows.append((camera_id, start, end, time_limit))
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            self.clock.advance(self.attempt_s)
            yield self._body(self.clip.pop(0) if len(self.clip) > 1 else self.clip[0])
        finally:
            self.open_now -= 1

    async def _body(self, step: Step) -> AsyncIterator[bytes]:
        data: bytes = await play(step)
        for start in range(0, len(data), 4096):
            yield data[start : start + 4096]

    async def event_thumbnail(self, detection: Detection) -> bytes:
        return await self._still(f"thumbnail of {detection.event_ids[0]}", self.thumbnail)

    async def recorded_snapshot(self, camera_id: str, at: datetime) -> bytes:
        return await self._still(
            f"recorded by {camera_id} after {(at - START).total_seconds()} s", self.recorded
        )

    async def live_snapshot(self, camera_id: str) -> bytes:
        return await self._still(f"live from {camera_id}", self.live)

    async def _still(self, call: str, step: Step) -> bytes:
        self.calls.append(call)
        result: bytes = await play(step)
        return result

    def without_stills(self) -> None:
        """Have no picture of any kind."""
        self.thumbnail = self.recorded = self.live = media_error(FallbackDetail.NO_ACCESS)


@dataclass
class FakeWorkspace:
    """A real directory whose disk can fail."""

    path: Path
    fault: StorageError | None = None
    written: list[str] = field(default_factory=list)

    async def receive(self, name: str, chunks: AsyncIterable[bytes], *, limit: int) -> Path:
        data = b"".join([chunk async for chunk in chunks])
        if len(data) > limit:
            raise storage_error(FallbackDetail.TOO_LARGE)
        return await self.write(name, data)

    async def write(self, name: str, data: bytes) -> Path:
        if self.fault is not None:
            raise self.fault
        self.written.append(name)
        path = self.path / name
        path.write_bytes(data)
        return path

    async def reserve(self, name: str, size: int) -> Path:
        return await self.write(name, b"")


@dataclass
class FakeArchive:
    """A media folder in the test's own directory."""

    root: Path
    full: StorageError | None = None
    fault: StorageError | None = None
    made: list[FakeWorkspace] = field(default_factory=list)

    @asynccontextmanager
    async def workspace(self, sighting_id: str) -> AsyncIterator[Workspace]:
        if self.full is not None:
            raise self.full
        path = self.root / f"{sighting_id}-{len(self.made)}"
        path.mkdir()
        workspace = FakeWorkspace(path, self.fault)
        self.made.append(workspace)
        try:
            yield workspace
        finally:
            shutil.rmtree(path)

    def left(self) -> list[Path]:
        """Return what is still there."""
        return list(self.root.rglob("*"))


@dataclass
class FakeDescriber:
    """An agent that plays a script and looks at what it is shown; the last step repeats."""

    answers: list[Step] = field(default_factory=lambda: [ANSWER])
    agent_id: str | None = "ai_task.seer"
    ability: Ability = field(default_factory=Ability)
    learnt: list[bool] = field(default_factory=list)
    wanted: list[str | None] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    seen: list[list[bytes]] = field(default_factory=list)
    asked_now: int = 0
    asked_most: int = 0

    def of(self, agent_id: str | None) -> FakeDescriber:
        """Be the agent of that id."""
        self.wanted.append(agent_id)
        return self

    def learn(self, *, takes_clip: bool) -> None:
        self.learnt.append(takes_clip)
        self.ability = replace(self.ability, takes_clip=takes_clip)

    def require(self) -> None:
        if self.agent_id is None:
            raise AgentUnavailableError(FallbackDetail.AGENT_MISSING, "there is no agent")

    async def ask(self, question: Question) -> Answer:
        self.questions.append(question)
        self.seen.append([file.path.read_bytes() for file in question.evidence.files])
        self.asked_now += 1
        self.asked_most = max(self.asked_most, self.asked_now)
        step = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            result: Mapping[str, object] | str | Answer = await play(step)
        finally:
            self.asked_now -= 1
        return result if isinstance(result, Answer) else Answer(result)


@dataclass
class FakeMeter:
    """Counts, and allows what it is told to."""

    allows: bool = True
    counted: list[str] = field(default_factory=list)
    tokens: list[int | None] = field(default_factory=list)

    def may_ask(self, detection: Detection, policy: Policy) -> bool:
        return self.allows

    def asked(self, detection: Detection) -> None:
        self.counted.append("asked")

    def answered(self, detection: Detection, answer: Answer) -> None:
        self.counted.append("answered")
        self.tokens.append(answer.tokens)

    def failed(self, detection: Detection) -> None:
        self.counted.append("failed")


@dataclass
class FakePublisher:
    """Collects Sightings, and lets a test wait for them."""

    fault: Step | None = None
    sightings: list[Sighting] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def publish(self, sighting: Sighting) -> None:
        self.sightings.append(sighting)
        self._arrived.set()
        if self.fault is not None:
            await play(self.fault)

    async def wait_for(self, count: int) -> list[Sighting]:
        """Return when so many have been published."""
        async with asyncio.timeout(20):
            while len(self.sightings) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.sightings


@dataclass
class FakeWorld:
    """All ports at once, each within reach of the test."""

    root: Path
    policy: Policy = field(default_factory=Policy)
    clock: FakeClock = field(default_factory=FakeClock)
    describer: FakeDescriber = field(default_factory=FakeDescriber)
    meter: FakeMeter = field(default_factory=FakeMeter)
    publisher: FakePublisher = field(default_factory=FakePublisher)

    def __post_init__(self) -> None:
        self.console = FakeConsole(self.clock)
        self.archive = FakeArchive(self.root)

    def world(self) -> World:
        """Return the world as the Runner wants it."""
        return World(
            console=self.console,
            archive=self.archive,
            describers=self.describer.of,
            meter=self.meter,
            publisher=self.publisher,
            clock=self.clock,
            policy=lambda _detection: self.policy,
        )
