"""What can be handed to strangers: diagnostics and system health tell how it goes, never who."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_CORE_ENTRY_ID,
    CONF_FRAME_COUNT,
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    CONF_RECONCILE_INTERVAL,
    DOMAIN,
)
from custom_components.protect_narrator.system_health import _each, summary
from simulator.console import Camera, Console, Reply
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.shell.flows import core_entry, log_in

from .conftest import Home
from .test_profiles import add_profile

# Everything that is somebody's, wherever it may come from.
MARKERS = {
    "camera": "MarkedCamera",
    "console": "MarkedConsole",
    "plate": "MARKED123",
    "face": "Markus Marked",
    "title": "MarkedTitle",
    "description": "MarkedDescription",
    "reason": "MarkedReason",
    "notes": "MarkedNotes",
    "guide": "MarkedGuide",
    "instruction": "MarkedInstruction {{ no_such_thing }}",
    "other": "MarkedOther",
}


@pytest.fixture
async def console(loopback: None, film: Any) -> Any:
    """A console whose names are somebody's."""
    cameras = [
        Camera.make(number, f"{MARKERS['camera']} {number}", is_doorbell=number == 0)
        for number in range(3)
    ]
    async with Console(
        cameras, film, name=MARKERS["console"], public_requests_per_second=1000
    ) as running:
        yield running


async def diagnosed(home: Home, connect: ClientSessionGenerator) -> tuple[str, dict[str, Any]]:
    """Return the whole file that is downloaded, and our part of it."""
    assert await async_setup_component(home.hass, "diagnostics", {})
    await home.hass.async_block_till_done(wait_background_tasks=False)
    client = await connect()
    response = await client.get(f"/api/diagnostics/config_entry/{home.entry.entry_id}")
    assert response.status == 200
    text = await response.text()
    return text, json.loads(text)["data"]


def secrets(home: Home) -> set[str]:
    """Return what must not be told of this home."""
    console = home.console
    macs = [console.mac, *(camera.mac for camera in console.cameras)]
    return {
        *(text.partition(" {{")[0] for text in MARKERS.values()),
        console.host,
        console.username,
        console.password,
        console.api_key,
        *(mac for known in macs for mac in (known, known.lower())),
        *(camera.id for camera in console.cameras),
        *(event.id for event in console.events),
        str(home.media),
        home.hass.config.location_name,
    }


async def see_somebody(home: Home, camera: Camera) -> dict[str, Any]:
    """Let somebody be seen whose plate and face Protect knows."""
    event_id = await home.console.start_detection(
        camera.id, ("person", "vehicle"), start=datetime.now(UTC) - timedelta(seconds=1)
    )
    await home.console.update_detection(
        event_id, license_plate=MARKERS["plate"], face=MARKERS["face"]
    )
    await home.console.end_detection(event_id)
    return await home.next_sighting()


@pytest.mark.parametrize("of_core", [False, True])
async def test_nothing_private_is_in_the_diagnostics(
    home: Home, agent: FakeTaskEntity, hass_client: ClientSessionGenerator, *, of_core: bool
) -> None:
    agent.answer = lambda: {
        **GOOD_ANSWER,
        "title": MARKERS["title"],
        "description": MARKERS["description"],
        "importance_reason": MARKERS["reason"],
    }
    core = core_entry(home.hass, home.console)
    home.hass.config_entries.async_update_entry(core, title=MARKERS["other"])
    cameras = home.console.cameras
    options = {
        CONF_HOUSE_NOTES: MARKERS["notes"],
        CONF_IMPORTANCE_GUIDE: MARKERS["guide"],
        CONF_CAMERAS: [camera.mac for camera in cameras],
        "a_key_of_tomorrow": MARKERS["other"],
    }
    data = {CONF_CORE_ENTRY_ID: core.entry_id} if of_core else log_in(home.console)
    home.add_entry(agent, options, data={**data, "a_secret_of_tomorrow": MARKERS["other"]})
    add_profile(home, cameras[1], {CONF_INSTRUCTION: MARKERS["instruction"], CONF_FRAME_COUNT: 2})
    await home.start()
    home.console.faults.thumbnail = home.console.faults.recorded_snapshot = Reply.error(403)
    home.console.faults.live_snapshot = home.console.faults.public_snapshot = Reply.error(403)
    told = await see_somebody(home, cameras[2])
    assert (told["title"], told["license_plates"]) == (MARKERS["title"], [MARKERS["plate"]])
    assert told["faces"] == [MARKERS["face"]]
    # One with an issue, of which the file has the id.
    home.console.faults.export = Reply.error(403)
    await see_somebody(home, cameras[1])
    home.console.faults.export = Reply.hang()
    await home.see(cameras[0])
    await home.console.wait_for(lambda: home.console.exports_running == 1)

    text, ours = await diagnosed(home, hass_client)

    assert not [secret for secret in secrets(home) if secret in text]
    assert len(json.dumps(ours)) < 16_000
    assert (ours["console"]["log_in_from_core"], ours["console"]["has_api_key"]) == (of_core, True)


