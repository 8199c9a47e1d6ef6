"""Looking through Sightings in Home Assistant's media browser, and what is not for everybody."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from itertools import count
from typing import Any

from homeassistant.components.media_source import async_browse_media, async_resolve_media
from homeassistant.const import Platform
from homeassistant.core import Context
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import mock_storage
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.protect_narrator import browse, media_source
from custom_components.protect_narrator.clip_view import clip_path
from custom_components.protect_narrator.const import DOMAIN, EVENT_SIGHTING
from custom_components.protect_narrator.coordinator import NarratorCoordinator
from custom_components.protect_narrator.history import SightingQuery, async_find, async_page
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.records import context_id
from custom_components.protect_narrator.runtime import shared
from simulator.console import Camera
from tests.fake_agents import FakeTaskEntity
from tests.shell.sightings import sighting
from tests.waiting import until

from .conftest import Home
from .test_access import ClientFactory, SocketFactory, Users, only

ROOT = f"media-source://{DOMAIN}"
# Home Assistant leaves the full stop out.
NOT_THERE = "This media is not available"

# Each Sighting is another.
_numbers = count()

type Answer = dict[str, Any]


class Browser:
    """Somebody's media browser."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def ask(self, kind: str, identifier: str, **more: str) -> Answer:
        """Return the answer to a message of the media browser."""
        media_id = f"{ROOT}/{identifier}" if identifier else ROOT
        message = {"type": f"media_source/{kind}_media", "media_content_id": media_id, **more}
        await self._client.send_json_auto_id(message)
        answer: Answer = await self._client.receive_json()
        return answer

    async def open(self, identifier: str = "") -> Answer:
        """Return what is shown there."""
        answer = await self.ask("browse", identifier)
        assert answer["success"], answer
        shown: Answer = answer["result"]
        return shown

    async def shown(self, identifier: str = "") -> dict[str, str]:
        """Return the identifiers of what is listed there, by title."""
        children = (await self.open(identifier))["children"]
        return {
            each["title"]: each["media_content_id"].removeprefix(f"{ROOT}/") for each in children
        }

    async def play(self, identifier: str) -> tuple[str, str]:
        """Return path and type of what is played; it is signed for who asked."""
        answer = await self.ask("resolve", identifier)
        assert answer["success"], answer
        url: str = answer["result"]["url"]
        path, _, query = url.partition("?")
        assert query.startswith("authSig=")
        return path, answer["result"]["mime_type"]

    async def error(self, kind: str, identifier: str = "") -> str:
        """Return what is said instead."""
        answer = await self.ask(kind, identifier)
        assert not answer["success"], answer
        message: str = answer["error"]["message"]
        return message


@pytest.fixture(autouse=True)
async def _at_noon(home: Home) -> None:
    """Keep midnight away, wherever these tests run."""
    away = 12 - dt_util.utcnow().hour
    sign = "-" if away >= 0 else "+"  # POSIX says it the other way round
    await home.hass.config.async_set_time_zone(f"Etc/GMT{sign}{abs(away)}" if away else "UTC")


@pytest.fixture
async def users(home: Home, agent: FakeTaskEntity) -> Users:
    """The users of a home in which nothing was seen yet."""
    assert await async_setup_component(home.hass, "http", {})
    assert await async_setup_component(home.hass, "media_source", {})
    await home.set_up(agent)
    await home.hass.async_block_till_done(wait_background_tasks=False)
    mock_storage()
    return Users(home.hass)


@pytest.fixture
async def owner(home: Home, users: Users, hass_ws_client: SocketFactory) -> Browser:
    """The browser of who may see everything."""
    return await browser_of(home, users, hass_ws_client, {"entities": True})


async def browser_of(
    home: Home, users: Users, sockets: SocketFactory, policy: dict[str, Any]
) -> Browser:
    return Browser(await sockets(home.hass, await users.token(users.make(policy))))


