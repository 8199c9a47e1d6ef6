"""Removes what is left of cameras that neither the console nor core has any more.

The registries remember what they lose: a camera that is adopted anew gets its device and its
entities back, with their ids and the names that the user gave them.
"""

from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN
from .coordinator import NarratorCoordinator
from .devices import core_device

# A console that is starting may list some of its cameras only, for as long as it finds the rest.
SETTLED_AFTER = timedelta(minutes=10)


@callback
def async_remove_stale(hass: HomeAssistant, coordinator: NarratorCoordinator) -> CALLBACK_TYPE:
    """Remove what is stale when the cameras have not changed for a while; return how to end that.

    That counts from now, and from each change on. Nothing is lost if we end before: the next
    start begins anew.
    """
    cameras = coordinator.data.cameras.keys()
    settled = False

    @callback
    def on_settled(_now: datetime) -> None:
        nonlocal settled
        settled = True
        _remove(hass, coordinator)

    stop_waiting = async_call_later(hass, SETTLED_AFTER, on_settled)

    @callback
    def on_device(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        # Core's device of a camera that the console has lost may go after it.
        if settled and event.data["action"] == "remove":
            _remove(hass, coordinator)

    @callback
    def on_coordinator() -> None:
        nonlocal cameras, settled, stop_waiting
        if coordinator.data.cameras.keys() != cameras:
            cameras, settled = coordinator.data.cameras.keys(), False
            stop_waiting()
            stop_waiting = async_call_later(hass, SETTLED_AFTER, on_settled)

    endings = (
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, on_device),
        coordinator.async_add_listener(on_coordinator),
    )

    @callback
    def end() -> None:
        stop_waiting()
        for ending in endings:
            ending()

    return end


@callback
def _remove(hass: HomeAssistant, coordinator: NarratorCoordinator) -> None:
    cameras = coordinator.data.cameras
    if not cameras:
        return  # a console that is starting may list none, for however long
    present = {coordinator.console.mac, *cameras}
    entry_id = coordinator.config_entry.entry_id
    devices, entities = dr.async_get(hass), er.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry_id):
        macs = {mac for domain, mac in device.identifiers if domain == DOMAIN}
        if macs and present.isdisjoint(macs):
            devices.async_remove_device(device.id)
    # Those that are on core's device, or on none since it went.
    for entity in er.async_entries_for_config_entry(entities, entry_id):
        mac = entity.unique_id.partition("_")[0]
        if mac not in present and core_device(hass, mac) is None:
            entities.async_remove(entity.entity_id)
