"""What goes wrong with websockets, and with the way in which events are told on them."""

import asyncio
from typing import Any

import pytest
from uiprotect import ProtectApiClient

from simulator.console import Channel, Console, Ends, Reply, Socket

from .helpers import (
    DEVICES_SOCKET,
    EVENTS_SOCKET,
    PRIVATE,
    PRIVATE_SOCKET,
    PUBLIC,
    Following,
    Heard,
    Wire,
)

BOTH = [PRIVATE_SOCKET, EVENTS_SOCKET]


async def frames(following: Following, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the next frames."""
    return [await following() for _ in range(count)]


# -- how events are told


async def test_labels_come_with_the_end(console: Console, wire: Wire) -> None:
    console.faults.late_labels = True
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        event_id = await console.start_detection(console.cameras[0].id, labels=("person",))
        rest = (await wire.get(f"{PRIVATE}/events/{event_id}"))[1]
        assert rest["smartDetectTypes"] == []
        await console.end_detection(event_id)

        for following in (private, public):
            (_, added), (_, ended) = await frames(following, 2)
            assert added["smartDetectTypes"] == []
            assert ended["smartDetectTypes"] == ["person"]


@pytest.mark.parametrize(("ends", "known"), [(Ends.UNTOLD, True), (Ends.NEVER, False)])
async def test_an_end_can_be_kept_from_the_websockets_or_from_everybody(
    console: Console, wire: Wire, ends: Ends, known: bool
) -> None:
    console.faults.ends = ends
    camera = console.cameras[0].id
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        first = await console.detect(camera)
        second = await console.detect(camera)
        for following in (private, public):
            told = await frames(following, 2)
            assert [(action, item["id"]) for action, item in told] == [
                ("add", first),
                ("add", second),
            ]
    rest = (await wire.get(f"{PRIVATE}/events/{first}"))[1]
    assert (rest["end"] is not None) is known


@pytest.mark.parametrize("socket", BOTH)
async def test_an_event_can_be_added_twice(console: Console, wire: Wire, socket: str) -> None:
    console.faults.repeat_adds = True
    async with wire.frames(socket) as following:
        await console.detect(console.cameras[0].id)
        told = await frames(following, 3)
    assert [action for action, _ in told] == ["add", "add", "update"]


@pytest.mark.parametrize("socket", BOTH)
async def test_frames_can_come_in_the_wrong_order(
    console: Console, wire: Wire, socket: str
) -> None:
    console.faults.reorder = True
    async with wire.frames(socket) as following:
        await console.detect(console.cameras[0].id)
        told = await frames(following, 2)
    assert [action for action, _ in told] == ["update", "add"]


async def test_an_id_carries_its_camera_where_it_is_told_to(console: Console, wire: Wire) -> None:
    console.faults.suffixed_ids = frozenset({Channel.PUBLIC})
    camera = console.cameras[0].id
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        event_id = await console.detect(camera)
        assert (await private())[1]["id"] == event_id
        assert [item["id"] for _, item in await frames(public, 2)] == [f"{event_id}-{camera}"] * 2
    assert (await wire.get(f"{PRIVATE}/events/{event_id}-{camera}"))[1]["id"] == event_id
    assert (await wire.get(f"{PRIVATE}/events/{event_id}-other"))[0] == 404


# -- the sockets themselves


@pytest.mark.parametrize("silent", [Channel.PRIVATE, Channel.PUBLIC])
async def test_the_websocket_of_one_api_can_be_silent(
    console: Console, wire: Wire, silent: Channel
) -> None:
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        following = {Channel.PRIVATE: private, Channel.PUBLIC: public}
        _set(console, silent, Socket.SILENT)
        unheard = await console.start_detection(console.cameras[0].id)
        _set(console, silent, Socket.OPEN)
        heard = await console.start_detection(console.cameras[1].id)

        assert (await following.pop(silent)())[1]["id"] == heard
        (other,) = following.values()
        assert [item["id"] for _, item in await frames(other, 2)] == [unheard, heard]


@pytest.mark.parametrize("socket", BOTH)
async def test_every_frame_can_come_twice(console: Console, wire: Wire, socket: str) -> None:
    console.faults.repeat_frames = True
    async with wire.frames(socket) as following:
        await console.detect(console.cameras[0].id)
        told = await frames(following, 4)
    assert [action for action, _ in told] == ["add", "add", "update", "update"]
    assert told[0] == told[1]
    assert told[2] == told[3]


async def test_a_camera_that_is_renamed_is_told_on_both_ways_and_listed_so(
    console: Console, wire: Wire
) -> None:
    camera = console.cameras[0]
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(DEVICES_SOCKET) as public:
        await console.rename_camera(camera.id, "Gate")
        for following in (private, public):
            action, item = await following()
            assert (action, item["id"], item["name"]) == ("update", camera.id, "Gate")
    assert (await wire.get(f"{PRIVATE}/cameras/{camera.id}"))[1]["name"] == "Gate"


async def test_noise_on_the_websockets_keeps_the_client_from_nothing_that_follows(
    console: Console, api: ProtectApiClient
) -> None:
    heard = Heard()
    api.subscribe_websocket(heard.private)
    await console.wait_for(lambda: console.open_private_websockets == 1)
    await console.send_noise()
    event_id = await console.start_detection(console.cameras[0].id)
    assert (await heard.next()).new_obj.id == event_id


@pytest.mark.parametrize("socket", BOTH)
async def test_a_websocket_can_be_torn_down_as_soon_as_it_is_open(
    console: Console, wire: Wire, socket: str
) -> None:
    console.faults.private_socket = console.faults.public_socket = Socket.FLAPPING
    async with wire.frames(socket) as following:
        assert (await following())[0] == "closed"
    assert console.open_websockets == 0


def _set(console: Console, channel: Channel, state: Socket) -> None:
    if channel is Channel.PRIVATE:
        console.faults.private_socket = state
    else:
        console.faults.public_socket = state


async def test_a_silent_websocket_answers_pings(console: Console, wire: Wire) -> None:
    console.faults.private_socket = Socket.SILENT
    async with wire.frames(PRIVATE_SOCKET, heartbeat=0.1) as following:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(following(), 0.5)
        assert console.open_private_websockets == 1


async def test_a_half_open_websocket_does_not(console: Console, wire: Wire) -> None:
    console.faults.private_socket = Socket.HALF_OPEN
    async with wire.frames(PRIVATE_SOCKET, heartbeat=0.1) as following:
        assert (await following())[0] == "closed"
    await console.wait_for(lambda: console.open_private_websockets == 0)


async def test_a_stale_update_id_makes_the_client_read_everything_again(
    console: Console, api: ProtectApiClient
) -> None:
    console.faults.private_socket = Socket.STALE
    api.subscribe_websocket(lambda _message: None)
    await console.wait_for(lambda: len(console.requests_to("/bootstrap")) == 2)
    assert console.open_websockets == 0


@pytest.mark.parametrize("socket", BOTH)
async def test_a_websocket_can_be_refused(console: Console, wire: Wire, socket: str) -> None:
    console.faults.private_handshake = console.faults.public_handshake = [Reply.error(503)]
    async with wire.session.get(
        f"{wire.base}{socket}", headers={"X-API-KEY": console.api_key}, ssl=False
    ) as reply:
        assert reply.status == 503


async def test_both_apis_refuse_everything_while_protect_starts(
    console: Console, wire: Wire
) -> None:
    console.faults.everything = [Reply.error(503), Reply.error(503)]
    paths = [f"{PRIVATE}/bootstrap", f"{PUBLIC}/cameras", f"{PRIVATE}/bootstrap"]
    assert [(await wire.get(path))[0] for path in paths] == [503, 503, 200]


async def test_every_listener_hears_everything_in_order(console: Console, wire: Wire) -> None:
    async with wire.frames(PRIVATE_SOCKET) as first, wire.frames(PRIVATE_SOCKET) as second:
        for number in range(200):
            await console.send_private("update", "camera", "c", {"number": number})
        for following in (first, second):
            told = await frames(following, 200)
            assert [item["number"] for _, item in told] == list(range(200))
