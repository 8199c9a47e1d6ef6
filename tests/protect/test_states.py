"""How the connection is, said when it changes."""

from datetime import timedelta
from pathlib import Path

import pytest
from uiprotect.websocket import WebsocketState

from custom_components.protect_narrator.protect import (
    ConnectionState,
    LoginGuard,
    Ways,
    WayState,
)
from custom_components.protect_narrator.protect.states import States
from simulator.console import Console, Reply
from tests.waiting import until

from .helpers import AT_ONCE, Link, linked


async def test_a_changed_password_is_told_as_such(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.05)) as link:
        heard = await link.start(console)
        link.hurry()
        link.later()
        console.password = "another"
        console.end_sessions()
        await console.drop_websockets()
        await heard.state(ConnectionState.AUTH_FAILED)
    assert len(console.requests_to("/login")) <= 3


async def test_a_revoked_api_key_leaves_the_first_way_alone(console: Console, link: Link) -> None:
    ways: list[Ways] = []
    link.connection.follow_ways(ways.append)
    heard = await link.start(console)
    link.hurry()
    good = console.api_key
    console.api_key = "another"
    await console.drop_websockets(private=False)
    await console.wait_for(lambda: len(console.requests_to("/subscribe/events")) >= 3)
    event_id = await console.detect(console.cameras[0].id)
    (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    refused = Ways(private=WayState.OPEN, public=WayState.REFUSED)
    await until(lambda: link.connection.ways == refused)
    assert ways.count(refused) == 1

    console.api_key = good
    link.connection._client.set_api_key(good)
    await until(lambda: ways[-1].public is WayState.OPEN)


async def test_without_an_api_key_there_is_one_way(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, api_key=None) as link:
        assert link.connection.ways == Ways(private=WayState.CLOSED, public=WayState.UNUSED)
        heard = await link.start(console)
        await heard.state(ConnectionState.CONNECTED)
        assert link.connection.ways == Ways(private=WayState.OPEN, public=WayState.UNUSED)


async def test_a_key_that_was_refused_stays_so_until_it_is_accepted() -> None:
    states = States(LoginGuard(), lambda _: None)
    states.on_public(WebsocketState.AUTH_FAILED)
    states.on_public(WebsocketState.DISCONNECTED)
    assert states.ways == Ways(public=WayState.REFUSED)
    states.on_public(WebsocketState.CONNECTED)
    states.on_public(WebsocketState.DISCONNECTED)
    assert states.ways == Ways(public=WayState.CLOSED)


# -- the first state


async def test_websockets_that_never_open_are_told_as_lost(
    console: Console, tmp_path: Path
) -> None:
    console.faults.private_handshake = console.faults.public_handshake = Reply.hang()
    async with linked(console, tmp_path, connecting=timedelta(seconds=AT_ONCE)) as link:
        link.connection.start(await link.connection.connect(), link.heard)
        await link.heard.state(ConnectionState.DISCONNECTED)
        await console.wait_for(lambda: bool(console.requests_to("/ws/updates")))
    assert link.heard.states == [ConnectionState.DISCONNECTED]


@pytest.fixture
def told() -> list[ConnectionState]:
    """What was told."""
    return []


@pytest.fixture
def states(told: list[ConnectionState]) -> States:
    """A connection that has just been started."""
    return States(LoginGuard(), told.append)


async def test_a_websocket_that_takes_its_time_is_not_lost(
    states: States, told: list[ConnectionState]
) -> None:
    states.on_private(WebsocketState.DISCONNECTED)
    states.check()
    assert told == []
    states.on_private(WebsocketState.CONNECTED)
    await states.end_connecting(timedelta())
    assert told == [ConnectionState.CONNECTED]


async def test_a_websocket_that_opened_and_is_lost_is_told_at_once(
    states: States, told: list[ConnectionState]
) -> None:
    states.on_public(WebsocketState.CONNECTED)
    states.on_public(WebsocketState.DISCONNECTED)
    assert told == [ConnectionState.CONNECTED, ConnectionState.DISCONNECTED]


async def test_one_open_websocket_is_enough(states: States, told: list[ConnectionState]) -> None:
    await states.end_connecting(timedelta())
    states.on_public(WebsocketState.CONNECTED)
    states.on_private(WebsocketState.CONNECTED)
    states.on_public(WebsocketState.DISCONNECTED)
    assert told == [ConnectionState.DISCONNECTED, ConnectionState.CONNECTED]
