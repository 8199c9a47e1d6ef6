"""Clips and pictures are of the camera and the moment that were asked for."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image
import pytest
from uiprotect import ProtectApiClient

from simulator.console import Console, Reply

from .helpers import BYTES_PER_SECOND, PRIVATE, Wire, export, export_params, moment_of


async def test_a_clip_is_downloaded_as_it_was_filmed(
    console: Console, api: ProtectApiClient
) -> None:
    params = export_params(console, seconds=4)

    clip = await export(api, params)

    assert len(clip) == 4 * BYTES_PER_SECOND
    name, start, end, _rest = clip.decode().split("|")
    assert name == console.cameras[0].name
    assert round(datetime.fromisoformat(start).timestamp() * 1000) == params["start"]
    assert round(datetime.fromisoformat(end).timestamp() * 1000) == params["end"]
    assert (console.exports_running, console.most_exports_at_once) == (0, 1)


async def test_exports_that_run_at_once_are_counted(
    console: Console, api: ProtectApiClient
) -> None:
    console.faults.export = Reply.hang()
    running = [asyncio.create_task(export(api, export_params(console))) for _ in range(3)]
    await console.wait_for(lambda: console.most_exports_at_once == 3)
    assert console.open_requests == 3

    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)

    await console.wait_for(lambda: console.exports_running == 0)
    assert console.most_exports_at_once == 3
    assert all(each.client_left for each in console.requests_to("/video/export"))


async def test_an_export_that_was_given_up_for_the_next_is_not_counted_beside_it(
    console: Console, api: ProtectApiClient
) -> None:
    console.faults.export = [Reply.hang(), None]
    given_up = asyncio.create_task(export(api, export_params(console)))
    await console.wait_for(lambda: console.exports_running == 1)
    given_up.cancel()
    await export(api, export_params(console))
    assert console.most_exports_at_once == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"camera": "nowhere"}, 404),
        ({"end": 0}, 400),
        ({"start": "yesterday"}, 400),
        ({"channel": 7}, 400),
        ({"start": 10**18, "end": 10**18 + 1}, 400),
    ],
)
async def test_an_export_that_makes_no_sense_is_refused(
    console: Console, wire: Wire, wrong: dict[str, Any], status: int
) -> None:
    params = export_params(console) | wrong
    assert (await wire.get(f"{PRIVATE}/video/export", **params))[0] == status


async def test_an_event_has_a_thumbnail_once_it_has_ended(
    console: Console, api: ProtectApiClient
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    event_id = await console.start_detection(console.cameras[0].id, start=start)
    assert await api.get_event_thumbnail(event_id, retry_timeout=0) is None
    assert (await api.get_event(event_id)).end is None

    await console.end_detection(event_id, start + timedelta(seconds=10))

    thumbnail = await api.get_event_thumbnail(f"e-{event_id}")
    assert thumbnail is not None
    assert moment_of(thumbnail) == start + timedelta(seconds=5)


async def test_pictures_show_the_moment_that_is_asked_for(
    console: Console, api: ProtectApiClient
) -> None:
    camera, before = console.cameras[0].id, datetime.now(UTC)
    then = before.replace(microsecond=0) - timedelta(hours=1)

    recorded = await api.get_camera_snapshot(camera, dt=then)
    live = await api.get_camera_snapshot(camera)
    public = await api.get_public_api_camera_snapshot(camera)

    assert recorded is not None
    assert live is not None
    assert public is not None
    assert moment_of(recorded) == then
    assert before <= moment_of(live) <= moment_of(public) <= datetime.now(UTC)


async def test_a_picture_comes_in_the_size_that_is_asked_for(console: Console, wire: Wire) -> None:
    path = f"{wire.base}{PRIVATE}/cameras/{console.cameras[0].id}/snapshot"
    sizes = []
    for params in ({}, {"w": 320}, {"h": 90}, {"w": 50, "h": 50}):
        async with wire.session.get(path, params=params, ssl=False) as reply:
            sizes.append(_size(await reply.read()))
    assert sizes == [(640, 360), (320, 180), (160, 90), (50, 50)]


def _size(jpeg: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(jpeg)) as picture:
        return picture.size


async def test_a_console_may_serve_parts_of_an_export(console: Console, wire: Wire) -> None:
    path, params = f"{wire.base}{PRIVATE}/video/export", export_params(console, seconds=1)
    told = []
    for serves in (False, True):
        console.faults.serves_ranges = serves
        for asked in ("bytes=10-19", f"bytes={BYTES_PER_SECOND}-"):
            headers = {"Range": asked}
            async with wire.session.get(path, params=params, headers=headers, ssl=False) as reply:
                given = reply.headers.get("Content-Range")
                told.append((reply.status, given, len(await reply.read())))
    assert told == [
        (200, None, BYTES_PER_SECOND),
        (200, None, BYTES_PER_SECOND),
        (206, f"bytes 10-19/{BYTES_PER_SECOND}", 10),
        (416, f"bytes */{BYTES_PER_SECOND}", 0),
    ]
    assert [each.byte_range for each in console.requests_to("/video/export")][:2] == [
        "bytes=10-19",
        f"bytes={BYTES_PER_SECOND}-",
    ]
    assert [each.sent for each in console.requests_to("/video/export")] == [
        BYTES_PER_SECOND,
        BYTES_PER_SECOND,
        10,
        0,
    ]
