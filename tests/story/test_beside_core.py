"""Core's own unifiprotect and we, on the same console."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, Platform
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.protect_narrator.const import CONF_CORE_ENTRY_ID, DOMAIN
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Core, Home


def our_devices(home: Home) -> list[dr.DeviceEntry]:
    """Return the devices that belong to our entry."""
    return dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)


def core_device_id(home: Home, core: Core, mac: str) -> str:
    """Return core's device of the camera or console with that MAC address."""
    (device,) = dr.async_get(home.hass).async_get_devices(
        connections={(dr.CONNECTION_NETWORK_MAC, dr.format_mac(mac))},
        config_entry_id=core.entry_id,
    )
    return device.id


def devices_of_our_entities(home: Home) -> dict[str, set[str | None]]:
    """Return by MAC address on which devices our entities are."""
    devices: dict[str, set[str | None]] = {}
    for entity in er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id):
        devices.setdefault(entity.unique_id.partition("_")[0], set()).add(entity.device_id)
    return devices


def all_macs(home: Home) -> list[str]:
    return [home.console.mac, *(camera.mac for camera in home.console.cameras)]


async def test_our_entities_land_on_core_s_devices(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await core.set_up()
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})

    assert our_devices(home) == []
    assert devices_of_our_entities(home) == {
        mac: {core_device_id(home, core, mac)} for mac in all_macs(home)
    }
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()
    assert sighting["device_id"] == core_device_id(home, core, camera.mac)
    assert sighting["fallback_reason"] is None


async def test_a_reload_of_core_does_not_silence_us(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await core.set_up()
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})

    await core.reload()
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()

    assert sighting["late"] is False
    assert home.state(Platform.EVENT, "sighting", camera).attributes["event_type"] == "person"
    assert devices_of_our_entities(home)[camera.mac] == {core_device_id(home, core, camera.mac)}


async def test_our_entities_move_to_core_s_devices_when_core_comes_and_back_when_it_goes(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    assert {device.name for device in our_devices(home)} == {
        home.console.name,
        *(camera.name for camera in home.console.cameras),
    }
    entities = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(home.hass), home.entry.entry_id
        )
    }

    await core.set_up()
    expected = {mac: {core_device_id(home, core, mac)} for mac in all_macs(home)}
    assert devices_of_our_entities(home) == expected
    assert our_devices(home) == []

    await core.remove()
    ours = {
        mac: {device.id}
        for device in our_devices(home)
        for domain, mac in device.identifiers
        if domain == DOMAIN
    }
    assert sorted(ours) == sorted(all_macs(home))
    assert devices_of_our_entities(home) == ours
    assert entities == {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(home.hass), home.entry.entry_id
        )
    }
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()
    assert {sighting["device_id"]} == ours[camera.mac]


async def test_without_the_core_entry_that_holds_the_log_in_we_say_so(
    home: Home, core: Core, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    await core.set_up()
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})
    await home.unload()
    await core.remove()

    await home.hass.config_entries.async_setup(home.entry.entry_id)

    assert home.entry.state is ConfigEntryState.SETUP_ERROR
    assert home.entry.error_reason_translation_key == "core_entry_missing"


async def test_an_unload_leaves_core_its_own_websockets(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await core.set_up()
    await home.console.wait_for(lambda: home.console.open_websockets == 3)
    await home.set_up(agent)
    await until(lambda: home.console.open_websockets > 4)

    await home.unload()

    await home.console.wait_for(lambda: home.console.open_websockets == 3)


async def test_a_log_in_that_changes_in_core_changes_with_us(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await core.set_up()
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})
    manager = home.hass.config_entries
    core_entry = manager.async_get_known_entry(core.entry_id)
    before = home.entry.runtime_data

    manager.async_update_entry(core_entry, title="only another name")
    await home.hass.async_block_till_done(wait_background_tasks=False)
    assert home.entry.runtime_data is before

    home.console.password = "another one"
    manager.async_update_entry(
        core_entry, data={**core_entry.data, CONF_PASSWORD: home.console.password}
    )
    await until(lambda: before.sessions.private.closed)
    await until(lambda: home.entry.state is ConfigEntryState.LOADED)
    # Core has begun anew too; the console could not tell who leaves while both come.
    await home.console.wait_for(lambda: home.console.open_private_websockets == 2)


async def test_a_core_entry_that_is_removed_under_us_is_missed_at_once(
    home: Home, core: Core, agent: FakeTaskEntity
) -> None:
    await core.set_up()
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})

    await core.remove()

    await until(lambda: home.entry.state is ConfigEntryState.SETUP_ERROR)
    assert home.entry.error_reason_translation_key == "core_entry_missing"
