"""How the connection as a whole is: what both websockets and the log-in make of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from uiprotect.websocket import WebsocketState

from .access import ConnectionState, Ways, WayState
from .login_guard import LoginGuard

_WAYS = {
    WebsocketState.CONNECTED: WayState.OPEN,
    WebsocketState.DISCONNECTED: WayState.CLOSED,
    WebsocketState.AUTH_FAILED: WayState.REFUSED,
}


class States:
    """Tells the state when it has changed; the first one is told in any case."""

    def __init__(
        self,
        guard: LoginGuard,
        tell: Callable[[ConnectionState], None],
        tell_ways: Callable[[Ways], None] = lambda _: None,
        *,
        has_api_key: bool = True,
    ) -> None:
        """Know nothing yet; ``tell_ways`` is called whenever one of the websockets changes."""
        self._guard = guard
        self._tell = tell
        self._tell_ways = tell_ways
        self._ways = Ways(public=WayState.CLOSED if has_api_key else WayState.UNUSED)
        self._told: ConnectionState | None = None
        self._connecting = True

    @property
    def refused(self) -> bool:
        """Whether the console does not let the user in.

        The guard knows best: a websocket that was open before the password changed stays so,
        and one is refused as well while no log-in may be sent.
        """
        return self._guard.is_refused

    @property
    def ways(self) -> Ways:
        """How each of the websockets is."""
        return self._ways

    def on_private(self, state: WebsocketState) -> None:
        """Learn how the private websocket is."""
        self._become(replace(self._ways, private=_WAYS[state]))

    def on_public(self, state: WebsocketState) -> None:
        """Learn how the public websocket is."""
        # Each new try with a key that was refused ends so, too, until one is accepted.
        if (self._ways.public, state) == (WayState.REFUSED, WebsocketState.DISCONNECTED):
            return
        self._become(replace(self._ways, public=_WAYS[state]))

    def _become(self, ways: Ways) -> None:
        self._ways = ways
        self._tell_ways(ways)
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
        if self._ways.any_open:
            return ConnectionState.CONNECTED
        if self._told is None and self._connecting:
            return None
        return ConnectionState.DISCONNECTED
