"""Who may know what a camera saw: decided by its entities, as everything in Home Assistant is.

A camera's Sightings belong to its ``last_sighting`` sensor; its pictures and recordings to
whatever shows it. Who may use all entities may see what cameras saw that are gone, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .devices import linked_device
from .history import CameraSet
from .runtime import NarratorConfigEntry

_TELLING = "_last_sighting"


class KnownCamera(NamedTuple):
    """A camera of a console that is set up."""

    entry: NarratorConfigEntry
    mac: str


class ToldCamera(NamedTuple):
    """A camera of which is told, whether or not its console is at work now."""

    mac: str
    device_id: str | None


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
def told_cameras(hass: HomeAssistant) -> list[ToldCamera]:
    """Return every camera that has a sensor of its last Sighting."""
    registry = er.async_get(hass)
    return [
        ToldCamera(entity.unique_id.removesuffix(_TELLING), entity.device_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        if entity.domain == "sensor" and entity.unique_id.endswith(_TELLING)
    ]


@callback
def rows_of(hass: HomeAssistant, cameras: Iterable[ToldCamera]) -> CameraSet:
    """Return these cameras as the record knows them, by any id that they are known to have had."""
    cameras = tuple(cameras)
    macs = {each.mac for each in cameras}
    return CameraSet(
        camera_ids=frozenset(
            camera_id
            for entry in loaded_entries(hass)
            for camera_id in entry.runtime_data.coordinator.camera_ids_of(macs)
        ),
        device_ids=frozenset(each.device_id for each in cameras if each.device_id),
    )


@callback
def mac_of(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return the MAC address of the camera of which a Sighting's event data tell.

    None where it is not known any more.
    """
    for entry in loaded_entries(hass):
        if (mac := entry.runtime_data.coordinator.mac_of(data["camera_id"])) is not None:
            return mac
    device_id = data.get("device_id")
    if not isinstance(device_id, str):
        return None
    return next((each.mac for each in told_cameras(hass) if each.device_id == device_id), None)


@callback
def may_read_everything(user: User | None) -> bool:
    """Say whether he may read of all cameras, those included that are gone.

    What nobody has asked for Home Assistant does on its own.
    """
    return user is None or user.permissions.access_all_entities(POLICY_READ)


@callback
def readable_cameras(hass: HomeAssistant, user: User | None) -> list[ToldCamera]:
    """Return the cameras of which he may read what they saw."""
    cameras = told_cameras(hass)
    if may_read_everything(user) or user is None:
        return cameras
    return [each for each in cameras if may_read(hass, user, each.mac)]


@callback
def may_read_sighting(hass: HomeAssistant, user: User | None, data: Mapping[str, Any]) -> bool:
    """Say whether he may read that Sighting: one that a query for his cameras would find."""
    return may_read_everything(user) or rows_of(hass, readable_cameras(hass, user)).has(data)


@callback
def may_read(hass: HomeAssistant, user: User, mac: str | None) -> bool:
    """Say whether the user may read what the camera with this MAC address saw.

    None is a camera that is not known (any more): of that only who may read everything learns.
    """
    if may_read_everything(user):
        return True
    entity_id = telling_entity(hass, mac) if mac else None
    return entity_id is not None and user.permissions.check_entity(entity_id, POLICY_READ)
