"""Home Assistant's API, as its frontend speaks it; every wait has its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
import json
from typing import Any, Self

import aiohttp

from .errors import DemoError

type Json = dict[str, Any]

_CLIENT_ID = "{url}/"

# A config flow logs in to the console with it; that takes seconds at most.
_CALL_TIMEOUT = 60.0
# Measured: about 12 s; a slow machine that compiles everything for the first time needs more.
_START_TIMEOUT = 120.0
_POLL = 0.2
# Somebody may keep the folder and come back to it.
_LOG_IN_DAYS = 30


async def until[T](condition: Callable[[], Awaitable[T | None]], what: str, seconds: float) -> T:
    """Ask again and again until the answer is true, and return it; raise DemoError if late.

    Only for what tells no one when it changes.
    """
    try:
        async with asyncio.timeout(seconds):
            while not (answer := await condition()):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(_POLL)
    except TimeoutError as err:
        raise DemoError(f"{what}: not within {seconds:g} s") from err
    return answer


class Client:
    """One user of one Home Assistant, over HTTP and, in ``websocket()``, its websocket."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        """Speak to this Home Assistant; it need not be up yet."""
        self.url = url
        self._session = session
        self._headers: dict[str, str] = {}
        self._token = ""

    async def create_owner(self, name: str, username: str, password: str) -> None:
        """Wait for Home Assistant, create its first user, log in, and wait until it runs."""
        await until(self._onboarding, "Home Assistant's web server did not come up", _START_TIMEOUT)
        client_id = _CLIENT_ID.format(url=self.url)
        created = await self.post(
            "/api/onboarding/users",
            {
                "client_id": client_id,
                "name": name,
                "username": username,
                "password": password,
                "language": "en",
            },
        )
        form = {
            "client_id": client_id,
            "grant_type": "authorization_code",
            "code": created["auth_code"],
        }
        async with self._session.post(f"{self.url}/auth/token", data=form) as reply:
            self._authorize((await _body(reply))["access_token"])
        await self._keep_logged_in()
        await self.wait_until_running()

    async def _keep_logged_in(self) -> None:
        """Exchange the log-in, which ends after half an hour, for one that does not."""
        async with self.websocket() as websocket:
            token = await websocket.call(
                "auth/long_lived_access_token", client_name="Demo", lifespan=_LOG_IN_DAYS
            )
        self._authorize(token)

    @property
    def token(self) -> str:
        """The log-in, which Home Assistant knows after a restart too; good for a month."""
        return self._token

    async def come_back(self, token: str) -> None:
        """Wait for a Home Assistant that was set up before to answer, and log in to it.

        Raises DemoError when it does not come up, or knows no such log-in.
        """
        self._authorize(token)
        await until(self._answers, "Home Assistant's web server did not come up", _START_TIMEOUT)

    async def wait_until_running(self) -> None:
        """Return when Home Assistant has started everything."""
        await until(self.is_running, "Home Assistant did not start", _START_TIMEOUT)

    def _authorize(self, token: str) -> None:
        self._token = token
        self._headers = {"Authorization": f"Bearer {token}"}

    async def _onboarding(self) -> bool:
        try:
            async with self._session.get(f"{self.url}/api/onboarding") as reply:
                return reply.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def _answers(self) -> bool:
        try:
            async with self._session.get(f"{self.url}/api/", headers=self._headers) as reply:
                if reply.status == 401:
                    raise DemoError("Home Assistant refused the log-in of before")
                return reply.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def is_running(self) -> bool:
        """Say whether Home Assistant has started everything. Raises DemoError."""
        config = await self.get("/api/config")
        if config["recovery_mode"]:
            raise DemoError("Home Assistant came up in recovery mode")
        return bool(config["state"] == "RUNNING")

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON at this path; raises DemoError for an HTTP error."""
        async with self._request("GET", path) as reply:
            return await _body(reply)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
        """Send JSON and return JSON; raises DemoError for an HTTP error."""
        async with self._request("POST", path, body) as reply:
            return await _body(reply)

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=_CALL_TIMEOUT)
        try:
            async with self._session.request(
                method, f"{self.url}{path}", json=body, headers=self._headers, timeout=timeout
            ) as reply:
                yield reply
        except (aiohttp.ClientError, TimeoutError) as err:
            raise DemoError(f"Home Assistant does not answer {path}: {err!r}") from err

    async def events(self, event_type: str) -> AsyncIterator[Json]:
        """Yield every event of this type on the bus, whole, until Home Assistant is gone.

        It is in Home Assistant's own event stream as soon as it is fired.
        """
        url = f"{self.url}/api/stream?restrict={event_type}"
        # It says something every minute, and ends with Home Assistant.
        timeout = aiohttp.ClientTimeout(total=None, sock_read=_CALL_TIMEOUT * 2)
        with suppress(aiohttp.ClientError):
            async with self._session.get(url, headers=self._headers, timeout=timeout) as reply:
                async for line in reply.content:
                    if line.startswith(b"data: {"):
                        yield json.loads(line.removeprefix(b"data: "))

    async def config_flow(
        self,
        handler: str | list[str],
        answers: Mapping[str, Json],
        *,
        kind: str = "flow",
    ) -> Json:
        """Go through a flow as a user would; return what its last step said.

        ``answers`` holds what to fill into the form of each step, and for a menu its
        ``next_step_id``. Raises DemoError when the flow shows an error, a step without an
        answer, or ends without anything to be saved.
        """
        base = f"/api/config/config_entries/{kind}"
        result: Json = await self.post(base, {"handler": handler})
        asked: set[str] = set()
        while result["type"] in {"form", "menu"} and not result.get("errors"):
            step = result["step_id"]
            if step not in answers or step in asked:
                raise DemoError(f"the set-up of {handler} asks what we do not know: {result}")
            asked.add(step)
            result = await self.post(f"{base}/{result['flow_id']}", answers[step])
        if result["type"] != "create_entry":
            reason = result.get("errors") or result.get("reason") or result["type"]
            raise DemoError(f"the set-up of {handler} failed: {reason}")
        return result

    @asynccontextmanager
    async def websocket(self) -> AsyncIterator[Websocket]:
        """Yield a connection that is logged in."""
        async with self._session.ws_connect(f"{self.url}/api/websocket", heartbeat=30) as raw:
            await raw.receive_json(timeout=_CALL_TIMEOUT)  # auth_required
            await raw.send_json({"type": "auth", "access_token": self._token})
            if (await raw.receive_json(timeout=_CALL_TIMEOUT))["type"] != "auth_ok":
                raise DemoError("Home Assistant refused our own log-in")
            async with Websocket(raw) as websocket:
                yield websocket


