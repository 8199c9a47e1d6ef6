"""A console's clips, pictures and events, as the pipeline wants them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
import logging
import re

from aiohttp import (
    ClientHandlerType,
    ClientMiddlewareType,
    ClientRequest,
    ClientResponse,
    ClientTimeout,
)
from uiprotect import NotAuthorized, ProtectApiClient
from uiprotect.exceptions import BadRequest, NvrError

from ..pipeline.errors import MediaError
from ..pipeline.models import Detection, FallbackDetail
from .bodies import beginning_of, chunks_of, lost, timed_out
from .causes import EXPECTED, kind_of
from .clip_stream import ClipStream, Promise, begun
from .events import EventFrame, frame_from_rest
from .incident import refreshed
from .login_guard import LoginGuard, TooManyLoginsError
from .ranges import ByteRange, RangeNotSatisfiableError
from .retry_after import retry_after_s
from .zones import ZonesOf, no_zones

_LOGGER = logging.getLogger(__name__)

# For a connection within the home.
_CONNECT_LIMIT_S = 10.0

# An export that has not sent a byte for so long will not, and others wait for its slot.
_SILENCE_LIMIT_S = 10.0

# What is passed on at a time: so much a viewer who is slow has to take within his own limit.
_PLAYED_BYTES = 64 * 1024

# For the headers of what somebody waits to see, a log-in included.
_OPENING_LIMIT_S = 30.0

# For one picture, and for the questions about the events of one Detection.
_PICTURE_LIMIT_S = 15.0
_EVENT_LIMIT_S = 10.0

# Events of a Detection that are asked for their picture: of the first a console may have
# none, as of bare motion, and the recording has one too.
_MOST_THUMBNAILS = 3

# A 4K JPEG of the best quality has about 8 MB.
_MOST_PICTURE_BYTES = 20 * 1024 * 1024

# What is asked of Protect for a picture: its event thumbnails are small otherwise. A width
# beside it would squeeze the picture of a 4:3 doorbell (briis/unifiprotect#235).
_PICTURE_HEIGHT = 720

# A status between other words, not within an id.
_GATEWAY_ERROR = re.compile(rb"\b50[234]\b")


class ConsoleMedia:
    """The pipeline's Console over uiprotect. Raises MediaError."""

    def __init__(
        self,
        client: ProtectApiClient,
        login_guard: LoginGuard,
        *,
        has_api_key: bool,
        zones_of: ZonesOf = no_zones,
    ) -> None:
        """Use a client that its Connection has logged in; the guard counts its refusals."""
        self._client = client
        self._guard = login_guard
        self._zones_of = zones_of
        self._has_api_key = has_api_key

    async def refresh(self, detection: Detection) -> Detection:
        """Return the Detection as ``GET events/{id}`` tells of its events; as it was without.

        A websocket's end is a hint: the library invents one after a reconnect. One event after
        the other: they are few, and a console answers each within milliseconds.
        """
        frames: list[EventFrame] = []
        try:
            async with asyncio.timeout(_EVENT_LIMIT_S):
                for event_id in detection.event_ids:
                    frame = await self._event(event_id, detection)
                    if frame is not None and frame.camera_id == detection.camera_id:
                        frames.append(frame)
        except TimeoutError:
            _LOGGER.debug("Sighting %s: not all events read in time", detection.sighting_id)
        return refreshed(detection, frames, datetime.now(UTC)) if frames else detection

    async def _event(self, event_id: str, detection: Detection) -> EventFrame | None:
        """Return one event as the console knows it; None when that cannot be had."""
        try:
            raw = await self._client.api_request_obj(f"events/{event_id}")
        except EXPECTED as err:
            _LOGGER.debug("Sighting %s: event not read: %s", detection.sighting_id, kind_of(err))
            return None
        return frame_from_rest(raw, self._zones_of)

    @asynccontextmanager
    async def open_clip(
        self, camera_id: str, start: datetime, end: datetime, *, time_limit: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Ask for the recording of [start, end) as MP4; see ``pipeline.ports.Console``."""
        deadline = asyncio.get_running_loop().time() + time_limit
        async with self._export(camera_id, start, end, deadline) as response:
            await self._refuse_error(response, deadline)
            async with aclosing(chunks_of(response, deadline)) as chunks:
                yield chunks

    @asynccontextmanager
    async def play_clip(
        self,
        camera_id: str,
        start: datetime,
        end: datetime,
        *,
        time_limit: float,
        most_bytes: int,
        asked: ByteRange | None = None,
    ) -> AsyncIterator[ClipStream]:
        """Ask for the recording of [start, end) as MP4, to be passed on as fast as it is taken.

        Opens with the first bytes; leaving the context always closes the connection. Nothing is
        read ahead but what is in the socket, so a viewer who is slow slows the console down. The
        time in which nobody takes anything is not the console's silence. ``asked`` is passed on;
        a console that serves no parts answers with the whole clip. Over after ``time_limit``
        seconds, and at ``most_bytes``. Raises MediaError, of it RangeNotSatisfiableError.
        """
        now = asyncio.get_running_loop().time()
        opening = now + min(time_limit, _OPENING_LIMIT_S)
        async with self._export(camera_id, start, end, opening, asked) as response:
            if asked is not None and response.status == 416:
                raise RangeNotSatisfiableError(response.headers.get("Content-Range"))
            if asked is None or response.status != 206:
                await self._refuse_error(response, opening)
            promise = Promise.of(response, asked, most_bytes)
            sent = chunks_of(response, now + time_limit, _PLAYED_BYTES)
            async with aclosing(await begun(promise.kept(sent, most_bytes))) as chunks:
                yield ClipStream(
                    length=promise.length,
                    part=promise.part,
                    takes_ranges=promise.takes_ranges,
                    chunks=chunks,
                )

    @asynccontextmanager
    async def _export(
        self,
        camera_id: str,
        start: datetime,
        end: datetime,
        deadline: float,
        asked: ByteRange | None = None,
    ) -> AsyncIterator[ClientResponse]:
        """Ask for a recording; the deadline is that of the headers."""
        response = await self._request(
            "video/export",
            {
                "camera": camera_id,
                "start": int(start.timestamp() * 1000),
                "end": int(end.timestamp() * 1000),
                # The highest quality; which of the others was recorded is not known.
                "channel": 0,
            },
            deadline,
            asked=asked,
        )
        try:
            yield response
        finally:
            # Not released but closed: what is left of a body that nobody wants to read.
            response.close()

    async def event_thumbnail(self, detection: Detection) -> bytes:
        """Return Protect's own JPEG, of the first event that has one."""
        *first, last = detection.event_ids[:_MOST_THUMBNAILS]
        for event_id in first:
            try:
                return await self._thumbnail(event_id)
            except MediaError as err:
                if err.retry_after_s is not None:
                    raise  # it wants to be left alone for a while
                _LOGGER.debug("Sighting %s: no thumbnail: %s", detection.sighting_id, err)
        return await self._thumbnail(last)

    async def _thumbnail(self, event_id: str) -> bytes:
        return await self._picture(f"events/{event_id}/thumbnail", {"h": _PICTURE_HEIGHT})

    async def recorded_snapshot(self, camera_id: str, at: datetime) -> bytes:
        """Return a JPEG from the recording at that moment."""
        return await self._picture(
            f"cameras/{camera_id}/recording-snapshot",
            {
                "ts": int(at.timestamp() * 1000),
                "force": "true",
                "h": _PICTURE_HEIGHT,
            },
        )

    async def live_snapshot(self, camera_id: str) -> bytes:
        """Return a JPEG of what the camera sees now, over whichever API has one."""
        try:
            return await self._picture(
                f"cameras/{camera_id}/snapshot",
                {
                    "ts": int(datetime.now(UTC).timestamp() * 1000),
                    "force": "true",
                    "h": _PICTURE_HEIGHT,
                },
            )
        except MediaError:
            if not self._has_api_key:
                raise
        return await self._picture(
            f"v1/cameras/{camera_id}/snapshot", {"highQuality": "false"}, public=True
        )

    async def may_read(self, camera_id: str) -> bool:
        """Say whether the log-in may read recordings; a console that does not say, lets it."""
        try:
            await self.recorded_snapshot(camera_id, datetime.now(UTC))
        except MediaError as err:
            return err.detail is not FallbackDetail.NO_ACCESS
        return True

    async def _picture(
        self, path: str, params: dict[str, str | int], *, public: bool = False
    ) -> bytes:
        deadline = asyncio.get_running_loop().time() + _PICTURE_LIMIT_S
        response = await self._request(path, params, deadline, public=public)
        try:
            await self._refuse_error(response, deadline, public=public)
            picture = bytearray()
            async with aclosing(chunks_of(response, deadline)) as chunks:
                async for chunk in chunks:
                    picture += chunk
                    if len(picture) > _MOST_PICTURE_BYTES:
                        raise MediaError(FallbackDetail.TOO_LARGE, "the picture is too large")
            return bytes(picture)
        finally:
            response.close()

    async def _request(
        self,
        path: str,
        params: dict[str, str | int],
        deadline: float,
        *,
        public: bool = False,
        asked: ByteRange | None = None,
    ) -> ClientResponse:
        """Send a request; the library logs in (again) where there is no living session.

        The deadline, in the event loop's seconds, counts for the log-in as well.
        """
        client = self._client
        base = f"{client.public_api_path}/" if public else client.private_api_path
        # The library's own ``headers`` end in a TypeError (23.0.1 and 25.0.0 pass them twice).
        # What is named here takes the place of the session's: its guard has to be among them.
        adding = {} if asked is None else {"middlewares": (self._guard, _asking_for(asked))}
        try:
            async with asyncio.timeout_at(deadline):
                response = await client.request(
                    "get",
                    f"{base}{path}",
                    require_auth=True,
                    auto_close=False,
                    public_api=public,
                    params=params,
                    timeout=ClientTimeout(
                        sock_connect=_CONNECT_LIMIT_S, sock_read=_SILENCE_LIMIT_S
                    ),
                    **adding,
                )
        except NotAuthorized as err:
            raise self._no_session("the console refused a log-in", trouble=True) from err
        except TimeoutError as err:
            raise timed_out("the console did not answer in time") from err
        except NvrError as err:
            if isinstance(err.__cause__, TooManyLoginsError):
                raise self._no_session(
                    "there were too many log-ins just now", retry_after_s=err.__cause__.wait_s
                ) from err
            raise _transport_error(err) from err
        except BadRequest as err:
            raise self._no_session("the console takes no log-in now") from err
        except OSError as err:
            # The library keeps each new log-in token in a file.
            raise MediaError(
                FallbackDetail.STORAGE_ERROR, "the log-in token cannot be kept"
            ) from err
        return response

    def _no_session(
        self, message: str, *, trouble: bool = False, retry_after_s: float | None = None
    ) -> MediaError:
        """Say why nothing can be read: once refused proves nothing, a console may be starting."""
        if self._guard.is_refused:
            return MediaError(
                FallbackDetail.NO_ACCESS, "the console refuses the log-in", retriable=False
            )
        return MediaError(
            FallbackDetail.HTTP_ERROR, message, trouble=trouble, retry_after_s=retry_after_s
        )

    async def _refuse_error(
        self, response: ClientResponse, deadline: float, *, public: bool = False
    ) -> None:
        """Raise MediaError for every status but 200.

        A recording that is not written yet is answered with a random 500, or with a 404 whose
        body names a 502, 503 or 504 (core#132524, unifi-protect-backup#14).
        """
        status = response.status
        if status == 200:
            return
        if status == 401 and not public:
            # The library has just logged in, or let us wait for another request's log-in, and
            # what it got is no session: that says nothing of what the user may read.
            raise self._no_session("there is no session at the moment", trouble=True)
        if status in {401, 403}:
            raise MediaError(
                FallbackDetail.NO_ACCESS, f"the user may not read it ({status})", retriable=False
            )
        if status == 404 and _GATEWAY_ERROR.search(await beginning_of(response, deadline)):
            raise MediaError(
                FallbackDetail.NOT_READY, "the recording is not ready (404)", early=True
            )
        raise MediaError(
            FallbackDetail.HTTP_ERROR,
            f"the console answered with {status}",
            retriable=status >= 500 or status in {408, 429},
            early=status >= 500,
            trouble=status >= 500 or status in {408, 429},
            retry_after_s=retry_after_s(status, response.headers),
        )


def _transport_error(err: NvrError) -> MediaError:
    """Say what the library has wrapped: what aiohttp raised, its timeouts included."""
    match err.__cause__:
        case TimeoutError():
            return timed_out("the console did not answer in time")
        case None:
            # Not a broken connection but an answer: to the log-in, in which the library reads it.
            return MediaError(
                FallbackDetail.HTTP_ERROR, "the console fails at the log-in", trouble=True
            )
        case _:
            return lost("the connection to the console was lost")


def _asking_for(asked: ByteRange) -> ClientMiddlewareType:
    async def add(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.headers["Range"] = asked.header
        return await handler(request)

    return add
