"""What becomes of a connection when its log-in does not stay good, and how it ends."""

import asyncio
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path

import pytest

from custom_components.protect_narrator.protect import (
    CannotConnectError,
    ConnectionState,
    connection as room,
)
from custom_components.protect_narrator.protect.login_guard import KEPT_FOR_PEOPLE, MOST_LOGINS
from simulator.console import Console, Reply, Socket

from .helpers import OFTEN, PATIENCE, Link, linked

# Log-ins that a connection may send within a minute.
ALONE = MOST_LOGINS - KEPT_FOR_PEOPLE


async def logged_in(console: Console, times: int) -> None:
    """Return when there have been so many log-ins."""
    await console.wait_for(
        lambda: sum(each.finished is not None for each in console.requests_to("/login")) >= times
    )


async def test_a_changed_password_is_told_though_the_websockets_stay_open(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await heard.state(ConnectionState.CONNECTED)
        link.later()
        console.password = "another"
        console.end_sessions()
        await heard.state(ConnectionState.AUTH_FAILED)
        assert console.open_websockets == 2


async def test_a_password_that_is_good_again_heals(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        good = console.password
        link.later()
        console.password = "another"
        console.end_sessions()
        await heard.state(ConnectionState.AUTH_FAILED)
        console.password = good
        link.later()
        await heard.state(ConnectionState.CONNECTED)


async def test_one_refusal_is_no_wrong_password(console: Console, tmp_path: Path) -> None:
    console.faults.login = [None, Reply.error(401)]
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        link.later()
        console.end_sessions()
        await logged_in(console, 3)
        event_id = await console.detect(console.cameras[0].id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert ConnectionState.AUTH_FAILED not in heard.states


async def test_too_many_logins_are_neither_sent_nor_a_wrong_password(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN, api_key=None) as link:
        heard = await link.start(console)
        link.hurry()
        console.end_sessions()
        await logged_in(console, ALONE)
        console.end_sessions()
        await console.drop_websockets()
        # The library takes a second refusal for a wrong log-in.
        handshakes = len(console.requests_to("/ws/updates"))
        await console.wait_for(lambda: len(console.requests_to("/ws/updates")) >= handshakes + 2)
        await heard.state(ConnectionState.DISCONNECTED)
    assert ConnectionState.AUTH_FAILED not in heard.states
    assert len(console.requests_to("/login")) == ALONE


async def test_a_token_that_cannot_be_kept_is_no_surprise(console: Console, tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.touch()
    async with linked(console, folder / "below") as link:
        with pytest.raises(CannotConnectError):
            await link.connection.connect()


async def test_a_user_may_be_kept_from_the_first_camera(console: Console, link: Link) -> None:
    await link.connection.connect()
    console.faults.recorded_snapshot = {console.cameras[0].id: Reply.error(403)}
    await link.connection.check_access()


async def test_a_session_that_dies_is_renewed(console: Console, link: Link) -> None:
    await link.start(console)
    console.end_sessions()
    camera = console.cameras[0]
    now = datetime.now(UTC)
    async with link.connection.media.open_clip(
        camera.id, now - timedelta(seconds=2), now, time_limit=PATIENCE
    ) as chunks:
        assert [chunk async for chunk in chunks]
    assert len(console.requests_to("/login")) == 2


# -- the end


async def test_a_connect_that_is_cancelled_leaves_nothing(console: Console, link: Link) -> None:
    console.faults.bootstrap = Reply.hang()
    task = asyncio.create_task(link.connection.connect())
    await console.wait_for(lambda: bool(console.requests_to("/bootstrap")))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await link.connection.close()
    await console.wait_for(lambda: console.open_requests == 0)


async def test_closing_is_quiet_after_the_library_failed_to_read_everything_anew(
    console: Console, link: Link
) -> None:
    await link.start(console)
    link.hurry()
    console.faults.private_socket = Socket.STALE
    console.faults.bootstrap = Reply.error(500)
    before = len(console.requests_to("/bootstrap"))
    await console.drop_websockets()
    await console.wait_for(
        lambda: any(
            each.finished is not None for each in console.requests_to("/bootstrap")[before:]
        )
    )
    await link.connection.close()
    await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0)


async def test_closing_waits_for_no_console_that_has_vanished(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_GOODBYE_LIMIT_S", 0.2)
    async with linked(console, tmp_path) as link:
        await (await link.start(console)).state(ConnectionState.CONNECTED)
        console.faults.private_socket = console.faults.public_socket = Socket.HALF_OPEN
        async with asyncio.timeout(PATIENCE / 2):
            await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0)


async def test_a_console_that_reboots_during_a_detection_loses_none(
    console: Console, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    heard = await link.start(console)
    link.hurry()
    event_id = await console.start_detection(console.cameras[0].id)
    await console.reboot(down_for=0.2)
    await console.wait_for(lambda: console.open_websockets == 2)
    end = datetime.now(UTC)
    await console.end_detection(event_id, end)
    (detection,) = await heard.some()
    assert abs(detection.end - end) < timedelta(milliseconds=2)
    assert len(console.requests_to("/login")) <= ALONE
