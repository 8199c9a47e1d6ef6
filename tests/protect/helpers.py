"""A listener that remembers, and a connection as an integration makes it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar
from PIL import Image

from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect import (
    CameraInfo,
    Connection,
    ConnectionState,
    ConsoleInfo,
    ConsoleMedia,
    Credentials,
    LoginGuard,
)
from custom_components.protect_narrator.protect.events import EventFrame, Source
from simulator.console import Console

# Seconds: far more than anything on this machine takes.
PATIENCE = 10.0

# Seconds: the library waits ten before it connects a websocket again.
AT_ONCE = 0.05

# Seconds: shorter than the silence that ends a request, so that tests are quick.
IMPATIENCE = 0.3

OFTEN = timedelta(seconds=0.05)
LONG_AGO = datetime.now(UTC) - timedelta(days=1)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAMERA = "65f0c0de0000000000000000"
EVENT = "6670a1b2c3d4e5f601234567"


class Film:
    """A recording on which nothing can be seen."""

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return 100 kB for each second."""
        head = f"{camera_name}|{start.isoformat()}|{end.isoformat()}|".encode()
        return head.ljust(round((end - start).total_seconds() * 100_000), b".")

    def still(self, camera_name: str, at: datetime) -> bytes:
        """Return a JPEG with a comment that says of when it is."""
        out = BytesIO()
        comment = f"{camera_name}|{at.isoformat()}".encode()
        Image.new("RGB", (64, 36), "grey").save(out, "JPEG", comment=comment)
        return out.getvalue()


class Heard:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.opened: list[Detection] = []
        self.detections: list[Detection] = []
        self.looked: list[datetime] = []
        self.states: list[ConnectionState] = []
        self.cameras: list[tuple[CameraInfo, ...]] = []
        self._change = asyncio.Event()

    def knows(self, camera_id: str, event_id: str) -> bool:
        return False

    def on_opened(self, detection: Detection) -> None:
        self.opened.append(detection)
        self._change.set()

    def on_detection(self, detection: Detection) -> None:
        self.detections.append(detection)
        self._change.set()

    def on_looked(self, when: datetime) -> None:
        self.looked.append(when)
        self._change.set()

    def on_state(self, state: ConnectionState) -> None:
        self.states.append(state)
        self._change.set()

    def on_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        self.cameras.append(cameras)
        self._change.set()

    async def wait_for(self, predicate: Callable[[], bool]) -> None:
        """Return when the condition holds; it is looked at whenever something was told."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not predicate():
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError as err:
            raise AssertionError(f"was told {self.detections} {self.states}") from err

    async def some(self, count: int = 1) -> list[Detection]:
        """Return the Detections as soon as there are so many."""
        await self.wait_for(lambda: len(self.detections) >= count)
        return self.detections

    async def state(self, state: ConnectionState) -> None:
        """Return when that is the state of the connection."""
        await self.wait_for(lambda: self.states[-1:] == [state])


@dataclass(kw_only=True)
class Link:
    """A connection with everything that belongs to it."""

    connection: Connection
    guard: LoginGuard
    heard: Heard
    info: ConsoleInfo | None = None

    async def start(self, console: Console) -> Heard:
        """Connect, listen, and return when all its websockets are open."""
        self.info = await self.connection.connect()
        self.connection.start(self.info, self.heard)
        await console.wait_for(lambda: console.open_private_websockets == 1)
        if self.connection._credentials.api_key is not None:
            await console.wait_for(lambda: console.open_public_websockets == 1)
        return self.heard

    def later(self) -> None:
        """Let the minute pass in which the log-ins so far count."""
        self.guard._budget._sent.clear()

    def hurry(self) -> None:
        """Let websockets come back at once, by the library's own parameter."""
        client = self.connection._client
        for socket in (client._private_websocket, client._events_websocket):
            if socket is not None:
                socket.backoff = AT_ONCE  # type: ignore[assignment]  # any seconds will do


@asynccontextmanager
async def linked(console: Console, folder: Path, **other: Any) -> AsyncIterator[Link]:
    """Make a connection of the console's user; other credentials and options by name.

    Unless a test is about that, it waits for no better labels and merges nothing.
    """
    login: dict[str, Any] = {
        "host": console.host,
        "port": console.port,
        "username": console.username,
        "password": console.password,
        "api_key": console.api_key,
        "verify_ssl": False,
    }
    login |= {name: other.pop(name) for name in tuple(other) if name in login}
    other.setdefault("label_grace", timedelta())
    other.setdefault("merge_gap", timedelta())
    guard = LoginGuard()
    async with (
        ClientSession(middlewares=(guard,), cookie_jar=CookieJar(unsafe=True)) as private,
        ClientSession() as public,
    ):
        connection = Connection(
            Credentials(**login),
            session=private,
            public_session=public,
            config_dir=folder,
            login_guard=guard,
            **other,
        )
        try:
            yield Link(connection=connection, guard=guard, heard=Heard())
        finally:
            await connection.close()


def frame(
    *labels: Label,
    start: datetime = NOON,
    lasted: float | None = None,
    event_id: str = EVENT,
    camera_id: str = CAMERA,
    source: Source = Source.PRIVATE,
    **other: Any,
) -> EventFrame:
    """Return what one message says; ``lasted`` in seconds, None while it is open."""
    return EventFrame(
        event_id=event_id,
        camera_id=camera_id,
        labels=labels,
        start=start,
        end=None if lasted is None else start + timedelta(seconds=lasted),
        source=source,
        **other,
    )


def looks(console: Console) -> int:
    """Return how often the console's list of events was read."""
    return sum(request.finished is not None for request in console.requests_to("/api/events"))


async def looked(console: Console, more: int = 1) -> None:
    """Return when the list has been read so often from now on."""
    before = len(console.requests_to("/api/events"))

    def finished() -> int:
        reads = console.requests_to("/api/events")[before:]
        return sum(read.finished is not None for read in reads)

    await console.wait_for(lambda: finished() >= more)


async def looked_so_far(console: Console, times: int = 1) -> None:
    """Return when the list has been read so often, and nobody is reading it."""
    await console.wait_for(lambda: looks(console) >= times and console.open_requests == 0)


def window(console: Console) -> tuple[str, datetime, datetime]:
    """Return a camera and four seconds that have passed."""
    end = datetime.now(UTC)
    return console.cameras[1].id, end - timedelta(seconds=4), end


async def download(console: Console, media: ConsoleMedia, time_limit: float = PATIENCE) -> bytes:
    """Return a whole clip."""
    async with media.open_clip(*window(console), time_limit=time_limit) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def seen(console: Console, **other: object) -> Detection:
    """Let a detection happen and return what a websocket may have told of it."""
    camera = console.cameras[1]
    event_id = await console.detect(camera.id, labels=("person",))
    event = next(event for event in console.events if event.id == event_id)
    assert event.end is not None
    known = {
        "console_id": console.mac.lower(),
        "camera_id": camera.id,
        "camera_name": camera.name,
        "event_ids": (event_id,),
        "labels": (Label.PERSON,),
        "start": event.start,
        "end": event.end,
    }
    return Detection(**(known | other))  # type: ignore[arg-type]  # the test's own fields