async def record(
    home: Home,
    camera: Camera | str,
    *starts: datetime,
    picture: bool = False,
    **changed: Any,
) -> list[str]:
    """Have Sightings in the database that began then; return their ids."""
    camera_id = camera if isinstance(camera, str) else camera.id
    ids = []
    for start in starts:
        one = sighting(
            next(_numbers),
            camera_id=camera_id,
            start=start,
            end=start + timedelta(seconds=4),
        )
        data = event_data(one, config_entry_id=home.entry.entry_id, device_id=None)
        if picture:
            data["image"] = f"/api/{DOMAIN}/snapshot/{one.sighting_id}"
            mac = "F4E2C6FFFFFF" if isinstance(camera, str) else camera.mac
            (store,) = shared(home.hass).snapshots.values()
            # Its age is another matter: what is a picture's time is the Sighting's.
            assert await store.async_keep(mac, one.sighting_id, _jpeg(), dt_util.utcnow())
        context = Context(id=context_id(one.sighting_id, one.revision))
        home.hass.bus.async_fire(
            EVENT_SIGHTING, {**data, **changed}, context=context, time_fired=start.timestamp()
        )
        ids.append(one.sighting_id)
    await async_wait_recording_done(home.hass)
    home.sightings.clear()
    return ids


def _jpeg() -> bytes:
    """Return a picture."""
    file = BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "JPEG")
    return file.getvalue()


def _id_of(coordinator: NarratorCoordinator, mac: str) -> str | None:
    """Return what Protect calls that camera now."""
    camera = coordinator.data.cameras.get(mac)
    return camera.id if camera is not None else None


def today(hour: int = 10) -> datetime:
    return dt_util.start_of_local_day() + timedelta(hours=hour)


def iso(days_ago: int = 0) -> str:
    return (dt_util.now().date() - timedelta(days=days_ago)).isoformat()


async def test_days_lead_to_cameras_and_these_to_their_sightings(
    home: Home, owner: Browser
) -> None:
    door, yard = home.console.cameras[1:3]
    await record(home, door, today(7), today(9), today() - timedelta(days=1))
    await record(home, yard, today(8))
    old = dt_util.start_of_local_day() - timedelta(days=7) + timedelta(hours=3)
    await record(home, door, old)

    root = await owner.open()
    assert (root["title"], root["can_play"], root["can_expand"]) == (
        "Protect Narrator",
        False,
        True,
    )
    date = f"{old:%A}, {iso(7)}"
    assert await owner.shown() == {
        "Today (3)": iso(),
        "Yesterday (1)": iso(1),
        f"{date} (1)": iso(7),
    }
    assert await owner.shown(iso()) == {
        f"{door.name} (2)": f"{iso()}/{door.mac}",
        f"{yard.name} (1)": f"{iso()}/{yard.mac}",
    }
    listed = await owner.open(f"{iso()}/{door.mac}")
    assert listed["title"] == f"{door.name}, Today"
    assert [each["title"] for each in listed["children"]] == [
        "09:00 A courier rings",
        "07:00 A courier rings",
    ]


async def test_what_was_just_seen_is_found_played_and_never_a_clip_is_listed(
    home: Home, owner: Browser
) -> None:
    camera = home.console.cameras[1]
    await home.see(camera)
    told = await home.next_sighting()
    played = f"/api/{DOMAIN}/clip/{told['sighting_id']}", "video/mp4"
    # It need not be stored by then.
    assert await owner.play(f"sighting/{told['sighting_id']}") == played
    await async_wait_recording_done(home.hass)

    (item,) = (await owner.open(f"{iso()}/{camera.mac}"))["children"]
    assert item["title"].endswith(told["title"])
    assert (item["media_class"], item["media_content_type"]) == ("video", "video/mp4")
    assert item["can_play"]
    identifier = item["media_content_id"].removeprefix(f"{ROOT}/")
    assert await owner.play(identifier) == played


