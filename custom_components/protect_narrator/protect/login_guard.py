"""Keeps log-ins apart, because consoles lock out those who log in too often."""

from collections import deque
from collections.abc import Callable
import time

from aiohttp import ClientError, ClientHandlerType, ClientRequest, ClientResponse

LOGIN_PATH = "/api/auth/login"

# A console allows about five log-ins a minute (reported by users); others use it too, core's
# own integration among them.
MOST_LOGINS = 3
PERIOD_S = 60.0

# What the console says to a user that it does not let in; 499 asks for a second factor.
_REFUSED = {400, 401, 403, 499}


class TooManyLoginsError(ClientError):
    """A log-in that was not sent, because it would have been one too many."""


class LoginGuard:
    """An aiohttp client middleware for the session that uiprotect logs in with.

    The library logs in by itself, on requests and on both websockets, so its session is the
    one place where log-ins can be counted.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with no log-in counted."""
        self._monotonic = monotonic
        self._sent: deque[float] = deque(maxlen=MOST_LOGINS)
        self.status: int | None = None
        """HTTP status that the last log-in was answered with."""

        self.refusals = 0
        """How many log-ins in a row were refused; one that got no clear answer is none."""

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Let a request pass; raise TooManyLoginsError instead of a fourth log-in a minute."""
        if request.url.path != LOGIN_PATH:
            return await handler(request)
        now = self._monotonic()
        if len(self._sent) == MOST_LOGINS and now - self._sent[0] < PERIOD_S:
            raise TooManyLoginsError("three log-ins within a minute are enough")
        self._sent.append(now)
        self.status = None
        response = await handler(request)
        self.status = response.status
        if response.status in _REFUSED:
            self.refusals += 1
        elif response.ok:
            self.refusals = 0
        return response
