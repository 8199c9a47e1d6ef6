"""What is lost on the way is replaced by the next best, and named."""

from homeassistant.const import Platform
import pytest

from custom_components.protect_narrator.const import CONF_CLIP_DEADLINE, CONF_CLIP_MAX_MB
from simulator.console import Reply
from simulator.video import read_still
from tests.fake_agents import FakeTaskEntity, add_agents

from .conftest import Home
from .database import sightings_in_database


@pytest.fixture
def camera_count() -> int:
    """One for each Detection of a burst."""
    return 10


async def test_when_every_download_fails_the_thumbnail_reaches_the_agent(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = Reply.error(500)
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera, "green", seconds=4)
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] == "clip_download_failed"
    assert sighting["fallback_detail"] == "http_error"
    assert sighting["fallbacks"] == ["clip_download_failed:http_error"]
    assert sighting["clip_attempts"] == len(home.console.requests_to("video/export")) >= 3
    assert (sighting["medium"], sighting["frame_count"]) == ("snapshot", 1)
    assert sighting["title"] == "A courier rings"

    thumbnail = home.console.requests_to(f"events/{sighting['protect_event_id']}/thumbnail")
    assert [request.status for request in thumbnail] == [200]
    assert home.console.requests_to("snapshot") == []
    (asked,) = agent.asked
    ((mime_type, picture),) = asked.attachments
    assert mime_type == "image/jpeg"
    assert read_still(picture).colours == ("green",)

    sensor = home.state(Platform.SENSOR, "fallback_reason", camera)
    assert sensor.state == "clip_download_failed"
    assert sensor.attributes["fallback_detail"] == "http_error"
    assert sensor.attributes["clip_attempts"] == sighting["clip_attempts"]
    for platform, key in ((Platform.EVENT, "sighting"), (Platform.SENSOR, "last_sighting")):
        attributes = home.state(platform, key, camera).attributes
        assert attributes["fallback_reason"] == "clip_download_failed"

    (row,) = await sightings_in_database(home.hass, fallback_reason="clip_download_failed")
    assert row == sighting
    await home.is_clean()


FAULTS = {
    "http_error": Reply.error(500),
    "not_ready": Reply.not_ready(),
    "truncated": Reply.truncated(),
    "empty": Reply.empty(),
    "undecodable": Reply.garbage(),
    "timeout": Reply.hang_in_body(),
    "connection_lost": Reply.reset(),
    "no_access": Reply.error(403),
    "too_large": Reply.endless(),
}


async def test_every_way_to_lose_a_clip_has_its_name_and_ends_with_the_thumbnail(
    home: Home, agent: FakeTaskEntity
) -> None:
    cameras = dict(zip(FAULTS, home.console.cameras, strict=False))
    home.console.faults.export = {cameras[name].id: reply for name, reply in FAULTS.items()}
    await home.set_up(agent, {CONF_CLIP_DEADLINE: 3, CONF_CLIP_MAX_MB: 5})

    for camera in cameras.values():
        await home.see(camera)
    sightings = await home.next_sightings(len(FAULTS))

    detail_of = {camera.id: name for name, camera in cameras.items()}
    told = {detail_of[sighting["camera_id"]]: sighting for sighting in sightings}
    assert {name: told[name]["fallback_detail"] for name in FAULTS} == {
        name: name for name in FAULTS
    }
    assert {name for name in FAULTS if told[name]["fallback_reason"] == "clip_unreadable"} == {
        "undecodable"
    }
    assert {told[name]["medium"] for name in FAULTS} == {"snapshot"}
    assert {told[name]["title"] for name in FAULTS} == {"A courier rings"}
    # What cannot pass is not tried again; everything else three times at least.
    tries = {name: told[name]["clip_attempts"] for name in FAULTS}
    assert {name for name in FAULTS if tries[name] == 1} == {"no_access", "too_large"}
    assert all(tries[name] >= 3 for name in FAULTS.keys() - {"no_access", "too_large"})
    await home.is_clean()


async def test_a_user_who_may_not_read_recordings_gets_a_live_picture(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.no_media = True
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["clip_download_failed:no_access"]
    assert sighting["clip_attempts"] == 1
    assert sighting["medium"] == "snapshot"
    assert home.console.requests_to("cameras/65f0c0de0000000000000001/snapshot")


async def test_without_any_picture_there_is_still_a_sighting(
    home: Home, agent: FakeTaskEntity
) -> None:
    faults = home.console.faults
    faults.export = Reply.error(403)
    faults.thumbnail = faults.recorded_snapshot = faults.live_snapshot = Reply.error(500)
    faults.public_snapshot = Reply.error(500)
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] == "clip_download_failed"
    assert sighting["fallbacks"] == [
        "clip_download_failed:no_access",
        "snapshot_unavailable:http_error",
    ]
    assert (sighting["medium"], sighting["frame_count"]) == ("none", 0)
    assert sighting["title"] == "Person at Camera 1"
    assert sighting["agent_id"] is None
    assert agent.asked == []


async def test_without_any_agent_there_is_still_a_sighting_with_a_picture(home: Home) -> None:
    await add_agents(home.hass)
    await home.set_up(None)
    camera = home.console.cameras[1]

    await home.see(camera)
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["agent_unavailable:agent_missing"]
    assert sighting["medium"] == "none"
    assert sighting["title"] == "Person at Camera 1"
    assert sighting["clip_attempts"] == 0
    assert home.console.requests_to("video/export") == []
    assert home.state(Platform.IMAGE, "last_picture", camera).state != "unknown"


async def test_without_any_picture_and_any_agent_there_is_still_a_sighting(home: Home) -> None:
    faults = home.console.faults
    faults.thumbnail = faults.recorded_snapshot = Reply.garbage()
    faults.live_snapshot = faults.public_snapshot = Reply.empty()
    await home.set_up("ai_task.gone")

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == [
        "agent_unavailable:agent_missing",
        "snapshot_unavailable:empty",
    ]
    assert sighting["medium"] == "none"
    assert sighting["description"].startswith("UniFi Protect reported person at Camera 1")


@pytest.mark.parametrize(
    ("faults", "pictures"),
    [
        ({"thumbnail": Reply.error(404)}, ["thumbnail", "recording-snapshot"]),
        (
            {"thumbnail": Reply.garbage(), "recorded_snapshot": Reply.error(500)},
            ["thumbnail", "recording-snapshot", "snapshot"],
        ),
    ],
)
async def test_pictures_are_tried_in_the_order_of_what_they_show(
    home: Home, agent: FakeTaskEntity, faults: dict[str, Reply], pictures: list[str]
) -> None:
    home.console.faults.export = Reply.error(403)
    for name, reply in faults.items():
        setattr(home.console.faults, name, reply)
    await home.set_up(agent)
    camera = home.console.cameras[1]

    await home.see(camera)
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["clip_download_failed:no_access"]
    assert sighting["medium"] == "snapshot"
    asked = [
        request.path.rpartition("/")[2]
        for request in home.console.requests
        if request.path.endswith(("/thumbnail", "snapshot"))
    ]
    assert asked == pictures
