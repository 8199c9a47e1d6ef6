"""Detections that come together do not hold each other up."""

from collections import Counter
from itertools import pairwise

import pytest

from custom_components.protect_narrator.const import CONF_CLIP_DEADLINE
from simulator.console import Reply
from tests.fake_agents import FakeTaskEntity

from .conftest import Home

# Many times what a good clip takes on a busy machine.
DEADLINE_S = 2


@pytest.fixture
def camera_count() -> int:
    """One for each Detection of a burst."""
    return 10


async def test_of_ten_at_once_three_fail_in_their_own_ways_and_one_hangs(
    home: Home, agent: FakeTaskEntity
) -> None:
    cameras = home.console.cameras[:10]
    bad = {
        cameras[0].id: Reply.hang(),
        cameras[3].id: Reply.error(500),
        cameras[5].id: Reply.truncated(),
        cameras[8].id: Reply.garbage(),
    }
    home.console.faults.export = bad
    await home.set_up(agent, {CONF_CLIP_DEADLINE: DEADLINE_S})

    for number, camera in enumerate(cameras):
        await home.see(camera, ("red", "blue")[number % 2])
    sightings = await home.next_sightings(10)

    told = {sighting["camera_id"]: sighting for sighting in sightings}
    assert told.keys() == {camera.id for camera in cameras}
    assert {told[camera_id]["fallbacks"][0] for camera_id in bad} == {
        "clip_download_failed:timeout",
        "clip_download_failed:http_error",
        "clip_download_failed:truncated",
        "clip_unreadable:undecodable",
    }
    good = [sighting for sighting in sightings if sighting["camera_id"] not in bad]
    assert {sighting["fallback_reason"] for sighting in good} == {None}
    assert {sighting["medium"] for sighting in good} == {"frames"}
    assert {sighting["frame_count"] for sighting in good} == {5}
    # The hanging one came first and cost the good ones time, but nothing of what they are.
    assert {sighting["clip_attempts"] for sighting in good} == {1}
    exports = home.console.requests_to("video/export")
    assert all(
        # A console learns a moment later than we that the hanging one was given up, and on a busy
        # machine that is a while; beside it, others would run for all of its time.
        before.finished is not None and before.finished - after.started < DEADLINE_S / 2
        for before, after in pairwise(exports)
    )
    await home.is_clean()


async def test_an_agent_that_fails_for_one_answers_the_others(
    home: Home, agent: FakeTaskEntity
) -> None:
    answer = agent.answer

    def moody() -> object:
        if "Camera 2" in agent.asked[-1].text:
            raise RuntimeError("not this one")
        return answer()

    agent.answer = moody
    await home.set_up(agent)

    for camera in home.console.cameras[1:4]:
        await home.see(camera)
    sightings = await home.next_sightings(3)

    reasons = {sighting["camera_name"]: sighting["fallback_reason"] for sighting in sightings}
    assert reasons == {"Camera 1": None, "Camera 2": "agent_failed", "Camera 3": None}


async def test_three_detections_of_one_camera_are_three_sightings(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]

    events = {await home.see(camera) for _ in range(3)}
    sightings = await home.next_sightings(3)

    assert {sighting["protect_event_id"] for sighting in sightings} == events
    ids = Counter(sighting["sighting_id"] for sighting in sightings)
    assert set(ids.values()) == {1}
