"""Who may know what a camera saw: decided by its entities, as everything in Home Assistant is.

A camera's Sightings belong to its ``last_sighting`` sensor; its pictures and recordings to
whatever shows it. Who may use all entities may see what cameras saw that are gone, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .devices import linked_device
from .runtime import NarratorConfigEntry


class KnownCamera(NamedTuple):
    """A camera of a console that is set up."""

    entry: NarratorConfigEntry
    mac: str


@callback
def loaded_entries(hass: HomeAssistant) -> list[NarratorConfigEntry]:
    """Return the entries that are at work."""
    return hass.config_entries.async_loaded_entries(DOMAIN)


@callback
def known_cameras(hass: HomeAssistant) -> list[KnownCamera]:
    """Return every camera of every console that is at work."""
    return [
        KnownCamera(entry, mac)
        for entry in loaded_entries(hass)
        for mac in entry.runtime_data.coordinator.data.cameras
    ]


@callback
def camera_of_entity(hass: HomeAssistant, entity_id: str) -> KnownCamera | None:
    """Return the camera on whose device that entity is, None where there is none of ours."""
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.device_id is None:
        return None
    return camera_of_device(hass, entity.device_id)


@callback
def camera_of_device(hass: HomeAssistant, device_id: str) -> KnownCamera | None:
    """Return the camera whose device that is, None where there is none of ours."""
    for camera in known_cameras(hass):
        device = linked_device(hass, camera.entry.entry_id, camera.mac)
        if device is not None and device.id == device_id:
            return camera
    return None


@callback
def telling_entity(hass: HomeAssistant, mac: str) -> str | None:
    """Return the sensor by which a user is allowed or denied a camera's Sightings."""
    return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{mac}_last_sighting")


@callback
def showing_entities(hass: HomeAssistant, device_ids: Iterable[str], mac: str) -> list[str]:
    """Return the entities in which the camera is seen: those that tell of it, and its picture.

    The camera entities are those of ``device_ids``.
    """
    registry = er.async_get(hass)
    ours = (("event", "sighting"), ("sensor", "last_sighting"), ("image", "last_picture"))
    found = (
        registry.async_get_entity_id(platform, DOMAIN, f"{mac}_{key}") for platform, key in ours
    )
    beside = [
        entity.entity_id
        for device_id in device_ids
        for entity in er.async_entries_for_device(registry, device_id)
        if entity.domain == "camera"
    ]
    return [*(entity_id for entity_id in found if entity_id), *beside]


@callback
def may_read(hass: HomeAssistant, user: User, mac: str | None) -> bool:
    """Say whether the user may read what the camera with this MAC address saw.

    None is a camera that is not known (any more): of that only who may read everything learns.
    """
    if user.permissions.access_all_entities(POLICY_READ):
        return True
    entity_id = telling_entity(hass, mac) if mac else None
    return entity_id is not None and user.permissions.check_entity(entity_id, POLICY_READ)
