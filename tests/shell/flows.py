"""What the tests of the flows share: filled-in forms, entries of before, and how to click on."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult, SubentryFlowResult
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.console_access import credentials_from, login_budget
from custom_components.protect_narrator.const import CONF_CAMERAS, CONF_LABELS, DOMAIN
from simulator.console import Console

type AnyResult = ConfigFlowResult | SubentryFlowResult

CAMERAS_AND_LABELS = {CONF_CAMERAS: [], CONF_LABELS: ["person", "ring"]}


def log_in(console: Console, **changed: object) -> dict[str, Any]:
    """Fill in the log-in form; what is changed to None is left empty."""
    filled = {
        CONF_HOST: console.host,
        CONF_PORT: console.port,
        CONF_USERNAME: console.username,
        CONF_PASSWORD: console.password,
        CONF_API_KEY: console.api_key,
        CONF_VERIFY_SSL: False,
        **changed,
    }
    return {key: value for key, value in filled.items() if value is not None}


def our_entry(hass: HomeAssistant, console: Console, **changed: object) -> MockConfigEntry:
    """An entry of ours that was set up by hand before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=console.name,
        **{
            "unique_id": console.mac,
            "data": log_in(console),
            "options": dict(CAMERAS_AND_LABELS),
            **changed,
        },
    )
    entry.add_to_hass(hass)
    return entry


def core_entry(hass: HomeAssistant, console: Console, **changed: object) -> MockConfigEntry:
    """What core's own integration stores for this console."""
    entry = MockConfigEntry(
        domain="unifiprotect",
        title="Core's console",
        **{"unique_id": console.mac, "data": log_in(console, id="Home"), **changed},
    )
    entry.add_to_hass(hass)
    return entry


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def go_on(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(form["flow_id"], user_input)


def let_a_minute_pass(hass: HomeAssistant, console: Console) -> None:
    """Forget the log-ins to that console, and what it has asked for."""
    budget = login_budget(hass, credentials_from(hass, log_in(console)))
    budget._sent.clear()
    budget._closed_until = float("-inf")


def choices(form: AnyResult, key: str) -> list[str]:
    """Return the values that a select field of the form offers."""
    schema = form["data_schema"]
    assert schema is not None
    options = schema.schema[key].config["options"]
    return [option if isinstance(option, str) else option["value"] for option in options]


def fields(form: AnyResult) -> list[str]:
    schema = form["data_schema"]
    assert schema is not None
    return [str(marker) for marker in schema.schema]


def placeholder(result: AnyResult, key: str) -> str:
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    return placeholders[key]


def default(form: AnyResult, key: str) -> object:
    schema = form["data_schema"]
    assert schema is not None
    (marker,) = (marker for marker in schema.schema if marker == key)
    return marker.default()


def suggested(form: AnyResult) -> dict[str, Any]:
    """Return what the form's fields are filled with."""
    schema = form["data_schema"]
    assert schema is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in schema.schema
        if marker.description and marker.description.get("suggested_value") is not None
    }
