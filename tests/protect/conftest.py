"""What the tests of the door in share."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from custom_components.protect_narrator.protect import ConsoleMedia
from simulator.console import Camera, Console

from .helpers import Film, Heard, Link, linked
from .listing import ListingConsole

# Without the pace of a real console, so that its public API answers at once.
UNHURRIED = 1000


@pytest.fixture
async def console(
    loopback: None,
) -> AsyncGenerator[ListingConsole]:
    """A console with a doorbell and two other cameras."""
    cameras = [Camera.make(number, is_doorbell=number == 0) for number in range(3)]
    async with ListingConsole(cameras, Film(), public_requests_per_second=UNHURRIED) as running:
        yield running


@pytest.fixture
async def link(console: Console, tmp_path: Path) -> AsyncGenerator[Link]:
    """A connection that was not used yet."""
    async with linked(console, tmp_path) as made:
        yield made


@pytest.fixture
async def heard(console: Console, link: Link) -> Heard:
    """What is told by a connection that listens on everything."""
    return await link.start(console)


@pytest.fixture
async def media(console: Console, link: Link) -> AsyncGenerator[ConsoleMedia]:
    """The media of a console that is connected; nothing is left open after the test."""
    await link.connection.connect()
    yield link.connection.media
    await console.wait_for(lambda: console.open_requests == 0)
    assert console.exports_running == 0
