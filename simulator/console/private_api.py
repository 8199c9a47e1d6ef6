"""The private API: log-in, bootstrap, events, recorded media and the binary websocket."""

from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web

from . import documents
from .faults import Content, Faults, Reply, Script, error_body
from .models import Camera, Channel, Event, Json, milliseconds
from .replies import Body, Maker, play
from .state import State

_API = "/proxy/protect/api"
_SOCKET = "/proxy/protect/ws/updates"
_COOKIE = "TOKEN"
_JPEG = "image/jpeg"
_CHANNELS = ("0", "1", "2")


def refusal(status: int, message: str) -> web.HTTPException:
    """Return what to raise to answer with an error and a JSON body as Protect words it."""
    kinds: dict[int, type[web.HTTPException]] = {
        400: web.HTTPBadRequest,
        401: web.HTTPUnauthorized,
        403: web.HTTPForbidden,
        404: web.HTTPNotFound,
    }
    return kinds[status](text=error_body(message).decode(), content_type="application/json")


async def answer(
    faults: Faults, request: web.Request, script: Script, make: Maker, camera_id: str | None = None
) -> web.StreamResponse:
    """Answer as the endpoint's script wants it, or well."""
    reply = faults.everything.next(camera_id) or script.next(camera_id) or Reply()
    return await play(request, reply, make)


def list_order(event: Event) -> datetime:
    """Return by what events are listed."""
    return event.start


