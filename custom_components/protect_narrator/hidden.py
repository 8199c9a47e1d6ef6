"""Sightings that the user wants to see no more; the record itself cannot be changed."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

DATA_HIDDEN: HassKey[frozenset[str]] = HassKey(f"{DOMAIN}_hidden")


@callback
def hidden_ids(hass: HomeAssistant) -> frozenset[str]:
    """Return the ids of what is hidden."""
    return hass.data.get(DATA_HIDDEN, frozenset())
