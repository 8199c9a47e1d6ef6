"""Core's own unifiprotect integration, unmodified, against the simulated console."""

import asyncio
from collections.abc import AsyncGenerator

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from simulator.console import Console


@pytest.fixture
async def core(hass: HomeAssistant, console: Console) -> AsyncGenerator[str]:
    """Core's integration, set up through its own config flow; the entry's id."""
    # What core's integration waits for at first looks for consoles in the whole network.
    hass.config.components.add("unifi_discovery")
    flow = hass.config_entries.flow
    menu = await flow.async_init("unifiprotect", context={"source": SOURCE_USER})
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "full"})
    result = await flow.async_configure(
        form["flow_id"],
        {
            "host": console.host,
            "port": console.port,
            "verify_ssl": False,
            "username": console.username,
            "password": console.password,
            "api_key": console.api_key,
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done(wait_background_tasks=False)
    entry = result["result"]
    yield entry.entry_id
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_it_is_loaded_with_a_device_for_each_camera(
    hass: HomeAssistant, console: Console, core: str
) -> None:
    entry = hass.config_entries.async_get_known_entry(core)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == console.mac
    registry = dr.async_get(hass)
    for mac in (console.mac, *(camera.mac for camera in console.cameras)):
        connection = (dr.CONNECTION_NETWORK_MAC, dr.format_mac(mac))
        assert registry.async_get_devices(connections={connection}, config_entry_id=core), mac


@pytest.mark.usefixtures("core")
async def test_it_parses_everything_without_a_complaint(
    console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    assert console.open_websockets > 0
    complaints = [
        record.getMessage()
        for record in caplog.records
        if record.levelname in {"WARNING", "ERROR", "CRITICAL"}
        and record.name.startswith(("uiprotect", "homeassistant.components.unifiprotect"))
    ]
    assert complaints == []


@pytest.mark.usefixtures("core")
async def test_its_doorbell_rings(hass: HomeAssistant, console: Console) -> None:
    await _events_are_listened_to(console)
    rung = _next_change(hass, "event.camera_0_doorbell")

    await console.ring(console.cameras[0].id)

    assert (await rung).attributes["event_type"] == "ring"


@pytest.mark.usefixtures("core")
async def test_it_sees_a_package_that_was_born_closed(
    hass: HomeAssistant, console: Console
) -> None:
    await _events_are_listened_to(console)
    seen = _next_change(hass, "event.camera_0_package")

    await console.package(console.cameras[0].id)

    assert (await seen).attributes["event_type"] == "detected"


async def test_an_unload_leaves_no_websocket(
    hass: HomeAssistant, console: Console, core: str
) -> None:
    await _events_are_listened_to(console)

    assert await hass.config_entries.async_unload(core)

    await console.wait_for(lambda: console.open_websockets == 0)


async def _events_are_listened_to(console: Console) -> None:
    """Core opens one private and two public websockets, for devices and for events."""
    await console.wait_for(lambda: console.open_websockets == 3)


def _next_change(hass: HomeAssistant, entity_id: str) -> asyncio.Future[State]:
    """Return the next state of the entity, as something to wait for."""
    assert hass.states.get(entity_id) is not None
    change: asyncio.Future[State] = hass.loop.create_future()

    @callback
    def remember(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and not change.done():
            change.set_result(state)

    async_track_state_change_event(hass, entity_id, remember)
    return asyncio.ensure_future(asyncio.wait_for(change, 10))
