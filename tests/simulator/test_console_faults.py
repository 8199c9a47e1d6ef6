"""Every fault is on the wire what its name says, as the unmodified client meets it."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import aiohttp
import av
import pytest
from uiprotect import BadRequest, NotAuthorized, NvrError, ProtectApiClient

from simulator.console import Camera, Console, Content, Faults, Reply, Script, at_random

from .helpers import (
    BYTES_PER_SECOND,
    PRIVATE,
    Wire,
    connected,
    export,
    export_params,
    moment_of,
)

SECONDS = 4
WHOLE = SECONDS * BYTES_PER_SECOND

# -- replies


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply.error(500), 500, "500"),
        (Reply.error(403), 403, "403"),
        (Reply.not_ready(), 404, "502"),
        (Reply.not_ready(504), 404, "504"),
        (Reply.too_many(retry_after=7), 429, "Too many"),
    ],
)
async def test_an_error_has_its_status_and_a_body_that_tells(
    console: Console, wire: Wire, reply: Reply, status: int, words: str
) -> None:
    console.faults.export = reply
    answered, body = await wire.get(f"{PRIVATE}/video/export", **export_params(console))
    assert answered == status
    assert words in body["error"]


async def test_too_many_requests_says_when_to_come_back(console: Console, wire: Wire) -> None:
    console.faults.events = Reply.too_many(retry_after=7)
    async with wire.session.get(f"{wire.base}{PRIVATE}/events", ssl=False) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (Reply(), WHOLE),
        (Reply.late(0.01), WHOLE),
        (Reply.chunked(), WHOLE),
        (Reply.empty(), 0),
        (Reply.garbage(), 64 * 1024),
        (Reply.wrong_length(), WHOLE // 2),
        (Reply.short(), WHOLE // 2),
        (Reply(content=b"not a video"), 11),
    ],
)
async def test_a_body_that_is_complete_arrives(
    console: Console, api: ProtectApiClient, reply: Reply, size: int
) -> None:
    console.faults.export = reply
    assert len(await export(api, export_params(console, SECONDS))) == size


@pytest.mark.parametrize(
    "reply", [Reply.truncated(), Reply.reset_in_body()], ids=["truncated", "reset"]
)
async def test_a_body_that_ends_half_way_is_an_error_for_the_client(
    console: Console, api: ProtectApiClient, reply: Reply
) -> None:
    console.faults.export = reply
    with pytest.raises(aiohttp.ClientPayloadError, match=rf"received \d+ of {WHOLE} bytes"):
        await export(api, export_params(console, SECONDS))


async def test_a_connection_that_is_torn_down_gives_no_answer(
    console: Console, api: ProtectApiClient
) -> None:
    console.faults.export = Reply.reset()
    with pytest.raises(NvrError):
        await export(api, export_params(console))
    assert {each.status for each in console.requests_to("/video/export")} == {None}


@pytest.mark.parametrize(
    "reply",
    [Reply.hang(), Reply.hang_in_body(), Reply.drip()],
    ids=["hang", "hang_in_body", "drip"],
)
async def test_whoever_waits_for_the_end_waits_in_vain(
    console: Console, api: ProtectApiClient, reply: Reply
) -> None:
    console.faults.export = reply
    with pytest.raises((TimeoutError, NvrError)):
        await export(api, export_params(console), total=0.3)
    await console.wait_for(lambda: console.exports_running == 0)
    assert console.requests_to("/video/export")[-1].client_left


async def test_a_dripping_body_never_pauses_for_long(
    console: Console, api: ProtectApiClient
) -> None:
    console.faults.export = Reply.drip(bytes_per_second=2_000)
    params = export_params(console, seconds=0.005)  # 500 bytes
    assert len(await export(api, params, sock_read=1)) == 500


async def test_an_endless_body_declares_ten_gigabytes(console: Console, wire: Wire) -> None:
    console.faults.export = Reply.endless()
    url = f"{wire.base}{PRIVATE}/video/export"
    async with wire.session.get(url, params=export_params(console), ssl=False) as reply:
        assert reply.content_length == 10_000_000_000
        assert len(await reply.content.readexactly(3_000_000)) == 3_000_000
        reply.close()
    await console.wait_for(lambda: console.exports_running == 0)


async def test_a_web_page_comes_instead_of_a_video(console: Console, wire: Wire) -> None:
    console.faults.export = Reply.html()
    url = f"{wire.base}{PRIVATE}/video/export"
    async with wire.session.get(url, params=export_params(console), ssl=False) as reply:
        assert (reply.status, reply.content_type) == (200, "text/html")
        assert (await reply.read()).startswith(b"<!DOCTYPE html>")


async def test_a_blank_clip_is_sound_and_black(console: Console, api: ProtectApiClient) -> None:
    console.faults.export = Reply.blank()
    clip = await export(api, export_params(console, SECONDS))
    with av.open(BytesIO(clip), "r") as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(SECONDS, abs=0.5)
    assert max(int(frame.max()) for frame in frames) < 20


# -- plans


async def test_a_sequence_is_played_once_and_then_all_is_well(console: Console, wire: Wire) -> None:
    console.faults.export = [Reply.not_ready(), Reply.error(500), None]
    assert console.faults.unplayed() == 3
    params = export_params(console)
    statuses = [(await wire.get(f"{PRIVATE}/video/export", **params))[0] for _ in range(2)]
    assert statuses == [404, 500]
    assert console.faults.unplayed() == 1


async def test_a_fault_of_one_camera_leaves_the_others_alone(
    console: Console, api: ProtectApiClient
) -> None:
    bad, good = console.cameras[0].id, console.cameras[1].id
    console.faults.export = {bad: Reply.empty()}
    console.faults.live_snapshot = {bad: [Reply.error(500)]}
    assert await export(api, export_params(console) | {"camera": bad}) == b""
    assert await export(api, export_params(console) | {"camera": good})
    assert await api.get_camera_snapshot(good)
    assert await api.get_camera_snapshot(bad) is None
    assert await api.get_camera_snapshot(bad)


def test_chance_is_the_same_in_every_run() -> None:
    rounds = [
        [Script(at_random(Reply.error(500), 0.2, seed=4)).next() for _ in range(1)]
        for _ in range(2)
    ]
    assert rounds[0] == rounds[1]
    script = Script(at_random(Reply.error(500), 0.2))
    failures = sum(script.next() is not None for _ in range(1000))
    assert 150 < failures < 250


def test_a_misspelt_fault_is_refused() -> None:
    with pytest.raises(AttributeError, match="exprot"):
        Faults().exprot = Reply.hang()  # type: ignore[attr-defined]  # the point of the test


async def test_all_faults_can_be_mended_at_once(console: Console, api: ProtectApiClient) -> None:
    console.faults.everything = Reply.error(503)
    console.faults.no_media = True
    with pytest.raises(NvrError):
        await api.get_bootstrap()

    console.faults.unset()

    await api.get_bootstrap()
    assert await export(api, export_params(console))


# -- who may do what


async def test_a_second_factor_keeps_the_client_out(console: Console, tmp_path: Path) -> None:
    console.faults.login = Reply.second_factor()
    async with connected(console, tmp_path) as api:
        with pytest.raises(BadRequest, match="499"):
            await api.update()


async def test_a_cloud_account_can_be_told(console: Console, api: ProtectApiClient) -> None:
    assert api.bootstrap.auth_user.cloud_account is None
    console.faults.cloud_account = True
    await api.update()
    assert api.bootstrap.auth_user.cloud_account is not None


async def test_more_log_ins_than_allowed_are_refused(console: Console, wire: Wire) -> None:
    console.faults.logins_per_minute = 3
    # The fixture has logged in once already.
    assert [await wire.log_in() for _ in range(3)] == [200, 200, 429]


async def test_without_the_permission_there_are_only_live_pictures(
    console: Console, api: ProtectApiClient, wire: Wire
) -> None:
    camera = console.cameras[0].id
    event_id = await console.detect(camera)
    console.faults.no_media = True
    await api.update()
    known = api.bootstrap.cameras[camera]
    assert not known.can_read_media(api.bootstrap.auth_user)
    assert not api.bootstrap.has_media

    refused = [
        (f"{PRIVATE}/video/export", export_params(console)),
        (f"{PRIVATE}/events/{event_id}/thumbnail", {}),
        (f"{PRIVATE}/cameras/{camera}/recording-snapshot", {"ts": 1_700_000_000_000}),
    ]
    assert [(await wire.get(path, **params))[0] for path, params in refused] == [403, 403, 403]
    assert await api.get_camera_snapshot(camera)
    assert await api.get_public_api_camera_snapshot(camera)
    with pytest.raises(aiohttp.ClientResponseError, match="403"):
        await export(api, export_params(console))


# -- the other endpoints


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_every_picture_can_fail(console: Console, api: ProtectApiClient, status: int) -> None:
    camera = console.cameras[0].id
    event_id = await console.detect(camera)
    faults = console.faults
    faults.thumbnail = faults.recorded_snapshot = Reply.error(status)
    faults.live_snapshot = faults.public_snapshot = Reply.error(status)
    assert await api.get_event_thumbnail(event_id, retry_timeout=0) is None
    assert await api.get_camera_snapshot(camera, dt=datetime.now(UTC)) is None
    assert await api.get_camera_snapshot(camera) is None
    assert await api.get_public_api_camera_snapshot(camera) is None


async def test_an_event_can_be_lost_to_those_who_ask_for_it(
    console: Console, api: ProtectApiClient
) -> None:
    event_id = await console.detect(console.cameras[0].id)
    console.faults.event = [Reply.error(404), Reply.error(500)]
    with pytest.raises(BadRequest):
        await api.get_event(event_id)
    with pytest.raises(NvrError):
        await api.get_event(event_id)
    assert (await api.get_event(event_id)).id == event_id


async def test_the_public_api_can_fail_alone(console: Console, api: ProtectApiClient) -> None:
    console.faults.public = Reply.error(401)
    with pytest.raises(NotAuthorized):
        await api.get_meta_info()
    await api.get_bootstrap()


async def test_what_was_filmed_just_now_is_not_there_yet(
    console: Console, api: ProtectApiClient, wire: Wire
) -> None:
    console.faults.recording_lag = 2
    status, body = await wire.get(f"{PRIVATE}/video/export", **export_params(console, 1))
    assert (status, "502" in body["error"]) == (404, True)
    assert len(await export(api, export_params(console, 8))) < 6.1 * BYTES_PER_SECOND
    camera, now = console.cameras[0].id, datetime.now(UTC)
    assert await api.get_camera_snapshot(camera, dt=now) is None
    then = now - timedelta(seconds=10)
    recorded = await api.get_camera_snapshot(camera, dt=then)
    assert recorded is not None
    assert abs(moment_of(recorded) - then) < timedelta(milliseconds=1)


async def test_several_consoles_run_side_by_side(console: Console, tmp_path: Path) -> None:
    async with Console([Camera.make(5)], _NoFilm(), mac="F4E2C6000001") as other:
        console.faults.bootstrap = Reply.error(500)
        async with connected(other, tmp_path) as api:
            assert (await api.update()).nvr.mac == "F4E2C6000001"
            other.faults.export = Reply(content=Content.TRUE)
            with pytest.raises(aiohttp.ClientResponseError, match="500"):
                await export(api, export_params(other))


class _NoFilm:
    """A recording that cannot be read: a bug of a test, answered as any server would."""

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        raise RuntimeError(camera_name, start, end)

    def still(self, camera_name: str, at: datetime) -> bytes:
        raise RuntimeError(camera_name, at)


# -- the console as a whole


async def test_one_export_too_many_tears_every_connection_down(
    console: Console, wire: Wire
) -> None:
    console.faults.most_exports = 1
    console.faults.export = [Reply.hang()]
    url = f"{wire.base}{PRIVATE}/video/export"

    async def ask() -> int:
        async with wire.session.get(url, params=export_params(console), ssl=False) as reply:
            return reply.status

    hanging = asyncio.create_task(ask())
    await console.wait_for(lambda: console.exports_running == 1)
    answers = await asyncio.gather(hanging, ask(), return_exceptions=True)
    assert all(isinstance(each, aiohttp.ClientError) for each in answers)
    assert await ask() == 200


async def test_a_clock_that_is_wrong_stamps_what_is_noticed(console: Console) -> None:
    console.faults.clock_ahead = timedelta(hours=6)
    event_id = await console.detect(console.cameras[0].id)
    (event,) = console.events
    assert event.id == event_id
    assert event.end is not None
    ahead = event.end - datetime.now(UTC)
    assert timedelta(hours=5) < ahead < timedelta(hours=7)
