"""What the tests of the shell share."""

from collections.abc import AsyncGenerator
from datetime import datetime
from io import BytesIO

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest

from custom_components.protect_narrator.const import DOMAIN
from simulator.console import Camera, Console

# Without the pace of a real console, so that its public API answers at once.
UNHURRIED = 1000


class GreyFilm:
    """A recording on which nothing can be seen."""

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return a kilobyte per second."""
        return bytes(1024) * round((end - start).total_seconds())

    def still(self, camera_name: str, at: datetime) -> bytes:
        """Return a grey JPEG."""
        out = BytesIO()
        Image.new("RGB", (64, 36), "grey").save(out, "JPEG")
        return out.getvalue()


@pytest.fixture
async def flows(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Have Home Assistant's own component, and unload the entries that a flow made."""
    assert await async_setup_component(hass, "homeassistant", {})
    yield
    # What a flow has asked to be loaded anew may be under way, and could not be unloaded.
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def console(
    loopback: None,
) -> AsyncGenerator[Console]:
    """A console with a doorbell and two other cameras."""
    cameras = [Camera.make(number, is_doorbell=number == 0) for number in range(3)]
    async with Console(cameras, GreyFilm(), public_requests_per_second=UNHURRIED) as running:
        yield running


@pytest.fixture
def component(hass: HomeAssistant) -> None:
    """Count our component as loaded, as it is whenever an entry of ours is.

    Home Assistant asks for the media source of loaded components only.
    """
    hass.config.components.add(DOMAIN)
