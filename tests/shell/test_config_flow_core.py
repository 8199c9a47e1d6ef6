"""Setting up, renewing and changing over with the log-in that core's integration has."""

from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.const import CONF_AGENT_ID, CONF_CORE_ENTRY_ID
from custom_components.protect_narrator.forms import CONF_CONSOLE, MANUAL
from custom_components.protect_narrator.selectors import PREFERRED
from simulator.console import Console

from .flows import (
    CAMERAS_AND_LABELS,
    begin,
    choices,
    core_entry,
    default,
    go_on,
    log_in,
    our_entry,
)

pytestmark = pytest.mark.usefixtures("flows")


async def test_a_console_that_core_knows_needs_no_typing(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)

    form = await begin(hass)
    assert form["step_id"] == "user"
    assert choices(form, CONF_CONSOLE) == [core.entry_id, MANUAL]
    assert default(form, CONF_CONSOLE) == core.entry_id
    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    form = await go_on(hass, form, {CONF_AGENT_ID: PREFERRED})
    result = await go_on(hass, form, CAMERAS_AND_LABELS)

    assert result["data"] == {CONF_CORE_ENTRY_ID: core.entry_id}
    assert result["options"] == CAMERAS_AND_LABELS
    assert result["result"].unique_id == core.unique_id


async def test_beside_the_consoles_of_core_one_can_log_in(
    hass: HomeAssistant, console: Console
) -> None:
    core_entry(hass, console)
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: MANUAL})
    assert form["step_id"] == "log_in"


@pytest.mark.parametrize("changed", [{"source": SOURCE_IGNORE}, {"unique_id": None}])
async def test_what_core_ignores_is_not_offered_and_what_it_has_is(
    hass: HomeAssistant, console: Console, changed: dict[str, Any]
) -> None:
    core_entry(hass, console, **changed)
    form = await begin(hass)
    assert form["step_id"] == ("log_in" if "source" in changed else "user")


async def test_a_console_that_is_set_up_is_not_offered_again(
    hass: HomeAssistant, console: Console
) -> None:
    core_entry(hass, console)
    our_entry(hass, console)
    form = await begin(hass)
    assert form["step_id"] == "log_in"


async def test_a_console_of_core_that_refuses_can_be_tried_again(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)
    console.faults.no_media = True
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: core.entry_id})
    assert form["step_id"] == "user"
    assert form["errors"] == {"base": "no_media_access"}

    console.faults.unset()
    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert form["step_id"] == "agent"


@pytest.mark.parametrize("kept", [True, False])
async def test_a_core_entry_with_an_api_key_alone_is_not_enough(
    hass: HomeAssistant, console: Console, *, kept: bool
) -> None:
    data = log_in(console) if kept else log_in(console, username=None, password=None)
    core = core_entry(hass, console, data=data | {"connection_mode": "api_key_only"})
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: core.entry_id})
    assert form["errors"] == {"base": "api_key_only"}


async def test_a_core_entry_that_is_removed_meanwhile_is_reported(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)
    core_entry(hass, console, unique_id="another")
    form = await begin(hass)
    await hass.config_entries.async_remove(core.entry_id)

    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert form["errors"] == {"base": "core_entry_missing"}


async def test_an_entry_that_follows_core_keeps_following_it(
    hass: HomeAssistant, console: Console
) -> None:
    data = {CONF_CORE_ENTRY_ID: core_entry(hass, console).entry_id}
    entry = our_entry(hass, console, data=data)

    result = await go_on(hass, await begin(hass), log_in(console))

    assert result["reason"] == "already_configured"
    assert entry.data == data


async def test_a_log_in_of_core_is_renewed_there(hass: HomeAssistant, console: Console) -> None:
    core = core_entry(hass, console)
    data = {CONF_CORE_ENTRY_ID: core.entry_id}
    entry = our_entry(hass, console, data=data)
    console.password = "changed"
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_core"

    form = await go_on(hass, form, {})
    assert form["errors"] == {"base": "invalid_auth"}
    hass.config_entries.async_update_entry(core, data=log_in(console))
    result = await go_on(hass, form, {})

    assert result["reason"] == "reauth_successful"
    assert entry.data == data


async def test_an_entry_can_change_over_to_the_log_in_of_core_and_back(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    core = core_entry(hass, console)

    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    result = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_CORE_ENTRY_ID: core.entry_id}

    form = await go_on(hass, await entry.start_reconfigure_flow(hass), {CONF_CONSOLE: MANUAL})
    assert form["step_id"] == "reconfigure_log_in"
    result = await go_on(hass, form, log_in(console))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == log_in(console)
