"""Where the world plugs in: what the pipeline asks of the console, the disk and the AI."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from .models import Detection, Evidence, Policy, Sighting


class Clock(Protocol):
    """Time, so that a test records waits instead of living through them."""

    def now(self) -> datetime:
        """Return the wall clock as aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Console(Protocol):
    """The console's recorded media and the truth about an event. Raises MediaError."""

    async def refresh(self, detection: Detection) -> Detection:
        """Return the Detection as the console knows it now; never shorter of labels."""
        ...

    def open_clip(
        self, camera_id: str, start: datetime, end: datetime, *, time_limit: float
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Ask for the recording of [start, end) as MP4 and stream its bytes.

        The request is over ``time_limit`` seconds after it was made at the latest, sooner
        when no byte comes for 10 s; leaving the context always closes the connection.
        A body shorter than declared, or empty, raises instead of ending the iteration.
        """
        ...

    async def event_thumbnail(self, detection: Detection) -> bytes:
        """Return Protect's own JPEG of the event."""
        ...

    async def recorded_snapshot(self, camera_id: str, at: datetime) -> bytes:
        """Return a JPEG from the recording at that moment."""
        ...

    async def live_snapshot(self, camera_id: str) -> bytes:
        """Return a JPEG of what the camera sees now."""
        ...


class Workspace(Protocol):
    """A private directory in the media folder for one analysis. Raises StorageError."""

    @property
    def path(self) -> Path:
        """The directory itself."""
        ...

    async def receive(self, name: str, chunks: AsyncIterable[bytes], *, limit: int) -> Path:
        """Write the chunks to ``<name>.part``, then rename it; return the finished file.

        More than ``limit`` bytes raise (``too_large``). An error of the source passes
        through and leaves no part behind.
        """
        ...

    async def write(self, name: str, data: bytes) -> Path:
        """Write a small file."""
        ...

    async def reserve(self, name: str, size: int) -> Path:
        """Make an empty file that may be filled with ``size`` bytes."""
        ...


class Archive(Protocol):
    """The media folder."""

    def workspace(self, sighting_id: str) -> AbstractAsyncContextManager[Workspace]:
        """Make a directory and remove it with all its files when the context is left."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent is asked."""

    task_name: str
    instructions: str
    fields: Mapping[str, str]
    """The answer's fields, each with a sentence that tells the agent what belongs there."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent answered."""

    raw: Mapping[str, object] | str
    """Unvalidated: fields, or text that should hold them as JSON."""

    tokens: int | None = None
    """Read and written, as far as the agent told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What an agent can be shown besides pictures."""

    takes_clip: bool | None = False
    """Whether it understands a video file; None where only trying tells."""

    most_bytes: int | None = None
    """Of a clip; None is without limit."""

    most_s: float | None = None
    """Of a clip, in seconds; None is without limit."""


class Describer(Protocol):
    """The user's own AI: one agent. Raises AgentError and AgentUnavailableError."""

    @property
    def agent_id(self) -> str | None:
        """The entity that would be asked now, None if there is none."""
        ...

    @property
    def ability(self) -> Ability:
        """What is known of that agent."""
        ...

    def learn(self, *, takes_clip: bool) -> None:
        """Remember what trying has told of an agent whose ability was not known."""
        ...

    def require(self) -> None:
        """Raise AgentUnavailableError when there is nobody who could be asked now."""
        ...

    async def ask(self, question: Question) -> Answer:
        """Return the agent's answer.

        There is no time limit, so a cancellation must end it within seconds: it has one of
        the few places for AI calls, and the console's entry may be waiting to be unloaded.
        """
        ...


class Meter(Protocol):
    """Counts what the agent is asked, and knows when the user's limit is reached."""

    def may_ask(self, detection: Detection, policy: Policy) -> bool:
        """Say whether one more question about this Detection is within the limits."""
        ...

    def asked(self, detection: Detection) -> None:
        """Count a question, just before it is put."""
        ...

    def answered(self, detection: Detection, answer: Answer) -> None:
        """Count what an answer cost, whether or not it can be used."""
        ...

    def failed(self, detection: Detection) -> None:
        """Count a question that was not answered usably."""
        ...


# Publishing fires an event and stores one small picture.
PUBLISH_LIMIT_S = 30.0


class Publisher(Protocol):
    """Where finished Sightings go; waited for ``PUBLISH_LIMIT_S`` and no longer."""

    async def publish(self, sighting: Sighting) -> None:
        """Tell the world; called exactly once per Sighting and revision."""
        ...
