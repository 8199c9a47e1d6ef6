"""Where our entities belong: on the device that core's integration made, else on our own."""

from collections.abc import Iterable, Mapping

from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import CORE_DOMAIN, DOMAIN
from .coordinator import NarratorCoordinator
from .protect import CameraInfo, ConsoleInfo

# The changes of a device that decide whether our entities belong there.
_TELLING = frozenset({"connections", "disabled_by"})


def console_device(console: ConsoleInfo) -> dr.DeviceInfo:
    """Return the device of a console that core does not know."""
    return dr.DeviceInfo(
        identifiers={(DOMAIN, console.mac)},
        manufacturer="Ubiquiti",
        model=console.model,
        name=console.name,
        sw_version=console.version,
    )


def camera_device(camera: CameraInfo) -> dr.DeviceInfo:
    """Return the device of a camera that core does not know."""
    return dr.DeviceInfo(
        identifiers={(DOMAIN, camera.mac)},
        manufacturer="Ubiquiti",
        model=camera.model,
        name=camera.name,
    )


def core_device(hass: HomeAssistant, mac: str) -> dr.DeviceEntry | None:
    """Return the device of core's ``unifiprotect`` with this MAC address, if there is one.

    A disabled one does not count: Home Assistant disables every entity that is on it, and who
    does without core's camera has not said anything about ours.
    """
    registry = dr.async_get(hass)
    connections = {(dr.CONNECTION_NETWORK_MAC, dr.format_mac(mac))}
    for entry in hass.config_entries.async_entries(CORE_DOMAIN):
        for device in registry.async_get_devices(
            connections=connections, config_entry_id=entry.entry_id
        ):
            if not device.disabled:
                return device
    return None


def linked_device(hass: HomeAssistant, entry_id: str, mac: str) -> dr.DeviceEntry | None:
    """Return the device that this entry's entities of a camera or of the console are on."""
    if device := core_device(hass, mac):
        return device
    for device in dr.async_get(hass).async_get_devices(
        identifiers={(DOMAIN, mac)}, config_entry_id=entry_id
    ):
        return device
    return None


@callback
def async_follow_core(hass: HomeAssistant, coordinator: NarratorCoordinator) -> CALLBACK_TYPE:
    """Keep our entities where they belong, from now on; return how to end that.

    Core's devices come and go, and the console's cameras are renamed.
    """
    cameras = coordinator.data.cameras

    @callback
    def relink() -> None:
        entry_id = coordinator.config_entry.entry_id
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
        for mac, own_device in _own_devices(coordinator).items():
            ours = [entity for entity in entities if entity.unique_id.startswith(f"{mac}_")]
            if ours:
                _relink(hass, entry_id, mac, own_device, ours)

    @callback
    def on_device(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        ours = {dr.format_mac(mac) for mac in _own_devices(coordinator)}
        if not ours.isdisjoint(_macs(hass, event.data)):
            relink()

    @callback
    def on_coordinator() -> None:
        nonlocal cameras
        if coordinator.data.cameras is not cameras:
            cameras = coordinator.data.cameras
            relink()

    # At once, too: a device of core's may have come while our entities were being added.
    relink()
    endings = (
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, on_device),
        coordinator.async_add_listener(on_coordinator),
    )

    @callback
    def end() -> None:
        for ending in endings:
            ending()

    return end


def _own_devices(coordinator: NarratorCoordinator) -> Mapping[str, dr.DeviceInfo]:
    """Return the devices to make where core has none, by MAC address.

    A camera that is gone is not among them: its entities stay where they are.
    """
    console = coordinator.console
    cameras = coordinator.data.cameras
    return {console.mac: console_device(console)} | {
        mac: camera_device(camera) for mac, camera in cameras.items()
    }


def _macs(hass: HomeAssistant, change: dr.EventDeviceRegistryUpdatedData) -> set[str]:
    """Return the MAC addresses of a device that came, went, was disabled or got others."""
    connections: Iterable[Iterable[str]] = ()
    if change["action"] == "remove":
        connections = change["device"]["connections"]
    elif change["action"] == "create" or _TELLING.intersection(change["changes"]):
        device = dr.async_get(hass).async_get(change["device_id"])
        # A child device has no address of its own.
        connections = device.connections if isinstance(device, dr.DeviceEntry) else ()
    return {mac for kind, mac in connections if kind == dr.CONNECTION_NETWORK_MAC}


@callback
def _relink(
    hass: HomeAssistant,
    entry_id: str,
    mac: str,
    own_device: dr.DeviceInfo,
    entities: Iterable[er.RegistryEntry],
) -> None:
    """Move the entities of one camera or console to where they belong now."""
    registry = dr.async_get(hass)
    # Ours takes the name that the camera has now.
    device = core_device(hass, mac) or registry.async_get_or_create(
        config_entry_id=entry_id, **own_device
    )
    for entity in entities:
        if entity.device_id != device.id:
            er.async_get(hass).async_update_entity(
                entity.entity_id, device_id=device.id, disabled_by=_disabled_by(entity)
            )
    for left in registry.async_get_devices(identifiers={(DOMAIN, mac)}, config_entry_id=entry_id):
        if left.id != device.id:
            registry.async_remove_device(left.id)


def _disabled_by(entity: er.RegistryEntry) -> er.RegistryEntryDisabler | None:
    """Return why the entity is disabled, other than by the device that it leaves."""
    by_device = entity.disabled_by is er.RegistryEntryDisabler.DEVICE
    return None if by_device else entity.disabled_by
