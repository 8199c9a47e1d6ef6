"""One sentence for each Sighting in Home Assistant's activity."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_SIGHTING
from .hidden import hidden_ids, is_hidden_known
from .permissions import mac_of, telling_entity
from .pipeline.models import Phase
from .pipeline.text import LONGEST_CAMERA, LONGEST_TITLE, inert

_ICON = "mdi:text-box-search-outline"
_ICON_HIGH = "mdi:alert-circle-outline"

type _Describe = Callable[[Event[dict[str, Any]]], dict[str, str]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, _Describe], None]
) -> None:
    """Describe what we fire."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, str]:
        return _described(hass, event.data)

    async_describe_event(DOMAIN, EVENT_SIGHTING, describe)


@callback
def _described(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the entry: of the camera, and a click away from its last Sighting.

    Home Assistant asks no permissions here, nor for the sensor's states that are beside it: what
    is told is what they tell. Anybody can fire an event of that name, with anything in it.
    """
    camera = inert(_text(data, "camera_name"), LONGEST_CAMERA) or "Protect Narrator"
    entry = {LOGBOOK_ENTRY_NAME: camera, LOGBOOK_ENTRY_ICON: _ICON}
    if not is_hidden_known(hass):
        # Asked for by Home Assistant, before a console is set up or where the disk has failed.
        return {**entry, LOGBOOK_ENTRY_MESSAGE: _said(hass, "logbook_unknown", "")}
    if _text(data, "sighting_id") in hidden_ids(hass):
        return {**entry, LOGBOOK_ENTRY_MESSAGE: _said(hass, "logbook_deleted", "")}
    title = inert(_text(data, "title"), LONGEST_TITLE)
    entry[LOGBOOK_ENTRY_MESSAGE] = _said(hass, _key(data), title)
    if data.get("importance") == "high":
        entry[LOGBOOK_ENTRY_ICON] = _ICON_HIGH
    if isinstance(data.get("camera_id"), str) and (mac := mac_of(hass, data)) is not None:
        sensor = telling_entity(hass, mac)
        if sensor is not None:
            entry[LOGBOOK_ENTRY_ENTITY_ID] = sensor
    return entry


def _key(data: Mapping[str, Any]) -> str:
    """Return which sentence it is: the full words are not to look like the first ones again."""
    revision = data.get("revision")
    if data.get("phase") == Phase.FIRST:
        return "logbook_first"
    return "logbook_again" if isinstance(revision, int) and revision > 1 else "logbook_full"


def _said(hass: HomeAssistant, key: str, title: str) -> str:
    texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
    sentence = texts.get(f"component.{DOMAIN}.common.{key}", "{title}")
    return sentence.replace("{title}", title) or title


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
