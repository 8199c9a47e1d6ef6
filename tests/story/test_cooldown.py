"""A camera may be given a rest; nobody at the door is, and no other camera."""

from homeassistant.const import Platform

from custom_components.protect_narrator.const import CONF_COOLDOWN
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home


async def test_what_comes_too_soon_is_skipped_and_counted(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_COOLDOWN: 600})
    camera, other = home.console.cameras[1:3]
    first = await home.see(camera)
    assert (await home.next_sighting())["protect_event_id"] == first
    exports = len(home.console.requests_to("video/export"))

    await home.see(camera)
    await until(lambda: home.entry.runtime_data.coordinator.today.skipped == 1)
    assert len(home.console.requests_to("video/export")) == exports

    # Another camera is not blinded.
    seen = await home.see(other)
    assert (await home.next_sighting())["protect_event_id"] == seen
    assert home.state(Platform.SENSOR, "sightings_today", home.console).state == "2"
    assert home.entry.runtime_data.coordinator.today.skipped == 1
    assert len(agent.asked) == 2


async def test_what_was_skipped_is_not_told_after_a_restart(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_COOLDOWN: 600})
    camera = home.console.cameras[1]
    await home.see(camera)
    await home.next_sighting()
    await home.see(camera)
    await until(lambda: home.entry.runtime_data.coordinator.today.skipped == 1)

    await home.unload()
    await home.start({CONF_COOLDOWN: 0})

    await home.nothing_more_is_told(home.console.cameras[2])


async def test_what_is_unfinished_over_a_restart_gives_its_camera_a_rest(
    home: Home, agent: FakeTaskEntity, never: object
) -> None:
    agent.answer = lambda: never
    await home.set_up(agent, {CONF_COOLDOWN: 600})
    camera = home.console.cameras[1]
    await home.see(camera)
    await until(lambda: agent.asked)
    await home.unload()
    agent.answer = lambda: {"title": "t", "description": "d"}

    await home.start()
    await home.next_sighting()
    await home.see(camera)
    await until(lambda: home.entry.runtime_data.coordinator.today.skipped == 1)


async def test_somebody_who_rings_is_never_skipped(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, {CONF_COOLDOWN: 600})
    door = home.console.cameras[0]
    for _ in range(2):
        ring = await home.console.ring(door.id)
        assert (await home.next_sighting())["protect_event_id"] == ring
    assert home.entry.runtime_data.coordinator.today.skipped == 0


async def test_what_was_told_before_a_restart_gives_its_camera_a_rest(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_COOLDOWN: 600})
    camera = home.console.cameras[1]
    await home.see(camera)
    await home.next_sighting()

    await home.unload()
    await home.start()
    await home.see(camera)

    await until(lambda: home.entry.runtime_data.coordinator.today.skipped == 1)
    assert home.state(Platform.SENSOR, "skipped_today", home.console).state == "1"
