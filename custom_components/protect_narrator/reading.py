"""What a user reads of what cameras saw: which cameras he may, and the record of them."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from .hidden import HIDDEN_FILE, HiddenUnavailableError, async_hidden
from .history import (
    BadCursorError,
    CameraSet,
    EventExcludedError,
    HistoryUnavailableError,
    NotRecordedError,
    Page,
    SightingQuery,
    async_find_row,
    async_page,
    async_processed,
    require_recording,
)
from .mistakes import failure, mistake
from .permissions import (
    ToldCamera,
    loaded_entries,
    may_read_everything,
    readable_cameras,
    rows_of,
    told_cameras,
)
from .records import Row

# What was just fired is worth waiting for, not for long: who asks next finds it.
_STORED_LIMIT_S = 2.0

# For a database that is busy. Whoever asks may ask again.
READ_LIMIT_S = 30.0


@callback
def cameras_for(
    hass: HomeAssistant, user: User | None, target: Mapping[str, Any]
) -> CameraSet | None:
    """Return the cameras that are chosen, by Home Assistant's own ways, as far as he may read.

    None is all there ever were, where nothing is chosen, for who may read everything. Raises
    Unauthorized where something is named that he may not read, or that there is not, which he
    cannot tell apart; the mistake by its name to who may read everything.
    """
    everything = may_read_everything(user)
    selection = TargetSelection(dict(target))
    if not selection.has_any_target:
        if everything:
            return None
        return rows_of(hass, readable_cameras(hass, user))
    named, beside, unknown = _chosen(hass, selection)
    if unknown and everything:
        raise mistake("camera_not_found", entity=", ".join(sorted(unknown)[:5]))
    readable = set(readable_cameras(hass, user))
    if unknown or not named <= readable:
        raise Unauthorized(permission=POLICY_READ)
    cameras = named | (beside & readable)
    if not cameras and everything:
        raise mistake("no_camera_there")
    if not cameras:
        raise Unauthorized(permission=POLICY_READ)
    return rows_of(hass, cameras)


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
            page = await async_page(hass, query, limit=limit, cursor=cursor)
    except BadCursorError as err:
        raise mistake("bad_cursor") from err
    except (HistoryUnavailableError, TimeoutError) as err:
        raise failure("no_history") from err
    if not page.sightings and cursor is None:
        _require_recording(hass)
    return page


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
        raise failure(err.key, file=HIDDEN_FILE) from err


@callback
def _require_recording(hass: HomeAssistant) -> None:
    """Raise where that nothing is found means little: what cameras see now is not recorded.

    Older Sightings may be there, which were not asked for.
    """
    try:
        require_recording(hass)
    except EventExcludedError as err:
        raise failure("nothing_found_event_excluded") from err
    except NotRecordedError as err:
        raise failure("nothing_found_recorder_off") from err


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
