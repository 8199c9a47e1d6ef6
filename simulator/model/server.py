"""The HTTP server: takes questions, looks, answers, and fails as it is told to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import json
from time import monotonic
from typing import override

from aiohttp import web

from simulator.video import Reading, UnreadablePictureError, read_still

from . import assisting, protocol, wording
from .base import ModelServer, leave
from .faults import Failure, ModelFault
from .impression import look
from .obedience import obey, order_in
from .protocol import Question, Tool
from .schema import Json, SchemaTooDeepError


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

    tools: tuple[str, ...]
    """The names of the tools that were offered."""

    called: str | None
    """The tool that the model asked for."""

    arguments: Mapping[str, Json]
    """With these arguments."""

    tool_results: tuple[str, ...]
    """What tools had answered before."""

    at: float
    """When the request came, as ``time.monotonic()``."""


class Model(ModelServer[Call]):
    """An Ollama server on loopback; use it, once, as an async context manager."""

    def __init__(
        self,
        port: int = 0,
        models: Iterable[str] = ("llava:latest",),
        *,
        keep_calls: int = 1000,
        obedient: bool = False,
    ) -> None:
        """Serve these models; of the calls, with their pictures, the last ``keep_calls`` stay.

        What it does with tools is told in ``assisting``. An obedient model does what it reads
        in a picture, or in a tool's answer on a sign, unless it was told not to: it asks for
        the first tool it is offered, and answers with the words of the sign.
        """
        super().__init__(port, keep_calls=keep_calls)
        self.obedient = obedient
        self.models = list(models)

    @override
    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return what of Ollama is served."""
        return [
            web.get("/", self._root),
            web.get("/api/version", self._version),
            web.get("/api/tags", self._tags),
            web.get("/api/ps", self._tags),
            web.post("/api/show", self._show),
            web.post("/api/pull", self._pull),
            web.post("/api/chat", self._chat),
        ]

    # -- requests

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
            order = self._order(question, readings)
            text = _words(question, readings, order)
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
        called = _wanted_tool(question, order)
        self._remember(
            Call(
                model=question.model,
                prompt=question.prompt,
                system=question.system,
                images=readings,
                image_bytes=question.images,
                format=question.format,
                tools=tuple(tool.name for tool in question.tools),
                called=called[0].name if called else None,
                arguments=called[1] if called else {},
                tool_results=question.tool_results,
                at=at,
            )
        )
        if fault is not None and fault.failure is Failure.SLOW:
            await self._pause(fault.seconds)
        elif fault is not None:
            return await self._fail(request, question, text, fault)
        if called is not None:
            return await _call(request, question, *called)
        return await _say(request, question, text)

    def _order(self, question: Question, readings: tuple[Reading, ...]) -> str | None:
        if not self.obedient:
            return None
        told = "\n".join((question.system, question.prompt, *question.tool_results))
        return order_in(readings, question.tool_results, told)

    async def _read(self, images: tuple[bytes, ...]) -> tuple[Reading, ...]:
        return tuple([await self._in_its_thread(read_still, each) for each in images])

    # -- failing

    async def _fail(
        self, request: web.Request, question: Question, text: str, fault: ModelFault
    ) -> web.StreamResponse:
        match fault.failure:
            case Failure.ERROR:
                return _error(fault.status, "the model runner has unexpectedly stopped")
            case Failure.BROKEN:
                return web.Response(body=wording.PAGE, content_type="text/html")
            case Failure.ERROR_MIDWAY | Failure.CUT_OFF | Failure.LEFT:
                return await _break_off(request, question, text, fault.failure)
            case Failure.HANG:
                await self._closing.wait()
                return _error(503, "shutting down")
            case Failure.REFUSAL:
                no = wording.REFUSAL if question.format is None else json.dumps(wording.REFUSAL)
                return await _say(request, question, no)
            case words:
                return await _say(request, question, wording.spoilt(words, text))


def _words(question: Question, readings: tuple[Reading, ...], order: str | None) -> str:
    """Return what is answered in words. Raises SchemaTooDeepError."""
    if question.tool_results and not readings and not order:
        return assisting.answer_from(question)
    impression = look(readings, question.prompt)
    impression = obey(impression, order) if order else impression
    return wording.answer(impression, question.prompt, question.format)


def _wanted_tool(question: Question, order: str | None) -> tuple[Tool, Mapping[str, Json]] | None:
    if order is None or not question.tools:
        return assisting.call_for(question)
    # Once: what it has called it does not call again.
    by_itself = not question.images and len(question.tool_results) == 1
    return (question.tools[0], {}) if not question.tool_results or by_itself else None


async def _say(request: web.Request, question: Question, text: str) -> web.StreamResponse:
    """Answer with that text, streamed or whole, as was asked."""
    if not question.stream:
        return web.json_response(protocol.whole(question.model, text))
    response = await _begin(request)
    for line in protocol.streamed(question.model, text):
        await response.write(line)
    await response.write_eof()
    return response


async def _call(
    request: web.Request, question: Question, tool: Tool, arguments: Mapping[str, Json]
) -> web.StreamResponse:
    """Ask for that tool."""
    call = protocol.tool_call(question.model, tool.name, arguments)
    if not question.stream:
        return web.json_response(call)
    response = await _begin(request)
    await response.write(json.dumps(call).encode() + b"\n")
    await response.write_eof()
    return response


async def _break_off(
    request: web.Request, question: Question, text: str, failure: Failure
) -> web.StreamResponse:
    """Send half of the answer, or nothing, and then what the failure says."""
    if failure is Failure.LEFT:
        return leave(request)
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
