"""What one console knows at a moment; its two APIs read it, the `Console` changes it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import secrets

from aiohttp import web

from . import documents, wire
from .faults import Ends, Faults
from .footage import Footage
from .models import Camera, Channel, Event, Json, Request
from .replies import SENT
from .sockets import Sockets

# A soak test makes 10,000 detections with some requests each; older ones may be forgotten.
_MOST_EVENTS = 50_000
_MOST_REQUESTS = 200_000
# A client that gives an export up may ask for the next one before its leaving is noticed here.
_LEAVING_S = 0.1
_SESSION_LIFE = timedelta(hours=24)


class State:
    """The console's memory. Every change is told to whoever waits for one."""

    def __init__(
        self,
        *,
        cameras: list[Camera],
        footage: Footage,
        faults: Faults,
        name: str,
        mac: str,
        version: str,
    ) -> None:
        """Start with nobody logged in and nothing noticed yet."""
        self.cameras = cameras
        self.footage = footage
        self.faults = faults
        self.name = name
        self.mac = mac
        self.version = version
        self.port = 0
        self.vouched_for = False
        self.username = "homeassistant"
        self.password = secrets.token_urlsafe(12)
        self.api_key = secrets.token_urlsafe(24)
        self.update_id = secrets.token_hex(12)
        self.events: dict[str, Event] = {}
        self.sessions: set[str] = set()
        self.logins: deque[float] = deque()
        self.requests_running = 0
        self.exports_running = 0
        self.most_exports_at_once = 0
        self.private = Sockets(lambda: faults.private_socket, self.changed)
        self.public_events = Sockets(lambda: faults.public_socket, self.changed)
        self.public_devices = Sockets(lambda: faults.public_socket, self.changed)
        self._requests: dict[int, Request] = {}
        self._serial = 0
        self._change = asyncio.Event()
        self.overloaded: Callable[[], None] = lambda: None
        """What becomes of too much at once; the server's to say."""

    def now(self) -> datetime:
        """Return what the console's clock shows."""
        return datetime.now(UTC) + self.faults.clock_ahead

    # -- change

    def changed(self) -> None:
        """Wake everybody who waits for a change."""
        self._change.set()
        self._change = asyncio.Event()

    async def wait_for(self, predicate: Callable[[], bool]) -> None:
        """Return when the predicate holds, looking again after every change."""
        while not predicate():
            await self._change.wait()

    # -- requests

    @property
    def requests(self) -> list[Request]:
        """Everything that was asked, the oldest first."""
        return list(self._requests.values())

    def latest_request_to(self, path_part: str, camera_id: str | None = None) -> Request | None:
        """Return what was asked last of such a path, of that camera where its query names one."""
        return next(
            (
                each
                for each in reversed(self._requests.values())
                if path_part in each.path and camera_id in {None, each.query.get("camera")}
            ),
            None,
        )

    @contextmanager
    def recorded(self, request: web.Request) -> Iterator[Callable[[Json], None]]:
        """Keep the request in the log; the yielded function adds what is known of it later."""
        self._serial += 1
        serial, now = self._serial, asyncio.get_running_loop().time
        self._requests[serial] = Request(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            byte_range=request.headers.get("Range"),
            started=now(),
        )
        if len(self._requests) > _MOST_REQUESTS:
            del self._requests[next(iter(self._requests))]

        def note(known: Json) -> None:
            if serial in self._requests:
                self._requests[serial] = replace(self._requests[serial], **known)
            self.changed()

        self.requests_running += 1
        self.changed()
        try:
            yield note
        finally:
            self.requests_running -= 1
            note({"finished": now(), "sent": request.get(SENT, 0)})

    @contextmanager
    def exporting(self) -> Iterator[None]:
        """Count an export while it lasts."""
        self.exports_running += 1
        self.changed()
        try:
            yield
        finally:
            self.exports_running -= 1
            self.changed()

    async def count_exports(self) -> None:
        """Learn how many run at once that their client has not given up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                await self.wait_for(lambda: self.exports_running == 1)
        self.most_exports_at_once = max(self.most_exports_at_once, self.exports_running)
        self.changed()

    # -- sessions

    def log_in(self) -> tuple[str, str]:
        """Return a session token that is good from now on, and its CSRF token."""
        csrf = secrets.token_hex(16)
        token = wire.session_token(
            documents.ADMIN_ID, csrf, secrets.token_bytes(32), datetime.now(UTC) + _SESSION_LIFE
        )
        self.sessions.add(token)
        return token, csrf

    def too_many_logins(self) -> bool:
        """Count a log-in, and say whether it is one too many for a minute."""
        limit = self.faults.logins_per_minute
        now = asyncio.get_running_loop().time()
        while self.logins and self.logins[0] <= now - 60:
            self.logins.popleft()
        if limit is not None and len(self.logins) >= limit:
            return True
        self.logins.append(now)
        return False

    # -- things

    def camera(self, camera_id: str) -> Camera | None:
        """Return the camera of that id."""
        return next((each for each in self.cameras if each.id == camera_id), None)

    def keep(self, event: Event) -> None:
        """Remember the event as it is now."""
        self.events[event.id] = event
        if len(self.events) > _MOST_EVENTS:
            del self.events[next(iter(self.events))]
        self.changed()

    def event(self, event_id: str) -> Event | None:
        """Return the event of that id, which may carry its camera's id as suffix."""
        found = self.events.get(event_id)
        if found is None and "-" in event_id:
            stem, _, suffix = event_id.rpartition("-")
            found = self.events.get(stem)
            if found is not None and found.camera_id != suffix:
                return None
        return found

    def seen(self, event: Event, channel: Channel) -> Event:
        """Return the event as that channel shows it, given what is wrong."""
        faults = self.faults
        if faults.late_labels and event.end is None:
            event = replace(event, labels=(), license_plate=None, face=None)
        untold = faults.ends is Ends.UNTOLD and channel is not Channel.REST
        if untold or faults.ends is Ends.NEVER:
            event = replace(event, end=None)
        if channel in faults.suffixed_ids:
            event = replace(event, id=f"{event.id}-{event.camera_id}")
        return event

    def nvr(self) -> Json:
        """Return the console's own document."""
        return documents.nvr(self.name, self.mac, self.version, self.port)