async def test_a_sighting_with_a_picture_has_a_thumbnail_and_shows_both(
    home: Home, owner: Browser
) -> None:
    camera = home.console.cameras[1]
    (seen,) = await record(home, camera, today(), picture=True)
    snapshot, clip = (f"/api/{DOMAIN}/{what}/{seen}" for what in ("snapshot", "clip"))

    (item,) = (await owner.open(f"{iso()}/{camera.mac}"))["children"]
    assert item["can_play"]
    assert item["can_expand"]
    assert item["thumbnail"].startswith(f"{snapshot}?authSig=")
    whole = await owner.open(f"sighting/{seen}")
    assert [(each["title"], each["media_class"]) for each in whole["children"]] == [
        ("Recording", "video"),
        ("Picture", "image"),
    ]
    assert await owner.play(f"sighting/{seen}") == (clip, "video/mp4")
    assert await owner.play(f"recording/{seen}") == (clip, "video/mp4")
    assert await owner.play(f"picture/{seen}") == (snapshot, "image/jpeg")
    assert (await owner.open(f"picture/{seen}"))["title"] == "Picture"


async def test_a_picture_that_is_gone_is_not_offered(home: Home, owner: Browser) -> None:
    camera = home.console.cameras[1]
    (seen,) = await record(home, camera, today(), picture=True)
    await home.entry.runtime_data.snapshots.async_remove(seen)

    (item,) = (await owner.open(f"{iso()}/{camera.mac}"))["children"]
    assert (item["thumbnail"], item["can_expand"]) == (None, False)
    assert await owner.error("resolve", f"picture/{seen}") == NOT_THERE


async def test_a_sighting_without_a_picture_has_none_to_ask_for(home: Home, owner: Browser) -> None:
    camera = home.console.cameras[1]
    # Anybody can fire an event: what it says of a picture is not signed.
    (seen,) = await record(home, camera, today(), image="/api/config?x=1")
    (item,) = (await owner.open(f"{iso()}/{camera.mac}"))["children"]
    assert (item["thumbnail"], item["can_expand"]) == (None, False)
    assert [each["title"] for each in (await owner.open(f"sighting/{seen}"))["children"]] == [
        "Recording"
    ]
    assert await owner.error("resolve", f"picture/{seen}") == NOT_THERE
    assert await owner.error("browse", f"picture/{seen}") == NOT_THERE


async def test_where_there_is_no_recording_any_more_the_picture_is_shown(
    home: Home, owner: Browser
) -> None:
    camera = home.console.cameras[1]
    seen, without = (
        *await record(home, camera, today(9), picture=True),
        *await record(home, camera, today(8)),
    )
    await home.console.remove_camera(camera.id)
    coordinator = home.entry.runtime_data.coordinator
    await until(lambda: camera.mac not in coordinator.data.cameras)

    assert await owner.shown(iso()) == {f"{camera.name} (2)": f"{iso()}/{camera.mac}"}
    first, second = (await owner.open(f"{iso()}/{camera.mac}"))["children"]
    assert (first["media_class"], first["can_play"], first["can_expand"]) == ("image", True, False)
    assert (second["can_play"], second["can_expand"]) == (False, False)
    snapshot = f"/api/{DOMAIN}/snapshot/{seen}"
    assert await owner.play(f"sighting/{seen}") == (snapshot, "image/jpeg")
    assert await owner.error("resolve", f"recording/{seen}") == NOT_THERE
    assert await owner.error("resolve", f"sighting/{without}") == NOT_THERE


async def test_a_recording_that_would_not_be_played_is_not_offered(
    home: Home, users: Users, owner: Browser, hass_client: ClientFactory
) -> None:
    camera = home.console.cameras[1]
    await home.see(camera)
    told = await home.next_sighting()
    await async_wait_recording_done(home.hass)
    seen = told["sighting_id"]
    listed = f"{iso()}/{camera.mac}"
    # Protect calls a camera that is adopted anew by another id; what it saw before is still ours.
    await home.console.remove_camera(camera.id)
    await home.console.add_camera(replace(camera, id=Camera.make(21).id))
    coordinator = home.entry.runtime_data.coordinator
    await until(lambda: _id_of(coordinator, camera.mac) not in (None, camera.id))
    client = await hass_client(await users.token(users.make({"entities": True})))

    for again in (False, True):
        if again:
            await home.unload()
            await home.start()
        (item,) = (await owner.open(listed))["children"]
        assert item["media_class"] == "image"
        assert (await owner.play(f"sighting/{seen}"))[1] == "image/jpeg"
        assert await owner.error("resolve", f"recording/{seen}") == NOT_THERE
        found = (await owner.ask("search", "", search_query="courier"))["result"]["result"]
        assert [each["media_class"] for each in found] == ["image"]
        assert (await client.get(clip_path(seen))).status == HTTPStatus.NOT_FOUND


