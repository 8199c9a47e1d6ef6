"""Finds the kept picture of a Sighting, whichever console it is of."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from homeassistant.core import HomeAssistant, callback

from .runtime import shared
from .snapshots import KeptSnapshot, SnapshotStore, image_path


class Found(NamedTuple):
    """A picture, and where it can be read."""

    store: SnapshotStore
    kept: KeptSnapshot


@callback
def find_kept(hass: HomeAssistant, sighting_id: str) -> Found | None:
    """Return the picture of that Sighting, None where none is kept.

    Those of a console that cannot be reached are found too, as soon as it was tried once.
    """
    for store in shared(hass).snapshots.values():
        if (kept := store.find(sighting_id)) is not None:
            return Found(store, kept)
    return None


@callback
def with_image(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Sighting's event data as it is today: with ``image`` where a picture is kept.

    Whatever the event says: pictures go before rows do, and one that was late is there after all.
    """
    sighting_id = data.get("sighting_id")
    if not isinstance(sighting_id, str) or find_kept(hass, sighting_id) is None:
        return {**data, "image": None}
    return {**data, "image": image_path(sighting_id)}
