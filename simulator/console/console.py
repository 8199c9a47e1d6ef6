"""The console itself: start it, make things happen, see what was asked of it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
import secrets
from typing import Self

from . import documents
from .faults import Faults
from .footage import Footage
from .models import Camera, Event, Json, Recording, Request, milliseconds
from .private_api import PrivateApi
from .public_api import PublicApi
from .server import HOST, Server
from .state import State
from .telling import Teller

DEFAULT_MAC = "F4E2C6A0B0C0"
# Core's unifiprotect of Home Assistant 2026.10 wants 7.2.105 at least.
DEFAULT_VERSION = "7.2.110"
# What real consoles grant (uiprotect's _rate_limit.py); clients use 80 % of it.
DEFAULT_PUBLIC_BUDGET = 10

_RING = timedelta(seconds=1)
_LAST_REQUESTS = 8


class Console:
    """A UniFi Protect console on a loopback port, for as long as the context lasts."""

    def __init__(
        self,
        cameras: Iterable[Camera],
        recording: Recording,
        *,
        port: int = 0,
        name: str = "Home",
        mac: str = DEFAULT_MAC,
        version: str = DEFAULT_VERSION,
        public_requests_per_second: int = DEFAULT_PUBLIC_BUDGET,
    ) -> None:
        """Describe the console; ``port`` 0 chooses a free one and keeps it.

        Clients pace themselves by ``public_requests_per_second``: with the budget of a real
        console, reading all public devices takes them about two seconds.
        """
        self.faults = Faults()
        self._footage = Footage(recording)
        self._state = State(
            cameras=list(cameras),
            footage=self._footage,
            faults=self.faults,
            name=name,
            mac=mac,
            version=version,
        )
        self._tell = Teller(self._state)
        routes = (
            *PrivateApi(self._state).routes(),
            *PublicApi(self._state, public_requests_per_second).routes(),
        )
        self._server = Server(self._state, routes, port)
        self._state.overloaded = self._server.tear_down

    async def __aenter__(self) -> Self:
        """Start to serve."""
        await self._server.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop; nothing is left behind."""
        await self._server.stop()
        await self._footage.close()

    # -- how to reach it

    @property
    def host(self) -> str:
        """Address that it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self._state.port

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return self._state.name

    @property
    def mac(self) -> str:
        """Twelve upper-case hex digits."""
        return self._state.mac

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The cameras that it has adopted."""
        return tuple(self._state.cameras)

    @property
    def username(self) -> str:
        """Local user that may log in."""
        return self._state.username

    @property
    def password(self) -> str:
        """That user's password; set it to let the old one fail from the next log-in on."""
        return self._state.password

    @password.setter
    def password(self, password: str) -> None:
        self._state.password = password

    @property
    def api_key(self) -> str:
        """Key for the public API; set it to revoke the old one."""
        return self._state.api_key

    @api_key.setter
    def api_key(self, api_key: str) -> None:
        self._state.api_key = api_key

    @property
    def vouched_for(self) -> bool:
        """Whether its certificate is one of `authority_pem`'s; self-signed otherwise.

        Can be set at any time and counts from the next connection on.
        """
        return self._state.vouched_for

    @vouched_for.setter
    def vouched_for(self, vouched_for: bool) -> None:
        self._state.vouched_for = vouched_for

    # -- what it notices

    def now(self) -> datetime:
        """Return what its clock shows, as aware UTC."""
        return self._state.now()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that it has noticed, as it knows it now."""
        return tuple(self._state.events.values())

    async def start_detection(
        self,
        camera_id: str,
        labels: Sequence[str] = ("person",),
        start: datetime | None = None,
        score: int = 80,
        event_type: str = "smartDetectZone",
        event_id: str | None = None,
    ) -> str:
        """Let a detection begin, now unless said otherwise; return Protect's id of it.

        Labels are spelt as Protect spells them (``person``, ``licensePlate``, ``alrmSmoke``). An
        ``event_id`` that is in use already is announced again, as Protect does over zone, line
        and loitering.
        """
        if self._state.camera(camera_id) is None:
            raise ValueError(f"this console has no camera {camera_id}")
        event = Event(
            id=event_id or secrets.token_hex(12),
            camera_id=camera_id,
            type=event_type,
            start=start or self.now(),
            score=score,
            labels=tuple(labels),
        )
        await self._become(None, event)
        return event.id

    async def update_detection(
        self,
        event_id: str,
        labels: Sequence[str] | None = None,
        score: int | None = None,
        license_plate: str | None = None,
        face: str | None = None,
        event_type: str | None = None,
        zones: Sequence[int] | None = None,
    ) -> None:
        """Tell what has become known of it; what is None stays as it is."""
        before = self._state.events[event_id]
        after = replace(
            before,
            labels=before.labels if labels is None else tuple(labels),
            score=before.score if score is None else score,
            license_plate=license_plate or before.license_plate,
            face=face or before.face,
            type=event_type or before.type,
            zones=before.zones if zones is None else tuple(zones),
        )
        await self._become(before, after)

    async def end_detection(self, event_id: str, end: datetime | None = None) -> None:
        """Let it end, now unless said otherwise."""
        before = self._state.events[event_id]
        await self._become(before, replace(before, end=end or self.now()))

    async def detect(
        self,
        camera_id: str,
        labels: Sequence[str] = ("person",),
        duration: float = 2.0,
        start: datetime | None = None,
        score: int = 80,
        event_type: str = "smartDetectZone",
        event_id: str | None = None,
    ) -> str:
        """Tell of a whole detection at once; without a start it ends now.

        ``duration`` is in seconds; returns the event's id.
        """
        length = timedelta(seconds=duration)
        begin = start or self.now() - length
        new_id = await self.start_detection(camera_id, labels, begin, score, event_type, event_id)
        await self.end_detection(new_id, begin + length)
        return new_id

    async def ring(self, camera_id: str, at: datetime | None = None) -> str:
        """Let somebody press the button of a doorbell; return the event's id."""
        start = at or self.now()
        last_ring = {"lastRing": milliseconds(start)}
        await self._tell.private("update", "camera", camera_id, last_ring)
        event_id = await self.start_detection(
            camera_id, labels=(), start=start, score=0, event_type="ring"
        )
        await self.end_detection(event_id, start + _RING)
        return event_id

    async def package(
        self, camera_id: str, duration: float = 2.0, start: datetime | None = None
    ) -> str:
        """Let a package be seen: an event that is over when it is first told; return its id."""
        begin = start or self.now() - timedelta(seconds=duration)
        event = Event(
            id=secrets.token_hex(12),
            camera_id=camera_id,
            type="smartDetectZone",
            start=begin,
            end=begin + timedelta(seconds=duration),
            score=80,
            labels=("package",),
        )
        self._state.keep(event)
        await self._tell.born_closed(event)
        return event.id

    async def _become(self, before: Event | None, after: Event) -> None:
        self._state.keep(after)
        await self._tell.event(before, after)

    # -- what happens to it

    async def add_camera(self, camera: Camera) -> None:
        """Adopt one more camera."""
        self._state.cameras.append(camera)
        document = documents.camera(camera, self.mac)
        await self._tell.private("add", "camera", camera.id, document)
        await self._tell.public("add", documents.public_camera(camera))

    async def remove_camera(self, camera_id: str) -> None:
        """Forget a camera."""
        self._state.cameras[:] = [each for each in self._state.cameras if each.id != camera_id]
        await self._tell.private("remove", "camera", camera_id, {})
        await self._tell.public("remove", {"id": camera_id, "modelKey": "camera"})

    async def rename_camera(self, camera_id: str, name: str) -> None:
        """Call a camera something else."""
        self._state.cameras[:] = [
            replace(each, name=name) if each.id == camera_id else each
            for each in self._state.cameras
        ]
        await self._tell.private("update", "camera", camera_id, {"name": name})
        await self._tell.public("update", {"id": camera_id, "modelKey": "camera", "name": name})

    async def send_noise(self) -> None:
        """Send over every websocket what is no frame at all."""
        await self._state.private.send(b"\x01\x01\x00\x00 no frame")
        for sockets in (self._state.public_events, self._state.public_devices):
            await sockets.send("{no json")

    async def send_private(self, action: str, model_key: str, item_id: str, data: Json) -> None:
        """Send any frame over the private websockets: unknown models, statistics, nonsense."""
        await self._tell.private(action, model_key, item_id, data)

    async def send_public(self, action: str, item: Json) -> None:
        """Send any frame over the public websockets; ``item`` needs its ``modelKey``."""
        await self._tell.public(action, item)

    async def drop_websockets(self, *, private: bool = True, public: bool = True) -> None:
        """Cut the websockets that are connected now; their clients may come back at once."""
        if private:
            self._state.private.cut()
        if public:
            self._state.public_events.cut()
            self._state.public_devices.cut()

    def end_sessions(self) -> None:
        """Let every log-in be forgotten: 401 until the client logs in again."""
        self._state.sessions.clear()

    async def go_down(self) -> None:
        """Drop every connection and refuse new ones, until `come_up`."""
        await self._server.hang_up()

    async def come_up(self) -> None:
        """Listen again on the same port; log-ins of before are forgotten, as after a reboot."""
        self.end_sessions()
        await self._server.listen()

    async def reboot(self, down_for: float = 0.0) -> None:
        """Be away for so many seconds."""
        await self.go_down()
        await asyncio.sleep(down_for)
        await self.come_up()

    # -- what was asked of it

    @property
    def requests(self) -> list[Request]:
        """Every request so far, the oldest first."""
        return self._state.requests

    def latest_request_to(self, path_part: str, camera_id: str | None = None) -> Request | None:
        """Return what was asked last of such a path, of that camera where its query names one."""
        return self._state.latest_request_to(path_part, camera_id)

    def requests_to(self, path_end: str) -> list[Request]:
        """Return the requests whose path ends so, the oldest first."""
        return [request for request in self.requests if request.path.endswith(path_end)]

    @property
    def open_requests(self) -> int:
        """How many requests are being answered now; connected websockets do not count."""
        return self._state.requests_running - self.open_websockets

    @property
    def open_websockets(self) -> int:
        """How many websockets are connected, of all three kinds."""
        return self.open_private_websockets + self.open_public_websockets

    @property
    def open_private_websockets(self) -> int:
        """How many private websockets are connected."""
        return len(self._state.private)

    @property
    def open_public_websockets(self) -> int:
        """How many public websockets are connected, for events and for devices."""
        return len(self._state.public_events) + len(self._state.public_devices)

    @property
    def open_connections(self) -> int:
        """How many TCP connections there are, those kept alive for later included."""
        return self._server.open_connections

    @property
    def exports_running(self) -> int:
        """How many exports are being answered now."""
        return self._state.exports_running

    @property
    def most_exports_at_once(self) -> int:
        """The most that ever ran at once, without those that a client had just given up."""
        return self._state.most_exports_at_once

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the agreed interface
        """Return when the condition holds; it is looked at after every change of the console.

        Raises TimeoutError, with what was asked last.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._state.wait_for(predicate)
        except TimeoutError as err:
            last = [f"{each.path} {each.status}" for each in self.requests[-_LAST_REQUESTS:]]
            raise TimeoutError(
                f"not within {timeout} s; {self.open_websockets} websockets are open, "
                f"{self.exports_running} exports run, asked last: {last}"
            ) from err
