"""TLS is verified where the user says so, on every way to the console, and only there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import ssl

from homeassistant.config_entries import ConfigEntryState
from homeassistant.util import ssl as ssl_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator.console_access import prove_access
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.protect import CertificateError
from simulator.console import Camera, Console, Reply, authority_pem
from simulator.video import Recorder as Film
from tests.fake_agents import FakeTaskEntity

from .conftest import Home

# Seconds: the library waits ten before it connects a websocket again.
AT_ONCE = 0.05


@pytest.fixture(autouse=True)
def _trusted_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Home Assistant trust the authority, as REQUESTS_CA_BUNDLE does at its start."""
    context = ssl_util.create_client_context()
    context.load_verify_locations(cadata=authority_pem())

    def client_context(*_: object) -> ssl.SSLContext:
        return context

    monkeypatch.setattr(ssl_util, "client_context", client_context)


def add_entry(home: Home, agent: FakeTaskEntity, *, verify_ssl: bool) -> None:
    home.add_entry(agent)
    data = {**home.entry.data, "verify_ssl": verify_ssl}
    home.hass.config_entries.async_update_entry(home.entry, data=data)


@asynccontextmanager
async def another_certificate(console: Console) -> AsyncIterator[None]:
    """Be somebody else for a while, to whom every connection is a new one.

    The log-in stays good, so that nothing but the certificate is in the way.
    """
    await console._server.hang_up()
    console.vouched_for = False
    await console._server.listen()
    try:
        yield
    finally:
        await console._server.hang_up()
        console.vouched_for = True
        await console._server.listen()


async def test_nothing_is_sent_to_a_console_that_nobody_vouches_for(
    home: Home, agent: FakeTaskEntity
) -> None:
    add_entry(home, agent, verify_ssl=True)
    await home.hass.config_entries.async_setup(home.entry.entry_id)

    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "certificate_error"
    with pytest.raises(CertificateError):
        await prove_access(home.hass, home.entry.data)
    assert home.console.requests == []
    await home.hass.config_entries.async_unload(home.entry.entry_id)


async def test_a_certificate_of_a_trusted_authority_is_all_it_takes(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.vouched_for = True
    add_entry(home, agent, verify_ssl=True)
    assert (await prove_access(home.hass, home.entry.data)).mac == home.console.mac
    await home.start()
    await home.is_heard()

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert (sighting["medium"], sighting["fallback_reason"]) == ("frames", None)

    home.console.faults.export = Reply.error(403)
    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["medium"] == "snapshot"


async def test_each_way_is_closed_as_soon_as_the_certificate_is_another(
    home: Home, agent: FakeTaskEntity
) -> None:
    console = home.console
    console.vouched_for = True
    add_entry(home, agent, verify_ssl=True)
    await home.start()
    await home.is_heard()
    connection = home.entry.runtime_data.connection
    for socket in (connection._client._private_websocket, connection._client._events_websocket):
        assert socket is not None
        socket.backoff = AT_ONCE  # type: ignore[assignment]  # any seconds will do
    media, camera = connection.media, console.cameras[1]
    now = datetime.now(UTC)

    async with another_certificate(console):
        asked = len(console.requests)
        with pytest.raises(MediaError) as caught:
            async with media.open_clip(camera.id, now - timedelta(seconds=2), now, time_limit=5):
                pass
        assert caught.value.detail is FallbackDetail.CONNECTION_LOST
        for picture in (
            media.recorded_snapshot(camera.id, now),
            media.live_snapshot(camera.id),  # over both APIs
        ):
            with pytest.raises(MediaError):
                await picture
        connection._look_due.set()
        refused = console._server.handshakes_refused
        await console.wait_for(lambda: console._server.handshakes_refused >= refused + 4)
        assert len(console.requests) == asked
        assert console.open_websockets == 0

    await console.wait_for(lambda: console.open_private_websockets == 1)
    await console.wait_for(lambda: console.open_public_websockets == 1)
    await home.see(camera)
    assert (await home.next_sighting())["fallback_reason"] is None


async def test_who_does_without_for_one_console_does_not_for_the_other(
    home: Home, agent: FakeTaskEntity, film: Film
) -> None:
    async with Console([Camera.make(9)], film, mac="F4E2C6A0B0C9") as other:
        careless = MockConfigEntry(
            domain=DOMAIN,
            unique_id=other.mac,
            data={
                "host": other.host,
                "port": other.port,
                "username": other.username,
                "password": other.password,
                "verify_ssl": False,
            },
        )
        careless.add_to_hass(home.hass)
        assert await home.hass.config_entries.async_setup(careless.entry_id)

        add_entry(home, agent, verify_ssl=True)
        await home.hass.config_entries.async_setup(home.entry.entry_id)
        assert home.entry.error_reason_translation_key == "certificate_error"
        assert home.console.requests == []

        await other.wait_for(lambda: other.open_private_websockets == 1)
        assert careless.state is ConfigEntryState.LOADED
        assert await home.hass.config_entries.async_unload(careless.entry_id)
        await home.hass.config_entries.async_unload(home.entry.entry_id)
