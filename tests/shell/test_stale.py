"""What is left of cameras that are gone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_fire_time_changed,
    mock_integration,
)

from custom_components.protect_narrator.const import CORE_DOMAIN, DOMAIN
from custom_components.protect_narrator.coordinator import NarratorCoordinator
from custom_components.protect_narrator.devices import (
    async_follow_core,
    camera_device,
    console_device,
)
from custom_components.protect_narrator.protect import CameraInfo
from custom_components.protect_narrator.stale import SETTLED_AFTER, async_remove_stale

from .test_coordinator import CAMERA, CONSOLE

OTHER = replace(CAMERA, id="65f0c0de0000000000000002", mac="F4E2C6000002", name="Garden")
TWO = replace(CONSOLE, cameras=(CAMERA, OTHER))


@pytest.fixture
def ours(hass: HomeAssistant) -> MockConfigEntry:
    """Our entry, with a device and an entity for everything there is."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    for info in (console_device(CONSOLE), camera_device(CAMERA), camera_device(OTHER)):
        device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **info)
        ((_, mac),) = device.identifiers
        er.async_get(hass).async_get_or_create(
            "sensor", DOMAIN, f"{mac}_x", config_entry=entry, device_id=device.id
        )
    return entry


@pytest.fixture
def coordinator(hass: HomeAssistant, ours: MockConfigEntry) -> NarratorCoordinator:
    """What our entry knows of its console."""
    return NarratorCoordinator(hass, ours, TWO)


@pytest.fixture
def watched(hass: HomeAssistant, coordinator: NarratorCoordinator) -> Iterator[None]:
    """Follow core, and remove what is stale, while the test runs."""
    endings = (async_follow_core(hass, coordinator), async_remove_stale(hass, coordinator))
    yield
    for end in endings:
        end()


def left(hass: HomeAssistant, ours: MockConfigEntry) -> tuple[set[str], set[str]]:
    """Return the MAC addresses of our devices, and those of our entities."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), ours.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(hass), ours.entry_id)
    return (
        {mac for device in devices for _, mac in device.identifiers},
        {entity.unique_id.partition("_")[0] for entity in entities},
    )


async def settle(hass: HomeAssistant) -> None:
    """Let the cameras stay as they are for long enough."""
    async_fire_time_changed(hass, dt_util.utcnow() + SETTLED_AFTER + timedelta(seconds=1))
    await hass.async_block_till_done()


ALL = {CONSOLE.mac, CAMERA.mac, OTHER.mac}


async def test_a_camera_that_goes_leaves_nothing(
    hass: HomeAssistant, ours: MockConfigEntry, coordinator: NarratorCoordinator, watched: None
) -> None:
    assert left(hass, ours) == (ALL, ALL)
    coordinator.async_set_cameras((OTHER,))
    await settle(hass)
    assert left(hass, ours) == (ALL - {CAMERA.mac}, ALL - {CAMERA.mac})


async def test_cameras_that_a_starting_console_does_not_list_yet_lose_nothing(
    hass: HomeAssistant, ours: MockConfigEntry, coordinator: NarratorCoordinator, watched: None
) -> None:
    coordinator.async_set_cameras((OTHER,))
    await hass.async_block_till_done()
    coordinator.async_set_cameras((CAMERA, OTHER))
    await settle(hass)
    assert left(hass, ours) == (ALL, ALL)


async def test_a_camera_that_went_while_we_were_away_leaves_nothing(
    hass: HomeAssistant, ours: MockConfigEntry
) -> None:
    coordinator = NarratorCoordinator(hass, ours, CONSOLE)
    end = async_remove_stale(hass, coordinator)
    await settle(hass)
    end()
    assert left(hass, ours) == (ALL - {OTHER.mac}, ALL - {OTHER.mac})


@pytest.mark.parametrize("cameras", [(), (CAMERA, replace(OTHER, name="Shed"))])
async def test_a_console_that_lists_none_or_renames_one_loses_nothing(
    hass: HomeAssistant,
    ours: MockConfigEntry,
    coordinator: NarratorCoordinator,
    watched: None,
    cameras: tuple[CameraInfo, ...],
) -> None:
    coordinator.async_set_cameras(cameras)
    await settle(hass)
    assert left(hass, ours) == (ALL, ALL)


async def test_a_camera_that_core_still_has_keeps_its_entities_until_core_loses_it_too(
    hass: HomeAssistant, ours: MockConfigEntry, coordinator: NarratorCoordinator, watched: None
) -> None:
    mock_integration(hass, MockModule(CORE_DOMAIN))
    core = MockConfigEntry(domain=CORE_DOMAIN)
    core.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=core.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(CAMERA.mac))},
    )
    await hass.async_block_till_done()

    coordinator.async_set_cameras((OTHER,))
    await settle(hass)
    assert left(hass, ours) == (ALL - {CAMERA.mac}, ALL)

    dr.async_get(hass).async_remove_device(device.id)
    await hass.async_block_till_done()
    assert left(hass, ours) == (ALL - {CAMERA.mac}, ALL - {CAMERA.mac})
