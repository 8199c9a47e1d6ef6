"""Where our entities belong: on the device that core's integration made, else on our own."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import CORE_DOMAIN, DOMAIN


def core_device(hass: HomeAssistant, mac: str) -> dr.DeviceEntry | None:
    """Return the device of core's ``unifiprotect`` with this MAC address, if there is one."""
    registry = dr.async_get(hass)
    connections = {(dr.CONNECTION_NETWORK_MAC, dr.format_mac(mac))}
    for entry in hass.config_entries.async_entries(CORE_DOMAIN):
        for device in registry.async_get_devices(
            connections=connections, config_entry_id=entry.entry_id
        ):
            return device
    return None


def linked_device(hass: HomeAssistant, mac: str) -> dr.DeviceEntry | None:
    """Return the device that our entities of this camera or console are on."""
    if device := core_device(hass, mac):
        return device
    for device in dr.async_get(hass).async_get_devices(identifiers={(DOMAIN, mac)}):
        return device
    return None


@callback
def async_follow_core(
    hass: HomeAssistant, entry: ConfigEntry, own_devices: dict[str, dr.DeviceInfo]
) -> CALLBACK_TYPE:
    """Move our entities when core's devices come and go; return how to end that.

    ``own_devices`` are the devices to make where core has none, by MAC address; entries may
    be added to it later.
    """

    @callback
    def relevant(data: dr.EventDeviceRegistryUpdatedData) -> bool:
        return data["action"] in {"create", "remove"}

    @callback
    def relink(_event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        for mac, own_device in own_devices.items():
            _relink(hass, entry, own_device, mac, entities)

    return hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, relink, event_filter=relevant)


@callback
def _relink(
    hass: HomeAssistant,
    entry: ConfigEntry,
    own_device: dr.DeviceInfo,
    mac: str,
    entities: Iterable[er.RegistryEntry],
) -> None:
    """Move the entities of one camera or console to where they belong now."""
    ours = [entity for entity in entities if entity.unique_id.startswith(f"{mac}_")]
    if not ours:
        return
    registry = dr.async_get(hass)
    device = core_device(hass, mac)
    if device is None:
        device = registry.async_get_or_create(config_entry_id=entry.entry_id, **own_device)
    for entity in ours:
        if entity.device_id != device.id:
            er.async_get(hass).async_update_entity(entity.entity_id, device_id=device.id)
    for left in registry.async_get_devices(
        identifiers={(DOMAIN, mac)}, config_entry_id=entry.entry_id
    ):
        if left.id != device.id:
            registry.async_remove_device(left.id)