async def test_more_than_a_hundred_come_page_by_page(home: Home, owner: Browser) -> None:
    camera = home.console.cameras[1]
    starts = [today(3) + timedelta(minutes=number) for number in range(205)]
    seen = await record(home, camera, *starts)

    pages: list[list[str]] = []
    place: str | None = f"{iso()}/{camera.mac}"
    while place is not None:
        children = (await owner.open(place))["children"]
        earlier = children[-1] if children[-1]["title"] == "Earlier…" else None
        ids = [each["media_content_id"] for each in children if each is not earlier]
        pages.append([each.rpartition("/")[2] for each in ids])
        place = earlier and earlier["media_content_id"].removeprefix(f"{ROOT}/")

    assert [len(page) for page in pages] == [100, 100, 5]
    assert [each for page in pages for each in page] == seen[::-1]


async def test_only_the_words_are_searched_for_and_only_there(home: Home, owner: Browser) -> None:
    door, yard = home.console.cameras[1:3]
    (fox,) = await record(home, door, today(7), title="A fox", description="It drinks.")
    await record(home, door, today(8))
    (other,) = await record(home, yard, today() - timedelta(days=1), title="Two foxes")

    async def found(identifier: str, text: str) -> list[str]:
        answer = await owner.ask("search", identifier, search_query=text)
        result = answer["result"]["result"]
        return [each["media_content_id"].rpartition("/")[2] for each in result]

    assert await found("", "FOX") == [fox, other]
    assert await found(iso(), "fox") == [fox]
    assert await found(f"{iso(1)}/{door.mac}", "fox") == []
    assert await found("", "   ") == []
    answer = await owner.ask("search", "2026-99-99", search_query="fox")
    assert answer["error"]["message"] == NOT_THERE
    (item,) = (await owner.ask("search", iso(1), search_query="two"))["result"]["result"]
    assert item["title"] == "Yesterday 10:00 Two foxes"


# -- rights


def sees(home: Home, camera: Camera) -> dict[str, Any]:
    """Return the policy of who may see that camera alone."""
    return only(home.entity_id(Platform.SENSOR, "last_sighting", camera.mac))


async def test_who_may_see_one_camera_finds_that_one_alone(
    home: Home, users: Users, owner: Browser, hass_ws_client: SocketFactory
) -> None:
    door, yard = home.console.cameras[1:3]
    (allowed,) = await record(home, door, today(9), picture=True)
    (forbidden,) = await record(home, yard, today(8), picture=True)
    await record(home, yard, today() - timedelta(days=1))
    guest = await browser_of(home, users, hass_ws_client, sees(home, door))

    assert await guest.shown() == {"Today (1)": iso()}
    assert await guest.shown(iso()) == {f"{door.name} (1)": f"{iso()}/{door.mac}"}
    assert len((await guest.open(f"{iso()}/{door.mac}"))["children"]) == 1
    assert (await guest.play(f"sighting/{allowed}"))[1] == "video/mp4"
    found = await guest.ask("search", "", search_query="courier")
    assert len(found["result"]["result"]) == 1

    # What there is and what there is not: he cannot tell.
    absent = "0" * 32
    for kind in ("browse", "resolve"):
        for part in ("sighting", "recording", "picture"):
            assert (await owner.ask(kind, f"{part}/{forbidden}"))["success"]
            assert await guest.error(kind, f"{part}/{forbidden}") == NOT_THERE
            assert await guest.error(kind, f"{part}/{absent}") == NOT_THERE
    assert await guest.error("browse", f"{iso()}/{yard.mac}") == NOT_THERE
    assert await guest.error("browse", f"{iso()}/F4E2C6FFFFFF") == NOT_THERE


