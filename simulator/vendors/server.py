"""What the vendors' servers have in common: a key, a log of everything, and answers as events."""

from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
import json
from time import monotonic
from typing import override

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from simulator.model import wording
from simulator.model.base import ModelServer, leave
from simulator.model.faults import Failure, ModelFault
from simulator.model.impression import look
from simulator.model.schema import Json, SchemaTooDeepError
from simulator.video import UnreadablePictureError

from .calls import BadRequestError, Question, Request, VendorCall, an_object, look_at

_KEPT_REQUESTS = 1000
_CHUNK = 12  # characters of an answer in one event: about three tokens

# The clients of OpenAI and Anthropic ask again by themselves after such a pause; the vendors
# tell a longer one.
RETRY_AT_ONCE = {"retry-after-ms": "1"}


class VendorServer(ModelServer[VendorCall]):
    """One vendor's API on loopback; use it, once, as an async context manager."""

    api_key = "a-key-that-opens-nothing"
    """Who has it is answered."""

    def __init__(self, port: int = 0) -> None:
        """Have no requests yet."""
        super().__init__(port)
        self._requests: deque[Request] = deque(maxlen=_KEPT_REQUESTS)

    @property
    def requests(self) -> list[Request]:
        """The last requests of any kind, the oldest first."""
        return list(self._requests)

    # -- what is the vendor's own

    @abstractmethod
    def _key(self, request: web.Request) -> str | None:
        """Return the key that comes with the request."""

    @abstractmethod
    def _question(self, request: web.Request, body: Mapping[str, Json]) -> Question:
        """Return what is asked. Raises BadRequestError."""

    @abstractmethod
    def _told(self, call: VendorCall) -> Sequence[bytes]:
        """Return the answer as events."""

    @abstractmethod
    def _refused(self, call: VendorCall) -> Sequence[bytes]:
        """Return the events with which the vendor declines to answer."""

    @abstractmethod
    def _failed(self) -> bytes:
        """Return the event that reports an error in an answer that has begun."""

    @abstractmethod
    def _error(self, status: int, message: str) -> web.Response:
        """Return the vendor's error response."""

    # -- requests

    @override
    def _middlewares(self) -> list[Middleware]:
        """Note everything, and let in those who have the key."""
        return [*super()._middlewares(), self._noted]

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._requests.append(
            Request(
                method=request.method,
                path=request.path,
                query=request.query_string,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        self._change()
        if self._key(request) != self.api_key:
            return self._error(401, "the API key is not valid")
        return await handler(request)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        at = monotonic()
        try:
            body = an_object(await request.json())
            question = self._question(request, body)
            shown = tuple([await self._in_its_thread(look_at, file) for file in question.files])
            readings = [reading for each in shown for reading in each.readings]
            impression = look(readings, question.prompt)
            text = wording.answer(impression, question.prompt, question.schema)
        except (
            json.JSONDecodeError,
            UnicodeDecodeError,
            BadRequestError,
            SchemaTooDeepError,
            UnreadablePictureError,
        ) as err:
            return self._error(400, str(err))
        fault = self._next_fault()
        if fault is not None:
            text = wording.spoilt(fault.failure, text)
        call = VendorCall(question=question, attachments=shown, body=body, text=text, at=at)
        self._remember(call)
        return await self._answer(request, call, fault)

    async def _answer(
        self, request: web.Request, call: VendorCall, fault: ModelFault | None
    ) -> web.StreamResponse:
        events = self._told(call)
        match fault and fault.failure:
            case Failure.ERROR if fault is not None:
                return self._error(fault.status, "something went wrong")
            case Failure.BROKEN:
                return web.Response(body=wording.PAGE, content_type="text/html")
            case Failure.LEFT:
                return leave(request)
            case Failure.HANG:
                await self._closing.wait()
                return self._error(503, "shutting down")
            case Failure.SLOW if fault is not None:
                await self._pause(fault.seconds)
            case Failure.ERROR_MIDWAY:
                events = [*events[: len(events) // 2], self._failed()]
            case Failure.CUT_OFF:
                return await _stream(request, events[: len(events) // 2], cut_off=True)
            case Failure.REFUSAL:
                events = self._refused(call)
            case _:
                pass
        return await _stream(request, events)


async def _stream(
    request: web.Request, events: Sequence[bytes], *, cut_off: bool = False
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        await response.write(event)
    if cut_off and request.transport is not None:
        # Without the last chunk of a chunked body the client knows that something is missing.
        request.transport.close()
    else:
        await response.write_eof()
    return response


def event(data: Mapping[str, Json], *, named: bool = True) -> bytes:
    """Return a server-sent event, under the name that its ``type`` gives it."""
    name = f"event: {data['type']}\n" if named else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def pieces(text: str) -> list[str]:
    """Return the text in the pieces in which a model utters it."""
    return [text[begin : begin + _CHUNK] for begin in range(0, len(text), _CHUNK)]
