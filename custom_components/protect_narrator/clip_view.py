"""A Sighting's clip for a browser, streamed from the console while it is watched.

Clips are gone after their analysis, so each is asked for anew; nothing of it is written to disk.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import logging
import math

from aiohttp import ClientConnectionError, web
from homeassistant.auth.models import User
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView

from .const import DOMAIN
from .history import HistoryUnavailableError
from .permissions import may_read, may_read_everything
from .pipeline.errors import MediaError
from .pipeline.models import FallbackDetail
from .player import LONGEST_S, EndedError, TakenError
from .protect import ByteRange, ClipStream, RangeNotSatisfiableError
from .reading import async_newest
from .recordings import Recording, recording_of

_LOGGER = logging.getLogger(__name__)

# Three times what five minutes of 4K weigh: an end for a console that never stops. Nothing of it
# is kept, so the user's own limit for what is downloaded does not count here.
_MOST_BYTES = 4 * 1024**3

# A viewer who has not taken a few dozen kilobytes by then has stopped the film, or is gone. A
# browser that goes on asks again.
_STALLED_S = 60.0

# When to ask again who else watches, or for what the console has not written yet.
_AGAIN_S = 10

_PRIVATE: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
}
_VIDEO: Mapping[str, str] = {
    **_PRIVATE,
    "Content-Type": "video/mp4",
    "Content-Disposition": "inline",
}


@callback
def clip_path(sighting_id: str) -> str:
    """Return where the Sighting's clip is played, to be signed for whoever plays it."""
    return f"/api/{DOMAIN}/clip/{sighting_id}"


class _StalledError(Exception):
    """The viewer takes nothing any more."""


class ClipView(HomeAssistantView):
    """Plays the recording that a Sighting was made of."""

    url = f"/api/{DOMAIN}/clip/{{sighting_id:[0-9a-f]{{32}}}}"
    name = f"api:{DOMAIN}:clip"

    def __init__(self, hass: HomeAssistant) -> None:
        """Look Sightings up there."""
        self._hass = hass

    async def head(self, request: web.Request, sighting_id: str) -> web.StreamResponse:
        """Say what a clip is, without asking the console how long it is."""
        await _clip_of(self._hass, request[KEY_HASS_USER], sighting_id)
        return web.StreamResponse(headers=_VIDEO)

    async def get(self, request: web.Request, sighting_id: str) -> web.StreamResponse:
        """Stream the clip, or the part of it that is asked for where the console has parts."""
        user: User = request[KEY_HASS_USER]
        clip = await _clip_of(self._hass, user, sighting_id)
        response = web.StreamResponse(headers=_VIDEO)
        try:
            async with clip.runtime.player.place(user.id):
                await _play(clip, request, response)
        except ClientConnectionError:
            _LOGGER.debug("Sighting %s: the viewer has left", sighting_id)
        except (MediaError, TakenError, EndedError, _StalledError) as err:
            _LOGGER.debug(
                "Sighting %s: not played: %s", sighting_id, str(err) or type(err).__name__
            )
            if not response.prepared:
                return _refusal(err)
            _cut(request)
        return response


async def _clip_of(hass: HomeAssistant, user: User, sighting_id: str) -> Recording:
    """Return what the user may watch; raise one and the same HTTPNotFound for all that he may not.

    Who may read the camera's ``last_sighting`` sensor may watch: it is among the entities in which
    a camera is seen (``permissions.showing_entities``), as what is described again is for.
    """
    try:
        row = await async_newest(hass, sighting_id)
    except HistoryUnavailableError as err:
        # Only who may read everything learns of it: what was fired last is known without.
        if not may_read_everything(user):
            raise _not_found() from err
        raise web.HTTPServiceUnavailable(
            text="The recorder does not answer.", headers=_again(_AGAIN_S)
        ) from err
    recording = None if row is None else recording_of(hass, row.data)
    if recording is None or not may_read(hass, user, recording.mac):
        raise _not_found()
    return recording


async def _play(clip: Recording, request: web.Request, response: web.StreamResponse) -> None:
    """Pass the clip on; what fails before its first bytes leaves the response unprepared."""
    # There is nothing by which a part could be known to be of the same clip as one before.
    condition = "If-Range" in request.headers
    asked = None if condition else ByteRange.parse(request.headers.get("Range"))
    async with clip.runtime.connection.media.play_clip(
        clip.camera_id,
        clip.start,
        clip.end,
        time_limit=LONGEST_S,
        most_bytes=_MOST_BYTES,
        asked=asked,
    ) as stream:
        _describe(stream, response)
        await response.prepare(request)
        async for chunk in stream.chunks:
            await _send(response, chunk)


def _describe(stream: ClipStream, response: web.StreamResponse) -> None:
    """Say what is sent."""
    response.headers["Accept-Ranges"] = "bytes" if stream.takes_ranges else "none"
    if stream.part is not None:
        response.set_status(HTTPStatus.PARTIAL_CONTENT)
        response.headers["Content-Range"] = stream.part.header
    response.content_length = stream.length


async def _send(response: web.StreamResponse, chunk: bytes) -> None:
    try:
        async with asyncio.timeout(_STALLED_S):
            await response.write(chunk)
    except TimeoutError as err:
        raise _StalledError("nobody takes it") from err


def _cut(request: web.Request) -> None:
    """Break the answer off: closed in good order it would pass for the whole clip.

    Not closed but aborted, because what a viewer does not take would be kept for him.
    """
    if request.transport is not None:
        request.transport.abort()


def _not_found() -> web.HTTPNotFound:
    return web.HTTPNotFound(headers=_PRIVATE)


def _again(seconds: float) -> dict[str, str]:
    return {**_PRIVATE, "Retry-After": str(math.ceil(seconds))}


def _refusal(error: Exception) -> web.Response:
    """Return the answer instead of a clip. It holds nothing that the console has said."""
    match error:
        case RangeNotSatisfiableError(total=total):
            status, text, headers = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "", dict(_PRIVATE)
            if total is not None:
                headers["Content-Range"] = f"bytes */{total}"
        case TakenError():
            status, headers = HTTPStatus.SERVICE_UNAVAILABLE, _again(_AGAIN_S)
            text = "Somebody else is watching a clip of this console."
        case EndedError():
            status, headers = HTTPStatus.SERVICE_UNAVAILABLE, _again(_AGAIN_S)
            text = "This request was ended by a later one, or with the console's entry."
        case MediaError(detail=FallbackDetail.NOT_READY):
            status, headers = HTTPStatus.SERVICE_UNAVAILABLE, _again(_AGAIN_S)
            text = "The console has not written this recording yet."
        case MediaError(retry_after_s=float(asked_s)):
            status, headers = HTTPStatus.SERVICE_UNAVAILABLE, _again(asked_s)
            text = "The console wants to be left alone for a while."
        case MediaError(detail=FallbackDetail.TIMEOUT):
            status, text, headers = HTTPStatus.GATEWAY_TIMEOUT, "The console does not answer.", {}
        case MediaError(detail=FallbackDetail.NO_ACCESS):
            status, headers = HTTPStatus.BAD_GATEWAY, {}
            text = "The console does not let Home Assistant view recordings."
        case _:
            status, headers = HTTPStatus.BAD_GATEWAY, {}
            text = "The console does not hand over this recording."
    return web.Response(status=status, text=text, headers={**_PRIVATE, **headers})
