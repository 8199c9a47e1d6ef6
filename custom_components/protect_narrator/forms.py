"""The forms of the config and options flows: what they show, and what their answers mean."""

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
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    LanguageSelector,
    LanguageSelectorConfig,
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

from .const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_SHOW,
    DEFAULT_PORT,
    SHOW_AUTOMATIC,
)
from .describer import preferred_agent, suitable_agents
from .options import DEFAULT_POLICY, NUMBER_OPTIONS, SHOW_CHOICES, NumberOption
from .pipeline.models import Label, ranked
from .protect import CameraInfo

CONF_CONSOLE = "console"
CONF_REMOVE_API_KEY = "remove_api_key"
CONF_ADVANCED = "advanced"

# Choices beside real ids; translated by the frontend, so the labels are never shown.
MANUAL = "manual"
PREFERRED = "preferred"

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
        {probatio.Required(CONF_AGENT_ID, default=default): _agent_selector(hass, agents)}
    )


def cameras_schema(cameras: Iterable[CameraInfo]) -> probatio.Schema:
    """Return a choice of cameras and labels."""
    return probatio.Schema(
        {
            probatio.Required(CONF_CAMERAS, default=list): _camera_selector(cameras),
            probatio.Required(CONF_LABELS, default=_default_labels): _LABELS,
        }
    )


@callback
def options_schema(
    hass: HomeAssistant, options: Mapping[str, Any], cameras: Iterable[CameraInfo] | None
) -> probatio.Schema:
    """Return everything that can be changed, as it is now; None leaves the cameras out."""
    agents = suitable_agents(hass)
    agent_id = options.get(CONF_AGENT_ID) or PREFERRED
    if agent_id != PREFERRED and agent_id not in agents:
        # It may just be unavailable: opening the form must not take it away.
        agents.append(agent_id)
    fields: dict[probatio.Marker, Any] = {
        probatio.Required(CONF_AGENT_ID, default=agent_id): _agent_selector(hass, agents)
    }
    if cameras is not None:
        chosen = options.get(CONF_CAMERAS, [])
        fields[probatio.Required(CONF_CAMERAS, default=chosen)] = _camera_selector(cameras, chosen)
    fields |= {
        probatio.Required(
            CONF_LABELS, default=options.get(CONF_LABELS, _default_labels())
        ): _LABELS,
        probatio.Optional(
            CONF_LANGUAGE, description={"suggested_value": options.get(CONF_LANGUAGE)}
        ): LanguageSelector(LanguageSelectorConfig(native_name=True)),
        probatio.Required(
            CONF_SHOW, default=options.get(CONF_SHOW, SHOW_AUTOMATIC)
        ): SelectSelector(SelectSelectorConfig(options=list(SHOW_CHOICES), translation_key="show")),
        probatio.Required(CONF_ADVANCED): section(
            probatio.Schema(
                {
                    probatio.Required(option.key, default=option.read(options)): _number(option)
                    for option in NUMBER_OPTIONS
                }
            ),
            {"collapsed": True},
        ),
    }
    return probatio.Schema(fields)


def options_from_form(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers as they are stored: flat, without what means the default."""
    options = dict(user_input)
    options |= options.pop(CONF_ADVANCED, {})
    if options.get(CONF_AGENT_ID) == PREFERRED:
        del options[CONF_AGENT_ID]
    return options


def _default_labels() -> list[str]:
    return [label.value for label in ranked(DEFAULT_POLICY.labels)]


_LABELS = SelectSelector(
    SelectSelectorConfig(
        options=[label.value for label in Label], multiple=True, translation_key="label"
    )
)


@callback
def _agent_selector(hass: HomeAssistant, agents: Iterable[str]) -> SelectSelector:
    choices = [SelectOptionDict(value=PREFERRED, label=PREFERRED)]
    for entity_id in agents:
        state = hass.states.get(entity_id)
        label = f"{state.name} ({entity_id})" if state else entity_id
        choices.append(SelectOptionDict(value=entity_id, label=label))
    return SelectSelector(
        SelectSelectorConfig(
            options=choices, mode=SelectSelectorMode.DROPDOWN, translation_key="agent"
        )
    )


def _camera_selector(cameras: Iterable[CameraInfo], chosen: Iterable[str] = ()) -> SelectSelector:
    """Offer the cameras, and by their MAC addresses the chosen ones that are none of these.

    None chosen means all: without the last one that was, the form would say so by itself.
    """
    names = {camera.mac: camera.name for camera in cameras}
    names |= {mac: mac for mac in chosen if mac not in names}
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in names.items()],
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _number(option: NumberOption) -> NumberSelector:
    config = NumberSelectorConfig(
        min=option.minimum, max=option.maximum, step=option.step, mode=NumberSelectorMode.BOX
    )
    if option.unit:
        config["unit_of_measurement"] = option.unit
    return NumberSelector(config)
