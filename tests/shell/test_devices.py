"""Our entities follow core's devices through the registries."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator.const import CORE_DOMAIN, DOMAIN
from custom_components.protect_narrator.devices import (
    async_follow_core,
    core_device,
    linked_device,
)

MAC = "F4E2C6000001"


@pytest.fixture
def ours(hass: HomeAssistant) -> MockConfigEntry:
    """Our entry, which follows core."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    own_device = dr.DeviceInfo(identifiers={(DOMAIN, MAC)}, name="Front door")
    async_follow_core(hass, entry, {MAC: own_device})
    return entry


@pytest.fixture
def core(hass: HomeAssistant) -> MockConfigEntry:
    """Core's entry, without devices."""
    entry = MockConfigEntry(domain=CORE_DOMAIN)
    entry.add_to_hass(hass)
    return entry


def make_core_device(hass: HomeAssistant, core: MockConfigEntry, mac: str = MAC) -> dr.DeviceEntry:
    """Let core add a camera."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=core.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(mac))},
    )


def our_devices(hass: HomeAssistant, ours: MockConfigEntry) -> list[dr.DeviceEntry]:
    return dr.async_entries_for_config_entry(dr.async_get(hass), ours.entry_id)


async def test_where_nobody_made_a_device_there_is_none(
    hass: HomeAssistant, ours: MockConfigEntry, core: MockConfigEntry
) -> None:
    assert core_device(hass, MAC) is None
    assert linked_device(hass, MAC) is None


async def test_an_entity_moves_to_core_s_device_and_back(
    hass: HomeAssistant, ours: MockConfigEntry, core: MockConfigEntry
) -> None:
    own = dr.async_get(hass).async_get_or_create(
        config_entry_id=ours.entry_id, identifiers={(DOMAIN, MAC)}
    )
    registry = er.async_get(hass)
    entity_id = registry.async_get_or_create(
        "sensor", DOMAIN, f"{MAC}_last_sighting", config_entry=ours, device_id=own.id
    ).entity_id
    assert linked_device(hass, MAC) == own

    device = make_core_device(hass, core)
    await hass.async_block_till_done()
    entity = registry.async_get(entity_id)
    assert entity is not None
    assert entity.device_id == device.id
    assert linked_device(hass, MAC) == device
    assert our_devices(hass, ours) == []

    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    entity = registry.async_get(entity_id)
    assert entity is not None
    (back,) = our_devices(hass, ours)
    assert entity.device_id == back.id


@pytest.mark.parametrize("mac", [MAC, "F4E2C6000002"])
async def test_a_camera_without_entities_of_ours_gets_no_device_of_ours(
    hass: HomeAssistant, ours: MockConfigEntry, core: MockConfigEntry, mac: str
) -> None:
    device = make_core_device(hass, core, mac)
    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    assert our_devices(hass, ours) == []
