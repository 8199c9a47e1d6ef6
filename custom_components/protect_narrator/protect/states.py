"""How the connection as a whole is: what both websockets and the log-in make of it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import logging

from uiprotect.websocket import WebsocketState

from .access import ConnectionState
from .login_guard import LoginGuard

_LOGGER = logging.getLogger(__name__)

# Consoles refuse good passwords while they start, so one refusal proves nothing; core's
# integration waits for some in a row, too.
_REFUSALS = 2


class States:
    """Tells the state when it has changed; the first one is told in any case."""

    def __init__(self, guard: LoginGuard, tell: Callable[[ConnectionState], None]) -> None:
        """Know nothing yet."""
        self._guard = guard
        self._tell = tell
        self._private = WebsocketState.DISCONNECTED
        self._public = WebsocketState.DISCONNECTED
        self._told: ConnectionState | None = None
        self._connecting = True

    @property
    def refused(self) -> bool:
        """Whether the console does not let the user in.

        The guard knows best: a websocket that was open before the password changed stays so,
        and one is refused as well while no log-in may be sent.
        """
        return self._guard.refusals >= _REFUSALS

    def on_private(self, state: WebsocketState) -> None:
        """Learn how the private websocket is."""
        self._private = state
        self.check()

    def on_public(self, state: WebsocketState) -> None:
        """Learn how the public websocket is."""
        if state is WebsocketState.AUTH_FAILED:
            _LOGGER.warning("The console refuses the API key; its second way is not listened to")
        self._public = state
        self.check()

    async def end_connecting(self, after: timedelta) -> None:
        """Take a websocket that is not open then for one that is lost."""
        await asyncio.sleep(after.total_seconds())
        self._connecting = False
        self.check()

    def check(self) -> None:
        """Tell the state if it has changed."""
        state = self._state()
        if state is not None and state is not self._told:
            self._told = state
            self._tell(state)

    def _state(self) -> ConnectionState | None:
        """Return the state, None while it is too early to say."""
        if self.refused:
            return ConnectionState.AUTH_FAILED
        if WebsocketState.CONNECTED in {self._private, self._public}:
            return ConnectionState.CONNECTED
        if self._told is None and self._connecting:
            return None
        return ConnectionState.DISCONNECTED
