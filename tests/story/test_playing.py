"""A Sighting's clip is played: streamed from the console, to who may see it, and kept nowhere."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import ClientPayloadError, ClientResponse
from aiohttp.test_utils import TestClient
from homeassistant.auth.models import Group
from homeassistant.components.http.auth import async_sign_path
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser, mock_storage

from custom_components.protect_narrator import clip_view, player, reading
from custom_components.protect_narrator.clip_view import clip_path
from custom_components.protect_narrator.history import HistoryUnavailableError
from custom_components.protect_narrator.pipeline.breaker import Downloads
from custom_components.protect_narrator.protect import media as media_room
from simulator.console import Content, Reply
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home
from .database import sightings_in_database

type Client = TestClient[Any, Any]
type Clients = Callable[..., Awaitable[Client]]

# For as long as somebody reads, and without saying how long that is.
ENDLESS = Reply(content=Content.ENDLESS, declared=None)

# Far more than sockets hold on the way, and far less than a console sends within a second.
SOCKETS = 32 * 1024 * 1024

IMPATIENCE = 0.3


@pytest.fixture
async def sighting(home: Home, agent: FakeTaskEntity) -> dict[str, Any]:
    """What a camera saw, and was told."""
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    told = await home.next_sighting()
    await home.is_clean()
    return told


@pytest.fixture
def path(sighting: dict[str, Any]) -> str:
    """Where its clip is played."""
    return clip_path(sighting["sighting_id"])


@pytest.fixture
async def browser(path: str, hass_client: Clients) -> Client:
    """A browser of somebody who may see everything."""
    return await hass_client()


async def browser_of(home: Home, hass_client: Clients, name: str, *readable: str) -> Client:
    """Return the browser of a user who may read these entities."""
    mock_storage()
    policy = {"entities": {"entity_ids": {each: {"read": True} for each in readable}}}
    user = MockUser(name=name, groups=[Group(name, policy, id=name)]).add_to_hass(home.hass)
    token = await home.hass.auth.async_create_refresh_token(user, "https://example.com/app")
    return await hass_client(home.hass.auth.async_create_access_token(token))


def sensor_of(home: Home, number: int) -> str:
    """Return the sensor that tells what that camera saw."""
    return home.entity_id(Platform.SENSOR, "last_sighting", home.console.cameras[number].mac)


def views(home: Home) -> int:
    """Return how many exports have been asked for."""
    return len(home.console.requests_to("video/export"))


async def is_cut(home: Home) -> None:
    """Wait until the console has lost its viewer in the middle of the clip."""
    await home.console.wait_for(lambda: home.console.exports_running == 0)
    assert home.console.requests_to("video/export")[-1].client_left


# What is played


async def test_the_clip_that_was_described_is_played_to_the_last_byte(
    home: Home, browser: Client, path: str, tmp_path: Path
) -> None:
    def files() -> set[Path]:
        return {each for each in tmp_path.rglob("*") if "home-assistant_v2.db" not in each.name}

    before = await home.hass.async_add_executor_job(files)
    reply = await browser.get(path)
    body = await reply.read()

    assert reply.status == HTTPStatus.OK
    assert body == await home.last_export()
    analysed, played = home.console.requests_to("video/export")
    assert played.query == analysed.query
    assert reply.headers["Content-Type"] == "video/mp4"
    assert reply.headers["Content-Length"] == str(len(body))
    assert reply.headers["Content-Disposition"] == "inline"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert reply.headers["Accept-Ranges"] == "none"
    assert home.files_left() == []
    assert await home.hass.async_add_executor_job(files) == before


async def test_nothing_is_written_while_it_is_played(
    home: Home, browser: Client, path: str, tmp_path: Path
) -> None:
    def files() -> set[Path]:
        return {each for each in tmp_path.rglob("*") if "home-assistant_v2.db" not in each.name}

    before = await home.hass.async_add_executor_job(files)
    home.console.faults.export = ENDLESS
    async with browser.get(path) as reply:
        await reply.content.readexactly(4 * 1024 * 1024)
        assert await home.hass.async_add_executor_job(files) == before
    await is_cut(home)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", slice(0, None)),
        ("bytes=100-199", slice(100, 200)),
        ("bytes=-50", slice(-50, None)),
    ],
)
async def test_a_part_is_played_where_the_console_has_parts(
    home: Home, browser: Client, path: str, asked: str, part: slice
) -> None:
    home.console.faults.serves_ranges = True
    reply = await browser.get(path, headers={"Range": asked})
    body = await reply.read()

    whole = await home.last_export()
    first, end, _ = part.indices(len(whole))
    assert reply.status == HTTPStatus.PARTIAL_CONTENT
    assert body == whole[first:end]
    assert reply.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(whole)}"
    assert reply.headers["Content-Length"] == str(len(body))
    assert reply.headers["Accept-Ranges"] == "bytes"


async def test_a_console_without_parts_plays_all_of_it(
    home: Home, browser: Client, path: str
) -> None:
    reply = await browser.get(path, headers={"Range": "bytes=100-199"})
    assert reply.status == HTTPStatus.OK
    assert reply.headers["Accept-Ranges"] == "none"
    assert "Content-Range" not in reply.headers
    assert await reply.read() == await home.last_export()


async def test_a_player_that_plays_nothing_but_parts_gets_them_one_after_another(
    home: Home, browser: Client, path: str
) -> None:
    first = await browser.get(path, headers={"Range": "bytes=0-1"})
    total = int(first.headers["Content-Range"].removeprefix("bytes 0-1/"))
    assert (first.status, len(await first.read())) == (HTTPStatus.PARTIAL_CONTENT, 2)

    rest = await browser.get(path, headers={"Range": f"bytes=0-{total - 1}"})
    assert rest.status == HTTPStatus.PARTIAL_CONTENT
    assert rest.headers["Content-Range"] == f"bytes 0-{total - 1}/{total}"
    assert await rest.read() == await home.last_export()


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-1,4-5"}, {"Range": "bytes=9-1"}, {"Range": "bytes=0-9", "If-Range": '"a"'}],
    ids=str,
)
async def test_what_is_no_single_range_is_not_asked_of_the_console(
    home: Home, browser: Client, path: str, headers: dict[str, str]
) -> None:
    home.console.faults.serves_ranges = True
    reply = await browser.get(path, headers=headers)
    assert reply.status == HTTPStatus.OK
    assert await reply.read() == await home.last_export()
    assert home.console.requests_to("video/export")[-1].byte_range is None


async def test_a_part_behind_the_end_is_told(home: Home, browser: Client, path: str) -> None:
    home.console.faults.serves_ranges = True
    reply = await browser.get(path, headers={"Range": "bytes=99999999-"})
    assert reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert reply.headers["Content-Range"] == f"bytes */{len(await home.last_export())}"


async def test_what_a_clip_is_can_be_asked_without_the_console(
    home: Home, browser: Client, path: str
) -> None:
    before = views(home)
    reply = await browser.head(path)
    assert reply.status == HTTPStatus.OK
    assert reply.headers["Content-Type"] == "video/mp4"
    assert "Content-Length" not in reply.headers
    assert (await browser.head(clip_path("0" * 32))).status == HTTPStatus.NOT_FOUND
    assert views(home) == before


async def test_a_clip_of_unknown_length_and_one_that_drips_are_played(
    home: Home, browser: Client, path: str
) -> None:
    for reply in (Reply.chunked(), Reply.drip(20_000)):
        home.console.faults.export = reply
        played = await browser.get(path)
        assert await played.read() == await home.last_export()


async def test_a_signed_path_is_played_without_a_log_in(
    home: Home, path: str, hass_client_no_auth: Clients, hass_client: Clients
) -> None:
    await hass_client()  # which makes who signs
    stranger = await hass_client_no_auth()
    signed = async_sign_path(home.hass, path, timedelta(minutes=5), use_content_user=True)

    assert (await stranger.get(path)).status == HTTPStatus.UNAUTHORIZED
    reply = await stranger.get(signed)
    assert reply.status == HTTPStatus.OK
    assert await reply.read() == await home.last_export()


async def test_what_is_only_in_the_database_is_played_too(
    home: Home, browser: Client, path: str
) -> None:
    await sightings_in_database(home.hass)
    home.entry.runtime_data.recent._fired.clear()
    reply = await browser.get(path)
    assert await reply.read() == await home.last_export()


# Who may watch


async def test_only_who_may_read_the_cameras_sightings_may_watch(
    home: Home, path: str, hass_client: Clients
) -> None:
    of_this = await browser_of(home, hass_client, "kim", sensor_of(home, 1))
    of_another = await browser_of(home, hass_client, "lou", sensor_of(home, 2))
    before = views(home)

    denied = await of_another.get(path)
    unknown = await of_another.get(clip_path("0" * 32))
    assert denied.status == unknown.status == HTTPStatus.NOT_FOUND
    assert await denied.text() == await unknown.text()
    assert set(denied.headers) == set(unknown.headers)
    assert views(home) == before
    assert (await of_this.get(path)).status == HTTPStatus.OK


async def test_the_clip_of_a_camera_that_is_gone_is_as_one_that_never_was(
    home: Home, browser: Client, path: str
) -> None:
    camera = home.console.cameras[1]
    await home.console.remove_camera(camera.id)
    await until(lambda: camera.mac not in home.entry.runtime_data.coordinator.data.cameras)

    gone, unknown = await browser.get(path), await browser.get(clip_path("0" * 32))
    assert gone.status == unknown.status == HTTPStatus.NOT_FOUND
    assert await gone.text() == await unknown.text()


@pytest.mark.parametrize("name", ["", "x", "0" * 31, "0" * 33, "A" * 32, "secrets.yaml"])
async def test_what_is_no_id_is_not_found(
    home: Home, browser: Client, path: str, name: str
) -> None:
    assert (await browser.get(clip_path(name))).status == HTTPStatus.NOT_FOUND


async def test_what_somebody_else_fires_under_our_name_is_not_played(
    home: Home, browser: Client, path: str, sighting: dict[str, Any]
) -> None:
    before = views(home)
    changes: tuple[dict[str, Any], ...] = (
        {"start": "0001-01-01T00:00:00+00:00"},
        {"start": "2020-01-01T00:00:00+00:00", "requested": True},
        {"start": sighting["end"], "end": sighting["start"], "requested": True},
        {"start": "soon"},
        {"console_id": "x"},
        {"camera_id": "x"},
    )
    for number, changed in enumerate(changes):
        told = {**sighting, **changed, "sighting_id": f"{number:032}"}
        home.entry.runtime_data.recent.note(told, 1.5)
        assert (await browser.get(clip_path(told["sighting_id"]))).status == HTTPStatus.NOT_FOUND
    assert views(home) == before


async def test_a_recorder_that_does_not_answer_tells_nothing_to_who_may_not_see_all(
    home: Home, browser: Client, path: str, hass_client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_hass: HomeAssistant, _sighting_id: str) -> None:
        raise HistoryUnavailableError

    monkeypatch.setattr(reading, "async_find_row", fail)
    kim = await browser_of(home, hass_client, "kim", sensor_of(home, 1))
    unknown = clip_path("0" * 32)
    assert (await kim.get(unknown)).status == HTTPStatus.NOT_FOUND
    reply = await browser.get(unknown)
    assert (reply.status, "Retry-After" in reply.headers) == (HTTPStatus.SERVICE_UNAVAILABLE, True)
    assert (await kim.get(path)).status == HTTPStatus.OK


async def test_a_database_that_hangs_is_not_waited_for(
    browser: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(reading, "async_find_row", hang)
    monkeypatch.setattr(reading, "READ_LIMIT_S", 0.1)
    async with asyncio.timeout(10):
        reply = await browser.get(clip_path("0" * 32))
    assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert (await browser.get(path)).status == HTTPStatus.OK


# How it ends


async def test_a_viewer_who_leaves_takes_the_consoles_connection_with_him(
    home: Home, browser: Client, path: str
) -> None:
    for fault in (ENDLESS, Reply.hang_in_body()):
        home.console.faults.export = fault
        async with browser.get(path) as reply:
            await reply.content.readexactly(100)
            assert home.console.exports_running == 1
            reply.close()
        await is_cut(home)
    home.console.faults.export = None
    assert (await browser.get(path)).status == HTTPStatus.OK


async def test_a_viewer_who_leaves_before_anything_came_is_noticed_too(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = Reply.hang()
    asking = asyncio.create_task(_asked(browser, path))
    await home.console.wait_for(lambda: home.console.exports_running == 1)
    asking.cancel()
    await is_cut(home)


async def _asked(browser: Client, path: str) -> ClientResponse:
    return await browser.get(path)


async def test_a_viewer_who_takes_nothing_is_let_go_of_and_nothing_is_read_ahead_of_him(
    home: Home, browser: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_view, "_STALLED_S", 1.0)
    home.console.faults.export = ENDLESS
    async with browser.get(path) as reply:
        await is_cut(home)
        with pytest.raises(ClientPayloadError):
            await reply.read()
    assert 0 < home.console.requests_to("video/export")[-1].sent < SOCKETS


async def test_a_viewer_who_is_slow_goes_on(
    home: Home, browser: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_view, "_STALLED_S", 1.0)
    home.console.faults.export = ENDLESS
    async with browser.get(path) as reply:
        for _ in range(8):
            await reply.content.readexactly(8 * 1024 * 1024)
            await asyncio.sleep(IMPATIENCE)  # so slow is he
        assert home.console.exports_running == 1
    await is_cut(home)


async def test_nobody_watches_for_ever(
    home: Home, browser: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "LONGEST_S", 1.0)
    home.console.faults.export = Reply.drip(1000)
    async with browser.get(path) as reply:
        with pytest.raises(ClientPayloadError):
            await reply.read()
    await is_cut(home)


async def test_what_ends_with_the_entry_is_broken_off(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = ENDLESS
    async with browser.get(path) as reply:
        await reply.content.readexactly(100)
        await home.unload()
        with pytest.raises(ClientPayloadError):
            await reply.read()
    await is_cut(home)
    assert (await browser.get(path)).status == HTTPStatus.NOT_FOUND


async def test_a_clip_that_breaks_off_does_not_pass_for_a_whole_one(
    home: Home, browser: Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in (
        Reply.truncated(),
        Reply.reset_in_body(),
        Reply(declared=None, sent=0.5, ending=Reply.reset().ending),
    ):
        home.console.faults.export = fault
        reply = await browser.get(path)
        assert reply.status == HTTPStatus.OK
        with pytest.raises(ClientPayloadError):
            await reply.read()
    assert not [each for each in caplog.records if each.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize(
    ("fault", "status", "again"),
    [
        (Reply.error(500), HTTPStatus.BAD_GATEWAY, None),
        (Reply.error(403), HTTPStatus.BAD_GATEWAY, None),
        (Reply.error(404), HTTPStatus.BAD_GATEWAY, None),
        (Reply.empty(), HTTPStatus.BAD_GATEWAY, None),
        (Reply.html(), HTTPStatus.BAD_GATEWAY, None),
        (Reply.reset(), HTTPStatus.BAD_GATEWAY, None),
        (Reply.endless(), HTTPStatus.BAD_GATEWAY, None),
        (Reply.not_ready(), HTTPStatus.SERVICE_UNAVAILABLE, "10"),
        (Reply.too_many(retry_after=7), HTTPStatus.SERVICE_UNAVAILABLE, "7"),
        (Reply.hang(), HTTPStatus.GATEWAY_TIMEOUT, None),
    ],
)
async def test_what_the_console_fails_at_is_told_in_plain_words(
    home: Home,
    browser: Client,
    path: str,
    fault: Reply,
    status: HTTPStatus,
    again: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_room, "_SILENCE_LIMIT_S", IMPATIENCE)
    home.console.faults.export = fault
    reply = await browser.get(path)
    text = await reply.text()
    assert (reply.status, reply.headers.get("Retry-After")) == (status, again)
    assert reply.content_type == "text/plain"
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert text.endswith(".")
    assert home.console.host not in text
    home.console.faults.export = None
    assert (await browser.get(path)).status == HTTPStatus.OK


async def test_a_console_that_is_gone_is_a_bad_gateway(
    home: Home, browser: Client, path: str
) -> None:
    await home.console.go_down()
    assert (await browser.get(path)).status == HTTPStatus.BAD_GATEWAY
    await home.console.come_up()


# Who watches at the same time


async def test_a_second_viewer_is_asked_to_come_back(
    home: Home, browser: Client, path: str, hass_client: Clients
) -> None:
    kim = await browser_of(home, hass_client, "kim", sensor_of(home, 1))
    home.console.faults.export = [ENDLESS]
    async with browser.get(path) as reply:
        await reply.content.readexactly(100)
        before = views(home)
        turned_away = await kim.get(path)
        assert turned_away.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert turned_away.headers["Retry-After"] == "10"
        assert views(home) == before
        await reply.content.readexactly(1024 * 1024)
    await is_cut(home)
    assert (await kim.get(path)).status == HTTPStatus.OK


async def test_a_viewers_next_request_ends_his_earlier_one(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.serves_ranges = True
    home.console.faults.export = [ENDLESS]
    async with browser.get(path) as reply:
        await reply.content.readexactly(100)
        sought = await browser.get(path, headers={"Range": "bytes=50-"})
        assert sought.status == HTTPStatus.PARTIAL_CONTENT
        assert await sought.read() == (await home.last_export())[50:]
        with pytest.raises(ClientPayloadError):
            await reply.read()
    earlier = home.console.requests_to("video/export")[-2]
    await home.console.wait_for(lambda: home.console.exports_running == 0)
    assert earlier.client_left
    assert home.console.most_exports_at_once == 1


async def test_a_request_that_was_ended_before_anything_came_is_told_so(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = [Reply.hang()]
    earlier = asyncio.create_task(_asked(browser, path))
    await home.console.wait_for(lambda: home.console.exports_running == 1)
    assert (await browser.get(path)).status == HTTPStatus.OK
    assert (await earlier).status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_viewer_does_not_hold_the_analysis_up(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = [ENDLESS]
    async with browser.get(path) as reply:
        await reply.content.readexactly(100)
        await home.see(home.console.cameras[2])
        told = await home.next_sighting()
        assert (told["medium"], told["fallback_reason"]) == ("frames", None)
        await reply.content.readexactly(1024 * 1024)
    assert home.console.most_exports_at_once == 2
    await home.is_clean()


async def test_an_analysis_does_not_hold_a_viewer_up(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = [Reply.drip(2000)]
    await home.see(home.console.cameras[2])
    await home.console.wait_for(lambda: home.console.exports_running == 1)
    assert (await browser.get(path)).status == HTTPStatus.OK
    assert home.console.exports_running >= 1
    told = await home.next_sighting()
    assert told["fallback_reason"] is None
    await home.is_clean()


async def test_what_fails_for_viewers_does_not_pause_the_analysis(
    home: Home, browser: Client, path: str
) -> None:
    home.console.faults.export = Reply.error(500)
    for _ in range(12):
        assert (await browser.get(path)).status == HTTPStatus.BAD_GATEWAY
    home.console.faults.export = None
    assert home.entry.runtime_data.coordinator.data.clip_downloads is Downloads.NORMAL
    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["clip_attempts"] == 1
