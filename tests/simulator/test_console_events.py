"""What a camera notices is told on both websockets and can be asked for over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uiprotect import ProtectApiClient
from uiprotect.data import EventType, SmartDetectObjectType
from uiprotect.events import EventChange

from simulator.console import Camera, Console

from .helpers import DEVICES_SOCKET, EVENTS_SOCKET, PRIVATE, PRIVATE_SOCKET, Heard, Wire


async def test_a_detection_is_told_on_both_websockets(
    console: Console, api: ProtectApiClient
) -> None:
    private, public = Heard(), Heard()
    api.subscribe_websocket(private.private)
    unsubscribe = await api.subscribe_events_and_prime(public.public)
    await console.wait_for(lambda: console.open_websockets == 2)

    event_id = await console.start_detection(console.cameras[1].id, labels=("person",), score=77)
    await console.end_detection(event_id)

    begun, ended = await private.next(), await private.next()
    assert begun.new_obj.id == event_id
    assert begun.new_obj.type is EventType.SMART_DETECT
    assert begun.new_obj.camera_id == console.cameras[1].id
    assert begun.new_obj.smart_detect_types == [SmartDetectObjectType.PERSON]
    assert begun.new_obj.score == 77
    assert set(ended.changed_data) >= {"end"}
    assert ended.new_obj.end is not None

    (started, first), (over, second) = await public.next(), await public.next()
    assert (first, second) == (EventChange.STARTED, EventChange.ENDED)
    assert started.id == over.id == event_id
    assert started.device_id == console.cameras[1].id
    assert over.end is not None
    unsubscribe()


async def test_plate_and_face_come_with_a_later_update(
    console: Console, api: ProtectApiClient
) -> None:
    heard = Heard()
    api.subscribe_websocket(heard.private)
    await console.wait_for(lambda: console.open_private_websockets == 1)

    event_id = await console.start_detection(console.cameras[0].id, labels=("vehicle",))
    await console.update_detection(
        event_id, labels=("vehicle", "licensePlate", "face"), license_plate="AB123", face="Ada"
    )

    await heard.next()
    known = (await heard.next()).new_obj
    thumbnails = {each.type: each for each in known.metadata.detected_thumbnails}
    assert thumbnails["vehicle"].group.matched_name == "AB123"
    assert thumbnails["vehicle"].attributes.color.val == "blue"
    assert thumbnails["face"].group.matched_name == "Ada"
    assert thumbnails["face"].confidence == 80
    assert thumbnails["face"].clock_best_wall is not None


async def test_an_update_that_changes_nothing_is_not_told(console: Console, wire: Wire) -> None:
    async with wire.frames(PRIVATE_SOCKET) as following:
        event_id = await console.start_detection(console.cameras[0].id, score=80)
        await console.update_detection(event_id, score=80)
        await console.update_detection(event_id, score=81)

        assert (await following())[0] == "add"
        assert await following() == (
            "update",
            {"id": event_id, "modelKey": "event", "score": 81}
            | {"metadata": (await wire.get(f"{PRIVATE}/events/{event_id}"))[1]["metadata"]},
        )


async def test_a_package_is_over_when_it_is_first_told(
    console: Console, api: ProtectApiClient
) -> None:
    private, public = Heard(), Heard()
    api.subscribe_websocket(private.private)
    unsubscribe = await api.subscribe_events_and_prime(public.public)
    await console.wait_for(lambda: console.open_websockets == 2)

    event_id = await console.package(console.cameras[0].id)

    (started, first), (ended, second) = await public.next(), await public.next()
    assert (first, second) == (EventChange.STARTED, EventChange.ENDED)
    assert started.id == ended.id == event_id
    assert private.nothing_more()
    told = await api.get_event(event_id)
    assert told.smart_detect_types == [SmartDetectObjectType.PACKAGE]
    assert told.end is not None
    unsubscribe()


async def test_a_doorbell_rings_on_both_websockets(console: Console, wire: Wire) -> None:
    doorbell = console.cameras[0].id
    async with (
        wire.frames(PRIVATE_SOCKET) as private,
        wire.frames(EVENTS_SOCKET) as public,
    ):
        event_id = await console.ring(doorbell)

        camera, added, ended = [await private() for _ in range(3)]
        assert camera[1]["lastRing"] == added[1]["start"]
        assert (added[0], added[1]["type"], added[1]["camera"]) == ("add", "ring", doorbell)
        assert ended[1]["end"] == added[1]["start"] + 1000
        action, item = await public()
        assert (action, item["id"], item["type"]) == ("add", event_id, "ring")


async def test_the_same_id_is_announced_again_as_zone_line_and_loiter(
    console: Console, wire: Wire
) -> None:
    kinds = ["smartDetectZone", "smartDetectLine", "smartDetectLoiterZone"]
    async with wire.frames(PRIVATE_SOCKET) as following:
        for kind in kinds:
            await console.start_detection(console.cameras[0].id, event_type=kind, event_id="abc")
        told = [await following() for _ in kinds]
    assert [(action, item["id"], item["type"]) for action, item in told] == [
        ("add", "abc", kind) for kind in kinds
    ]


async def test_any_frame_can_be_sent(console: Console, wire: Wire) -> None:
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        await console.send_private("add", "hologram", "h1", {"depth": 3})
        await console.send_public("add", {"id": "h1", "modelKey": "event", "type": "hologram"})

        assert await private() == ("add", {"id": "h1", "modelKey": "hologram", "depth": 3})
        assert (await public())[1]["type"] == "hologram"


async def test_cameras_come_and_go(console: Console, api: ProtectApiClient, wire: Wire) -> None:
    heard = Heard()
    api.subscribe_websocket(heard.private)
    await console.wait_for(lambda: console.open_private_websockets == 1)
    new = Camera.make(99, "Attic")
    async with wire.frames(DEVICES_SOCKET) as devices:
        await console.add_camera(new)
        assert (await heard.next()).new_obj.name == "Attic"
        assert (await devices())[1]["name"] == "Attic"

        await console.remove_camera(new.id)
        assert (await heard.next()).old_obj.id == new.id
        assert (await devices())[0] == "remove"
    assert new not in console.cameras


async def test_a_camera_that_is_not_there_detects_nothing(console: Console) -> None:
    with pytest.raises(ValueError, match="no camera"):
        await console.start_detection("nowhere")


async def test_events_are_listed_as_they_are_asked_for(
    console: Console, api: ProtectApiClient
) -> None:
    camera, now = console.cameras[0].id, datetime.now(UTC)
    minutes = [now - timedelta(minutes=count) for count in (30, 20, 10)]
    old, middle, young = [await console.detect(camera, start=start) for start in minutes]
    motion = await console.detect(camera, labels=(), event_type="motion", start=minutes[1])
    still_open = await console.start_detection(camera, start=minutes[0])
    kinds = [EventType.SMART_DETECT]

    async def listed(**query: Any) -> list[str]:
        return [event["id"] for event in await api.get_events_raw(**query)]

    hour = {"start": now - timedelta(hours=1), "end": now}
    assert await listed(**hour, types=kinds) == [old, still_open, middle, young]
    assert await listed(**hour, types=kinds, sorting="desc", limit=1) == [young]
    assert await listed(**hour, types=kinds, offset=3) == [young]
    assert await listed(**hour, types=[EventType.MOTION]) == [motion]
    # An event that goes on belongs to every time since its start.
    late = {"start": now - timedelta(minutes=15), "end": now}
    assert await listed(**late, types=kinds) == [still_open, young]


async def test_a_list_without_an_end_or_a_limit_is_refused(wire: Wire) -> None:
    assert (await wire.get(f"{PRIVATE}/events", start=1))[0] == 400
    assert (await wire.get(f"{PRIVATE}/events", start="yesterday", limit=1))[0] == 400


async def test_of_a_parameter_that_was_repeated_the_log_has_the_first_value(
    console: Console, api: ProtectApiClient
) -> None:
    now = datetime.now(UTC)
    kinds = [EventType.MOTION, EventType.SMART_DETECT]
    await api.get_events_raw(start=now - timedelta(hours=1), end=now, types=kinds)

    (request,) = console.requests_to("/api/events")
    assert request.query["types"] == EventType.MOTION.value