async def test_who_may_see_no_camera_finds_nothing(
    home: Home, users: Users, hass_ws_client: SocketFactory
) -> None:
    await record(home, home.console.cameras[1], today())
    stranger = await browser_of(home, users, hass_ws_client, {})
    assert await stranger.shown() == {}
    assert await stranger.shown(iso()) == {}
    found = await stranger.ask("search", "", search_query="courier")
    assert found["result"]["result"] == []


async def test_cameras_that_are_gone_are_shown_to_who_may_see_everything(
    home: Home, users: Users, owner: Browser, hass_ws_client: SocketFactory
) -> None:
    door = home.console.cameras[1]
    gone = "65f0c0de000000000000dead"
    await record(home, door, today(9))
    (seen,) = await record(home, gone, today(8), picture=True, camera_name="Old shed")

    key = f"{iso()}/gone-{gone}"
    assert (await owner.shown(iso()))["Old shed (1)"] == key
    shown = await owner.open(key)
    assert shown["title"] == "Old shed, Today"
    (item,) = shown["children"]
    # Its console knows it no more.
    assert item["media_class"] == "image"

    guest = await browser_of(home, users, hass_ws_client, sees(home, door))
    assert await guest.shown() == {"Today (1)": iso()}
    for identifier in (key, f"{iso()}/gone-{door.id}", f"sighting/{seen}"):
        assert await guest.error("browse", identifier) == NOT_THERE


async def test_cameras_of_a_console_that_is_not_set_up_are_shown_without_recordings(
    home: Home, users: Users, owner: Browser, hass_ws_client: SocketFactory
) -> None:
    door = home.console.cameras[1]
    device = (
        er.async_get(home.hass)
        .entities[home.entity_id(Platform.SENSOR, "last_sighting", door.mac)]
        .device_id
    )
    (seen,) = await record(home, door, today(9), picture=True, device_id=device)
    guest = await browser_of(home, users, hass_ws_client, sees(home, door))
    await home.unload()

    for browser in (owner, guest):
        assert await browser.shown(iso()) == {f"{door.name} (1)": f"{iso()}/{door.mac}"}
        assert (await browser.play(f"sighting/{seen}"))[1] == "image/jpeg"


async def test_home_assistant_s_own_questions_are_answered(home: Home, users: Users) -> None:
    (seen,) = await record(home, home.console.cameras[1], today())
    root = await async_browse_media(home.hass, ROOT)
    assert [each.title for each in root.children or ()] == ["Today (1)"]
    play = await async_resolve_media(home.hass, f"{ROOT}/sighting/{seen}", "media_player.tv")
    assert (play.url, play.mime_type) == (f"/api/{DOMAIN}/clip/{seen}", "video/mp4")
    assert play.path is None


# -- what is none


@pytest.mark.parametrize(
    "identifier",
    [
        "2026-13-01",
        "2026-11-24/../x",
        "2026-11-24/f4e2c6000001",
        "2026-11-24//1~1",
        "2026-11-24/F4E2C6000001/../../secrets",
        "2026-11-24/F4E2C6000001/nan~1",
        "2026-11-24/F4E2C6000001/1~" + "9" * 40,
        "2026-11-24/gone-",
        "2026-11-24/gone-a b",
        "0001-01-01",
        "9999-12-31",
        "20261124",
        "٢٠٢٦-11-24",
        "sighting/",
        "sighting/ABCDEF" + "0" * 26,
        "sighting/" + "0" * 33,
        "recording/../../../etc/passwd",
        "picture/%2e%2e%2f",
        "0" * 32,
        pytest.param("x" * 10_000, id="megabytes"),
    ],
)
async def test_an_identifier_of_another_shape_is_not_there(
    home: Home, owner: Browser, identifier: str
) -> None:
    await record(home, home.console.cameras[1], today())
    assert await owner.error("browse", identifier) == NOT_THERE
    assert await owner.error("resolve", identifier) == NOT_THERE


