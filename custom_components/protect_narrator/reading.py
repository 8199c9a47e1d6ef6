"""What a user reads of what cameras saw: which cameras he may, and the record of them."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .const import DOMAIN
from .hidden import HiddenUnavailableError, async_hidden
from .history import (
    BadCursorError,
    CameraSet,
    HistoryUnavailableError,
    Page,
    SightingQuery,
    async_find_row,
    async_page,
    async_processed,
)
from .mistakes import failure, mistake
from .permissions import loaded_entries, may_read
from .records import Row

_TELLING = "_last_sighting"

# What was just fired is worth waiting for, not for long: who asks next finds it.
_STORED_LIMIT_S = 2.0

# For a database that is busy. Whoever asks may ask again.
READ_LIMIT_S = 30.0


class ToldCamera(NamedTuple):
    """A camera of which is told, whether or not its console is at work now."""

    mac: str
    device_id: str | None


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
def mac_of(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return the MAC address of the camera of which a Sighting's event data tell.

    None where it is not known any more.
    """
    for entry in loaded_entries(hass):
        coordinator = entry.runtime_data.coordinator
        mac = coordinator.mac_of(data["camera_id"])
        if mac is not None and coordinator.console.mac.lower() == data.get("console_id"):
            return mac
    device_id = data.get("device_id")
    if not isinstance(device_id, str):
        return None
    return next((each.mac for each in told_cameras(hass) if each.device_id == device_id), None)


@callback
def may_read_sighting(hass: HomeAssistant, user: User | None, data: Mapping[str, Any]) -> bool:
    """Say whether the user may read that Sighting; what nobody has asked for acts on its own."""
    return user is None or may_read(hass, user, mac_of(hass, data))


@callback
def cameras_for(
    hass: HomeAssistant, user: User | None, target: Mapping[str, Any]
) -> CameraSet | None:
    """Return the cameras that are chosen, by Home Assistant's own ways, as far as he may read.

    None is all there ever were, where nothing is chosen, for who may read everything. Raises
    Unauthorized where something is named that he may not read, or that there is not, which he
    cannot tell apart; the mistake by its name to who may read everything.
    """
    everything = user is None or user.permissions.access_all_entities(POLICY_READ)
    selection = TargetSelection(dict(target))
    if not selection.has_any_target:
        if everything:
            return None
        return _set_of(hass, (each for each in told_cameras(hass) if _may(hass, user, each)))
    named, beside, unknown = _chosen(hass, selection)
    if unknown and everything:
        raise mistake("camera_not_found", entity=", ".join(sorted(unknown)[:5]))
    if unknown or not all(_may(hass, user, each) for each in named):
        raise Unauthorized(permission=POLICY_READ)
    cameras = {*named, *(each for each in beside if _may(hass, user, each))}
    if not cameras and everything:
        raise mistake("no_camera_there")
    if not cameras:
        raise Unauthorized(permission=POLICY_READ)
    return _set_of(hass, cameras)


def _may(hass: HomeAssistant, user: User | None, camera: ToldCamera) -> bool:
    return user is None or may_read(hass, user, camera.mac)


def _chosen(
    hass: HomeAssistant, selection: TargetSelection
) -> tuple[set[ToldCamera], set[ToldCamera], set[str]]:
    """Return the cameras that are named, those in what is named, and names without a camera."""
    registry = er.async_get(hass)
    by_device = {each.device_id: each for each in told_cameras(hass) if each.device_id}
    found = async_extract_referenced_entity_ids(hass, selection, primary_entities_only=False)

    def device_of(entity_id: str) -> str | None:
        entity = registry.async_get(entity_id)
        return entity.device_id if entity else None

    devices: dict[str, str | None] = {each: device_of(each) for each in found.referenced}
    devices |= {each: each for each in selection.device_ids}
    named = {by_device[each] for each in devices.values() if each in by_device}
    inside = {*found.referenced_devices, *map(device_of, found.indirectly_referenced)}
    beside = {by_device[each] for each in inside if each in by_device}
    return named, beside - named, {each for each, at in devices.items() if at not in by_device}


def _set_of(hass: HomeAssistant, cameras: Iterable[ToldCamera]) -> CameraSet:
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


async def async_read(
    hass: HomeAssistant, query: SightingQuery, *, limit: int, cursor: str | None = None
) -> Page:
    """Return a page of Sightings, those that were just fired included.

    Raises what is told to who asked.
    """
    await async_require_hidden(hass)
    await _stored(hass)
    try:
        async with asyncio.timeout(READ_LIMIT_S):
            return await async_page(hass, query, limit=limit, cursor=cursor)
    except BadCursorError as err:
        raise mistake("bad_cursor") from err
    except (HistoryUnavailableError, TimeoutError) as err:
        raise failure("no_history") from err


async def async_known(hass: HomeAssistant, sighting_id: str) -> Row:
    """Return what is stored of a Sighting, or was fired so late that it is not stored yet.

    Raises what is told to who may know.
    """
    await async_require_hidden(hass)
    try:
        known = await async_newest(hass, sighting_id)
    except HistoryUnavailableError as err:
        raise mistake("history_unavailable") from err
    if known is None:
        raise mistake("sighting_not_found")
    return known


async def async_newest(hass: HomeAssistant, sighting_id: str) -> Row | None:
    """Return the Sighting's highest revision, stored or about to be; None where it is not shown.

    Raises HistoryUnavailableError, also where the database takes too long.
    """
    for entry in loaded_entries(hass):
        if (fired := entry.runtime_data.recent.find_row(sighting_id)) is not None:
            return fired
    try:
        async with asyncio.timeout(READ_LIMIT_S):
            return await async_find_row(hass, sighting_id)
    except TimeoutError as err:
        raise HistoryUnavailableError("the recorder's database takes too long") from err


async def async_require_hidden(hass: HomeAssistant) -> None:
    """Read what is hidden, where that has not been possible before; else raise."""
    try:
        await async_hidden(hass)
    except HiddenUnavailableError as err:
        raise failure("memory_unavailable") from err


async def _stored(hass: HomeAssistant) -> None:
    """Wait for what was just fired: who asks may have been started by it."""
    waiting: Collection[object] = [
        fired for entry in loaded_entries(hass) for fired in entry.runtime_data.ledger.fired
    ]
    if not waiting:
        return
    try:
        async with asyncio.timeout(_STORED_LIMIT_S):
            await async_processed(hass)
    except HistoryUnavailableError, TimeoutError:
        return  # what is stored is told all the same, or that nothing is
