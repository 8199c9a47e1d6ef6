"""A Sighting's picture: kept, shown to who may see it, and gone in time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
import errno
from http import HTTPStatus
import logging
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.auth.models import Group
from homeassistant.components.http.auth import async_sign_path
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    CLIENT_ID,
    MockUser,
    async_fire_time_changed,
    mock_storage,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.protect_narrator import hidden, snapshot_files, snapshots
from custom_components.protect_narrator.const import (
    CONF_FIRST_WORDS,
    CONF_KEEP_PICTURES,
    CONF_SHOW,
    DOMAIN,
)
from custom_components.protect_narrator.hidden import DATA_HIDDEN
from custom_components.protect_narrator.kept_pictures import with_image
from custom_components.protect_narrator.snapshots import home_of
from simulator.console import Camera, Reply
from simulator.video import read_still
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .asking import call
from .conftest import Home
from .database import sightings_in_database

READ = {"read": True}


class Visitor:
    """Asks for pictures as one user or another."""

    def __init__(
        self, hass: HomeAssistant, connect: Callable[[], Awaitable[TestClient[Any, Any]]]
    ) -> None:
        self._hass = hass
        self._connect = connect

    async def client(self, policy: dict[str, Any] | None) -> TestClient[Any, Any]:
        """Return the client of a user with that policy; None is the owner."""
        name = f"group {len(self._hass.auth._store._users)}"
        user = MockUser(
            is_owner=policy is None, groups=[Group(name, policy or {}, id=name)]
        ).add_to_hass(self._hass)
        refresh = await self._hass.auth.async_create_refresh_token(user, CLIENT_ID)
        client = await self._connect()
        token = self._hass.auth.async_create_access_token(refresh)
        client.session.headers["Authorization"] = f"Bearer {token}"
        return client

    async def ask(
        self, path: str, policy: dict[str, Any] | None = None, *, etag: str = ""
    ) -> tuple[HTTPStatus, bytes, dict[str, str]]:
        client = await self.client(policy)
        headers = {"If-None-Match": etag} if etag else {}
        async with client.get(path, headers=headers) as reply:
            return HTTPStatus(reply.status), await reply.read(), dict(reply.headers)


@pytest.fixture
async def visitor(
    home: Home, hass_client_no_auth: Callable[[], Awaitable[TestClient[Any, Any]]]
) -> Visitor:
    assert await async_setup_component(home.hass, "http", {})
    mock_storage()
    return Visitor(home.hass, hass_client_no_auth)


def pictures(home: Home) -> list[Path]:
    """Return what is kept on disk."""
    return sorted(path for path in home_of(home.hass).rglob("*") if path.is_file())


def is_anything_left(home: Home) -> bool:
    return home_of(home.hass).parent.exists()


async def seen(home: Home, camera: Camera) -> dict[str, Any]:
    await home.see(camera)
    return await home.next_sighting()


@pytest.mark.parametrize("show", ["clip", "frames", "snapshot"])
async def test_a_sighting_has_a_picture_whatever_the_ai_was_shown(
    home: Home, agent: FakeTaskEntity, visitor: Visitor, show: str
) -> None:
    await home.set_up(agent, {CONF_SHOW: show})
    camera = home.console.cameras[1]
    sighting = await seen(home, camera)
    assert sighting["medium"] == show

    assert sighting["image"] == f"/api/{DOMAIN}/snapshot/{sighting['sighting_id']}"
    status, jpeg, headers = await visitor.ask(sighting["image"])
    assert status == HTTPStatus.OK
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Cache-Control"] == "private, no-cache"
    still = read_still(jpeg)
    assert still.camera_name == camera.name
    assert still.colours == ("red",)
    (file,) = pictures(home)
    assert file.read_bytes() == jpeg
    assert file.name == f"{sighting['sighting_id']}.jpg"
    assert file.parent.name == camera.mac.lower()


async def test_a_picture_is_for_who_may_read_the_cameras_sightings(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent)
    path = (await seen(home, home.console.cameras[1]))["image"]
    own, other = (
        home.entity_id(Platform.SENSOR, "last_sighting", camera.mac)
        for camera in home.console.cameras[1:3]
    )
    nowhere = path[:-32] + "0" * 32

    def only(entity_id: str, how: object) -> dict[str, Any]:
        return {"entities": {"entity_ids": {entity_id: how}}}

    for policy in (only(own, READ), {"entities": {"all": READ}}, {"entities": True}, None):
        status, _, _ = await visitor.ask(path, policy)
        assert status == HTTPStatus.OK, policy
    not_there = await visitor.ask(nowhere)
    assert not_there[0] == HTTPStatus.NOT_FOUND
    for policy in ({}, only(other, True), only(own, {"control": True})):
        for asked in (path, nowhere):
            status, body, headers = await visitor.ask(asked, policy)
            assert (status, body) == not_there[:2], policy
            assert headers.keys() == not_there[2].keys()


async def test_nobody_gets_a_picture_without_a_log_in_or_a_signed_path(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent)
    path = (await seen(home, home.console.cameras[1]))["image"]
    client = await visitor.client({})
    del client.session.headers["Authorization"]
    async with client.get(path) as reply:
        assert reply.status == HTTPStatus.UNAUTHORIZED
    signed = async_sign_path(home.hass, path, timedelta(minutes=1), use_content_user=True)
    async with client.get(signed) as reply:
        assert reply.status == HTTPStatus.OK
    async with client.get(signed.replace(path[-4:], "0000")) as reply:
        assert reply.status == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "odd", ["..%2Fsnapshot", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + ".jpg", "%00" * 32]
)
async def test_what_is_no_id_of_a_sighting_is_not_found(
    home: Home, agent: FakeTaskEntity, visitor: Visitor, odd: str
) -> None:
    await home.set_up(agent)
    status, _, _ = await visitor.ask(f"/api/{DOMAIN}/snapshot/{odd}")
    # Home Assistant itself refuses what tries to climb.
    climbs = odd.startswith("..")
    assert status == (HTTPStatus.BAD_REQUEST if climbs else HTTPStatus.NOT_FOUND)


async def test_a_picture_that_has_not_changed_is_not_sent_again(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent)
    path = (await seen(home, home.console.cameras[1]))["image"]
    _, jpeg, headers = await visitor.ask(path)
    known = headers["Etag"]
    status, body, headers = await visitor.ask(path, etag=known)
    assert (status, body) == (HTTPStatus.NOT_MODIFIED, b"")
    assert headers["Cache-Control"] == "private, no-cache"
    status, body, _ = await visitor.ask(path, etag='"other"')
    assert (status, body) == (HTTPStatus.OK, jpeg)
    # Who may not see it does not learn that it is there either.
    status, _, _ = await visitor.ask(path, {}, etag=known)
    assert status == HTTPStatus.NOT_FOUND


async def test_first_words_have_a_picture_and_the_full_ones_replace_it(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent, {CONF_FIRST_WORDS: True})
    camera = home.console.cameras[1]
    event_id = await home.console.start_detection(camera.id, ("person",))
    first = await home.next_sighting()
    assert first["revision"] == 0
    status, live, _ = await visitor.ask(first["image"])
    assert status == HTTPStatus.OK

    now = home.console.now()
    home.film.walk(camera.name, "green", now - timedelta(seconds=1), now)
    await home.console.end_detection(event_id)
    full = await home.next_sighting()

    assert (full["revision"], full["image"]) == (1, first["image"])
    _, best, _ = await visitor.ask(full["image"])
    assert best != live
    assert len(pictures(home)) == 1


async def test_without_any_picture_there_is_none(home: Home, agent: FakeTaskEntity) -> None:
    faults = home.console.faults
    faults.export = faults.thumbnail = faults.recorded_snapshot = Reply.error(403)
    faults.live_snapshot = faults.public_snapshot = Reply.error(403)
    await home.set_up(agent)
    sighting = await seen(home, home.console.cameras[1])
    assert sighting["fallbacks"][-1].startswith("snapshot_unavailable")
    assert sighting["image"] is None
    assert pictures(home) == []


async def test_who_keeps_no_pictures_has_none(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, {CONF_KEEP_PICTURES: 0})
    assert (await seen(home, home.console.cameras[1]))["image"] is None
    assert pictures(home) == []


async def test_a_full_disk_costs_the_picture_and_nothing_else(
    home: Home,
    agent: FakeTaskEntity,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    caplog.set_level(logging.INFO, "custom_components.protect_narrator")
    await home.set_up(agent)
    with monkeypatch.context() as patch:
        system = SimpleNamespace(**vars(os))
        system.fsync = full
        patch.setattr(snapshot_files, "os", system)
        for camera in home.console.cameras[1:3]:
            sighting = await seen(home, camera)
            assert (sighting["image"], sighting["fallbacks"]) == (None, [])
            assert sighting["title"] == "A courier rings"
    assert (await seen(home, home.console.cameras[3]))["image"]

    said = [each.getMessage() for each in caplog.records if "Pictures of" in each.getMessage()]
    assert said == [
        f"{home.entry.title}: Pictures of Sightings cannot be kept: No space left on device",
        f"{home.entry.title}: Pictures of Sightings are kept again",
    ]
    assert len(pictures(home)) == 1


async def test_a_restart_keeps_them_though_the_console_is_away(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent)
    path = (await seen(home, home.console.cameras[1]))["image"]
    _, jpeg, _ = await visitor.ask(path)
    await home.unload()
    status, body, _ = await visitor.ask(path)
    assert (status, body) == (HTTPStatus.OK, jpeg)

    await home.console.go_down()
    await home.hass.config_entries.async_setup(home.entry.entry_id)

    status, body, _ = await visitor.ask(path)
    assert (status, body) == (HTTPStatus.OK, jpeg)


async def test_no_picture_is_shown_while_nobody_can_tell_what_was_deleted(
    home: Home, agent: FakeTaskEntity, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(agent)
    path = (await seen(home, home.console.cameras[1]))["image"]
    # As after a start: pictures are known before what is hidden was read.
    del home.hass.data[DATA_HIDDEN]
    del home.hass.data[hidden._DATA_FILE]

    async def broken(_store: object) -> None:
        raise HomeAssistantError("cannot be opened")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "async_load", broken)
        status, _, _ = await visitor.ask(path)
    assert status == HTTPStatus.NOT_FOUND

    status, _, _ = await visitor.ask(path)
    assert status == HTTPStatus.OK


async def test_who_reads_a_sighting_is_not_promised_a_picture_that_is_gone(
    home: Home, agent: FakeTaskEntity, visitor: Visitor
) -> None:
    await home.set_up(agent)
    sighting = await seen(home, home.console.cameras[1])
    assert with_image(home.hass, sighting) == sighting
    assert with_image(home.hass, {**sighting, "image": None}) == sighting
    for path in pictures(home):
        path.unlink()

    status, _, _ = await visitor.ask(sighting["image"])

    assert status == HTTPStatus.NOT_FOUND
    assert with_image(home.hass, sighting) == {**sighting, "image": None}
    assert with_image(home.hass, {"sighting_id": 7})["image"] is None
    sighting_id = sighting["sighting_id"]
    assert (await call(home.hass, "get_sighting", sighting_id=sighting_id))["image"] is None
    (listed,) = (await call(home.hass, "get_sightings"))["sightings"]
    assert listed == {**sighting, "image": None}


async def test_what_is_cut_off_while_its_picture_is_kept_is_told_all_the_same(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = home.hass.loop.create_future()
    await home.set_up(agent)
    store = home.entry.runtime_data.snapshots

    async def hang(*_: object) -> bool:
        hanging.set_result(None)
        await home.hass.loop.create_future()
        return True

    monkeypatch.setattr(store, "async_keep", hang)
    await home.see(home.console.cameras[1])
    await hanging
    await home.unload()
    sighting = await home.next_sighting()
    assert (sighting["title"], sighting["image"]) == ("A courier rings", None)
    await home.start()
    await home.nothing_more_is_told(home.console.cameras[2])


async def test_with_the_entry_its_pictures_go(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    sighting = await seen(home, home.console.cameras[1])
    assert pictures(home)
    await until(lambda: not home.entry.runtime_data.runner.depth)

    await home.hass.config_entries.async_remove(home.entry.entry_id)

    assert not is_anything_left(home)
    assert with_image(home.hass, sighting)["image"] is None


async def test_a_picture_goes_when_the_recorder_has_purged_its_sighting(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_SETTLED", timedelta(0))
    await home.set_up(agent)
    sighting = await seen(home, home.console.cameras[1])
    assert await sightings_in_database(home.hass) == [sighting]
    await until(lambda: not home.entry.runtime_data.ledger.untold_ids)

    def an_hour_passes() -> None:
        async_fire_time_changed(home.hass, dt_util.utcnow() + timedelta(hours=1, minutes=1))

    store = home.entry.runtime_data.snapshots
    an_hour_passes()
    await until(lambda: not store._tasks)
    assert len(pictures(home)) == 1

    await home.hass.services.async_call(
        "recorder", "purge", {"keep_days": 0, "repack": False}, blocking=True
    )
    await async_wait_recording_done(home.hass)
    assert await sightings_in_database(home.hass) == []
    an_hour_passes()
    await until(lambda: not pictures(home))
    assert with_image(home.hass, sighting)["image"] is None
