"""However often sessions end, the console sees three log-ins a minute at the most."""

from contextlib import suppress
from itertools import pairwise
import time

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator.console_access import (
    credentials,
    login_budget,
    look_up_cameras,
    prove_access,
)
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.protect import InvalidAuthError, RateLimitedError
from custom_components.protect_narrator.protect.login_guard import (
    KEPT_FOR_PEOPLE,
    LOGIN_PATH,
    MOST_LOGINS,
    PERIOD_S,
    LoginBudget,
)
from custom_components.protect_narrator.runtime import NarratorConfigEntry
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home

ALONE = MOST_LOGINS - KEPT_FOR_PEOPLE

# Seconds: the library waits ten, or two minutes, before it connects a websocket again.
AT_ONCE = 0.02


class Minutes:
    """The monotonic clock of the console's budget, which stands still until a test moves it."""

    def __init__(self, budget: LoginBudget) -> None:
        self._now = time.monotonic()
        budget._monotonic = self

    def __call__(self) -> float:
        return self._now

    def pass_by(self, seconds: float = PERIOD_S) -> None:
        self._now += seconds


@pytest.fixture
async def minutes(home: Home, agent: FakeTaskEntity) -> Minutes:
    """A home that is set up, and its clock."""
    await home.set_up(agent)
    hurry(home.entry)
    return Minutes(login_budget(home.hass, credentials(home.hass, home.entry)))


def hurry(entry: NarratorConfigEntry) -> None:
    """Let websockets come back at once, by the library's own parameters."""
    client = entry.runtime_data.connection._client
    socket = client._private_websocket
    assert socket is not None
    socket.backoff = socket.auth_failed_backoff = AT_ONCE  # type: ignore[assignment]


def log_ins(home: Home) -> int:
    return len(home.console.requests_to(LOGIN_PATH))


async def lose_the_session(home: Home, times: int = 1) -> None:
    """End every log-in and cut the websocket, again and again; return when it was tried anew."""
    console = home.console
    for _ in range(times):
        before = len(console.requests_to("/ws/updates"))
        console.end_sessions()
        await console.drop_websockets(public=False)
        await console.wait_for(lambda: len(console.requests_to("/ws/updates")) > before)  # noqa: B023 - awaited here


def asked_for_a_password(hass: HomeAssistant) -> bool:
    return bool(hass.config_entries.flow.async_progress_by_handler(DOMAIN))


async def test_no_minute_has_more_than_three_whatever_happens(home: Home, minutes: Minutes) -> None:
    step_s = PERIOD_S / 3
    sent = [0, 0, 0]
    for _ in range(9):
        await lose_the_session(home, times=10)
        await home.entry.runtime_data.connection.media.may_read(home.console.cameras[1].id)
        for data in (home.entry.data, {**home.entry.data, "password": "guessed"}):
            with suppress(RateLimitedError, InvalidAuthError):
                await prove_access(home.hass, data)
        sent.append(log_ins(home))
        minutes.pass_by(step_s)
    assert all(now - before <= MOST_LOGINS for before, now in zip(sent, sent[3:], strict=False))
    assert sent[-1] - sent[-4] > 0, "and they go on"
    assert any(before < now for before, now in pairwise(sent[3:]))


async def test_a_reconnect_storm_leaves_the_form_its_place_and_heals(
    home: Home, minutes: Minutes
) -> None:
    await lose_the_session(home, times=30)
    assert log_ins(home) == ALONE

    await prove_access(home.hass, home.entry.data)
    with pytest.raises(RateLimitedError):
        await prove_access(home.hass, home.entry.data)
    assert log_ins(home) == MOST_LOGINS
    assert not asked_for_a_password(home.hass)

    home.console.end_sessions()
    minutes.pass_by()
    await home.console.wait_for(lambda: home.console.open_private_websockets == 1)
    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["fallback_reason"] is None
    assert not asked_for_a_password(home.hass)


async def test_reloading_is_no_log_in_where_the_last_one_is_still_good(
    home: Home, minutes: Minutes
) -> None:
    for _ in range(6):
        assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert log_ins(home) == 1


async def test_reloading_again_and_again_is_retried_later_and_is_no_wrong_password(
    home: Home, minutes: Minutes
) -> None:
    for _ in range(6):
        home.console.end_sessions()
        await home.hass.config_entries.async_reload(home.entry.entry_id)
    assert log_ins(home) == ALONE
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "rate_limited"
    assert not asked_for_a_password(home.hass)

    minutes.pass_by()
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)


async def test_the_password_can_be_mended_in_the_minute_in_which_it_was_refused(
    home: Home, minutes: Minutes
) -> None:
    minutes.pass_by()
    before = log_ins(home)
    home.console.password = "another"
    await lose_the_session(home)
    await until(lambda: asked_for_a_password(home.hass))
    assert log_ins(home) - before == ALONE

    (flow,) = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = await home.hass.config_entries.flow.async_configure(
        flow["flow_id"], {"username": home.console.username, "password": "another"}
    )

    assert result["reason"] == "reauth_successful"
    await home.console.wait_for(lambda: home.console.open_private_websockets == 1)
    await until(lambda: home.entry.state is ConfigEntryState.LOADED)
    assert log_ins(home) - before == MOST_LOGINS, "the entry uses the log-in of the form"


async def test_two_entries_of_one_console_share_what_it_allows(
    home: Home, minutes: Minutes
) -> None:
    twin = MockConfigEntry(domain=DOMAIN, unique_id="twin", data=dict(home.entry.data))
    twin.add_to_hass(home.hass)
    assert await home.hass.config_entries.async_setup(twin.entry_id)
    hurry(twin)
    for _ in range(5):
        await lose_the_session(home)
    assert log_ins(home) == ALONE
    minutes.pass_by()
    await home.console.wait_for(lambda: home.console.open_private_websockets == 2)
    assert await home.hass.config_entries.async_unload(twin.entry_id)


async def test_the_address_of_a_running_connection_is_never_forgotten(
    home: Home, minutes: Minutes
) -> None:
    budget = login_budget(home.hass, credentials(home.hass, home.entry))
    for port in range(1, 40):
        with pytest.raises(Exception, match="no console answers"):
            await look_up_cameras(home.hass, {**home.entry.data, "port": port})
    minutes.pass_by()
    assert login_budget(home.hass, credentials(home.hass, home.entry)) is budget
