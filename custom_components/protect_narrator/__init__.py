"""UniFi Protect detections, described in words by the home's own AI.

This module wires: connection ─► intake ─► runner ─► publisher ─► bus event and entities.
"""

from contextlib import AsyncExitStack

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from . import history_services, services, websocket_api
from .assembly import async_assemble
from .console_access import forget_log_ins
from .const import DOMAIN
from .following import async_follow
from .forgetting import async_forget_hourly
from .http import async_register_views
from .intake import Intake
from .issues import async_forget
from .ledger import Ledger
from .pipeline.blame import cautious_logger
from .runtime import NarratorConfigEntry, shared
from .snapshots import async_remove_strangers

_LOGGER = cautious_logger(__name__)

PLATFORMS = [Platform.EVENT, Platform.IMAGE, Platform.SENSOR, Platform.SWITCH]


CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the actions, which say what is missing where no console is set up, and the views."""
    for surface in (services, history_services, websocket_api):
        surface.async_register(hass)
    async_register_views(hass)
    async_forget_hourly(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> bool:
    """Set up one console: sweep the media folder, log in, add entities, then listen."""
    runtime = entry.runtime_data = await async_assemble(hass, entry)
    manager = hass.config_entries
    async with AsyncExitStack() as undo:
        undo.push_async_callback(runtime.close)
        # Before: some may be there when it fails or is cancelled. Home Assistant takes no
        # offence at those that are not.
        undo.push_async_callback(manager.async_unload_platforms, entry, PLATFORMS)
        await manager.async_forward_entry_setups(entry, PLATFORMS)
        async_follow(hass, entry)
        intake = Intake(
            hass,
            runtime.coordinator,
            runtime.ledger,
            runtime.runner,
            receipts=runtime.receipts,
            backlog=runtime.backlog,
        )
        entry.async_on_unload(async_at_started(hass, intake.async_run))
        runtime.connection.start(runtime.coordinator.console, intake)
        undo.pop_all()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> bool:
    """End everything that runs, then take the entities away."""
    try:
        await entry.runtime_data.close()
    except Exception:
        # All that could be closed is; an entry that stays could only go with Home Assistant.
        _LOGGER.exception("%s was closed with a bug", entry.title)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> None:
    """Forget what was remembered of the console, what was told of it, and its pictures."""
    async_forget(hass, entry)
    shared(hass).snapshots.pop(entry.entry_id, None)
    await async_remove_strangers(hass)
    await Ledger.async_delete(hass, entry.entry_id)
    await forget_log_ins(hass)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: NarratorConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user remove the device of a camera that the console has no more."""
    if entry.state is not ConfigEntryState.LOADED:
        return True
    coordinator = entry.runtime_data.coordinator
    present = {coordinator.console.mac, *coordinator.data.cameras}
    return not any((DOMAIN, mac) in device.identifiers for mac in present)
