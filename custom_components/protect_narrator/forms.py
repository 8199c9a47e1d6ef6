"""The forms that set a console up and mend its log-in, and what their answers mean."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.network import is_host_valid, is_ipv6_address
import probatio
from yarl import URL

from .const import CONF_AGENT_ID, CONF_CAMERAS, CONF_LABELS, DEFAULT_PORT
from .describer import preferred_agent, suitable_agents
from .options import default_labels
from .protect import CameraInfo
from .selectors import LABELS, PREFERRED, agent_selector, camera_selector

CONF_CONSOLE = "console"
CONF_REMOVE_API_KEY = "remove_api_key"

# The choice beside real ids; translated by the frontend, so the label is never shown.
MANUAL = "manual"

_TEXT = TextSelector()
_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_PORT = probatio.All(
    NumberSelector(NumberSelectorConfig(mode=NumberSelectorMode.BOX, min=1, max=65535)),
    probatio.Coerce(int),
)

# User and password may be left out, so that whoever has an API key alone is told why that
# is not enough, instead of not being let through.
_USER: dict[probatio.Marker, Any] = {
    probatio.Optional(CONF_USERNAME): _TEXT,
    probatio.Optional(CONF_PASSWORD): _SECRET,
    probatio.Optional(CONF_API_KEY): _SECRET,
}

# What is stored is not shown, so an empty field cannot mean that it shall go.
_USER_WITH_API_KEY = _USER | {
    probatio.Required(CONF_REMOVE_API_KEY, default=False): BooleanSelector()
}


class InvalidHostError(ValueError):
    """What was typed is no host."""

    code = "invalid_host"


def log_in_schema(kept: Mapping[str, Any]) -> probatio.Schema:
    """Return what a log-in consists of; ``kept`` are the entry data of before."""
    return probatio.Schema(
        {
            probatio.Required(CONF_HOST): _TEXT,
            probatio.Required(CONF_PORT, default=DEFAULT_PORT): _PORT,
            **_user_fields(kept),
            probatio.Required(CONF_VERIFY_SSL, default=False): BooleanSelector(),
        }
    )


def reauth_schema(kept: Mapping[str, Any]) -> probatio.Schema:
    """Return what of a log-in a console can refuse; ``kept`` are the entry data of before."""
    return probatio.Schema(_user_fields(kept))


def api_key_schema(kept: Mapping[str, Any]) -> probatio.Schema:
    """Return the API key alone; ``kept`` are the entry data of before."""
    fields = _user_fields(kept)
    return probatio.Schema(
        {key: fields[key] for key in fields if key in {CONF_API_KEY, CONF_REMOVE_API_KEY}}
    )


def _user_fields(kept: Mapping[str, Any]) -> dict[probatio.Marker, Any]:
    return _USER_WITH_API_KEY if CONF_API_KEY in kept else _USER


def log_in_from_form(user_input: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return entry data: what was typed, and what is kept where a field was left empty.

    Raises InvalidHostError.
    """
    given = {key: value for key, value in user_input.items() if value != ""}
    data = dict(kept)
    if given.pop(CONF_REMOVE_API_KEY, False):
        data.pop(CONF_API_KEY, None)
    data |= given
    if CONF_HOST in user_input:
        data[CONF_HOST], port = address_of(user_input[CONF_HOST])
        if port is not None:
            data[CONF_PORT] = port
    return data


def address_of(typed: str) -> tuple[str, int | None]:
    """Return host and, where there is one, port of a host or of a web page's address.

    Raises InvalidHostError.
    """
    typed = typed.strip()
    if is_ipv6_address(typed):
        return typed, None  # without brackets its colons would announce a port
    try:
        url = URL(typed if "://" in typed else f"https://{typed}")
    except ValueError as err:
        raise InvalidHostError("no address") from err
    host, port = url.raw_host, url.explicit_port
    # A user in the address would be dropped without a word.
    if url.scheme not in {"http", "https"} or url.raw_user is not None or port == 0:
        raise InvalidHostError("not the address of a console")
    if host is None or not is_host_valid(host):
        raise InvalidHostError("no host")
    return host, port


def console_schema(known: Mapping[str, str]) -> probatio.Schema:
    """Return a choice of core's consoles (label by entry id), and of none of them."""
    choices = [SelectOptionDict(value=key, label=label) for key, label in known.items()]
    choices.append(SelectOptionDict(value=MANUAL, label=MANUAL))
    return probatio.Schema(
        {
            probatio.Required(CONF_CONSOLE, default=choices[0]["value"]): SelectSelector(
                SelectSelectorConfig(
                    options=choices, mode=SelectSelectorMode.LIST, translation_key="console"
                )
            )
        }
    )


@callback
def agent_schema(hass: HomeAssistant) -> probatio.Schema:
    """Return a choice of agents; the first one there is, where the user prefers none."""
    agents = suitable_agents(hass)
    default = PREFERRED if preferred_agent(hass) or not agents else agents[0]
    return probatio.Schema(
        {probatio.Required(CONF_AGENT_ID, default=default): agent_selector(hass, agents, PREFERRED)}
    )


def cameras_schema(cameras: Iterable[CameraInfo]) -> probatio.Schema:
    """Return a choice of cameras and labels."""
    return probatio.Schema(
        {
            probatio.Required(CONF_CAMERAS, default=list): camera_selector(cameras),
            probatio.Required(CONF_LABELS, default=default_labels): LABELS,
        }
    )


def options_from_setup(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers as they are stored: without what means the default."""
    return {
        key: value
        for key, value in user_input.items()
        if (key, value) != (CONF_AGENT_ID, PREFERRED)
    }
