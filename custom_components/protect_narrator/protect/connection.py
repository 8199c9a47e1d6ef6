"""The life of a client: log in, listen on both websockets, look back over REST, let go."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from uiprotect import NotAuthorized, ProtectApiClient
from uiprotect.data import Camera, Event, ModelType, WSAction, WSSubscriptionMessage
from uiprotect.websocket import WebsocketState

from ..pipeline.blame import cautious_logger
from .access import (
    ApiKeyOnlyError,
    CameraInfo,
    CannotConnectError,
    ConsoleInfo,
    Credentials,
    InvalidApiKeyError,
    NoMediaAccessError,
    Ways,
)
from .bootstrap import read_console
from .cameras import CameraList
from .causes import EXPECTED, RUBBISH, connect_error
from .events import EventFrame, PublicEvents, Source, frame_from_private
from .login_guard import LoginGuard
from .look_back import CATCH_UP, LookBack
from .media import ConsoleMedia
from .open_events import OpenEvents
from .states import States
from .telling import Listener, Telling
from .tracker import LABEL_GRACE, LONGEST_OPEN, MERGE_GAP, Tracker

_LOGGER = cautious_logger(__name__)

# For the log-in with its bootstrap: 356 KiB for 50 cameras, on a console that is busy.
CONNECT_LIMIT_S = 30.0

# Websockets have been seen open and silent on some releases of Protect 7 (core#172164,
# openhab-addons#21242), so the console's own list of events is compared regularly.
RECONCILE_EVERY = timedelta(minutes=5)

# After a look that failed; no more than one log-in a minute comes of it.
_LOOK_AGAIN = timedelta(minutes=1)

# A websocket that is not open then is lost: it takes a second, and the library's second try
# comes after ten.
CONNECTING = timedelta(seconds=10)

# A user may be kept from some cameras; so many are tried before recordings count as closed.
_MOST_TRIED = 3

# For a websocket's good-bye, which a console that has vanished does not answer.
_GOODBYE_LIMIT_S = 5


_FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Connection:
    """A client of one console, of our own; whoever makes it closes it.

    ``session`` is the one that logs in, with a cookie jar of its own and ``login_guard``
    among its middlewares; ``public_session`` is another. Both stay the caller's. The log-in
    token is kept in ``config_dir``.
    """

    def __init__(  # noqa: PLR0913 - all but the first by name, and most have a default
        self,
        credentials: Credentials,
        *,
        session: ClientSession,
        public_session: ClientSession,
        config_dir: Path,
        login_guard: LoginGuard,
        not_before: datetime | None = None,
        catch_up: timedelta = CATCH_UP,
        looked_at: datetime | None = None,
        longest_open: timedelta = LONGEST_OPEN,
        reconcile_every: timedelta = RECONCILE_EVERY,
        label_grace: timedelta = LABEL_GRACE,
        merge_gap: timedelta = MERGE_GAP,
        connecting: timedelta = CONNECTING,
    ) -> None:
        """Prepare; nothing is sent yet.

        ``not_before`` and ``catch_up`` bound what is told of the time before, and ``looked_at``
        is when all of it was known the last time; see ``LookBack``.
        ``label_grace`` is how long a Detection is kept after its end for better labels,
        ``merge_gap`` how far apart two events of one incident may be, and ``connecting`` how
        long nothing is said of websockets that do not open.

        Raises ApiKeyOnlyError when there is no user, CannotConnectError for what is no address.
        """
        if not credentials.username or not credentials.password:
            raise ApiKeyOnlyError("a local user is needed")
        self._credentials = credentials
        self._guard = login_guard
        # An entry that is of the future was made by a clock that was wrong.
        self._not_before = min(not_before or _FOR_EVER, datetime.now(UTC))
        self._catch_up = catch_up
        self._looked_at = looked_at
        self._longest_open = longest_open
        self._label_grace = label_grace
        self._merge_gap = merge_gap
        self._reconcile_every = reconcile_every
        self._connecting = connecting
        try:
            self._client = ProtectApiClient(
                credentials.host,
                credentials.port,
                credentials.username,
                credentials.password,
                api_key=credentials.api_key,
                verify_ssl=credentials.verify_ssl,
                session=session,
                public_api_session=public_session,
                config_dir=config_dir,
                cache_dir=config_dir,
                subscribed_models={ModelType.EVENT, ModelType.CAMERA},
                ignore_stats=True,
                # The library's own retries would double our requests and hide our attempts.
                max_retries=0,
                ws_timeout=_GOODBYE_LIMIT_S,
            )
        except ValueError as err:
            raise CannotConnectError("host and port are no address") from err
        self._unsubscribe: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._open_events: OpenEvents | None = None
        self._public_events = PublicEvents()
        self._telling = Telling()
        self._states = States(
            login_guard,
            self._telling.tell_state,
            self._telling.tell_ways,
            has_api_key=credentials.api_key is not None,
        )
        self._cameras = CameraList(self._client, self._take_in_cameras)
        self._media = ConsoleMedia(
            self._client,
            login_guard,
            has_api_key=credentials.api_key is not None,
            zones_of=self._cameras.zones_of,
        )
        self._look_due = asyncio.Event()

    @property
    def media(self) -> ConsoleMedia:
        """The console's clips and pictures."""
        return self._media

    @property
    def ways(self) -> Ways:
        """How each of the websockets is."""
        return self._states.ways

    @property
    def log_in_refused(self) -> bool:
        """Whether the console did not let the user in the last time."""
        return self._guard.refusals > 0

    @property
    def cameras_connected(self) -> int | None:
        """How many cameras the console could see the last time; None before it was asked."""
        return self._cameras.connected

    def follow_ways(self, follower: Callable[[Ways], None]) -> Callable[[], None]:
        """Tell ``follower`` whenever one of the websockets changes; return how to end that."""
        return self._telling.follow_ways(follower)

    def report_bugs(self, on_bug: Callable[[], None]) -> None:
        """Call ``on_bug`` from now on when a task or a listener fails by a bug.

        It is in the log already; call this before ``start``.
        """
        self._telling.report_bugs(on_bug)

    async def connect(self, *, forget_login: bool = False) -> ConsoleInfo:
        """Log in and return what the console is. Raises ConnectError.

        ``forget_login`` logs in anew even where a token is still good, to prove a password.
        """
        self._guard.status = None  # what an earlier log-in was told says nothing of this one
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                if forget_login:
                    await self._client.clear_session()
                console = read_console(await self._client.update())
        except EXPECTED as err:
            raise connect_error(err, self._guard) from err
        except RUBBISH as err:
            # With the traceback, should it be the library or we who are wrong.
            _LOGGER.warning("The answers are not those of a Protect console", exc_info=True)
            raise CannotConnectError("the answers are not those of a Protect console") from err
        self._guard.know(console.mac)
        self._cameras.begin(console.cameras)
        return console

    async def check_access(self) -> None:
        """Find out whether recordings may be read and the API key is good. Raises ConnectError.

        Call after ``connect``. Without a camera there is nothing to read, and nothing wrong.
        """
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                if self._credentials.api_key is not None:
                    await self._client.api_request_raw("/v1/meta/info", public_api=True)
        except NotAuthorized as err:
            raise InvalidApiKeyError("the API key was refused") from err
        except EXPECTED as err:
            raise connect_error(err, self._guard) from err
        tried = self._cameras.known[:_MOST_TRIED]
        for camera in tried:
            if await self._media.may_read(camera.id):
                return
        if tried:
            raise NoMediaAccessError("the user may not read recordings")

    def start(self, console: ConsoleInfo, listener: Listener) -> None:
        """Listen until ``close``; call once, in the event loop, after ``connect``."""
        self._telling.listener = listener
        tracker = Tracker(
            console.mac.lower(),
            not_before=self._not_before,
            longest_open=self._longest_open,
            label_grace=self._label_grace,
            merge_gap=self._merge_gap,
            is_done=listener.knows,
        )
        self._open_events = OpenEvents(tracker, self._telling)
        self._open_events.set_cameras(self._cameras.known)
        border = self._telling.taking_in
        self._unsubscribe += [
            self._client.subscribe_websocket_state(border(self._on_private_state)),
            self._client.subscribe_websocket(border(self._on_private)),
        ]
        look_back = LookBack(
            self._client,
            self._cameras,
            not_before=self._not_before,
            longest_open=self._longest_open,
            catch_up=self._catch_up,
            reconcile_every=self._reconcile_every,
            looked_at=self._looked_at,
            observe=self._observe,
            on_looked=self._open_events.looked,
        )
        self._begin(self._open_events.let_out(), "open events")
        self._begin(self._reconcile(look_back), "look-back")
        self._begin(self._states.end_connecting(self._connecting), "first state")
        if self._credentials.api_key is not None:
            # Raw and without priming: it costs no request, and nobody invents an end.
            self._unsubscribe += [
                self._client.subscribe_events_websocket_state(border(self._on_public_state)),
                self._client.subscribe_events_websocket(border(self._on_public)),
            ]

    async def close(self) -> None:
        """End every task, subscription and websocket of this connection; again does no harm.

        What one of its steps raises keeps no other from being taken.
        """
        self._telling.listener = None
        tasks, self._tasks = self._tasks, []
        unsubscribe, self._unsubscribe = self._unsubscribe, []
        async with AsyncExitStack() as last_first:
            last_first.push_async_callback(self._end_update)
            last_first.push_async_callback(self._client.async_disconnect_ws)
            for end in unsubscribe:
                last_first.callback(end)
            last_first.push_async_callback(_end_tasks, tasks)

    async def _end_update(self) -> None:
        """End the library's reading anew.

        It does so when its update id is stale, and ends that with nothing but its sessions,
        which are not its own; the task would outlive them.
        """
        cancel_update = self._client._cancel_update_task  # noqa: SLF001 - there is no public way
        with suppress(*EXPECTED, *RUBBISH):  # what it had failed with before
            await cancel_update()

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"protect_narrator {name}")
        task.add_done_callback(self._telling.be_loud)
        self._tasks.append(task)

    # -- what the console tells

    def _on_private(self, message: WSSubscriptionMessage) -> None:
        """Take in one change on the private websocket; the library keeps its objects."""
        item = message.new_obj
        if isinstance(item, Event):
            self._observe(frame_from_private(item, self._cameras.zones_of))
        elif message.action is WSAction.REMOVE and isinstance(message.old_obj, Camera):
            self._cameras.drop(message.old_obj)
        elif isinstance(item, Camera) and (
            message.action is not WSAction.UPDATE or "name" in message.changed_data
        ):
            self._cameras.take_in(item)

    def _on_public(self, message: WSSubscriptionMessage) -> None:
        """Take in one change on the public websocket, as the console worded it."""
        item = message.changed_data
        if message.action is not WSAction.REMOVE and item["modelKey"] == ModelType.EVENT.value:
            self._observe(self._public_events.take_in(item))

    def _on_private_state(self, state: WebsocketState) -> None:
        self._look_after(state)
        self._states.on_private(state)

    def _on_public_state(self, state: WebsocketState) -> None:
        self._look_after(state)
        self._states.on_public(state)

    def _look_after(self, state: WebsocketState) -> None:
        """Look back after every connect, for what was not told in between."""
        if state is WebsocketState.CONNECTED:
            self._look_due.set()

    def _observe(self, frame: EventFrame | None) -> None:
        if frame is None or self._open_events is None:
            return
        # Just before the list of events, that of the cameras was read.
        if frame.source is not Source.REST and self._cameras.is_worth_asking(frame.camera_id):
            self._look_due.set()
        self._open_events.observe(frame)

    def _take_in_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        if self._open_events is not None:
            self._open_events.set_cameras(cameras)
        self._telling.tell_cameras(cameras)

    # -- what we ask the console

    async def _reconcile(self, look_back: LookBack) -> None:
        """Look back at once, regularly, and whenever a websocket has connected."""
        while True:
            self._look_due.clear()
            try:
                well = await look_back.look()
            except Exception:
                # Without it nothing would tell of websockets that are silent.
                _LOGGER.exception("The look-back failed by a bug")
                self._telling.bug()
                well = False
            self._states.check()
            wait = self._reconcile_every
            if not well and not self._states.refused:
                wait = min(wait, _LOOK_AGAIN)
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    await self._look_due.wait()
            except TimeoutError:
                continue


async def _end_tasks(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
