"""A listening TLS server that knows its connections and can drop them."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
import socket

from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Handler

from .replies import Unanswered, tear_down
from .state import State
from .wire import server_tls

HOST = "127.0.0.1"
# Handlers are cancelled with their connections, which are torn down first.
_SHUTDOWN_TIMEOUT = 1.0
# Client and server are on the same machine; who takes longer has vanished.
_TLS_HANDSHAKE_TIMEOUT = 10.0
_TLS_SHUTDOWN_TIMEOUT = 1.0


class Server:
    """Listens on the loopback address; stops and comes back on the same port."""

    def __init__(self, state: State, routes: Iterable[web.RouteDef], port: int) -> None:
        """Prepare to listen on the port; 0 chooses a free one, for good."""
        self._state = state
        self._port = port
        app = web.Application(middlewares=[self._record])
        app.router.add_routes(routes)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT
        )
        self._listening: asyncio.Task[None] | None = None
        self.handshakes_refused = 0
        """How many connections came to nothing before a request: our certificate was refused."""

    @property
    def open_connections(self) -> int:
        """Return how many TCP connections there are, idle ones included."""
        return len(self._server().connections)

    async def start(self) -> None:
        """Begin to serve."""
        await self._runner.setup()
        await self.listen()

    async def listen(self) -> None:
        """Take connections."""
        for vouched_for in (False, True):
            await asyncio.to_thread(server_tls, vouched_for=vouched_for)
        listener = socket.create_server((HOST, self._port))
        listener.setblocking(False)
        self._port = self._state.port = listener.getsockname()[1]
        self._listening = asyncio.create_task(self._accept(listener))

    async def hang_up(self) -> None:
        """Refuse connections from now on, and tear down those that there are."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        self.tear_down()

    def tear_down(self) -> None:
        """Tear down the connections that there are; new ones are taken."""
        for connection in self._server().connections:
            if connection.transport is not None:
                tear_down(connection.transport)

    async def stop(self) -> None:
        """End; no connection and no task is left."""
        await self.hang_up()
        await self._runner.cleanup()

    async def _accept(self, listener: socket.socket) -> None:
        """Accept until cancelled.

        Not left to asyncio's own server, because that reports every client that refuses our
        certificate as an error of the event loop, which fails a test that provokes it.
        """
        loop = asyncio.get_running_loop()
        with listener:
            async with asyncio.TaskGroup() as handshakes:
                while True:
                    connection, _address = await loop.sock_accept(listener)
                    handshakes.create_task(self._shake_hands(connection))

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._server(),
                connection,
                ssl=server_tls(vouched_for=self._state.vouched_for),
                ssl_handshake_timeout=_TLS_HANDSHAKE_TIMEOUT,
                ssl_shutdown_timeout=_TLS_SHUTDOWN_TIMEOUT,
            )
        except OSError:  # what TLS errors, resets and timeouts are
            self.handshakes_refused += 1
            self._state.changed()

    def _server(self) -> web.Server:
        if self._runner.server is None:
            raise RuntimeError("the console was not started, or has been stopped")
        return self._runner.server

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        with self._state.recorded(request) as note:
            try:
                response = await handler(request)
            except web.HTTPException as err:
                note({"status": err.status})
                raise
            except asyncio.CancelledError:
                note({"client_left": True})
                raise
            except ClientConnectionResetError:
                note({"client_left": True})
                return Unanswered()
            if not isinstance(response, Unanswered):
                note({"status": response.status})
            return response
