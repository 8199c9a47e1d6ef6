"""What Protect tells as several events is one Sighting."""

from datetime import UTC, datetime, timedelta

from custom_components.protect_narrator.const import CONF_MERGE_GAP, CONF_RECONCILE_INTERVAL
from simulator.console import Camera
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home
from .database import sightings_in_database

GAP_S = 1
MERGED = {CONF_MERGE_GAP: GAP_S}


async def visit(home: Home, camera: Camera) -> list[str]:
    """Let somebody walk over a line and stay a while; return the ids of what Protect tells."""
    console, end = home.console, datetime.now(UTC)
    home.film.walk(camera.name, "red", end - timedelta(seconds=2), end)
    events = []
    for event_type, labels, ago_s in (
        ("smartDetectZone", ("person",), 2.0),
        ("smartDetectLine", ("vehicle",), 1.5),
        ("smartDetectLoiterZone", ("person", "animal"), 1.0),
    ):
        start = end - timedelta(seconds=ago_s)
        events.append(
            await console.start_detection(camera.id, labels, start, event_type=event_type)
        )
    for event_id in events:
        await console.end_detection(event_id)
    return events


async def test_three_events_that_overlap_are_one_sighting(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, MERGED)
    await home.is_heard()
    events = await visit(home, home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["protect_event_id"] == events[0]
    assert sighting["protect_event_ids"] == events
    assert sighting["labels"] == ["person", "vehicle", "animal"]
    lasted = datetime.fromisoformat(sighting["end"]) - datetime.fromisoformat(sighting["start"])
    assert lasted >= timedelta(seconds=2)
    assert sighting["late"] is False
    assert sighting["end_estimated"] is False
    assert sighting["fallback_reason"] is None
    assert len(agent.asked) == 1
    await home.nothing_more_is_told(home.console.cameras[2])
    assert len(await sightings_in_database(home.hass)) == 2


async def test_what_follows_within_the_gap_belongs_to_it_and_what_comes_after_does_not(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, MERGED)
    await home.is_heard()
    camera = home.console.cameras[1]
    now = datetime.now(UTC)
    first = await home.console.detect(camera.id, start=now - timedelta(seconds=1), duration=1)
    then = await home.console.start_detection(camera.id, start=now + timedelta(seconds=0.5))
    await home.console.end_detection(then, now + timedelta(seconds=0.7))
    assert (await home.next_sighting())["protect_event_ids"] == [first, then]

    after = await home.see(camera)
    assert (await home.next_sighting())["protect_event_ids"] == [after]


async def test_without_a_gap_every_event_is_a_sighting(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, {CONF_MERGE_GAP: 0})
    await home.is_heard()
    events = await visit(home, home.console.cameras[1])
    told = await home.next_sightings(3)

    assert sorted(sighting["protect_event_id"] for sighting in told) == sorted(events)


async def test_two_cameras_tell_of_two_visits(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, MERGED)
    await home.is_heard()
    _, first, second, _ = home.console.cameras
    seen = {camera.id: await visit(home, camera) for camera in (first, second)}
    told = await home.next_sightings(2)

    assert {each["camera_id"]: each["protect_event_ids"] for each in told} == seen


async def test_a_ring_is_told_with_the_person_and_does_not_wait_until_he_leaves(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_MERGE_GAP: 60})
    await home.is_heard()
    door = home.console.cameras[0]
    person = await home.console.start_detection(door.id, start=datetime.now(UTC))
    ring = await home.console.ring(door.id, datetime.now(UTC) - timedelta(seconds=1))
    sighting = await home.next_sighting()

    assert sighting["protect_event_ids"] == [person, ring]
    assert sighting["labels"] == ["ring", "person"]
    assert "doorbell ring" in agent.asked[0].text
    await home.console.end_detection(person)
    # Another ring is told as quickly; what came before it is told by then.
    another = await home.console.ring(home.console.cameras[1].id)
    assert (await home.next_sighting())["protect_event_ids"] == [another]


async def test_parts_that_are_told_again_after_a_reconnect_make_no_second_sighting(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {**MERGED, CONF_RECONCILE_INTERVAL: 1})
    await home.is_heard()
    events = await visit(home, home.console.cameras[1])
    assert (await home.next_sighting())["protect_event_ids"] == events

    before = len(home.console.requests_to("/api/events"))
    await home.console.drop_websockets()
    for event_id in events:
        await home.console.update_detection(event_id, score=95)
    await until(lambda: len(home.console.requests_to("/api/events")) > before + 1)

    await home.nothing_more_is_told(home.console.cameras[2])


async def test_what_happens_over_a_restart_is_told_once_and_what_was_told_takes_nothing_with_it(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, MERGED)
    await home.is_heard()
    camera = home.console.cameras[1]
    told = await visit(home, camera)
    assert (await home.next_sighting())["protect_event_ids"] == told
    open_one = await home.console.start_detection(home.console.cameras[2].id)
    await home.unload()

    # Beside what was told, and beside what was not.
    after = await home.console.detect(camera.id)
    await home.console.end_detection(open_one)
    other = await home.console.detect(home.console.cameras[2].id)
    await home.start()
    sightings = await home.next_sightings(2)

    assert sorted(sighting["protect_event_ids"] for sighting in sightings) == sorted(
        [[after], sorted([open_one, other], key=[other, open_one].index)]
    )
    assert all(sighting["late"] for sighting in sightings)
    await home.nothing_more_is_told(home.console.cameras[3])
