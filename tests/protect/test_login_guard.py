"""Log-ins are counted where they are sent."""

from collections.abc import AsyncGenerator

from aiohttp import ClientSession
import pytest

from custom_components.protect_narrator.protect import LoginGuard
from custom_components.protect_narrator.protect.login_guard import (
    LOGIN_PATH,
    MOST_LOGINS,
    PERIOD_S,
    TooManyLoginsError,
)
from simulator.console import Console, Reply


class Clock:
    """Monotonic seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Guarded:
    """A session with a guard, and the two kinds of requests."""

    def __init__(self, console: Console, session: ClientSession, guard: LoginGuard) -> None:
        self._base = f"https://{console.host}:{console.port}"
        self._user = {"username": console.username, "password": console.password}
        self._session = session
        self.guard = guard

    async def log_in(self) -> int:
        url = f"{self._base}{LOGIN_PATH}"
        async with self._session.post(url, json=self._user, ssl=False) as reply:
            return reply.status

    async def read(self) -> int:
        url = f"{self._base}/proxy/protect/api/nvr"
        async with self._session.get(url, ssl=False) as reply:
            return reply.status


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def guarded(console: Console, clock: Clock) -> AsyncGenerator[Guarded]:
    guard = LoginGuard(clock)
    async with ClientSession(middlewares=(guard,)) as session:
        yield Guarded(console, session, guard)


async def test_a_fourth_login_within_a_minute_is_not_sent(
    console: Console, guarded: Guarded, clock: Clock
) -> None:
    for _ in range(MOST_LOGINS):
        assert await guarded.log_in() == 200
        clock.now += 1
    with pytest.raises(TooManyLoginsError):
        await guarded.log_in()
    assert len(console.requests_to(LOGIN_PATH)) == MOST_LOGINS


async def test_login_is_open_again_when_the_minute_is_over(guarded: Guarded, clock: Clock) -> None:
    for _ in range(MOST_LOGINS):
        await guarded.log_in()
    clock.now += PERIOD_S - 0.001
    with pytest.raises(TooManyLoginsError):
        await guarded.log_in()
    clock.now += 0.001
    assert await guarded.log_in() == 200


async def test_other_requests_are_not_counted(guarded: Guarded) -> None:
    assert [await guarded.read() for _ in range(5)] == [401] * 5
    assert guarded.guard.status is None
    assert guarded.guard.refusals == 0


@pytest.mark.parametrize(
    ("status", "refused"), [(401, 1), (403, 1), (400, 1), (499, 1), (429, 0), (500, 0)]
)
async def test_only_a_clear_no_is_a_refusal(
    console: Console, guarded: Guarded, status: int, refused: int
) -> None:
    console.faults.login = Reply.error(status)
    await guarded.log_in()
    assert guarded.guard.status == status
    assert guarded.guard.refusals == refused


async def test_refusals_in_a_row_are_counted_until_one_login_is_taken(
    console: Console, guarded: Guarded
) -> None:
    console.faults.login = [Reply.error(401), Reply.error(403)]
    counted = []
    for _ in range(3):
        await guarded.log_in()
        counted.append(guarded.guard.refusals)
    assert counted == [1, 2, 0]


async def test_a_login_that_breaks_off_has_no_status(console: Console, guarded: Guarded) -> None:
    await guarded.log_in()
    console.faults.login = Reply.reset()
    with pytest.raises(OSError, match=r"reset|disconnected"):
        await guarded.log_in()
    assert guarded.guard.status is None
