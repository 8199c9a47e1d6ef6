"""A made-up recording, and ways to reach a console: the real client, and the bare wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
import json
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image
from uiprotect import ProtectApiClient
from uiprotect.data import ModelType, WSPacket, WSSubscriptionMessage
from uiprotect.events import EventChange, ProtectEvent

from simulator.console import Console

BYTES_PER_SECOND = 100_000
PATIENCE = 10.0  # seconds: far more than anything on this machine takes

PRIVATE = "/proxy/protect/api"
PUBLIC = "/proxy/protect/integration/v1"


class Film:
    """A recording in which nothing moves; its files say what was asked for."""

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        head = f"{camera_name}|{start.isoformat()}|{end.isoformat()}|".encode()
        return head.ljust(round((end - start).total_seconds() * BYTES_PER_SECOND), b".")

    def still(self, camera_name: str, at: datetime) -> bytes:
        out = BytesIO()
        comment = f"{camera_name}|{at.isoformat()}".encode()
        Image.new("RGB", (640, 360), "steelblue").save(out, "JPEG", comment=comment)
        return out.getvalue()


def moment_of(jpeg: bytes) -> datetime:
    """Return the moment that a still of the Film is of."""
    with Image.open(BytesIO(jpeg)) as picture:
        return datetime.fromisoformat(picture.info["comment"].decode().split("|")[1])


@asynccontextmanager
async def connected(
    console: Console, folder: Path, **other: str | bool | None
) -> AsyncIterator[ProtectApiClient]:
    """Yield an unmodified client with sessions of its own, as an integration makes it."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as private,
        aiohttp.ClientSession() as public,
    ):
        options: dict[str, Any] = {
            "username": console.username,
            "password": console.password,
            "api_key": console.api_key,
            "verify_ssl": False,
        }
        api = ProtectApiClient(
            console.host,
            console.port,
            **(options | other),
            session=private,
            public_api_session=public,
            config_dir=folder,
            cache_dir=folder,
            subscribed_models={ModelType.EVENT, ModelType.CAMERA},
            ignore_stats=True,
            max_retries=0,
        )
        try:
            yield api
        finally:
            await api.async_disconnect_ws()


class Heard:
    """What the client's callbacks were told, in order."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Any] = asyncio.Queue()

    def private(self, message: WSSubscriptionMessage) -> None:
        self._told.put_nowait(message)

    def public(self, event: ProtectEvent, change: EventChange) -> None:
        self._told.put_nowait((event, change))

    async def next(self) -> Any:
        return await asyncio.wait_for(self._told.get(), PATIENCE)

    def nothing_more(self) -> bool:
        return self._told.empty()


def export_params(console: Console, seconds: float = 4.0) -> dict[str, Any]:
    """Return the parameters of an export of the first camera that ends now."""
    end = datetime.now(UTC)
    return {
        "camera": console.cameras[0].id,
        "start": round((end - timedelta(seconds=seconds)).timestamp() * 1000),
        "end": round(end.timestamp() * 1000),
        "channel": 0,
    }


async def export(api: ProtectApiClient, params: dict[str, Any], **timeout: float) -> bytes:
    """Download a clip in the way that was proved on both versions of the client."""
    response = await api.request(
        "get",
        f"{api.private_api_path}video/export",
        require_auth=True,
        auto_close=False,
        params=params,
        timeout=aiohttp.ClientTimeout(**({"total": PATIENCE} | timeout)),
    )
    try:
        response.raise_for_status()
        return b"".join([chunk async for chunk in response.content.iter_chunked(64 * 1024)])
    finally:
        response.close()


type Frame = tuple[str, dict[str, Any]]
"""Action and item."""

type Following = Callable[[], Awaitable[Frame]]


class Wire:
    """The bare wire: a session that is logged in, and nothing that repairs what it sees."""

    def __init__(self, console: Console, session: aiohttp.ClientSession) -> None:
        self._console = console
        self.session = session
        self.base = f"https://{console.host}:{console.port}"

    async def log_in(self) -> int:
        body = {"username": self._console.username, "password": self._console.password}
        async with self.session.post(f"{self.base}/api/auth/login", json=body, ssl=False) as reply:
            return reply.status

    async def get(self, path: str, **params: str | int) -> tuple[int, Any]:
        """Return the status and the JSON of the answer."""
        headers = {"X-API-KEY": self._console.api_key}
        async with self.session.get(
            f"{self.base}{path}", params=params, headers=headers, ssl=False
        ) as reply:
            return reply.status, await reply.json()

    @asynccontextmanager
    async def frames(
        self, path: str, *, heartbeat: float | None = None
    ) -> AsyncIterator[Following]:
        """Yield an awaitable function that returns the next frame as (action, item)."""
        headers = {"X-API-KEY": self._console.api_key}
        async with self.session.ws_connect(
            f"{self.base}{path}", headers=headers, ssl=False, heartbeat=heartbeat
        ) as websocket:

            async def following() -> Frame:
                async with asyncio.timeout(PATIENCE):
                    message = await websocket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    frame = json.loads(message.data)
                    return frame["type"], frame["item"]
                if message.type is aiohttp.WSMsgType.BINARY:
                    packet = WSPacket(message.data)
                    head = packet.action_frame.data
                    item = {"id": head["id"], "modelKey": head["modelKey"]}
                    return head["action"], item | packet.data_frame.data
                return "closed", {"code": websocket.close_code, "reason": message.extra}

            yield following


PRIVATE_SOCKET = "/proxy/protect/ws/updates"
EVENTS_SOCKET = f"{PUBLIC}/subscribe/events"
DEVICES_SOCKET = f"{PUBLIC}/subscribe/devices"
