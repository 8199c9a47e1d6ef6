"""What the websockets did not tell is found by looking back."""

from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path

import pytest

from custom_components.protect_narrator.protect import ConnectionState
from simulator.console import Console, Ends, Reply, Socket

from .helpers import LONG_AGO, Link, linked, looked_so_far, looks


async def test_with_both_websockets_silent_the_look_back_finds_a_detection(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.2)) as link:
        heard = await link.start(console)
        console.faults.private_socket = console.faults.public_socket = Socket.SILENT
        event_id = await console.detect(console.cameras[0].id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert detection.late


async def test_what_ended_while_nobody_listened_is_found_after_the_reconnect(
    console: Console, link: Link
) -> None:
    heard = await link.start(console)
    link.hurry()
    event_id = await console.start_detection(console.cameras[0].id)
    await console.go_down()
    await heard.state(ConnectionState.DISCONNECTED)
    await console.end_detection(event_id)
    missed = await console.detect(console.cameras[1].id)
    await console.come_up()
    told = {detection.event_ids[0] for detection in await heard.some(2)}
    await heard.state(ConnectionState.CONNECTED)
    assert told == {event_id, missed}


async def test_a_reconnect_ends_no_event_that_goes_on(console: Console, link: Link) -> None:
    heard = await link.start(console)
    link.hurry()
    event_id = await console.start_detection(console.cameras[0].id)
    before = len(console.requests_to("/subscribe/events"))
    await console.drop_websockets()
    await console.wait_for(
        lambda: (
            len(console.requests_to("/subscribe/events")) > before
            and console.open_public_websockets == 1
            and console.open_private_websockets == 1
        )
    )
    await looked_so_far(console)
    assert heard.detections == []
    end = datetime.now(UTC)
    await console.end_detection(event_id, end)
    (detection,) = await heard.some()
    assert abs(detection.end - end) < timedelta(milliseconds=2)
    assert not detection.end_estimated


async def test_nothing_that_ended_before_is_told(console: Console, tmp_path: Path) -> None:
    await console.detect(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=datetime.now(UTC)) as link:
        heard = await link.start(console)
        new = await console.detect(console.cameras[0].id)
        await looked_so_far(console)
        told = await heard.some()
    assert [detection.event_ids for detection in told] == [(new,)]


async def test_what_ended_after_the_entry_was_made_is_found_at_start(
    console: Console, tmp_path: Path
) -> None:
    event_id = await console.detect(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        heard = await link.start(console)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert detection.late


async def test_an_event_that_was_open_at_the_start_is_told_with_its_end(
    console: Console, tmp_path: Path
) -> None:
    event_id = await console.start_detection(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        heard = await link.start(console)
        await looked_so_far(console)
        console.faults.ends = Ends.TOLD
        await console.end_detection(event_id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert not detection.end_estimated


async def test_a_list_that_cannot_be_read_is_said_once_and_so_is_that_it_can(
    console: Console, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    console.faults.events = Reply.error(500)
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.05)) as link:
        caplog.set_level(logging.INFO)
        await link.start(console)
        await console.wait_for(lambda: looks(console) >= 4)
        assert caplog.text.count("cannot be read") == 1
        console.faults.unset()
        healed = looks(console)
        await console.wait_for(lambda: looks(console) >= healed + 2)
        assert caplog.text.count("can be read again") == 1
