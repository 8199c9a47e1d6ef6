"""A clip on its way through to a viewer: what a console's answer promises, and that it keeps it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from aiohttp import ClientResponse

from ..pipeline.errors import MediaError
from ..pipeline.models import FallbackDetail
from .ranges import ByteRange, ContentRange

# What a console sends that is still starting, or reports an error with a status of success. What
# real ones call an export was not seen; every other type is taken for a video.
_NO_VIDEO = ("text/", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipStream:
    """What the console answers; its first bytes have come."""

    length: int | None
    """In bytes, of what is sent; None where the console does not say."""

    part: ContentRange | None
    """Which part of the clip that is; None is all of it."""

    takes_ranges: bool
    """Whether the console serves parts."""

    chunks: AsyncIterator[bytes]
    """Each has 64 KiB at most, and none is asked of the console before it is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the headers of an answer say."""

    length: int | None
    part: ContentRange | None
    takes_ranges: bool
    is_beginning: bool = False
    """Whether more of the clip follows than was asked for, by a console that serves no parts."""

    @classmethod
    def of(cls, response: ClientResponse, asked: ByteRange | None, most_bytes: int) -> Self:
        """Read them of an answer with 200, or with 206 to a range; raise MediaError."""
        if response.content_type.startswith(_NO_VIDEO):
            raise _broken("the console sends no video")
        # The length of what is encoded says nothing of the bytes that we get to see.
        encoded = "Content-Encoding" in response.headers
        length = None if encoded else response.content_length
        part = None
        if response.status == 206 and asked is not None:
            part = ContentRange.parse(response.headers.get("Content-Range"), asked)
            if part is None or encoded or length not in {None, part.length}:
                raise _broken("the console sends another part than it was asked for")
            length = part.length
        if (length or 0) > most_bytes:
            raise _too_large()
        # Some players ask for the first two bytes, and play nothing that does not come in parts.
        beginning = None
        if part is None and asked is not None and length is not None:
            beginning = ContentRange.beginning(asked, length)
        return cls(
            length=length if beginning is None else beginning.length,
            part=part or beginning,
            takes_ranges=part is not None
            or (asked is None and response.headers.get("Accept-Ranges") == "bytes"),
            is_beginning=beginning is not None,
        )

    async def kept(self, chunks: AsyncGenerator[bytes], most_bytes: int) -> AsyncGenerator[bytes]:
        """Yield the chunks; raise MediaError where they are more, or fewer, than was said."""
        received = 0
        async with aclosing(chunks):
            async for chunk in chunks:
                wanted = chunk[: (self.length or 0) - received] if self.is_beginning else chunk
                received += len(wanted)
                if self.length is not None and received > self.length:
                    raise _broken("the console sends more than it has said")
                if received > most_bytes:
                    raise _too_large()
                yield wanted
                if self.is_beginning and received == self.length:
                    return
        if self.length is not None and received < self.length:
            raise MediaError(FallbackDetail.TRUNCATED, "the body ended too early")


async def begun(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Wait for the first chunk, then return all of them.

    So whatever a console fails at first is an error, and no answer that was begun and broken off.
    """
    first = await anext(chunks)

    async def every() -> AsyncGenerator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return every()


def _broken(message: str) -> MediaError:
    return MediaError(FallbackDetail.HTTP_ERROR, message, retriable=False)


def _too_large() -> MediaError:
    return MediaError(FallbackDetail.TOO_LARGE, "the clip is too large", retriable=False)
