"""Which log-in an entry stands for."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.console_access import (
    CoreEntryMissingError,
    credentials,
    open_sessions,
    unique_id_of,
)
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.protect import Credentials

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
    one, other = open_sessions(hass, verify_ssl=False), open_sessions(hass, verify_ssl=False)
    assert len({id(session) for session in (one.private, one.public, other.private)}) == 3

    one.detach()
    assert one.private.closed
    assert one.public.closed
    assert not other.private.closed
    other.detach()


@pytest.mark.parametrize("mac", ["f4e2c6a0b0c0", "F4:E2:C6:A0:B0:C0", "F4E2C6A0B0C0"])
def test_a_console_has_the_unique_id_that_core_gives_it(mac: str) -> None:
    assert unique_id_of(mac) == "F4E2C6A0B0C0"
