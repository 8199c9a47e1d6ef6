"""The fields that several forms have."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .options import SHOW_CHOICES, NumberOption
from .pipeline.models import Label
from .protect import CameraInfo

# Choices beside real ones; translated by the frontend, so the labels are never shown.
PREFERRED = "preferred"
INHERIT = "inherit"

LABELS = SelectSelector(
    SelectSelectorConfig(
        options=[label.value for label in Label], multiple=True, translation_key="label"
    )
)

# Not the frontend's editor for templates: most who write here write plain sentences.
LONG_TEXT = TextSelector(TextSelectorConfig(multiline=True))


@callback
def agent_selector(
    hass: HomeAssistant, agents: Iterable[str], *special: str, chosen: str | None = None
) -> SelectSelector:
    """Offer the special choices, these agents, and the chosen one where it is none of these.

    It may just be unavailable: opening a form must not take it away.
    """
    known = [*special, *agents]
    if chosen and chosen not in known:
        known.append(chosen)
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=_name(hass, key)) for key in known],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key="agent",
        )
    )


@callback
def _name(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    return f"{state.name} ({entity_id})" if state else entity_id


def camera_selector(
    cameras: Iterable[CameraInfo], chosen: Iterable[str] = (), *, multiple: bool = True
) -> SelectSelector:
    """Offer the cameras, and by their MAC addresses the chosen ones that are none of these.

    None chosen means all: without the last one that was, the form would say so by itself.
    """
    names = {camera.mac: camera.name for camera in cameras}
    names |= {mac: mac for mac in chosen if mac not in names}
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in names.items()],
            multiple=multiple,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def show_selector(*special: str) -> SelectSelector:
    """Offer what the AI can be shown."""
    return SelectSelector(
        SelectSelectorConfig(options=[*special, *SHOW_CHOICES], translation_key="show")
    )


def number_selector(option: NumberOption) -> NumberSelector:
    """Offer the number within its bounds."""
    config = NumberSelectorConfig(
        min=option.minimum, max=option.maximum, step=option.step, mode=NumberSelectorMode.BOX
    )
    if option.unit:
        config["unit_of_measurement"] = option.unit
    return NumberSelector(config)
