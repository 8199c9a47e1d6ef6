"""The HTTP server: takes questions, looks, answers, and fails as it is told to."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
import json
from time import monotonic
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from simulator.video import Reading, UnreadablePictureError, read_still

from . import protocol
from .faults import Failure, ModelFault
from .impression import look
from .schema import Json, SchemaTooDeepError

_LOOPBACK = "127.0.0.1"
_LARGEST_BODY = 128 * 1024 * 1024  # bytes: dozens of 4K pictures in base64
_SHUTDOWN_S = 1.0  # handlers are told to end first, so none needs longer
_WRONG_WORDS = {
    Failure.EMPTY: "",
    Failure.GARBAGE: ']]} the the 7 of purple %s <unk><unk> {"title": lorem',
    Failure.UNFIT: json.dumps({"weather": "sunny", "temperature": 21}),
}
_REFUSAL = "I'm sorry, but I can't help with that request."
_PAGE = b"<html><body>502 Bad Gateway</body></html>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question that the model was asked, whatever became of it."""

    model: str
    prompt: str
    """What the user said since the last answer."""

    system: str
    images: tuple[Reading, ...]
    """What the pictures show, in the order in which they were sent."""

    image_bytes: tuple[bytes, ...] = field(repr=False)
    format: Mapping[str, Json] | str | None
    """The JSON schema asked for, the word ``json``, or None."""

    at: float
    """When the request came, as ``time.monotonic()``."""


class Model:
    """An Ollama server on loopback; use it, once, as an async context manager.

    Pictures are read in a thread of its own. ``fault`` says what goes wrong from now on.
    """

    def __init__(
        self,
        port: int = 0,
        models: Iterable[str] = ("llava:latest",),
        *,
        keep_calls: int = 1000,
    ) -> None:
        """Serve these models; of the calls, with their pictures, the last ``keep_calls`` stay."""
        self.models = list(models)
        self._port = port
        self._calls: deque[Call] = deque(maxlen=keep_calls)
        self._call_count = 0
        self._open_requests = 0
        self._fault: ModelFault | None = None
        self._fault_left: int | None = None
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._eye: ThreadPoolExecutor | None = None

    # -- for whoever watches

    @property
    def url(self) -> str:
        """Where it listens. Raises RuntimeError before it does."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the model is not up")
        host, port, *_ = self._runner.addresses[0]
        return f"http://{host}:{port}"

    @property
    def calls(self) -> list[Call]:
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
        app = web.Application(middlewares=[self._watched], client_max_size=_LARGEST_BODY)
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/api/version", self._version),
                web.get("/api/tags", self._tags),
                web.get("/api/ps", self._tags),
                web.post("/api/show", self._show),
                web.post("/api/pull", self._pull),
                web.post("/api/chat", self._chat),
            ]
        )
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

    # -- requests

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

    async def _root(self, _: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": "0.12.0"})

    async def _tags(self, _: web.Request) -> web.Response:
        return web.json_response({"models": [protocol.model_card(name) for name in self.models]})

    async def _show(self, request: web.Request) -> web.Response:
        name = await _named_model(request)
        if name not in self.models:
            return _error(404, f"model '{name}' not found")
        return web.json_response(
            {
                "details": protocol.details(),
                "model_info": {"general.architecture": "simulated"},
                "capabilities": ["completion", "vision"],
                "modified_at": "2026-01-01T00:00:00Z",
            }
        )

    async def _pull(self, request: web.Request) -> web.Response:
        """Have the model from now on; a single status line serves both kinds of clients."""
        name = await _named_model(request)
        if name not in self.models:
            self.models.append(name)
        return web.json_response({"status": "success"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        at = monotonic()
        try:
            question = protocol.parse(await request.json())
            readings = await self._read(question.images)
            text = protocol.answer(question, look(readings, question.prompt))
        except (
            json.JSONDecodeError,
            UnicodeDecodeError,
            protocol.BadQuestionError,
            SchemaTooDeepError,
            UnreadablePictureError,
        ) as err:
            return _error(400, f"invalid request: {err}")
        if question.model not in self.models:
            return _error(404, f"model '{question.model}' not found")
        fault = self._next_fault()
        self._remember(question, readings, at)
        if fault is not None and fault.failure is Failure.SLOW:
            await self._pause(fault.seconds)
        elif fault is not None:
            return await self._fail(request, question, text, fault)
        return await _say(request, question, text)

    def _remember(
        self, question: protocol.Question, readings: tuple[Reading, ...], at: float
    ) -> None:
        self._calls.append(
            Call(
                model=question.model,
                prompt=question.prompt,
                system=question.system,
                images=readings,
                image_bytes=question.images,
                format=question.format,
                at=at,
            )
        )
        self._call_count += 1
        self._change()

    async def _read(self, images: tuple[bytes, ...]) -> tuple[Reading, ...]:
        loop = asyncio.get_running_loop()
        return tuple([await loop.run_in_executor(self._eye, read_still, each) for each in images])

    # -- failing

    def _next_fault(self) -> ModelFault | None:
        fault = self.fault
        if fault is not None and self._fault_left is not None:
            self._fault_left -= 1
        return fault

    async def _fail(
        self, request: web.Request, question: protocol.Question, text: str, fault: ModelFault
    ) -> web.StreamResponse:
        match fault.failure:
            case Failure.ERROR:
                return _error(fault.status, "the model runner has unexpectedly stopped")
            case Failure.BROKEN:
                return web.Response(body=_PAGE, content_type="text/html")
            case Failure.ERROR_MIDWAY | Failure.CUT_OFF:
                return await _break_off(request, question, text, fault.failure)
            case Failure.HANG:
                await self._closing.wait()
                return _error(503, "shutting down")
            case Failure.REFUSAL:
                no = _REFUSAL if question.format is None else json.dumps(_REFUSAL)
                return await _say(request, question, no)
            case words:
                return await _say(request, question, _WRONG_WORDS[words])

    async def _pause(self, seconds: float) -> None:
        """Wait that long, or until the server closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


async def _say(request: web.Request, question: protocol.Question, text: str) -> web.StreamResponse:
    """Answer with that text, streamed or whole, as was asked."""
    if not question.stream:
        return web.json_response(protocol.whole(question.model, text))
    response = await _begin(request)
    for line in protocol.streamed(question.model, text):
        await response.write(line)
    await response.write_eof()
    return response


async def _break_off(
    request: web.Request, question: protocol.Question, text: str, failure: Failure
) -> web.StreamResponse:
    """Send half of the answer and then what the failure says."""
    response = await _begin(request)
    if question.stream:
        lines = list(protocol.streamed(question.model, text))
        for line in lines[: len(lines) // 2]:
            await response.write(line)
    if failure is Failure.ERROR_MIDWAY:
        await response.write(protocol.error_line("an error was encountered while running"))
        await response.write_eof()
    elif request.transport is not None:
        # Without the last chunk of a chunked body the client knows that something is missing.
        request.transport.close()
    return response


async def _begin(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    return response


async def _named_model(request: web.Request) -> str:
    """Return the model that a request is about; raises HTTPBadRequest where none is named."""
    try:
        body = await request.json()
    except json.JSONDecodeError as err:
        raise web.HTTPBadRequest(text="invalid request") from err
    name = body.get("model") or body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str):
        raise web.HTTPBadRequest(text="model is required")
    return name


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