class Websocket:
    """Commands and their results, and events, over one connection."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        """Use the connection, whose owner closes it."""
        self._raw = raw
        self._ids = count(1)
        self._results: dict[int, asyncio.Future[Json]] = {}
        self._events: dict[int, asyncio.Queue[Json]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop to read."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON of any shape
        """Send a command and return its result; raises DemoError when it is refused or late."""
        number = next(self._ids)
        return await self._send(number, command, fields)

    async def subscribe(self, event_type: str) -> asyncio.Queue[Json]:
        """Return a queue that receives the data of every event of this type on the bus."""
        return await self.follow("subscribe_events", event_type=event_type)

    async def follow(self, command: str, **fields: object) -> asyncio.Queue[Json]:
        """Send a command and return a queue that receives the data of the events it leads to."""
        number = next(self._ids)
        # The demo makes few events and reads them all: nothing to bound.
        self._events[number] = asyncio.Queue()
        await self._send(number, command, fields)
        return self._events[number]

    async def _send(self, number: int, command: str, fields: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        future = self._results[number] = asyncio.get_running_loop().create_future()
        await self._raw.send_json({"id": number, "type": command, **fields})
        try:
            async with asyncio.timeout(_CALL_TIMEOUT):
                result = await future
        except TimeoutError as err:
            raise DemoError(f"Home Assistant does not answer {command}") from err
        finally:
            del self._results[number]
        if not result["success"]:
            raise DemoError(f"Home Assistant refused {command}: {result['error']}")
        return result["result"]

    async def _read(self) -> None:
        """Give every message to whom it is for; a call that waits when this ends is late."""
        async for message in self._raw:
            told = message.json()
            if told["type"] == "event" and told["id"] in self._events:
                self._events[told["id"]].put_nowait(told["event"]["data"] or {})
            elif told["type"] == "result" and told["id"] in self._results:
                self._results[told["id"]].set_result(told)


async def _body(reply: aiohttp.ClientResponse) -> Any:  # noqa: ANN401 - JSON of any shape
    if reply.status >= 400:
        raise DemoError(f"{reply.url.path} answers {reply.status}: {(await reply.text())[:300]}")
    return await reply.json()
