"""A console with a made-up recording, and those who talk to it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from uiprotect import ProtectApiClient

from simulator.console import Camera, Console
from simulator.model import Model

from .helpers import Film, Wire, connected

# Without the pace of a real console: reading its public API takes a client two seconds.
UNHURRIED = 1000


@pytest.fixture
async def console(loopback: None) -> AsyncGenerator[Console]:
    """A console with a doorbell and two other cameras."""
    cameras = [Camera.make(number, is_doorbell=number == 0) for number in range(3)]
    async with Console(cameras, Film(), public_requests_per_second=UNHURRIED) as running:
        yield running


@pytest.fixture
async def api(console: Console, tmp_path: Path) -> AsyncGenerator[ProtectApiClient]:
    """The unmodified client, which knows the console already."""
    async with connected(console, tmp_path) as client:
        await client.update()
        yield client


@pytest.fixture
async def wire(console: Console) -> AsyncGenerator[Wire]:
    """The bare wire, logged in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        bare = Wire(console, session)
        await bare.log_in()
        yield bare


@pytest.fixture
async def model(loopback: None) -> AsyncGenerator[Model]:
    """A model that was not asked yet."""
    async with Model() as running:
        yield running
