"""The unmodified uiprotect client finds a console that behaves as a real one."""

import asyncio
from contextlib import AsyncExitStack
from logging import WARNING
from pathlib import Path

import pytest
from uiprotect import NotAuthorized, NvrError, ProtectApiClient
from uiprotect.data import SmartDetectObjectType
from uiprotect.websocket import WebsocketState

from simulator.console import Camera, Console, Reply

from .helpers import (
    EVENTS_SOCKET,
    PATIENCE,
    PRIVATE,
    PRIVATE_SOCKET,
    PUBLIC,
    Film,
    Wire,
    connected,
    export,
    export_params,
)


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("count", [1, 50])
async def test_the_client_understands_everything_that_a_console_says_of_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    cameras = [Camera.make(number, is_doorbell=number == 0) for number in range(count)]
    async with (
        Console(cameras, Film(), name="Cabin", public_requests_per_second=1000) as console,
        connected(console, tmp_path) as api,
    ):
        known = await api.update()
        public = await api.update_public()

    assert [r for r in caplog.records if r.levelno >= WARNING and "uiprotect" in r.name] == []
    assert known.nvr.name == "Cabin"
    assert known.nvr.mac == console.mac
    assert [known.cameras[each.id].name for each in cameras] == [each.name for each in cameras]
    assert [known.cameras[each.id].mac for each in cameras] == [each.mac for each in cameras]
    assert known.has_media
    assert known.has_doorbell
    first = known.cameras[cameras[0].id]
    assert [channel.height for channel in first.channels] == [2160, 720, 360]
    assert SmartDetectObjectType.LICENSE_PLATE in first.feature_flags.smart_detect_types
    assert set(public.cameras) == {each.id for each in cameras}


async def test_the_same_number_makes_the_same_camera() -> None:
    assert Camera.make(7) == Camera.make(7)
    assert Camera.make(7).id != Camera.make(8).id
    assert len(Camera.make(7).id) == 24
    assert len(Camera.make(7).mac) == 12


async def test_a_wrong_password_is_refused(console: Console, tmp_path: Path) -> None:
    async with connected(console, tmp_path, password="wrong") as api:
        with pytest.raises(NotAuthorized):
            await api.update()


async def test_a_changed_password_counts_from_the_next_log_in_on(
    console: Console, api: ProtectApiClient
) -> None:
    console.password = "new"
    await api.get_bootstrap()
    console.end_sessions()
    with pytest.raises(NotAuthorized):
        await api.get_bootstrap()


async def test_a_wrong_api_key_is_refused(console: Console, tmp_path: Path) -> None:
    async with connected(console, tmp_path, api_key="wrong") as api:
        with pytest.raises(NotAuthorized):
            await api.get_meta_info()


async def test_a_client_that_verifies_refuses_the_certificate(
    console: Console, tmp_path: Path
) -> None:
    async with connected(console, tmp_path, verify_ssl=True) as api:
        with pytest.raises(NvrError, match=r"(?i)certificate"):
            await api.update()


@pytest.mark.parametrize(
    "path", [f"{PRIVATE}/bootstrap", f"{PRIVATE}/events", f"{PUBLIC}/cameras", f"{PUBLIC}/nvrs"]
)
async def test_nothing_is_told_to_a_stranger(console: Console, wire: Wire, path: str) -> None:
    console.end_sessions()
    console.api_key, wire_key = "another", console.api_key
    async with wire.session.get(
        f"{wire.base}{path}", headers={"X-API-KEY": wire_key}, ssl=False
    ) as reply:
        assert reply.status == 401


async def test_a_client_logs_in_again_when_its_session_has_died(
    console: Console, api: ProtectApiClient
) -> None:
    console.end_sessions()

    await api.get_bootstrap()

    assert [each.status for each in console.requests_to("/api/auth/login")] == [200, 200]
    assert [each.status for each in console.requests_to("/bootstrap")] == [200, 401, 200]


async def test_cut_websockets_are_noticed_by_the_client(
    console: Console, api: ProtectApiClient
) -> None:
    states: asyncio.Queue[WebsocketState] = asyncio.Queue()
    api.subscribe_websocket_state(states.put_nowait)
    api.subscribe_websocket(lambda _message: None)
    assert await asyncio.wait_for(states.get(), PATIENCE) is WebsocketState.CONNECTED

    await console.drop_websockets(public=False)

    assert await asyncio.wait_for(states.get(), PATIENCE) is WebsocketState.DISCONNECTED
    await console.wait_for(lambda: console.open_websockets == 0)


async def test_only_the_chosen_websockets_are_cut(console: Console, wire: Wire) -> None:
    async with wire.frames(PRIVATE_SOCKET) as private, wire.frames(EVENTS_SOCKET) as public:
        await console.drop_websockets(private=False)
        await console.wait_for(lambda: console.open_public_websockets == 0)
        assert (await public())[0] == "closed"

        event_id = await console.start_detection(console.cameras[0].id)
        assert (await private())[1]["id"] == event_id


async def test_a_reboot_cuts_everything_and_comes_back_on_the_same_port(
    console: Console, api: ProtectApiClient, wire: Wire
) -> None:
    port = console.port
    async with wire.frames(PRIVATE_SOCKET) as following:
        await console.go_down()
        assert (await following())[0] == "closed"
        with pytest.raises(NvrError):
            await api.get_bootstrap()
        await console.come_up()

    assert console.port == port
    await api.get_bootstrap()
    assert len(console.requests_to("/api/auth/login")) == 3


@pytest.mark.usefixtures("loopback")
async def test_a_console_ends_though_somebody_waits_for_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as clients:
        async with Console([Camera.make(0)], Film()) as console:
            api = await clients.enter_async_context(connected(console, tmp_path))
            console.faults.export = Reply.hang()
            waiting = asyncio.create_task(export(api, export_params(console)))
            await console.wait_for(lambda: console.exports_running == 1)
        with pytest.raises(NvrError):
            await waiting
    assert console.open_requests == 0


@pytest.mark.usefixtures("wire")
async def test_waiting_in_vain_tells_what_was_asked_last(console: Console) -> None:
    with pytest.raises(TimeoutError, match=r"/api/auth/login 200"):
        await console.wait_for(lambda: False, timeout=0.01)
