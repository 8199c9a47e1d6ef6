"""Log-ins are counted where they are sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from aiohttp import ClientSession, ServerTimeoutError
import pytest

from custom_components.protect_narrator.protect import LoginBudget, LoginGuard, login_guard as room
from custom_components.protect_narrator.protect.login_guard import (
    KEPT_FOR_PEOPLE,
    LOGIN_PATH,
    MOST_LOGINS,
    PERIOD_S,
    TooManyLoginsError,
)
from simulator.console import Console, Reply

SPACING_S = 10.0
ALONE = MOST_LOGINS - KEPT_FOR_PEOPLE


class Clock:
    """Monotonic seconds that pass when they are told to, and when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


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
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(room, "SPACING_S", SPACING_S)
    monkeypatch.setattr(room, "_sleep", clock.sleep)
    return clock


@pytest.fixture
def budget(clock: Clock) -> LoginBudget:
    return LoginBudget(clock)


@pytest.fixture
async def several(console: Console, budget: LoginBudget) -> AsyncGenerator[list[Guarded]]:
    """A connection, another one, and a form; all of the same console."""
    async with AsyncExitStack() as stack:
        made = []
        for for_person in (False, False, True):
            guard = LoginGuard(budget, for_person=for_person)
            session = await stack.enter_async_context(ClientSession(middlewares=(guard,)))
            made.append(Guarded(console, session, guard))
        yield made


@pytest.fixture
def guarded(several: list[Guarded]) -> Guarded:
    """What nobody waits for."""
    return several[0]


@pytest.fixture
def form(several: list[Guarded]) -> Guarded:
    """What somebody waits for."""
    return several[2]


async def test_a_fourth_login_within_a_minute_is_not_sent(
    console: Console, form: Guarded, clock: Clock
) -> None:
    for _ in range(MOST_LOGINS):
        assert await form.log_in() == 200
        clock.now += 1
    with pytest.raises(TooManyLoginsError):
        await form.log_in()
    assert len(console.requests_to(LOGIN_PATH)) == MOST_LOGINS


async def test_login_is_open_again_when_the_minute_is_over(form: Guarded, clock: Clock) -> None:
    for _ in range(MOST_LOGINS):
        await form.log_in()
    clock.now += PERIOD_S - 0.001
    with pytest.raises(TooManyLoginsError):
        await form.log_in()
    clock.now += 0.001
    assert await form.log_in() == 200


async def test_connections_leave_a_place_for_the_form_that_mends_them(
    console: Console, several: list[Guarded]
) -> None:
    one, other, form = several
    assert await one.log_in() == 200
    assert await other.log_in() == 200
    for each in (one, other):
        with pytest.raises(TooManyLoginsError):
            await each.log_in()
    assert await form.log_in() == 200
    with pytest.raises(TooManyLoginsError):
        await form.log_in()
    assert len(console.requests_to(LOGIN_PATH)) == MOST_LOGINS


async def test_what_nobody_waits_for_keeps_its_distance(guarded: Guarded, clock: Clock) -> None:
    await guarded.log_in()
    clock.now += 3
    await guarded.log_in()
    assert clock.slept == [SPACING_S - 3]


async def test_a_person_does_not_wait(form: Guarded, guarded: Guarded, clock: Clock) -> None:
    await guarded.log_in()
    await form.log_in()
    assert clock.slept == []


async def test_a_login_that_is_too_many_says_when_there_will_be_room(
    guarded: Guarded, clock: Clock
) -> None:
    for _ in range(ALONE):
        await guarded.log_in()
    with pytest.raises(TooManyLoginsError) as caught:
        await guarded.log_in()
    assert caught.value.wait_s == pytest.approx(PERIOD_S - SPACING_S)
    clock.now += caught.value.wait_s
    assert await guarded.log_in() == 200


async def test_a_login_counts_while_it_is_not_answered_and_a_minute_longer(
    console: Console, form: Guarded, several: list[Guarded], clock: Clock
) -> None:
    console.faults.login = [Reply.hang(), None, None]
    hanging = asyncio.create_task(form.log_in())
    await console.wait_for(lambda: bool(console.requests_to(LOGIN_PATH)))
    clock.now += PERIOD_S
    await form.log_in()
    await form.log_in()
    with pytest.raises(TooManyLoginsError):
        await form.log_in()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    clock.now += PERIOD_S - 1
    with pytest.raises(TooManyLoginsError):
        await form.log_in()


async def test_a_login_that_is_never_answered_is_given_up(
    console: Console, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOGIN_LIMIT_S", 0.1)
    console.faults.login = Reply.hang()
    with pytest.raises(ServerTimeoutError):
        await guarded.log_in()
    assert guarded.guard.refusals == 0


@pytest.mark.parametrize(
    ("asked", "waits_s"),
    [("30", 30.0), ("1000000000", PERIOD_S), ("9" * 5000, PERIOD_S), ("0", 0.0)],
)
async def test_a_console_that_asks_to_wait_is_left_alone(
    console: Console, guarded: Guarded, clock: Clock, asked: str, waits_s: float
) -> None:
    console.faults.login = [Reply.error(429, headers={"Retry-After": asked})]
    assert await guarded.log_in() == 429
    if waits_s:
        clock.now += waits_s - 0.001
        with pytest.raises(TooManyLoginsError):
            await guarded.log_in()
        clock.now += 0.001
    assert await guarded.log_in() == 200


async def test_a_console_that_asks_to_wait_shuts_nobody_out_at_a_form(
    console: Console, guarded: Guarded, form: Guarded
) -> None:
    console.faults.login = [Reply.error(429, headers={"Retry-After": "60"})]
    assert await guarded.log_in() == 429
    assert await form.log_in() == 200


@pytest.mark.parametrize("asked", ["", "-5", "NaN", "inf", "1e9", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_what_is_no_number_of_seconds_asks_for_nothing(
    console: Console, form: Guarded, asked: str
) -> None:
    console.faults.login = [Reply.error(503, headers={"Retry-After": asked})]
    assert await form.log_in() == 503
    assert await form.log_in() == 200


async def test_a_budget_is_idle_when_it_has_nothing_to_remember(
    budget: LoginBudget, guarded: Guarded, clock: Clock
) -> None:
    idle = [budget.is_idle]
    await guarded.log_in()
    idle.append(budget.is_idle)
    clock.now += PERIOD_S
    idle.append(budget.is_idle)
    assert idle == [True, False, True]


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
    console: Console, guarded: Guarded, clock: Clock
) -> None:
    console.faults.login = [Reply.error(401), Reply.error(403)]
    counted = []
    for _ in range(3):
        clock.now += PERIOD_S
        await guarded.log_in()
        counted.append(guarded.guard.refusals)
    assert counted == [1, 2, 0]


async def test_a_web_page_ends_no_row_of_refusals(
    console: Console, guarded: Guarded, clock: Clock
) -> None:
    console.faults.login = [Reply.error(401), Reply.html(), Reply.error(401)]
    refused = []
    for _ in range(4):
        clock.now += PERIOD_S
        await guarded.log_in()
        refused.append(guarded.guard.is_refused)
    assert refused == [False, False, True, False]


async def test_a_login_that_breaks_off_has_no_status(console: Console, guarded: Guarded) -> None:
    await guarded.log_in()
    console.faults.login = Reply.reset()
    with pytest.raises(OSError, match=r"reset|disconnected"):
        await guarded.log_in()
    assert guarded.guard.status is None
