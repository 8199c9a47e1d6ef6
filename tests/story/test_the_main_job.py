"""A detection becomes a described Sighting."""

import pytest

from custom_components.protect_narrator.const import CONF_FRAME_COUNT, CONF_SHOW
from simulator.console import Reply
from simulator.model import Model
from simulator.video import read_still
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.ollama import AI_TASK, CONVERSATION

from .conftest import Home


async def test_the_clip_is_downloaded_before_the_agent_is_asked_and_its_frames_reach_it(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    exports_when_asked: list[list[int | None]] = []
    answer = agent.answer

    def look() -> object:
        exports_when_asked.append(
            [request.status for request in home.console.requests_to("video/export")]
        )
        return answer()

    agent.answer = look
    camera = home.console.cameras[1]
    event_id = await home.see(camera, "red")
    sighting = await home.next_sighting()

    assert exports_when_asked == [[200]]
    assert sighting["title"] == "A courier rings"
    assert sighting["importance"] == "high"
    assert sighting["agent_id"] == agent.entity_id
    assert sighting["medium"] == "frames"
    assert sighting["fallback_reason"] is None
    assert sighting["fallbacks"] == []
    assert sighting["clip_attempts"] == 1
    assert sighting["protect_event_id"] == event_id
    assert sighting["camera_name"] == camera.name
    assert sighting["labels"] == ["person"]
    (asked,) = agent.asked
    readings = [read_still(picture) for _, picture in asked.attachments]
    assert len(readings) == sighting["frame_count"] == 5
    assert all(reading.camera_name == camera.name for reading in readings)
    assert all("red" in reading.colours for reading in readings[1:-1])
    await home.is_clean()


@pytest.mark.parametrize(
    ("platform", "options"),
    [
        ("google_generative_ai_conversation", {}),
        ("fake_agents", {CONF_SHOW: "clip"}),
    ],
)
async def test_an_agent_that_takes_video_gets_the_clip_itself(
    home: Home, platform: str, options: dict[str, str]
) -> None:
    agent = FakeTaskEntity()
    await add_agents(home.hass, agent, platform=platform)
    await home.set_up(agent, options)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert (sighting["medium"], sighting["frame_count"]) == ("clip", 0)
    assert sighting["fallback_reason"] is None
    (asked,) = agent.asked
    ((mime_type, clip),) = asked.attachments
    assert mime_type == "video/mp4"
    assert clip == await home.last_export()
    await home.is_clean()


async def test_an_agent_that_takes_video_can_be_shown_frames(home: Home) -> None:
    agent = FakeTaskEntity()
    await add_agents(home.hass, agent, platform="google_generative_ai_conversation")
    await home.set_up(agent, {CONF_SHOW: "frames", CONF_FRAME_COUNT: 2})

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert (sighting["medium"], sighting["frame_count"]) == ("frames", 2)
    (asked,) = agent.asked
    assert [mime_type for mime_type, _ in asked.attachments] == ["image/jpeg"] * 2


@pytest.mark.parametrize("agent_id", [AI_TASK, CONVERSATION])
async def test_who_is_in_the_clip_decides_what_a_real_agent_says(
    home: Home, model: Model, agent_id: str
) -> None:
    await home.set_up(agent_id)
    told = {}
    for number, colour in enumerate(("red", "blue")):
        camera = home.console.cameras[number]
        await home.see(camera, colour)
        sighting = await home.next_sighting()
        told[colour] = sighting["title"]
        assert sighting["fallback_reason"] is None
        assert (sighting["medium"], sighting["frame_count"]) == ("frames", 5)
        assert sighting["agent_id"] == agent_id
        assert model.calls[-1].images[2].colours == (colour,)

    assert told == {
        "red": "A person in red walks past Camera 0",
        "blue": "A person in blue walks past Camera 1",
    }
    assert model.call_count == 2
    await home.is_clean()


async def test_a_clip_that_is_not_ready_at_first_is_no_loss(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = [Reply.not_ready(), Reply.short()]
    await home.set_up(agent)

    await home.see(home.console.cameras[1], seconds=4)
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] is None
    assert sighting["medium"] == "frames"
    assert sighting["clip_attempts"] == 3


async def test_somebody_who_rings_is_described(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)

    await home.console.ring(home.console.cameras[0].id)
    sighting = await home.next_sighting()

    assert sighting["labels"] == ["ring"]
    assert sighting["fallback_reason"] is None
    assert "doorbell ring" in agent.asked[0].text


async def test_a_package_that_is_told_when_it_is_over_is_described(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    # Such an event is told as an update, which nobody hears before both ways are open.
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)

    await home.console.package(home.console.cameras[2].id)
    sighting = await home.next_sighting()

    assert sighting["labels"] == ["package"]
    assert sighting["end_estimated"] is False
