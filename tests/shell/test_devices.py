"""Our entities follow core's devices through the registries."""

from collections.abc import Iterator
from dataclasses import replace

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
)

from custom_components.protect_narrator.const import CORE_DOMAIN, DOMAIN
from custom_components.protect_narrator.coordinator import NarratorCoordinator
from custom_components.protect_narrator.devices import (
    async_follow_core,
    camera_device,
    core_device,
    linked_device,
)

from .test_coordinator import CAMERA, CONSOLE

MAC = CAMERA.mac


@pytest.fixture
def ours(hass: HomeAssistant) -> MockConfigEntry:
    """Our entry."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def coordinator(hass: HomeAssistant, ours: MockConfigEntry) -> NarratorCoordinator:
    """What our entry knows of its console."""
    return NarratorCoordinator(hass, ours, CONSOLE)


@pytest.fixture
def following(hass: HomeAssistant, coordinator: NarratorCoordinator) -> Iterator[None]:
    """Follow core while the test runs."""
    end = async_follow_core(hass, coordinator)
    yield
    end()


@pytest.fixture
def core(hass: HomeAssistant) -> MockConfigEntry:
    """Core's entry, without devices; nothing of core's is set up."""
    mock_integration(hass, MockModule(CORE_DOMAIN))
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


def make_entity(hass: HomeAssistant, ours: MockConfigEntry) -> str:
    """Add an entity of ours on a device of ours; return its id."""
    own = dr.async_get(hass).async_get_or_create(
        config_entry_id=ours.entry_id, **camera_device(CAMERA)
    )
    registry = er.async_get(hass)
    return registry.async_get_or_create(
        "sensor", DOMAIN, f"{MAC}_last_sighting", config_entry=ours, device_id=own.id
    ).entity_id


def device_of(hass: HomeAssistant, entity_id: str) -> dr.DeviceEntry | None:
    """Return the device that an entity is on."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    device = dr.async_get(hass).async_get(entity.device_id) if entity.device_id else None
    assert device is None or isinstance(device, dr.DeviceEntry)
    return device


def assert_enabled(hass: HomeAssistant, entity_id: str) -> None:
    """Make sure that nothing disables an entity."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is None


async def test_where_nobody_made_a_device_there_is_none(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    assert core_device(hass, MAC) is None
    assert linked_device(hass, ours.entry_id, MAC) is None


async def test_an_entity_moves_to_core_s_device_and_back(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    entity_id = make_entity(hass, ours)
    assert linked_device(hass, ours.entry_id, MAC) == device_of(hass, entity_id)

    device = make_core_device(hass, core)
    await hass.async_block_till_done()
    assert device_of(hass, entity_id) == linked_device(hass, ours.entry_id, MAC) == device
    assert our_devices(hass, ours) == []

    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    assert our_devices(hass, ours) == [device_of(hass, entity_id)]


async def test_an_entity_leaves_a_device_of_core_s_while_it_is_disabled(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    entity_id = make_entity(hass, ours)
    device = make_core_device(hass, core)
    await hass.async_block_till_done()

    registry = dr.async_get(hass)
    registry.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done()
    assert_enabled(hass, entity_id)
    assert our_devices(hass, ours) == [device_of(hass, entity_id)]

    registry.async_update_device(device.id, disabled_by=None)
    await hass.async_block_till_done()
    back = device_of(hass, entity_id)
    assert back is not None
    assert back.id == device.id


async def test_an_entity_leaves_the_devices_of_core_when_core_is_disabled(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    entity_id = make_entity(hass, ours)
    make_core_device(hass, core)
    await hass.async_block_till_done()

    await hass.config_entries.async_set_disabled_by(core.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()

    assert_enabled(hass, entity_id)
    assert our_devices(hass, ours) == [device_of(hass, entity_id)]


async def test_an_entity_that_the_user_disabled_stays_so_wherever_it_moves(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    entity_id = make_entity(hass, ours)
    registry = er.async_get(hass)
    registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)

    make_core_device(hass, core)
    await hass.async_block_till_done()

    entity = registry.async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.USER


async def test_a_device_that_core_made_while_entities_were_added_is_found(
    hass: HomeAssistant,
    ours: MockConfigEntry,
    coordinator: NarratorCoordinator,
    core: MockConfigEntry,
) -> None:
    entity_id = make_entity(hass, ours)
    device = make_core_device(hass, core)

    async_follow_core(hass, coordinator)()

    assert device_of(hass, entity_id) == device


async def test_a_device_whose_address_core_learns_later_is_found(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry
) -> None:
    entity_id = make_entity(hass, ours)
    registry = dr.async_get(hass)
    device = registry.async_get_or_create(
        config_entry_id=core.entry_id, identifiers={(CORE_DOMAIN, "front")}
    )
    await hass.async_block_till_done()
    assert device_of(hass, entity_id) != device

    registry.async_update_device(
        device.id, new_connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(MAC))}
    )
    await hass.async_block_till_done()

    moved = device_of(hass, entity_id)
    assert moved is not None
    assert moved.id == device.id


async def test_our_device_takes_the_new_name_of_its_camera(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, coordinator: NarratorCoordinator
) -> None:
    make_entity(hass, ours)

    coordinator.async_set_cameras((replace(CAMERA, name="Back door"),))

    assert [device.name for device in our_devices(hass, ours)] == ["Back door"]


async def test_a_camera_that_is_gone_gets_no_new_device(
    hass: HomeAssistant,
    ours: MockConfigEntry,
    following: None,
    coordinator: NarratorCoordinator,
    core: MockConfigEntry,
) -> None:
    entity_id = make_entity(hass, ours)
    device = make_core_device(hass, core)
    await hass.async_block_till_done()

    coordinator.async_set_cameras(())
    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()

    assert our_devices(hass, ours) == []
    assert device_of(hass, entity_id) is None


@pytest.mark.parametrize("mac", [MAC, "F4E2C6000002"])
async def test_a_camera_without_entities_of_ours_gets_no_device_of_ours(
    hass: HomeAssistant, ours: MockConfigEntry, following: None, core: MockConfigEntry, mac: str
) -> None:
    device = make_core_device(hass, core, mac)
    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    assert our_devices(hass, ours) == []
