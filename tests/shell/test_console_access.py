"""Which log-in an entry stands for, and what is kept of it on disk."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.console_access import (
    _MOST_COUNTED,
    CoreEntryMissingError,
    _login_budgets,
    credentials,
    credentials_from,
    forget_log_ins,
    login_budget,
    look_up_cameras,
    open_sessions,
    prove_access,
    token_folder,
    unique_id_of,
)
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.protect import (
    CannotConnectError,
    Credentials,
    RateLimitedError,
)
from custom_components.protect_narrator.protect.login_guard import LOGIN_PATH, MOST_LOGINS
from simulator.console import Camera, Console

from .conftest import GreyFilm
from .flows import core_entry, log_in, our_entry

LOG_IN = {
    "host": "192.0.2.1",
    "port": 7443,
    "username": "homeassistant",
    "password": "secret",
    "verify_ssl": True,
}


def test_an_entry_with_its_own_log_in_uses_it(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data=LOG_IN)
    assert credentials(hass, entry) == Credentials(
        host="192.0.2.1",
        port=7443,
        username="homeassistant",
        password="secret",
        api_key=None,
        verify_ssl=True,
    )


def test_an_entry_of_core_is_read_anew_each_time(hass: HomeAssistant) -> None:
    core = MockConfigEntry(domain="unifiprotect", data=LOG_IN | {"api_key": "k", "id": "Home"})
    core.add_to_hass(hass)
    entry = MockConfigEntry(domain=DOMAIN, data={"core_entry_id": core.entry_id})
    assert credentials(hass, entry).host == "192.0.2.1"
    assert credentials(hass, entry).api_key == "k"

    hass.config_entries.async_update_entry(core, data=LOG_IN | {"host": "192.0.2.2"})

    assert credentials(hass, entry).host == "192.0.2.2"
    assert credentials(hass, entry).api_key is None


@pytest.mark.parametrize("domain", ["unifiprotect", "something_else"])
def test_a_core_entry_that_is_none_is_a_typed_error(hass: HomeAssistant, domain: str) -> None:
    other = MockConfigEntry(domain=domain, data=LOG_IN)
    if domain != "unifiprotect":
        other.add_to_hass(hass)
    entry = MockConfigEntry(domain=DOMAIN, data={"core_entry_id": other.entry_id})

    with pytest.raises(CoreEntryMissingError) as caught:
        credentials(hass, entry)
    assert caught.value.translation_domain == DOMAIN
    assert caught.value.translation_key == caught.value.code == "core_entry_missing"


async def test_sessions_are_our_own_and_are_given_up_together(hass: HomeAssistant) -> None:
    login = credentials_from(hass, LOG_IN)
    one, other = open_sessions(hass, login), open_sessions(hass, login)
    assert len({id(session) for session in (one.private, one.public, other.private)}) == 3

    one.detach()
    assert one.private.closed
    assert one.public.closed
    assert not other.private.closed
    other.detach()


@pytest.mark.parametrize("mac", ["f4e2c6a0b0c0", "F4:E2:C6:A0:B0:C0", "F4E2C6A0B0C0"])
def test_a_console_has_the_unique_id_that_core_gives_it(mac: str) -> None:
    assert unique_id_of(mac) == "F4E2C6A0B0C0"


async def test_the_consoles_whose_log_ins_are_counted_are_bounded(
    hass: HomeAssistant, loopback: None
) -> None:
    for port in range(1, _MOST_COUNTED + 3):
        with pytest.raises(CannotConnectError):
            await look_up_cameras(hass, LOG_IN | {"host": "127.0.0.1", "port": port})
    assert len(_login_budgets(hass)) == _MOST_COUNTED


async def test_a_console_allows_no_more_log_ins_for_having_two_addresses(
    hass: HomeAssistant, console: Console
) -> None:
    by_name = _login_budgets(hass).join(("console.local", 443), console.mac)
    by_ip = login_budget(hass, credentials_from(hass, log_in(console)))
    assert by_ip is not by_name, "nobody knows yet"

    await look_up_cameras(hass, log_in(console))

    assert login_budget(hass, credentials_from(hass, log_in(console))) is by_name
    assert not by_name.is_idle, "and the log-in that told it counts"
    await prove_access(hass, log_in(console))
    async with by_name.place(for_person=True):
        pass
    with pytest.raises(RateLimitedError):
        await prove_access(hass, log_in(console))
    assert len(console.requests_to(LOGIN_PATH)) == MOST_LOGINS - 1


def tokens(hass: HomeAssistant) -> list[Path]:
    return [path for path in token_folder(hass).rglob("*") if path.is_file()]


async def test_a_log_in_token_is_used_again(hass: HomeAssistant, console: Console) -> None:
    await look_up_cameras(hass, log_in(console))
    await look_up_cameras(hass, log_in(console))
    assert len(console.requests_to(LOGIN_PATH)) == 1
    assert len(tokens(hass)) == 1


async def test_a_log_in_token_is_readable_for_home_assistant_alone(
    hass: HomeAssistant, console: Console
) -> None:
    await look_up_cameras(hass, log_in(console))
    (token,) = tokens(hass)
    assert token.parent.stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_cannot_be_made_is_a_typed_error(
    hass: HomeAssistant, console: Console
) -> None:
    folder = token_folder(hass)
    folder.parent.mkdir()
    folder.write_text("in the way")
    with pytest.raises(CannotConnectError, match="token cannot be kept"):
        await look_up_cameras(hass, log_in(console))


async def test_only_the_log_ins_of_entries_that_are_left_are_remembered(
    hass: HomeAssistant, console: Console
) -> None:
    our_entry(hass, console)
    async with Console([Camera.make(0)], GreyFilm()) as removed:
        for each in (console, removed):
            await look_up_cameras(hass, log_in(each))
        requests = len(removed.requests)

        await forget_log_ins(hass)

        assert len(removed.requests) == requests, "nothing is sent"
        for each in (console, removed):
            await look_up_cameras(hass, log_in(each))
        assert len(console.requests_to(LOGIN_PATH)) == 1
        assert len(removed.requests_to(LOGIN_PATH)) == 2


async def test_a_log_in_of_core_is_remembered_while_core_has_it(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)
    our_entry(hass, console, data={"core_entry_id": core.entry_id})
    await look_up_cameras(hass, log_in(console))

    await forget_log_ins(hass)
    assert tokens(hass)

    await hass.config_entries.async_remove(core.entry_id)
    await forget_log_ins(hass)
    assert not tokens(hass)


async def test_forgetting_where_nothing_was_remembered_is_fine(hass: HomeAssistant) -> None:
    await forget_log_ins(hass)
    assert not tokens(hass)
