"""A console that fails at every clip is left alone for a while, and everybody can see it."""

from homeassistant.const import Platform
import pytest

from custom_components.protect_narrator.pipeline.breaker import LOST_IN_A_ROW
from simulator.console import Reply
from tests.fake_agents import FakeTaskEntity

from .conftest import Home


@pytest.fixture
def camera_count() -> int:
    return LOST_IN_A_ROW


async def test_clips_are_paused_and_come_back_and_no_sighting_is_lost(
    home: Home, agent: FakeTaskEntity
) -> None:
    console = home.console

    def downloads() -> str:
        return home.state(Platform.SENSOR, "clip_downloads", console).state

    await home.set_up(agent)
    assert downloads() == "normal"

    console.faults.export = Reply.error(503)
    for camera in console.cameras:
        await home.see(camera)
    lost = await home.next_sightings(LOST_IN_A_ROW)
    assert {each["fallback_reason"] for each in lost} == {"clip_download_failed"}
    assert downloads() == "paused"
    assert home.entry.runtime_data.coordinator.data.clip_downloads == "paused"

    asked = len(console.requests_to("video/export"))
    await home.see(console.cameras[1])
    sighting = await home.next_sighting()
    assert sighting["fallbacks"] == ["clip_download_failed:http_error"]
    assert sighting["clip_attempts"] == 0
    assert sighting["medium"] == "snapshot"
    assert sighting["agent_id"] == agent.entity_id
    assert len(console.requests_to("video/export")) == asked

    console.faults.unset()
    # The pause is over, for the camera that lost last as well.
    home.entry.runtime_data.runner._fetcher._breaker._console.until = float("-inf")
    await home.see(console.cameras[1])
    assert (await home.next_sighting())["fallback_reason"] is None
    assert downloads() == "normal"
