"""What every measurement needs: a console elsewhere, a connection to it, a place for files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

from aiohttp import ClientSession, CookieJar, TCPConnector

from custom_components.protect_narrator.archive import ClipArchive
from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect import Connection, Credentials, LoginGuard

from .clips import BenchClip

_READY_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The console's process and how to reach it."""

    process: asyncio.subprocess.Process
    reach: dict[str, Any]

    async def talk(self, per_second: int, seconds: float) -> None:
        """Let it send websocket messages; return when it has."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"messages {per_second} {seconds}\n".encode())
        await self.process.stdin.drain()
        await self.process.stdout.readline()


@asynccontextmanager
async def console_elsewhere(files: dict[str, str]) -> AsyncIterator[Elsewhere]:
    """Start a console in a process of its own; end it with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.console_process",
        json.dumps(files),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(_READY_LIMIT_S):
            reach = json.loads(await process.stdout.readline())
        yield Elsewhere(process, reach)
    finally:
        process.stdin.close()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Rig:
    """A connection of ours, its session, and an archive on disk."""

    connection: Connection
    session: ClientSession
    archive: ClipArchive
    cameras: dict[str, str]
    base: str

    def detection(self, clip: BenchClip, *, before: timedelta, after: timedelta) -> Detection:
        """Return a Detection whose window is as long as the clip, and over since an hour."""
        start = datetime.now(UTC) - timedelta(hours=1)
        return Detection(
            console_id="f4e2c6a0b0c0",
            camera_id=self.cameras[clip.name],
            camera_name=clip.name,
            event_ids=(f"{round(start.timestamp() * 1_000_000):024x}",),
            labels=(Label.PERSON,),
            start=start,
            end=start + timedelta(seconds=clip.total_seconds) - before - after,
        )


@asynccontextmanager
async def rig(reach: dict[str, Any]) -> AsyncIterator[Rig]:
    """Connect; close everything with the context."""
    guard = LoginGuard()
    with tempfile.TemporaryDirectory() as folder:
        # Certificates are not verified: the simulated console signs its own.
        async with (
            ClientSession(
                connector=TCPConnector(ssl=False),
                cookie_jar=CookieJar(unsafe=True),
                middlewares=(guard,),
            ) as session,
            ClientSession(connector=TCPConnector(ssl=False)) as public,
        ):
            connection = Connection(
                Credentials(
                    host=reach["host"],
                    port=reach["port"],
                    username=reach["username"],
                    password=reach["password"],
                    verify_ssl=False,
                ),
                session=session,
                public_session=public,
                config_dir=Path(folder),
                login_guard=guard,
            )
            try:
                await connection.connect()
                archive = ClipArchive(Path(folder) / "media")
                await archive.sweep()
                yield Rig(
                    connection,
                    session,
                    archive,
                    reach["cameras"],
                    f"https://{reach['host']}:{reach['port']}",
                )
            finally:
                await connection.close()
