"""Cameras that come, go and are renamed are learnt, whoever tells of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import json
import logging
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.protect import CameraInfo, ConnectionState
from custom_components.protect_narrator.protect.bootstrap import camera_from_rest, distinct
from custom_components.protect_narrator.protect.cameras import CameraList
from simulator.console import Camera, Console, Reply, Socket

from .helpers import OFTEN, Heard, Link, linked, looked, looked_so_far
from .listing import ListingConsole

SHED = Camera.make(9, "Shed")


def lists(console: Console) -> int:
    """Return how often the cameras were asked for."""
    return len(console.requests_to("/api/cameras"))


def names(heard: Heard) -> set[str]:
    """Return what the cameras were called when they were told last."""
    return {camera.name for camera in heard.cameras[-1]}


@asynccontextmanager
async def quiet(console: Console, folder: Path) -> AsyncIterator[Heard]:
    """Listen on one websocket, and look back for no other reason than what a test does."""
    async with linked(console, folder, api_key=None) as link:
        heard = await link.start(console)
        # At the start, and because the websocket has connected.
        await looked_so_far(console, 2)
        yield heard


async def test_cameras_that_come_and_go_are_told(console: Console, heard: Heard) -> None:
    new = Camera.make(9, "Shed")
    await console.add_camera(new)
    await heard.wait_for(lambda: bool(heard.cameras))
    assert "Shed" in {camera.name for camera in heard.cameras[-1]}
    event_id = await console.detect(new.id)
    (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    await console.remove_camera(new.id)
    await heard.wait_for(lambda: len(heard.cameras) >= 2)
    assert "Shed" not in {camera.name for camera in heard.cameras[-1]}


# -- what no websocket tells


async def test_an_event_of_a_camera_that_came_unheard_is_told_with_its_name(
    console: ListingConsole, tmp_path: Path
) -> None:
    async with quiet(console, tmp_path) as heard:
        console.become(*console.cameras, SHED)
        event_id = await console.detect(SHED.id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert detection.camera_name == "Shed"
    assert "Shed" in names(heard)


async def test_an_event_that_goes_on_when_its_camera_is_learnt_is_told_with_its_end(
    console: ListingConsole, tmp_path: Path
) -> None:
    async with quiet(console, tmp_path) as heard:
        console.become(*console.cameras, SHED)
        event_id = await console.start_detection(SHED.id)
        await looked_so_far(console, 3)
        await console.end_detection(event_id)
        (detection,) = await heard.some()
    assert not detection.end_estimated
    assert not detection.late


async def test_what_changed_while_nobody_listened_is_told_after_the_reconnect(
    console: ListingConsole, link: Link
) -> None:
    heard = await link.start(console)
    link.hurry()
    await heard.state(ConnectionState.CONNECTED)
    await console.go_down()
    await heard.state(ConnectionState.DISCONNECTED)
    stays, goes, renamed = console.cameras
    console.become(stays, replace(renamed, name="Another"), SHED)
    await console.come_up()
    await heard.wait_for(lambda: bool(heard.cameras))
    assert names(heard) == {stays.name, "Another", "Shed"}
    assert goes.name not in names(heard)
    await console.detect(renamed.id)
    (detection,) = await heard.some()
    assert detection.camera_name == "Another"


async def test_a_change_is_found_though_both_websockets_are_silent(
    console: ListingConsole, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        console.faults.private_socket = console.faults.public_socket = Socket.SILENT
        await console.remove_camera(console.cameras[0].id)
        await heard.wait_for(lambda: bool(heard.cameras))
    assert len(heard.cameras[-1]) == 2


async def test_cameras_that_stay_as_they_are_are_not_told(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await looked(console, 3)
    assert lists(console) >= 3
    assert heard.cameras == []


async def test_a_foreign_camera_is_asked_about_once(
    console: ListingConsole, tmp_path: Path
) -> None:
    console.fail_to_list(Reply(content=json.dumps(console.listed()).encode()))
    async with quiet(console, tmp_path) as heard:
        known, *_others = console.cameras
        console.become(*console.cameras, SHED)
        for count in range(1, 6):
            await console.detect(SHED.id)
            await console.detect(known.id)
            await heard.some(count)
            await looked_so_far(console, 3)
    assert lists(console) == 3
    assert {detection.camera_id for detection in heard.detections} == {known.id}


def test_there_is_an_end_to_asking() -> None:
    told: list[tuple[CameraInfo, ...]] = []
    cameras = CameraList(None, told.append)  # type: ignore[arg-type]  # nothing is sent
    asked = [cameras.is_worth_asking(f"camera {number}") for number in range(1000)]
    assert 10 < sum(asked) < 1000
    assert not any(asked[sum(asked) :])


# -- a list that is not well


async def test_a_list_that_cannot_be_read_hides_no_event_and_is_said_once(
    console: ListingConsole, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    console.fail_to_list(Reply.error(500))
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        console.faults.private_socket = console.faults.public_socket = Socket.SILENT
        await console.detect(console.cameras[0].id)
        await heard.some()
        await looked(console, 2)
        assert caplog.text.count("list of cameras cannot be read") == 1
        console.fail_to_list(None)
        console.become(*console.cameras, SHED)
        await heard.wait_for(lambda: bool(heard.cameras))
        assert caplog.text.count("list of cameras can be read again") == 1


async def test_until_the_cameras_can_be_read_events_are_looked_at_again(
    console: ListingConsole, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN, api_key=None) as link:
        await link.start(console)
        await looked(console)
        console.fail_to_list(Reply.error(500))
        await looked(console, 2)
        before = len(console.requests_to("/api/events"))
        await looked(console, 3)
        console.fail_to_list(None)
    starts = {each.query["start"] for each in console.requests_to("/api/events")[before:][:3]}
    assert len(starts) == 1


async def test_what_the_websocket_tells_meanwhile_is_newer_than_the_list(
    console: ListingConsole, tmp_path: Path
) -> None:
    old = Reply(content=json.dumps(console.listed()).encode(), wait=0.2)
    console.fail_to_list([old])
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await console.wait_for(lambda: lists(console) == 1)
        await console.add_camera(SHED)
        await heard.wait_for(lambda: bool(heard.cameras))
        assert console.requests_to("/api/cameras")[0].finished is None
        await looked(console, 3)
    assert len(heard.cameras) == 1
    assert "Shed" in names(heard)


async def test_rubbish_in_the_list_hides_no_camera(console: ListingConsole, tmp_path: Path) -> None:
    shed = {"id": SHED.id, "mac": SHED.mac, "name": None, "type": "UVC", "featureFlags": 5}
    rubbish: list[object] = [None, 7, [], {}, {"id": 5, "mac": "x"}, {"id": "x", "mac": None}]
    console.fail_to_list(Reply(content=json.dumps([*rubbish, *console.listed(), shed]).encode()))
    async with linked(console, tmp_path) as link:
        heard = await link.start(console)
        await heard.wait_for(lambda: bool(heard.cameras))
    assert heard.cameras[-1][-1] == CameraInfo(
        id=SHED.id, name="UVC", mac=SHED.mac, model="UVC", is_doorbell=False
    )
    assert len(heard.cameras[-1]) == 4


def test_a_camera_that_was_not_adopted_is_none_of_ours() -> None:
    offered = {"id": SHED.id, "mac": SHED.mac, "name": "Shed", "type": "UVC"}
    assert camera_from_rest(offered) is not None
    assert camera_from_rest({**offered, "isAdopted": False}) is None


@pytest.mark.parametrize("rubbish", [None, 5, "person", {"person": 1}, ["lasers", None, [1]]])
def test_what_a_camera_can_tell_is_what_is_known_of_its_list(rubbish: object) -> None:
    flags: dict[str, object] = {"smartDetectTypes": ["person", "licensePlate", "car"]}
    camera = camera_from_rest({"id": SHED.id, "mac": SHED.mac, "featureFlags": flags})
    assert camera is not None
    assert camera.labels == {Label.PERSON, Label.LICENSE_PLATE, Label.VEHICLE}

    flags["smartDetectAudioTypes"] = rubbish
    again = camera_from_rest({"id": SHED.id, "mac": SHED.mac, "featureFlags": flags})
    assert again == camera


def test_an_older_release_says_in_another_word_what_a_doorbell_is() -> None:
    bell = {"id": SHED.id, "mac": SHED.mac, "type": "UVC", "featureFlags": {"hasChime": True}}
    camera = camera_from_rest(bell)
    assert camera is not None
    assert camera.is_doorbell


async def test_a_console_that_lists_no_camera_while_it_starts_is_not_believed(
    console: ListingConsole, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        console.faults.cameras = Reply(content=b"[]")
        await looked(console, 3)
        assert heard.cameras == []


async def test_how_many_cameras_the_console_can_see_is_read_with_the_list(
    console: ListingConsole, tmp_path: Path
) -> None:
    sees, *others = console.cameras
    console.become(sees, *(replace(other, is_connected=False) for other in others))
    async with linked(console, tmp_path, api_key=None) as link:
        assert link.connection.cameras_connected is None
        await link.start(console)
        await looked_so_far(console, 2)
        assert link.connection.cameras_connected == 1


# -- what a camera may not be called


@pytest.mark.parametrize("rubbish", ["../users", "x?y", "a\nb", "", "x" * 65, 7, None, ["x"]])
def test_a_camera_without_a_proper_id_or_address_is_none(rubbish: object) -> None:
    camera = {"id": SHED.id, "mac": SHED.mac, "name": "Shed", "type": "UVC"}

    assert camera_from_rest(camera) is not None
    assert camera_from_rest({**camera, "id": rubbish}) is None
    assert camera_from_rest({**camera, "mac": rubbish}) is None


def test_a_name_is_one_line_of_a_sensible_length() -> None:
    camera = camera_from_rest(
        {"id": SHED.id, "mac": SHED.mac, "name": "Shed\n\x1b[31mERROR " + "x" * 10_000}
    )

    assert camera is not None
    assert camera.name.startswith("Shed [31mERROR x")
    assert len(camera.name) == 60


def test_cameras_are_counted_no_further_than_the_bound() -> None:
    listed = (
        camera_from_rest({"id": f"{number:024x}", "mac": f"{number:012X}", "type": "UVC"})
        for number in range(600)
    )

    assert len(distinct(listed)) == 500
