"""What people see and choose: entities, switches, pictures, counts."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from homeassistant.components.image import async_get_image
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.protect_narrator import async_remove_config_entry_device, stale
from custom_components.protect_narrator.const import CONF_CAMERAS, CONF_LABELS, DOMAIN
from simulator.console import Camera, Reply
from simulator.video import read_still
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.waiting import until

from .conftest import Home


async def switch(home: Home, camera: Camera, service: str) -> None:
    await home.hass.services.async_call(
        Platform.SWITCH,
        service,
        {ATTR_ENTITY_ID: home.entity_id(Platform.SWITCH, "describe", camera.mac)},
        blocking=True,
    )


def counts(home: Home) -> dict[str, str]:
    """Return what the console's sensors show."""
    keys = ("queue_depth", "sightings_today", "fallbacks_today", "ai_calls_today")
    return {key: home.state(Platform.SENSOR, key, home.console).state for key in keys}


async def test_the_event_entity_fires_with_the_most_telling_label(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.console.detect(camera.id, ("vehicle", "person"))
    sighting = await home.next_sighting()

    attributes = home.state(Platform.EVENT, "sighting", camera).attributes
    assert attributes["event_type"] == "person"
    assert attributes["labels"] == sighting["labels"] == ["person", "vehicle"]
    assert attributes["title"] == "A courier rings"
    other = home.state(Platform.EVENT, "sighting", home.console.cameras[2])
    assert other.state == "unknown"


async def test_the_sensor_shows_the_title_and_the_rest_as_attributes(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()

    state = home.state(Platform.SENSOR, "last_sighting", camera)
    assert state.state == "A courier rings"
    shared = state.attributes.keys() & sighting.keys()
    assert {"description", "importance", "labels", "start", "end", "medium"} < shared
    assert {key: state.attributes[key] for key in shared} == {key: sighting[key] for key in shared}


async def test_the_image_entity_serves_the_best_picture(
    home: Home, agent: FakeTaskEntity, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(home.hass, "http", {})
    await home.set_up(agent)
    camera = home.console.cameras[1]
    image = home.entity_id(Platform.IMAGE, "last_picture", camera.mac)
    client = await hass_client()
    assert (await client.get(f"/api/image_proxy/{image}")).status != HTTPStatus.OK

    await home.see(camera, "blue")
    await home.next_sighting()

    response = await client.get(f"/api/image_proxy/{image}")
    assert response.status == HTTPStatus.OK
    assert response.content_type == "image/jpeg"
    picture = read_still(await response.read())
    assert picture.camera_name == camera.name
    assert picture.colours == ("blue",)
    # The frame in the middle of those that the agent saw.
    _, seen = agent.asked[0].attachments[2]
    assert (await async_get_image(home.hass, image)).content == seen


async def test_a_sighting_without_a_picture_leaves_no_old_one_behind(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await home.next_sighting()
    faults = home.console.faults
    faults.export = faults.thumbnail = faults.recorded_snapshot = Reply.error(403)
    faults.live_snapshot = faults.public_snapshot = Reply.error(403)

    await home.see(camera)
    assert (await home.next_sighting())["medium"] == "none"

    component = home.hass.data["image"]
    entity = component.get_entity(home.entity_id(Platform.IMAGE, "last_picture", camera.mac))
    assert entity is not None
    assert await entity.async_image() is None


async def test_what_happens_today_is_counted(home: Home, agent: FakeTaskEntity) -> None:
    good, bad = home.console.cameras[1:3]
    home.console.faults.export = {bad.id: Reply.error(403)}
    await home.set_up(agent)
    await home.see(good)
    await home.see(bad)
    await home.next_sightings(2)
    await until(lambda: counts(home)["queue_depth"] == "0")

    expected = {
        "queue_depth": "0",
        "sightings_today": "2",
        "fallbacks_today": "1",
        "ai_calls_today": "2",
    }
    assert counts(home) == expected
    await home.unload()
    await home.start()
    assert counts(home) == expected


async def test_the_queue_grows_and_shrinks_again(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: never
    await home.set_up(agent)
    depths: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            depths.append(state.state)

    queue = home.entity_id(Platform.SENSOR, "queue_depth", home.console.mac)
    async_track_state_change_event(home.hass, queue, note)
    for camera in home.console.cameras[:3]:
        await home.see(camera)
    await until(lambda: counts(home)["queue_depth"] == "3")
    never.set_result(GOOD_ANSWER)
    await home.next_sightings(3)
    await until(lambda: counts(home)["queue_depth"] == "0")

    assert depths == ["1", "2", "3", "2", "1", "0"]


async def test_a_camera_that_is_switched_off_is_left_alone_and_counted(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await switch(home, camera, "turn_off")

    await home.see(camera)
    await home.nothing_more_is_told(home.console.cameras[2])

    assert home.entry.runtime_data.coordinator.today.skipped == 1
    assert len(agent.asked) == 1
    assert {
        request.query.get("camera") for request in home.console.requests_to("video/export")
    } == {home.console.cameras[2].id}
    assert not [request for request in home.console.requests if camera.id in request.path]

    await switch(home, camera, "turn_on")
    await home.see(camera)
    assert (await home.next_sighting())["camera_id"] == camera.id


async def test_what_was_left_alone_is_not_told_when_the_camera_is_switched_on_again(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await switch(home, camera, "turn_off")
    await home.see(camera)
    await until(lambda: home.entry.runtime_data.coordinator.today.skipped == 1)

    await switch(home, camera, "turn_on")
    await home.unload()
    await home.start()

    await home.nothing_more_is_told(home.console.cameras[2])


async def test_a_switch_stays_off_over_a_restart(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await switch(home, camera, "turn_off")

    await home.unload()
    await home.start()

    assert home.state(Platform.SWITCH, "describe", camera).state == "off"
    await home.see(camera)
    await home.nothing_more_is_told(home.console.cameras[2])


@pytest.mark.parametrize(
    "options",
    [{CONF_LABELS: ["person"]}, {CONF_CAMERAS: [Camera.make(2).mac]}, {}],
)
async def test_only_what_was_chosen_is_described(
    home: Home, agent: FakeTaskEntity, options: dict[str, list[str]]
) -> None:
    await home.set_up(agent, options)

    label = "animal" if CONF_LABELS in options else "person"
    kind = "smartDetectZone" if options else "motion"
    await home.console.detect(
        home.console.cameras[1].id, (label,) if options else (), event_type=kind
    )
    await home.nothing_more_is_told(home.console.cameras[2])

    assert home.entry.runtime_data.coordinator.today.skipped == 1
    assert len(home.console.requests_to("video/export")) == 1


async def test_what_was_shown_is_shown_after_a_restart(home: Home, agent: FakeTaskEntity) -> None:
    home.console.faults.export = Reply.error(403)
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await home.next_sighting()
    shown = [(Platform.SENSOR, "last_sighting"), (Platform.SENSOR, "fallback_reason")]
    before = [home.state(*each, camera) for each in shown]

    await home.unload()
    await home.start()

    after = [home.state(*each, camera) for each in shown]
    assert [state.state for state in after] == ["A courier rings", "clip_download_failed"]
    assert [state.attributes for state in after] == [state.attributes for state in before]


async def test_what_was_shown_outlives_a_restart_while_the_console_is_away(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await home.next_sighting()
    await home.console.go_down()
    sensor = (Platform.SENSOR, "last_sighting", camera)
    await until(lambda: home.state(*sensor).state == "unavailable")

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.console.come_up()
    await home.start()

    assert home.state(*sensor).state == "A courier rings"


async def test_what_is_told_while_the_console_is_away_is_no_missed_moment(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: never
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await until(lambda: bool(agent.asked))
    await home.console.go_down()
    await until(lambda: home.state(Platform.SENSOR, "last_sighting", camera).state == "unavailable")

    never.set_result(GOOD_ANSWER)
    sighting = await home.next_sighting()

    told = home.state(Platform.EVENT, "sighting", camera)
    assert told.state not in {"unavailable", "unknown"}
    assert told.attributes["sighting_id"] == sighting["sighting_id"]


async def test_a_camera_that_goes_takes_its_device_along_and_comes_back_with_both(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stale, "SETTLED_AFTER", timedelta(0))
    await home.set_up(agent)
    camera = home.console.cameras[1]
    registry = dr.async_get(home.hass)
    (device,) = registry.async_get_devices(identifiers={(DOMAIN, camera.mac)})
    registry.async_update_device(device.id, name_by_user="Garden gate")
    await home.console.remove_camera(camera.id)
    await until(lambda: home.hass.states.get("event.camera_1_sighting") is None)
    assert not registry.async_get_devices(identifiers={(DOMAIN, camera.mac)})

    await home.console.add_camera(camera)
    await until(lambda: home.hass.states.get("event.camera_1_sighting"))
    await home.see(camera)
    await home.next_sighting()

    assert home.state(Platform.SENSOR, "last_sighting", camera).state == "A courier rings"
    (back,) = registry.async_get_devices(identifiers={(DOMAIN, camera.mac)})
    assert (back.id, back.name_by_user) == (device.id, "Garden gate")


async def test_a_camera_that_is_adopted_anew_keeps_its_entities(
    home: Home, agent: FakeTaskEntity
) -> None:
    before, other = home.console.cameras[1:3]
    await home.set_up(agent, {CONF_CAMERAS: [before.mac, other.mac]})
    sensor = (Platform.SENSOR, "last_sighting", before)
    entity_id = home.entity_id(Platform.SENSOR, "last_sighting", before.mac)
    await home.console.remove_camera(before.id)
    await until(lambda: home.state(*sensor).state == "unavailable")

    anew = replace(before, id=Camera.make(21).id)
    await home.console.add_camera(anew)
    await until(lambda: home.state(*sensor).state != "unavailable")
    assert home.state(*sensor).entity_id == entity_id
    await home.see(anew)
    sighting = await home.next_sighting()

    assert sighting["camera_id"] == anew.id
    assert home.state(*sensor).state == "A courier rings"
    await switch(home, before, "turn_off")
    await home.see(anew)
    await home.nothing_more_is_told(other)


async def test_a_camera_that_is_adopted_later_gets_its_entities(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = Camera.make(20, "Garden")

    await home.console.add_camera(camera)
    await until(lambda: home.hass.states.get("event.garden_sighting"))
    await home.see(camera)
    sighting = await home.next_sighting()

    assert sighting["camera_name"] == "Garden"
    assert home.state(Platform.SENSOR, "last_sighting", camera).state == "A courier rings"


async def test_the_device_of_a_camera_that_is_there_cannot_be_removed(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    gone, stays = home.console.cameras[1:3]
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(
            dr.async_get(home.hass), home.entry.entry_id
        )
    }
    assert not await async_remove_config_entry_device(home.hass, home.entry, devices[gone.name])

    await home.console.remove_camera(gone.id)
    await until(lambda: gone.mac not in home.entry.runtime_data.coordinator.data.cameras)

    assert await async_remove_config_entry_device(home.hass, home.entry, devices[gone.name])
    for name in (stays.name, home.console.name):
        assert not await async_remove_config_entry_device(home.hass, home.entry, devices[name])
