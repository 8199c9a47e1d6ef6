"""UniFi Protect detections, described in words by the home's own AI.

This module wires: connection ─► intake ─► runner ─► publisher ─► bus event and entities.
"""

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_time_change

from .assembly import async_assemble
from .const import DOMAIN
from .devices import async_follow_core
from .entity import camera_device, console_device
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
    _follow(hass, entry)
    intake = Intake(hass, runtime.coordinator, runtime.ledger, runtime.runner)
    intake.resume()
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


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: NarratorConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user remove the device of a camera that the console has no more."""
    coordinator = entry.runtime_data.coordinator
    present = {coordinator.console.mac} | {
        camera.mac for camera in coordinator.data.cameras.values()
    }
    return not any((DOMAIN, mac) in device.identifiers for mac in present)


@callback
def _follow(hass: HomeAssistant, entry: NarratorConfigEntry) -> None:
    """Follow core's devices, the day and the end of Home Assistant."""
    runtime = entry.runtime_data
    coordinator = runtime.coordinator
    own_devices = {coordinator.console.mac: console_device(coordinator.console)}

    @callback
    def learn_cameras() -> None:
        own_devices.update(
            {camera.mac: camera_device(camera) for camera in coordinator.data.cameras.values()}
        )

    async def close(_event: Event) -> None:
        await runtime.close()

    @callback
    def begin_day(_now: object) -> None:
        coordinator.async_begin_day()

    learn_cameras()
    entry.async_on_unload(coordinator.async_add_listener(learn_cameras))
    entry.async_on_unload(async_follow_core(hass, entry, own_devices))
    entry.async_on_unload(async_track_time_change(hass, begin_day, hour=0, minute=0, second=0))
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, close))