class PrivateApi:
    """Handlers of the private API."""

    def __init__(self, state: State) -> None:
        """Serve that console."""
        self._state = state
        self._faults = state.faults

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        camera = f"{_API}/cameras/{{id}}"
        return [
            web.post("/api/auth/login", self._login),
            web.post("/proxy/users/api/v2/user/self/keys", self._create_api_key),
            web.get(_SOCKET, self._socket),
            web.get(f"{_API}/bootstrap", self._bootstrap),
            web.get(f"{_API}/nvr", self._nvr),
            web.get(f"{_API}/keyrings", self._nothing),
            web.get(f"{_API}/ulp-users", self._nothing),
            web.get(f"{_API}/events", self._events),
            web.get(f"{_API}/events/{{id}}", self._event),
            web.get(f"{_API}/events/{{id}}/thumbnail", self._thumbnail),
            web.get(f"{_API}/video/export", self._export),
            web.get(f"{_API}/cameras", self._cameras),
            web.get(camera, self._camera),
            web.get(f"{camera}/recording-snapshot", self._recorded_snapshot),
            web.get(f"{camera}/snapshot", self._live_snapshot),
        ]

    # -- who asks

    async def _login(self, request: web.Request) -> web.StreamResponse:
        given = await request.json()

        async def make(_content: Content) -> Body:
            if (given.get("username"), given.get("password")) != (
                self._state.username,
                self._state.password,
            ):
                raise refusal(401, "Invalid username or password")
            token, csrf = self._state.log_in()
            cookie = f"{_COOKIE}={token}; path=/; secure; httponly"
            user = {"id": documents.ADMIN_ID, "username": self._state.username}
            return Body.of(user, {"Set-Cookie": cookie, "X-CSRF-Token": csrf})

        if self._state.too_many_logins():
            return await play(request, Reply.too_many(retry_after=60), make)
        return await answer(self._faults, request, self._faults.login, make)

    def _authorize(self, request: web.Request) -> None:
        if request.cookies.get(_COOKIE) not in self._state.sessions:
            raise refusal(401, "Unauthorized")

    async def _create_api_key(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        return web.json_response({"data": {"full_api_key": self._state.api_key}})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        reply = self._faults.everything.next() or self._faults.private_handshake.next()
        if reply is not None:
            return await play(request, reply, _nothing)
        return await self._state.private.serve(request)

    # -- what there is

    async def _bootstrap(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)

        async def make(_content: Content) -> Body:
            user = documents.user(
                self._state.username,
                may_read_media=not self._faults.no_media,
                is_cloud_account=self._faults.cloud_account,
            )
            return Body.of(
                documents.bootstrap(
                    self._state.cameras,
                    nvr_document=self._state.nvr(),
                    user_document=user,
                    update_id=self._state.update_id,
                )
            )

        return await answer(self._faults, request, self._faults.bootstrap, make)

    async def _nvr(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        return web.json_response(self._state.nvr())

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        return web.json_response([])

    async def _cameras(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)

        async def make(_content: Content) -> Body:
            return Body.of(
                [documents.camera(camera, self._state.mac) for camera in self._state.cameras]
            )

        return await answer(self._faults, request, self._faults.cameras, make)

    async def _camera(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        camera = self._known_camera(request.match_info["id"])
        return web.json_response(documents.camera(camera, self._state.mac))

    def _known_camera(self, camera_id: str) -> Camera:
        camera = self._state.camera(camera_id)
        if camera is None:
            raise refusal(404, "Camera not found")
        return camera

    # -- events

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)

        async def make(_content: Content) -> Body:
            return Body.of([self._rest(event) for event in self._asked_events(request)])

        return await answer(self._faults, request, self._faults.events, make)

    def _asked_events(self, request: web.Request) -> list[Event]:
        """Return the events of the query, oldest first unless it asks for DESC."""
        query = request.query
        start, end, limit = (_number(query.get(key)) for key in ("start", "end", "limit"))
        if limit is None and (start is None) != (end is None):
            raise refusal(400, "start needs end or limit")
        types, labels = query.getall("types", []), set(query.getall("smartDetectTypes", []))
        found = [
            event
            for event in sorted(self._state.events.values(), key=list_order)
            if (not types or event.type in types)
            and (not labels or labels & set(event.labels))
            and (end is None or milliseconds(event.start) <= end)
            and (start is None or event.end is None or milliseconds(event.end) >= start)
        ]
        if query.get("orderDirection") == "DESC":
            found.reverse()
        offset = _number(query.get("offset")) or 0
        return found[offset : None if limit is None else offset + limit]

    async def _event(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        event = self._known_event(request)

        async def make(_content: Content) -> Body:
            return Body.of(self._rest(event))

        return await answer(self._faults, request, self._faults.event, make, event.camera_id)

    def _known_event(self, request: web.Request) -> Event:
        event = self._state.event(request.match_info["id"])
        if event is None:
            raise refusal(404, "Event not found")
        return event

    def _rest(self, event: Event) -> Json:
        return self._state.seen(event, Channel.REST).as_private()

    # -- media

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        event = self._known_event(request)

        async def make(_content: Content) -> Body:
            self._check_media()
            ended = self._state.seen(event, Channel.REST).end
            if ended is None:
                raise refusal(404, "Thumbnail not found")
            middle = event.start + (ended - event.start) / 2
            return await self._picture(request, event.camera_id, middle)

        return await answer(self._faults, request, self._faults.thumbnail, make, event.camera_id)

    async def _recorded_snapshot(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        camera_id = request.match_info["id"]

        async def make(_content: Content) -> Body:
            self._check_media()
            at = _moment(request.query.get("ts"))
            lag = self._faults.recording_lag
            if lag is not None and at > self._state.now() - timedelta(seconds=lag):
                raise refusal(404, "Snapshot not found")
            return await self._picture(request, camera_id, at)

        return await answer(self._faults, request, self._faults.recorded_snapshot, make, camera_id)

    async def _live_snapshot(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        camera_id = request.match_info["id"]

        async def make(_content: Content) -> Body:
            return await self._picture(request, camera_id, self._state.now())

        return await answer(self._faults, request, self._faults.live_snapshot, make, camera_id)

    async def _picture(self, request: web.Request, camera_id: str, at: datetime) -> Body:
        camera = self._known_camera(camera_id)
        width, height = _number(request.query.get("w")), _number(request.query.get("h"))
        return Body(await self._state.footage.still(camera.name, at, width, height), _JPEG)

    async def _export(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        camera_id = request.query.get("camera", "")
        make = partial(self._clip, request)
        with self._state.exporting():
            most = self._faults.most_exports
            if most is not None and self._state.exports_running > most:
                self._state.overloaded()
            await self._state.count_exports()
            return await answer(self._faults, request, self._faults.export, make, camera_id)

    async def _clip(self, request: web.Request, content: Content) -> Body:
        self._check_media()
        camera = self._known_camera(request.query.get("camera", ""))
        start, end = (_moment(request.query.get(key)) for key in ("start", "end"))
        if end <= start or request.query.get("channel", "0") not in _CHANNELS:
            raise refusal(400, "Invalid parameters")
        lag = self._faults.recording_lag
        if lag is not None:
            end = min(end, self._state.now() - timedelta(seconds=lag))
            if end <= start:
                raise refusal(404, "Unexpected status code 502 from the recorder")
        if content is Content.SHORT:
            end = start + (end - start) / 2
        footage = self._state.footage
        data = (
            await footage.blank((end - start).total_seconds())
            if content is Content.BLANK
            else await footage.clip(camera.name, start, end)
        )
        clip = Body(data, "video/mp4")
        return clip.part(request) if self._faults.serves_ranges else clip

    def _check_media(self) -> None:
        if self._faults.no_media:
            raise refusal(403, "Forbidden")


async def _nothing(_content: Content) -> Body:
    return Body(b"")


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as err:
        raise refusal(400, "Not a number") from err


def _moment(text: str | None) -> datetime:
    """Return the milliseconds of a query as time; raises the 400 of a console."""
    number = _number(text)
    if number is None:
        raise refusal(400, "Missing time")
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError) as err:
        raise refusal(400, "Not a time") from err
