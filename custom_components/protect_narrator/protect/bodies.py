"""The body of a console's answer, as it comes; every way in which it fails to has its cause."""

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import ClientConnectionError, ClientError, ClientPayloadError, ClientResponse

from ..pipeline.errors import MediaError
from ..pipeline.models import FallbackDetail

# Larger reads mean fewer hops to the disk thread; 256 KiB gave 215 MiB/s, the library's
# 64 KiB 79 MiB/s over loopback.
_CHUNK_BYTES = 256 * 1024

# The body of an error: enough to find the status that it names.
_MOST_ERROR_BYTES = 4096


def timed_out(message: str) -> MediaError:
    """Return what to raise where a console was too slow."""
    return MediaError(FallbackDetail.TIMEOUT, message, trouble=True)


def lost(message: str) -> MediaError:
    """Return what to raise where the connection broke."""
    return MediaError(FallbackDetail.CONNECTION_LOST, message, trouble=True)


async def chunks_of(
    response: ClientResponse, deadline: float, most: int = _CHUNK_BYTES
) -> AsyncGenerator[bytes]:
    """Yield the body, ``most`` bytes at a time; raise where it is silent, slow, cut or empty."""
    received = 0
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                chunk = await response.content.read(most)
            if not chunk:
                break
            received += len(chunk)
            yield chunk
    except TimeoutError as err:
        raise timed_out("the body did not come in time") from err
    except ClientPayloadError as err:
        # Fewer bytes than declared, or no last chunk; after a reset as well.
        raise MediaError(FallbackDetail.TRUNCATED, "the body ended too early") from err
    except ClientConnectionError as err:
        raise lost("the body was cut off") from err
    if received == 0:
        raise MediaError(FallbackDetail.EMPTY, "the body is empty", early=True)


async def beginning_of(response: ClientResponse, deadline: float) -> bytes:
    """Return as much of an error's body as can be had."""
    body = b""
    try:
        async with asyncio.timeout_at(deadline):
            while len(body) < _MOST_ERROR_BYTES and (
                more := await response.content.read(_MOST_ERROR_BYTES)
            ):
                body += more
    except ClientError, TimeoutError:
        return body
    return body
