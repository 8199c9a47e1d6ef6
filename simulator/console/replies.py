"""How a Reply becomes bytes on the connection."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
import json
from random import Random
import socket
import struct

from aiohttp import web

from .faults import Content, Ending, Reply

_CHUNK = 256 * 1024  # bytes: large enough that the simulator is not what limits a download
_GARBAGE = 64 * 1024  # bytes
_ENDLESS = 10 * 1000**3  # bytes
_DRIPS_PER_SECOND = 10

SENT = "sent"
"""Where a request keeps how many bytes of its body were handed to the connection."""


@dataclass(frozen=True, slots=True)
class Body:
    """A complete body with its type."""

    data: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @classmethod
    def of(cls, value: object, headers: Mapping[str, str] | None = None) -> Body:
        """Return the value as JSON."""
        return cls(json.dumps(value).encode(), headers=headers or {})

    def part(self, request: web.Request) -> Body:
        """Return the one range that the request asks for; all of it where it asks for none."""
        try:
            asked = request.http_range
        except ValueError:
            return self
        if asked.start is None:
            return replace(self, headers={**self.headers, "Accept-Ranges": "bytes"})
        first, end, _ = asked.indices(len(self.data))
        if first >= end:
            headers = {"Content-Range": f"bytes */{len(self.data)}"}
            return replace(self, data=b"", headers={**self.headers, **headers}, status=416)
        headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(self.data)}"}
        return replace(
            self, data=self.data[first:end], headers={**self.headers, **headers}, status=206
        )


class Unanswered(web.Response):
    """What a handler returns whose connection is gone already: nothing was sent."""


type Maker = Callable[[Content], Awaitable[Body]]
"""Makes the body for Content.TRUE, SHORT or BLANK; may raise web.HTTPException instead."""


async def play(request: web.Request, reply: Reply, make: Maker) -> web.StreamResponse:
    """Answer the request in the way of the Reply.

    The handler of a client that leaves is cancelled by aiohttp, so a hanging Reply ends then, or
    when the console stops.
    """
    await asyncio.sleep(reply.wait)
    if reply.sent is None:
        await _end(request, reply.ending)
        return Unanswered()
    body = await _body(reply, make)
    length = _ENDLESS if reply.content is Content.ENDLESS else len(body.data)
    response = web.StreamResponse(
        status=body.status if reply.status == HTTPStatus.OK else reply.status,
        headers={
            "Content-Type": reply.content_type or body.content_type,
            **body.headers,
            **reply.headers,
        },
    )
    if reply.declared is not None:
        response.content_length = round(length * reply.declared)
    await response.prepare(request)
    for chunk in _chunks(body.data, round(length * reply.sent), reply.bytes_per_second):
        await response.write(chunk)
        request[SENT] = request.get(SENT, 0) + len(chunk)
        if reply.bytes_per_second is not None:
            await asyncio.sleep(1 / _DRIPS_PER_SECOND)
    await _end(request, reply.ending)
    return response


async def _body(reply: Reply, make: Maker) -> Body:
    match reply.content:
        case bytes() as data:
            return Body(data, "application/octet-stream")
        case Content.GARBAGE:
            return Body(Random(0).randbytes(_GARBAGE), "video/mp4")
        case Content.ENDLESS:
            return Body(bytes(_CHUNK), "video/mp4")
        case content:
            return await make(content)


def _chunks(data: bytes, length: int, bytes_per_second: int | None) -> Iterator[memoryview]:
    """Yield the first ``length`` bytes; shorter data are repeated."""
    step = max(1, bytes_per_second // _DRIPS_PER_SECOND) if bytes_per_second else _CHUNK
    view, out = memoryview(data), 0
    while out < length:
        begin = out % len(data)
        chunk = view[begin : begin + min(step, length - out)]
        yield chunk
        out += len(chunk)


async def _end(request: web.Request, ending: Ending) -> None:
    transport = request.transport
    match ending:
        case Ending.WHOLE:
            return
        case Ending.HANG:
            await asyncio.get_running_loop().create_future()
        case Ending.CLOSE if transport is not None:
            transport.close()
        case Ending.RESET if transport is not None:
            tear_down(transport)


def tear_down(transport: asyncio.BaseTransport) -> None:
    """Close the connection so that the peer sees a reset, whatever is still in its buffers."""
    if not transport.is_closing():
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.Transport):
        transport.abort()
