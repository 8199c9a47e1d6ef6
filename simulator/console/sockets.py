"""The websockets of one API: who is connected, and what they are told."""

import asyncio
from collections.abc import Callable

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType, web

from .faults import Socket
from .replies import tear_down

# A client that does not read for that long has hung up in all but name.
_SEND_TIMEOUT = 5.0


class Sockets:
    """All websockets of one kind; a frame goes to every one of them."""

    def __init__(self, state: Callable[[], Socket], changed: Callable[[], None]) -> None:
        """Take what the sockets are to do, asked anew for each frame, and whom to tell."""
        self._state = state
        self._changed = changed
        self._open: dict[web.WebSocketResponse, web.Request] = {}

    def __len__(self) -> int:
        """Return how many are connected."""
        return len(self._open)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Shake hands, and stay until the client leaves or is cut off."""
        # We answer pings and closes ourselves, because a half-open peer does neither.
        websocket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False)
        await websocket.prepare(request)
        if self._state() is Socket.STALE:
            await websocket.close(
                code=WSCloseCode.POLICY_VIOLATION, message=b"lastUpdateId is not known"
            )
            return websocket
        if self._state() is Socket.FLAPPING and request.transport is not None:
            tear_down(request.transport)
            return websocket
        self._open[websocket] = request
        self._changed()
        try:
            await self._listen(websocket)
        finally:
            del self._open[websocket]
            self._changed()
        return websocket

    async def _listen(self, websocket: web.WebSocketResponse) -> None:
        while True:
            message = await websocket.receive()
            if message.type in {WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
                return
            if self._state() is Socket.HALF_OPEN:
                if message.type is WSMsgType.CLOSE:
                    # Until the client gives up and drops the connection, which cancels us.
                    await asyncio.get_running_loop().create_future()
            elif message.type is WSMsgType.PING:
                await websocket.pong(message.data)
            elif message.type is WSMsgType.CLOSE:
                await websocket.close()
                return

    async def send(self, frame: bytes | str) -> None:
        """Send the frame to everybody who is connected, unless the sockets are silent."""
        if self._state() is not Socket.OPEN:
            return
        await asyncio.gather(*(self._send(websocket, frame) for websocket in self._open))

    async def _send(self, websocket: web.WebSocketResponse, frame: bytes | str) -> None:
        try:
            async with asyncio.timeout(_SEND_TIMEOUT):
                if isinstance(frame, bytes):
                    await websocket.send_bytes(frame)
                else:
                    await websocket.send_str(frame)
        except ClientConnectionResetError:
            return  # it left at this very moment
        except TimeoutError:
            self._cut(websocket)

    def cut(self) -> None:
        """Tear down every connection."""
        for websocket in tuple(self._open):
            self._cut(websocket)

    def _cut(self, websocket: web.WebSocketResponse) -> None:
        request = self._open.get(websocket)
        if request is not None and request.transport is not None:
            tear_down(request.transport)
