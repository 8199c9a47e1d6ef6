"""UniFi Protect detections, described in words by the home's own AI.

This module wires: connection ─► intake ─► runner ─► publisher ─► bus event and entities.
"""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.start import async_at_started

from .assembly import async_assemble
from .console_access import forget_log_ins
from .const import DOMAIN
from .following import async_follow
from .intake import Intake
from .ledger import Ledger
from .runtime import NarratorConfigEntry

PLATFORMS = [Platform.EVENT, Platform.IMAGE, Platform.SENSOR, Platform.SWITCH]


async def async_setup_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> bool:
    """Set up one console: sweep the media folder, log in, add entities, then listen."""
    runtime = entry.runtime_data = await async_assemble(hass, entry)
    try:
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await runtime.close()
        raise
    async_follow(hass, entry)
    intake = Intake(hass, runtime.coordinator, runtime.ledger, runtime.runner)
    entry.async_on_unload(async_at_started(hass, intake.async_run))
    runtime.connection.start(runtime.coordinator.console, intake)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> bool:
    """Take the entities away, then end everything that runs."""
    if unloaded := await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        await entry.runtime_data.close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: NarratorConfigEntry) -> None:
    """Forget what was remembered of the console."""
    await Ledger.async_delete(hass, entry.entry_id)
    await forget_log_ins(hass)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: NarratorConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user remove the device of a camera that the console has no more."""
    coordinator = entry.runtime_data.coordinator
    present = {coordinator.console.mac, *coordinator.data.cameras}
    return not any((DOMAIN, mac) in device.identifiers for mac in present)