# -- the recorder


async def test_without_a_recorder_it_is_said_what_to_do(
    home: Home,
    users: Users,
    owner: Browser,
    hass_ws_client: SocketFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door, yard = home.console.cameras[1:3]
    guest = await browser_of(home, users, hass_ws_client, sees(home, door))
    await home.see(yard)
    fired = (await home.next_sighting())["sighting_id"]
    monkeypatch.delitem(home.hass.data, DATA_INSTANCE)

    for browser in (owner, guest):
        for identifier in ("", iso(), f"{iso()}/{door.mac}"):
            said = await browser.error("browse", identifier)
            assert "add recorder: to configuration.yaml" in said
        assert "recorder" in (await browser.ask("search", "", search_query="x"))["error"]["message"]
    # What was just fired is known all the same, to who may know.
    assert (await owner.play(f"sighting/{fired}"))[1] == "video/mp4"
    absent = "0" * 32
    assert "recorder" in await owner.error("resolve", f"sighting/{absent}")
    for sighting_id in (fired, absent):
        assert await guest.error("resolve", f"sighting/{sighting_id}") == NOT_THERE
    monkeypatch.undo()


async def test_a_recorder_that_leaves_our_event_out_is_told(
    home: Home, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_instance(home.hass), "exclude_event_types", {EVENT_SIGHTING})
    assert f"leave out the event {EVENT_SIGHTING}" in await owner.error("browse")


async def test_what_was_recorded_before_it_was_left_out_is_still_shown(
    home: Home, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(home, home.console.cameras[1], today())
    monkeypatch.setattr(get_instance(home.hass), "exclude_event_types", {EVENT_SIGHTING})
    assert await owner.shown() == {"Today (1)": iso()}


async def test_a_database_that_does_not_answer_is_not_waited_for_longer(
    home: Home, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(browse, "async_counts", hang)
    monkeypatch.setattr(media_source, "_LIMIT_S", 0.1)
    assert "does not answer at the moment" in await owner.error("browse")


async def test_nothing_is_found_of_what_the_recorder_has_purged_and_nothing_breaks(
    home: Home, owner: Browser
) -> None:
    camera = home.console.cameras[1]
    long_ago = today() - timedelta(days=20)
    (old,) = await record(home, camera, long_ago, picture=True)
    place = f"{iso(20)}/{camera.mac}"
    await home.see(camera)
    new = (await home.next_sighting())["sighting_id"]
    await async_wait_recording_done(home.hass)
    assert len((await owner.open(place))["children"]) == 1
    shown = home.state(Platform.IMAGE, "last_picture", camera)

    await home.hass.services.async_call("recorder", "purge", {"keep_days": 10}, blocking=True)
    await async_wait_recording_done(home.hass)
    await until_gone(home, old)

    assert await owner.shown() == {"Today (1)": iso()}
    assert await owner.shown(iso(20)) == {}
    assert (await owner.open(place))["children"] == []
    assert await owner.error("browse", f"sighting/{old}") == NOT_THERE
    assert await owner.error("resolve", f"recording/{old}") == NOT_THERE
    page = await async_page(home.hass, SightingQuery())
    assert [each["sighting_id"] for each in page.sightings] == [new]
    assert await async_find(home.hass, old) is None
    assert home.state(Platform.IMAGE, "last_picture", camera) == shown
    entity = home.hass.data["image"].get_entity(shown.entity_id)
    assert entity is not None
    assert await entity.async_image()


async def until_gone(home: Home, sighting_id: str) -> None:
    """Wait until the purge, which takes several turns of the recorder, has taken that one."""
    for _ in range(20):
        if await async_find(home.hass, sighting_id) is None:
            return
        await async_wait_recording_done(home.hass)
    pytest.fail("it was not purged")
