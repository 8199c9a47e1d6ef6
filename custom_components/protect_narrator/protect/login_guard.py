"""Keeps log-ins apart, because consoles lock out those who log in too often."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import time

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ServerTimeoutError,
)

from .retry_after import retry_after_s

LOGIN_PATH = "/api/auth/login"

# A console allows about five log-ins a minute (reported by users); others use it too, core's
# own integration among them.
MOST_LOGINS = 3
PERIOD_S = 60.0

# Of those, what only a person at a form may use: a connection that is refused uses up all that
# it is allowed, and the form that mends it must get through.
KEPT_FOR_PEOPLE = 1

# Between two log-ins that nobody waits for. What refused the first, a console that starts for
# example, does so for a while; and two refusals in a row count as a wrong password.
SPACING_S = 10.0

# For one answer to a log-in. The library has no limit of its own, and all else that needs the
# session waits for it.
LOGIN_LIMIT_S = 20.0

# What the console says to a user that it does not let in; 499 asks for a second factor.
_REFUSED = {400, 401, 403, 499}


# Consoles refuse good passwords while they start, so one refusal proves nothing; core's
# integration waits for some in a row, too.
_REFUSALS = 2

# How the cookie is called by one release of UniFi OS or another, which is what a log-in is for.
_TOKENS = {"TOKEN", "UOS_TOKEN"}

# A name of its own, so that a test can let the time pass.
_sleep = asyncio.sleep


class TooManyLoginsError(ClientError):
    """A log-in that was not sent, because it would have been one too many."""

    def __init__(self, wait_s: float) -> None:
        """Say in how many seconds one may be sent."""
        super().__init__("there were enough log-ins within a minute")
        self.wait_s = wait_s


class LoginBudget:
    """The log-ins of all sessions to one console, by whoever: three in any minute.

    A log-in counts from when it is sent until a minute after it was answered, because nobody
    knows when in between the console has seen it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with no log-in counted."""
        self._monotonic = monotonic
        self._sent: deque[float] = deque(maxlen=MOST_LOGINS)
        self._running = 0
        self._closed_until = float("-inf")

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember."""
        now = self._monotonic()
        return not self._running and not self._recent(now) and now >= self._closed_until

    @asynccontextmanager
    async def place(self, *, for_person: bool) -> AsyncGenerator[None]:
        """Hold a place for one log-in, after a moment's wait if need be.

        Raises TooManyLoginsError, at once, where none is free. The wait ends ``SPACING_S``
        after the log-in before was answered, or was given up.
        """
        while (gap_s := self._gap_s(for_person=for_person)) > 0:
            await _sleep(min(gap_s, SPACING_S))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._sent.append(self._monotonic())

    def take_over(self, other: LoginBudget) -> None:
        """Count what was counted under another address of the same console."""
        self._sent = deque(sorted((*self._sent, *other._sent)), maxlen=MOST_LOGINS)
        self._closed_until = max(self._closed_until, other._closed_until)

    def hold(self, seconds: float) -> None:
        """Send nothing for that long that nobody waits for, because the console has asked for it.

        A form keeps its place: where connections go on asking it would never get a turn.
        """
        self._closed_until = self._monotonic() + min(max(seconds, 0.0), PERIOD_S)

    def _gap_s(self, *, for_person: bool) -> float:
        """Return how long to wait for the next; raise TooManyLoginsError."""
        now = self._monotonic()
        if now < self._closed_until and not for_person:
            raise TooManyLoginsError(self._closed_until - now)
        recent = self._recent(now)
        most = MOST_LOGINS if for_person else MOST_LOGINS - KEPT_FOR_PEOPLE
        if self._running + len(recent) >= most:
            frees = recent[len(recent) - most] if len(recent) >= most else now
            raise TooManyLoginsError(max(frees + PERIOD_S - now, 1.0))
        if for_person:
            return 0.0
        if self._running:
            return SPACING_S
        return recent[-1] + SPACING_S - now if recent else 0.0

    def _recent(self, now: float) -> list[float]:
        return [sent for sent in self._sent if now - sent < PERIOD_S]


class LoginGuard:
    """An aiohttp client middleware for the session that uiprotect logs in with.

    The library logs in by itself, on requests and on both websockets, so its session is the
    one place where log-ins can be counted.
    """

    def __init__(
        self,
        budget: LoginBudget | None = None,
        *,
        for_person: bool = False,
        budget_of: Callable[[str], LoginBudget] | None = None,
    ) -> None:
        """Share the console's budget; ``for_person`` says that somebody waits at a form.

        ``budget_of`` returns that of a MAC address: a console has more than one other address.
        """
        self._budget = budget or LoginBudget()
        self._budget_of = budget_of
        self._for_person = for_person
        self.status: int | None = None
        """HTTP status that the last log-in was answered with."""

        self.refusals = 0
        """How many log-ins in a row were refused; one that got no clear answer is none."""

    @property
    def is_refused(self) -> bool:
        """Whether the console does not let the user in: it has said so more than once."""
        return self.refusals >= _REFUSALS

    def know(self, mac: str) -> None:
        """Learn which console it is, and count with all others to it from now on."""
        if self._budget_of is not None:
            self._budget = self._budget_of(mac)

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Let a request pass; raise TooManyLoginsError instead of a log-in too many.

        A log-in that is not answered in time raises what aiohttp itself would.
        """
        if request.url.path != LOGIN_PATH:
            return await handler(request)
        async with self._budget.place(for_person=self._for_person):
            self.status = None
            try:
                async with asyncio.timeout(LOGIN_LIMIT_S):
                    response = await handler(request)
            except TimeoutError as err:
                raise ServerTimeoutError("the log-in was not answered in time") from err
        self.status = response.status
        if response.status in _REFUSED:
            self.refusals += 1
        elif response.ok and not _TOKENS.isdisjoint(response.cookies):
            self.refusals = 0  # a web page, as consoles show while they start, proves nothing
        elif (asked_s := retry_after_s(response.status, response.headers)) is not None:
            self._budget.hold(asked_s)
        return response
