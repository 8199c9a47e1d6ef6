"""The public integration API: an API key, devices, live pictures and two text websockets."""

from secrets import compare_digest

from aiohttp import web

from . import documents
from .faults import Content
from .models import Camera
from .private_api import answer, refusal
from .replies import Body, play
from .sockets import Sockets
from .state import State

_API = "/proxy/protect/integration/v1"


class PublicApi:
    """Handlers of the public API."""

    def __init__(self, state: State, requests_per_second: int) -> None:
        """Serve that console; the budget is announced to the clients, which keep to it."""
        self._state = state
        self._faults = state.faults
        self._policy = f'"default";q={requests_per_second};w=1'

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; whatever a console may have and this one has not is an empty list."""
        camera = f"{_API}/cameras/{{id}}"
        return [
            web.get(f"{_API}/subscribe/events", self._events_socket),
            web.get(f"{_API}/subscribe/devices", self._devices_socket),
            web.get(f"{_API}/meta/info", self._meta),
            web.get(f"{_API}/nvrs", self._nvr),
            web.get(f"{_API}/cameras", self._cameras),
            web.get(camera, self._camera),
            web.get(f"{camera}/snapshot", self._snapshot),
            web.route("*", f"{camera}/rtsps-stream", self._rtsps),
            web.get(f"{_API}/{{kind:[a-z-]+}}", self._nothing),
        ]

    def _authorize(self, request: web.Request) -> None:
        given = request.headers.get("X-API-KEY", "")
        if not compare_digest(given.encode(), self._state.api_key.encode()):
            raise refusal(401, "Unauthorized")

    async def _answer(self, request: web.Request, value: object) -> web.StreamResponse:
        self._authorize(request)

        async def make(_content: Content) -> Body:
            return Body.of(value, {"RateLimit-Policy": self._policy})

        return await answer(self._faults, request, self._faults.public, make)

    async def _meta(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, {"applicationVersion": self._state.version})

    async def _nvr(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, documents.public_nvr(self._state.name, self._state.mac))

    async def _cameras(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(
            request, [documents.public_camera(camera) for camera in self._state.cameras]
        )

    async def _camera(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, documents.public_camera(self._known_camera(request)))

    async def _rtsps(self, request: web.Request) -> web.StreamResponse:
        self._known_camera(request)
        return await self._answer(request, {"high": None, "medium": None, "low": None})

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, [])

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        self._authorize(request)
        camera = self._known_camera(request)

        async def make(_content: Content) -> Body:
            jpeg = await self._state.footage.still(camera.name, self._state.now())
            return Body(jpeg, "image/jpeg", {"RateLimit-Policy": self._policy})

        return await answer(self._faults, request, self._faults.public_snapshot, make, camera.id)

    def _known_camera(self, request: web.Request) -> Camera:
        self._authorize(request)
        camera = self._state.camera(request.match_info["id"])
        if camera is None:
            raise refusal(404, "Camera not found")
        return camera

    async def _events_socket(self, request: web.Request) -> web.StreamResponse:
        return await self._socket(request, self._state.public_events)

    async def _devices_socket(self, request: web.Request) -> web.StreamResponse:
        return await self._socket(request, self._state.public_devices)

    async def _socket(self, request: web.Request, sockets: Sockets) -> web.StreamResponse:
        self._authorize(request)
        reply = self._faults.everything.next() or self._faults.public_handshake.next()
        if reply is not None:
            return await play(request, reply, _nothing)
        return await sockets.serve(request)


async def _nothing(_content: Content) -> Body:
    return Body(b"")