async def test_an_entry_that_could_not_be_set_up_has_diagnostics_too(
    home: Home, agent: FakeTaskEntity, hass_client: ClientSessionGenerator
) -> None:
    options = {CONF_HOUSE_NOTES: MARKERS["notes"], "a_key_of_tomorrow": MARKERS["other"]}
    home.add_entry(agent, options)
    add_profile(home, home.console.cameras[1], {CONF_INSTRUCTION: MARKERS["instruction"]})
    await home.console.go_down()
    assert not await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.SETUP_RETRY

    text, ours = await diagnosed(home, hass_client)

    assert not [secret for secret in secrets(home) if secret in text]
    assert ours["versions"]["protect"] is None
    assert ours["console"] == {"log_in_from_core": False}
    assert ours["options"]["house_notes_length"] == len(MARKERS["notes"])
    assert ours["profiles"] == [{"instruction_length": len(MARKERS["instruction"])}]
    assert ours["agents"]["suitable"] == [agent.entity_id]


async def test_the_diagnostics_say_how_it_goes(
    home: Home, agent: FakeTaskEntity, hass_client: ClientSessionGenerator
) -> None:
    await home.set_up(
        agent, {CONF_HOUSE_NOTES: "12 letters..", CONF_CAMERAS: [], CONF_RECONCILE_INTERVAL: 60}
    )
    await home.is_heard()
    home.console.faults.export = [Reply.error(403)]
    for camera in home.console.cameras[1:3]:
        await home.see(camera)
        await home.next_sighting()

    _, ours = await diagnosed(home, hass_client)

    assert ours["versions"]["protect"] == "7.2.110"
    assert all(ours["versions"].values())
    assert ours["console"]["websockets"] == {"private": "open", "public": "open"}
    assert ours["console"]["cameras_connected"] == 3
    assert ours["options"]["house_notes_length"] == 12
    assert ours["options"]["cameras_chosen"] == 0
    assert ours["options"][CONF_AGENT_ID] == agent.entity_id
    assert ours["agents"]["suitable"] == [agent.entity_id]
    assert ours["now"]["connected"] is True
    assert ours["now"]["unfinished"] == 0
    assert ours["today"]["sightings"] == 2
    assert ours["pictures"]["kept"] == 2
    assert ours["pictures"]["bytes"] > 1000
    assert ours["today"]["ai_calls_by_camera"] == {"2": 1, "3": 1}
    assert ours["worries"] == ["no_media_access"]
    first, second = ours["last_sightings"]
    assert (first["camera"], first["medium"]) == (2, "snapshot")
    assert first["fallbacks"] == ["clip_download_failed:no_access"]
    assert (second["camera"], second["medium"], second["fallbacks"]) == (3, "frames", [])
    assert second["clip_attempts"] == 1
    assert second["total_s"] > 0
    assert second["labels"] == ["person"]


async def test_system_health_says_how_it_goes(home: Home, agent: FakeTaskEntity) -> None:
    assert await async_setup_component(home.hass, "system_health", {})
    await home.set_up(agent)
    await home.is_heard()
    await home.see(home.console.cameras[1])
    await home.next_sighting()

    info = await get_system_health_info(home.hass, DOMAIN)

    assert await info.pop("can_reach_console") == "ok"
    assert info.pop("last_sightings").startswith("1 Sightings; median ")
    assert info.pop("pictures_kept") == "1 (0.0 MB)"
    assert info == {
        "consoles": 1,
        "hears": "private open, public open",
        "unfinished": 0,
        "sightings_today": 1,
        "fallbacks_today": 0,
    }
    await home.console.go_down()
    info = await get_system_health_info(home.hass, DOMAIN)
    assert await info["can_reach_console"] == {"type": "failed", "error": "unreachable"}


async def test_system_health_of_no_console_says_so(home: Home, agent: FakeTaskEntity) -> None:
    assert await async_setup_component(home.hass, "system_health", {})
    await home.set_up(agent)
    await home.unload()

    info = await get_system_health_info(home.hass, DOMAIN)

    assert info["consoles"] == 0
    assert await info["can_reach_console"] == "ok"


def told(total_s: float, *fallbacks: str, **changed: object) -> dict[str, Any]:
    """Return what matters of a Sighting's event."""
    stages = dict.fromkeys(("settle_s", "prepare_s", "describe_s"), 0.0)
    return {
        "total_s": total_s,
        **stages,
        "download_s": total_s / 2,
        "fallbacks": list(fallbacks),
        "late": False,
        "revision": 1,
        **changed,
    }


def test_the_last_sightings_are_a_line() -> None:
    sightings = [
        told(42.0, "clip_download_failed:timeout", "agent_failed:agent_error"),
        told(11.2),
        told(9.0, "clip_download_failed:no_access"),
        told(900.0, late=True),
        told(9000.0, revision=2),
    ]
    assert summary(sightings) == (
        "5 Sightings; median 11.2 s, longest 42.0 s; download 21.0 s; "
        "fallbacks: 2 x clip_download_failed, 1 x agent_failed"
    )
    assert summary([told(900.0, late=True)]) == "1 Sightings; fallbacks: none"
    assert summary([]) == "none since the start"


def test_several_consoles_are_numbered() -> None:
    assert _each(["all is well"]) == "all is well"
    assert _each(["all is well", "not here"]) == "1: all is well / 2: not here"
