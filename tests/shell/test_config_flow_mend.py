"""Mending the log-in of an entry that has its own: reauthentication and reconfiguration."""

from homeassistant.const import CONF_API_KEY, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.forms import CONF_REMOVE_API_KEY
from simulator.console import Console

from .flows import go_on, log_in, our_entry, suggested

pytestmark = pytest.mark.usefixtures("flows")


async def test_a_new_password_is_asked_for_and_the_rest_is_kept(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    console.password = "changed"
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert suggested(form) == {CONF_USERNAME: console.username}

    form = await go_on(hass, form, {CONF_USERNAME: console.username, CONF_PASSWORD: "guess"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await go_on(hass, form, {CONF_USERNAME: console.username, CONF_PASSWORD: "changed"})

    assert result["reason"] == "reauth_successful"
    assert entry.data == log_in(console, password="changed")


async def test_reauthentication_does_not_accept_another_console(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, unique_id="F4E2C6FFFFFF")
    result = await go_on(hass, await entry.start_reauth_flow(hass), {})
    assert result["reason"] == "wrong_console"


async def test_address_and_user_can_be_changed_without_typing_the_secrets_again(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data=log_in(console, host="192.0.2.1"))
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure_log_in"
    assert suggested(form) == log_in(console, host="192.0.2.1", password=None, api_key=None), (
        "secrets do not travel to the browser"
    )

    result = await go_on(hass, form, log_in(console, password=None, api_key=None))

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == log_in(console)


async def test_reconfiguration_does_not_accept_another_console(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, unique_id="F4E2C6FFFFFF")
    result = await go_on(hass, await entry.start_reconfigure_flow(hass), log_in(console))
    assert result["reason"] == "wrong_console"
    assert entry.unique_id == "F4E2C6FFFFFF"


def with_bad_key(hass: HomeAssistant, console: Console) -> MockConfigEntry:
    """An entry whose API key was deleted on the console."""
    return our_entry(hass, console, data=log_in(console, api_key="deleted"))


async def test_a_bad_api_key_can_be_removed_when_logging_in_again(
    hass: HomeAssistant, console: Console
) -> None:
    entry = with_bad_key(hass, console)
    form = await entry.start_reauth_flow(hass)
    form = await go_on(hass, form, {CONF_PASSWORD: console.password})
    assert form["errors"] == {"base": "invalid_api_key"}

    result = await go_on(hass, form, {CONF_REMOVE_API_KEY: True})

    assert result["reason"] == "reauth_successful"
    assert entry.data == log_in(console, api_key=None)


async def test_a_bad_api_key_can_be_removed_when_reconfiguring(
    hass: HomeAssistant, console: Console
) -> None:
    entry = with_bad_key(hass, console)
    form = await entry.start_reconfigure_flow(hass)
    typed = log_in(console, password=None, api_key=None)
    form = await go_on(hass, form, typed)
    assert form["errors"] == {"base": "invalid_api_key"}

    result = await go_on(hass, form, typed | {CONF_REMOVE_API_KEY: True})

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == log_in(console, api_key=None)


@pytest.mark.parametrize("remove", [True, False])
async def test_a_typed_api_key_takes_the_place_of_the_stored_one(
    hass: HomeAssistant, console: Console, *, remove: bool
) -> None:
    entry = with_bad_key(hass, console)
    form = await entry.start_reauth_flow(hass)
    typed = {CONF_API_KEY: console.api_key, CONF_REMOVE_API_KEY: remove}
    result = await go_on(hass, form, typed)
    assert result["reason"] == "reauth_successful"
    assert entry.data == log_in(console)


async def test_only_an_api_key_that_is_stored_is_offered_for_removal(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data=log_in(console, api_key=None))
    for form in (await entry.start_reauth_flow(hass), await entry.start_reconfigure_flow(hass)):
        assert form["data_schema"] is not None
        assert CONF_API_KEY in form["data_schema"].schema
        assert CONF_REMOVE_API_KEY not in form["data_schema"].schema
