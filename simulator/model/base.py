"""What every simulated model server does: listen on loopback, fail as told, tell who waits."""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .faults import ModelFault

_LOOPBACK = "127.0.0.1"
_LARGEST_BODY = 128 * 1024 * 1024  # bytes: dozens of 4K pictures in base64
_SHUTDOWN_S = 1.0  # handlers are told to end first, so none needs longer


def leave(request: web.Request) -> web.Response:
    """Close the connection of the request; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


class ModelServer[C](ABC):
    """A server on loopback that remembers its calls; use it, once, as an async context manager.

    Pictures are read in a thread of its own. ``fault`` says what goes wrong from now on.
    """

    def __init__(self, port: int = 0, *, keep_calls: int = 1000) -> None:
        """Of the calls, with their pictures, the last ``keep_calls`` stay."""
        self._port = port
        self._calls: deque[C] = deque(maxlen=keep_calls)
        self._call_count = 0
        self._open_requests = 0
        self._fault: ModelFault | None = None
        self._fault_left: int | None = None
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._eye: ThreadPoolExecutor | None = None

    @abstractmethod
    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return what is served."""

    def _middlewares(self) -> list[Middleware]:
        """Return what each request goes through."""
        return [self._watched]

    # -- for whoever watches

    @property
    def url(self) -> str:
        """Where it listens. Raises RuntimeError before it does."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the model is not up")
        host, port, *_ = self._runner.addresses[0]
        return f"http://{host}:{port}"

    @property
    def calls(self) -> list[C]:
        """The last questions asked, the oldest first."""
        return list(self._calls)

    @property
    def call_count(self) -> int:
        """How many questions were asked in all."""
        return self._call_count

    @property
    def open_requests(self) -> int:
        """How many requests of any kind are being answered now."""
        return self._open_requests

    @property
    def fault(self) -> ModelFault | None:
        """What goes wrong with the next call, None when nothing does."""
        return self._fault if self._fault_left is None or self._fault_left > 0 else None

    @fault.setter
    def fault(self, fault: ModelFault | None) -> None:
        self._fault = fault
        self._fault_left = None if fault is None else fault.calls

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the agreed interface
        """Return when the condition holds; it is looked at after every change of the model.

        Raises TimeoutError with what the model knows.
        """
        try:
            async with asyncio.timeout(timeout):
                while not predicate():
                    await self._changed.wait()
        except TimeoutError as err:
            raise TimeoutError(
                f"not within {timeout} s; asked {self._call_count} times, "
                f"{self._open_requests} requests are open"
            ) from err

    # -- life

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application(middlewares=self._middlewares(), client_max_size=_LARGEST_BODY)
        app.add_routes(self._routes())
        self._eye = ThreadPoolExecutor(1, thread_name_prefix="simulated-model")
        # A client that gives up ends its handler, so that open_requests tells the truth.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, _LOOPBACK, self._port).start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody and end the thread."""
        await self._close()

    async def _close(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._eye is not None:
            self._eye.shutdown()

    def _change(self) -> None:
        """Wake everybody who waits."""
        self._changed.set()
        self._changed = asyncio.Event()

    # -- for those who serve

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count the request while it is answered."""
        self._open_requests += 1
        self._change()
        try:
            return await handler(request)
        finally:
            self._open_requests -= 1
            self._change()

    def _remember(self, call: C) -> None:
        self._calls.append(call)
        self._call_count += 1
        self._change()

    async def _in_its_thread[A, R](self, look: Callable[[A], R], shown: A) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._eye, look, shown)

    def _next_fault(self) -> ModelFault | None:
        fault = self.fault
        if fault is not None and self._fault_left is not None:
            self._fault_left -= 1
        return fault

    async def _pause(self, seconds: float) -> None:
        """Wait that long, or until the server closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
