"""What our websocket callbacks cost, beside empty ones that hear the same messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
from statistics import median
import sys
import tempfile
import time
from typing import Any

from aiohttp import ClientSession, CookieJar, TCPConnector
from uiprotect import ProtectApiClient
from uiprotect.data import ModelType

from custom_components.protect_narrator.pipeline.models import Detection
from custom_components.protect_narrator.protect import CameraInfo, ConnectionState

from .result import Result
from .rig import Elsewhere, rig

_PER_SECOND = 120
_SECONDS = 12.0
_ROUNDS = 5
_LIMIT_S = 60


class Deaf:
    """A Listener that does nothing with what it hears."""

    def knows(self, camera_id: str, event_id: str) -> bool:
        """Know nothing."""
        return False

    def on_opened(self, detection: Detection) -> None:
        """Hear of a beginning."""

    def on_detection(self, detection: Detection) -> None:
        """Hear a Detection."""

    def on_looked(self, when: datetime) -> None:
        """Hear of a look."""

    def on_state(self, state: ConnectionState) -> None:
        """Hear of the connection."""

    def on_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Hear of cameras."""


@asynccontextmanager
async def _ours(reach: dict[str, Any]) -> AsyncIterator[None]:
    async with rig(reach) as made:
        console = await made.connection.connect()
        made.connection.start(console, Deaf())
        yield


@asynccontextmanager
async def _empty(reach: dict[str, Any]) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        async with ClientSession(
            connector=TCPConnector(ssl=False), cookie_jar=CookieJar(unsafe=True)
        ) as session:
            client = ProtectApiClient(
                reach["host"],
                reach["port"],
                reach["username"],
                reach["password"],
                verify_ssl=False,
                session=session,
                config_dir=Path(folder),
                cache_dir=Path(folder),
                subscribed_models={ModelType.EVENT, ModelType.CAMERA},
                ignore_stats=True,
                max_retries=0,
            )
            await client.update()
            unsubscribe = client.subscribe_websocket(lambda _message: None)
            try:
                yield
            finally:
                unsubscribe()
                await client.async_disconnect_ws()


async def listen(which: str, reach: dict[str, Any]) -> None:
    """Be one of the two listeners, in a process of its own; print CPU seconds when asked."""
    async with {"ours": _ours, "empty": _empty}[which](reach):
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        print(datetime.now(UTC).isoformat(), flush=True)
        while await reader.readline():
            print(time.process_time(), flush=True)


class _Listener:
    """One of the two processes, seen from here."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(_LIMIT_S):
            return (await self._process.stdout.readline()).decode()

    async def cpu_s(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        await self._process.stdin.drain()
        return float(await self.line())


@asynccontextmanager
async def _listener(which: str, reach: dict[str, Any]) -> AsyncIterator[_Listener]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.callbacks",
        which,
        json.dumps(reach),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        listener = _Listener(process)
        await listener.line()
        yield listener
    finally:
        process.stdin.close()
        await process.wait()


async def cost(console: Elsewhere) -> list[Result]:
    """Let both hear the same messages and compare the CPU time of their processes."""
    differences, empties = [], []
    async with (
        _listener("ours", console.reach) as ours,
        _listener("empty", console.reach) as empty,
    ):
        await console.talk(_PER_SECOND, 2.0)
        for _ in range(_ROUNDS):
            before = await ours.cpu_s(), await empty.cpu_s()
            await console.talk(_PER_SECOND, _SECONDS)
            after = await ours.cpu_s(), await empty.cpu_s()
            used = [
                100 * (late - early) / _SECONDS for early, late in zip(before, after, strict=True)
            ]
            differences.append(used[0] - used[1])
            empties.append(used[1])
    return [
        Result(
            promise=f"our callbacks cost next to nothing at {_PER_SECOND} messages/s",
            runs=tuple(differences),
            bound=0.5,
            unit="% of a core",
            beside=f"the client with empty callbacks: median {median(empties):.3g} %",
        )
    ]


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1], json.loads(sys.argv[2])))
