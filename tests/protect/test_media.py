"""Clips and pictures: each way in which a console fails has its own cause, and nothing leaks."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from io import BytesIO
import logging
from pathlib import Path

from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import Detection, FallbackDetail, Label
from custom_components.protect_narrator.protect import ConsoleMedia, media as room
from simulator.console import Channel, Console, Ends, Reply

from .helpers import PATIENCE, Link, linked

# Seconds: shorter than the ten of silence that end a request, so that tests are quick.
IMPATIENCE = 0.3


@pytest.fixture
async def media(console: Console, link: Link) -> AsyncGenerator[ConsoleMedia]:
    """The media of a console that is connected; nothing is left open after the test."""
    await link.connection.connect()
    yield link.connection.media
    await console.wait_for(lambda: console.open_requests == 0)
    assert console.exports_running == 0


def window(console: Console) -> tuple[str, datetime, datetime]:
    """Return a camera and four seconds that have passed."""
    end = datetime.now(UTC)
    return console.cameras[1].id, end - timedelta(seconds=4), end


async def download(console: Console, media: ConsoleMedia, time_limit: float = PATIENCE) -> bytes:
    """Return a whole clip."""
    async with media.open_clip(*window(console), time_limit=time_limit) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def seen(console: Console, **other: object) -> Detection:
    """Let a detection happen and return what a websocket may have told of it."""
    camera = console.cameras[1]
    event_id = await console.detect(camera.id, labels=("person",))
    event = next(event for event in console.events if event.id == event_id)
    assert event.end is not None
    known = {
        "console_id": console.mac.lower(),
        "camera_id": camera.id,
        "camera_name": camera.name,
        "event_ids": (event_id,),
        "labels": (Label.PERSON,),
        "start": event.start,
        "end": event.end,
    }
    return Detection(**(known | other))  # type: ignore[arg-type]  # the test's own fields


def taken_at(jpeg: bytes) -> datetime:
    """Return the moment that the picture is of."""
    with Image.open(BytesIO(jpeg)) as picture:
        return datetime.fromisoformat(picture.info["comment"].decode().split("|")[1])


# -- clips


async def test_a_clip_is_the_recording_that_was_asked_for(
    console: Console, media: ConsoleMedia
) -> None:
    camera_id, start, end = window(console)
    async with media.open_clip(camera_id, start, end, time_limit=PATIENCE) as chunks:
        body = b"".join([chunk async for chunk in chunks])
    name, first, last = body.decode().split("|")[:3]
    assert name == "Camera 1"
    assert abs(datetime.fromisoformat(first) - start) < timedelta(milliseconds=1)
    assert abs(datetime.fromisoformat(last) - end) < timedelta(milliseconds=1)
    assert len(body) == 400_000


@pytest.mark.parametrize(
    ("reply", "detail", "retriable"),
    [
        (Reply.not_ready(502), FallbackDetail.NOT_READY, True),
        (Reply.not_ready(503), FallbackDetail.NOT_READY, True),
        (Reply.not_ready(504), FallbackDetail.NOT_READY, True),
        (Reply.error(404, "Camera 65f0c0de0000000000000502 not found"), "http_error", False),
        (Reply.error(404), FallbackDetail.HTTP_ERROR, False),
        (Reply.error(500), FallbackDetail.HTTP_ERROR, True),
        (Reply.error(503), FallbackDetail.HTTP_ERROR, True),
        (Reply.too_many(), FallbackDetail.HTTP_ERROR, True),
        (Reply.error(400), FallbackDetail.HTTP_ERROR, False),
        (Reply.error(401), FallbackDetail.NO_ACCESS, False),
        (Reply.error(403), FallbackDetail.NO_ACCESS, False),
        (Reply.hang(), FallbackDetail.TIMEOUT, True),
        (Reply.hang_in_body(), FallbackDetail.TIMEOUT, True),
        (Reply.drip(), FallbackDetail.TIMEOUT, True),
        (Reply.late(PATIENCE), FallbackDetail.TIMEOUT, True),
        (Reply.reset(), FallbackDetail.CONNECTION_LOST, True),
        (Reply.reset_in_body(), FallbackDetail.TRUNCATED, True),
        (Reply.truncated(), FallbackDetail.TRUNCATED, True),
        (Reply.empty(), FallbackDetail.EMPTY, True),
    ],
    ids=lambda value: value.status if isinstance(value, Reply) else value,
)
async def test_each_fault_of_an_export_has_its_cause(
    console: Console, media: ConsoleMedia, reply: Reply, detail: str, retriable: bool
) -> None:
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        await download(console, media, time_limit=IMPATIENCE)
    assert (caught.value.detail, caught.value.retriable) == (detail, retriable)


async def test_an_error_without_its_body_is_one_all_the_same(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.export = [
        Reply(status=404, content=b"x" * 100, sent=0.5, declared=1.0, ending=ending)
        for ending in (Reply.truncated().ending, Reply.hang().ending)
    ]
    for _ in range(2):
        with pytest.raises(MediaError) as caught:
            await download(console, media, time_limit=IMPATIENCE)
        assert caught.value.detail is FallbackDetail.HTTP_ERROR


@pytest.mark.parametrize(
    ("reply", "length"),
    [(Reply.chunked(), 400_000), (Reply.wrong_length(), 200_000), (Reply.garbage(), 65_536)],
)
async def test_a_complete_body_is_passed_on_whatever_it_is(
    console: Console, media: ConsoleMedia, reply: Reply, length: int
) -> None:
    console.faults.export = reply
    assert len(await download(console, media)) == length


@pytest.mark.parametrize("reply", [Reply.hang(), Reply.hang_in_body()])
async def test_silence_ends_a_request_before_its_limit(
    console: Console, media: ConsoleMedia, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_SILENCE_LIMIT_S", IMPATIENCE)
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        await asyncio.wait_for(download(console, media, time_limit=600), PATIENCE)
    assert caught.value.detail is FallbackDetail.TIMEOUT


async def test_a_console_that_is_gone_is_a_lost_connection(
    console: Console, media: ConsoleMedia
) -> None:
    await console.go_down()
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.detail is FallbackDetail.CONNECTION_LOST
    await console.come_up()
    assert await download(console, media)


async def test_a_consumer_may_leave_early(console: Console, media: ConsoleMedia) -> None:
    console.faults.export = Reply.endless()
    async with media.open_clip(*window(console), time_limit=PATIENCE) as chunks:
        async for chunk in chunks:
            assert chunk
            break
        assert console.exports_running == 1
    await console.wait_for(lambda: console.exports_running == 0)


async def test_an_error_of_the_consumer_passes_through(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.export = Reply.endless()

    async def consume() -> None:
        async with media.open_clip(*window(console), time_limit=PATIENCE) as chunks:
            async for _chunk in chunks:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await consume()
    await console.wait_for(lambda: console.exports_running == 0)


@pytest.mark.parametrize("reply", [Reply.hang(), Reply.hang_in_body(), Reply.endless()])
async def test_a_download_can_be_cancelled_at_any_time(
    console: Console, media: ConsoleMedia, reply: Reply
) -> None:
    console.faults.export = reply

    async def read() -> None:
        async with media.open_clip(*window(console), time_limit=PATIENCE) as chunks:
            async for _chunk in chunks:
                await asyncio.sleep(0)

    task = asyncio.create_task(read())
    await console.wait_for(lambda: console.exports_running == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await console.wait_for(lambda: console.exports_running == 0)


# -- the log-in under a download


async def test_a_session_that_dies_is_logged_in_again(
    console: Console, media: ConsoleMedia
) -> None:
    console.end_sessions()
    assert await download(console, media)
    assert len(console.requests_to("/api/auth/login")) == 2


async def test_a_password_that_was_changed_is_no_access(
    console: Console, media: ConsoleMedia
) -> None:
    console.end_sessions()
    console.password = "changed"
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.detail is FallbackDetail.NO_ACCESS
    assert not caught.value.retriable


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply.too_many(), FallbackDetail.HTTP_ERROR),
        (Reply.second_factor(), FallbackDetail.HTTP_ERROR),
        (Reply.error(500), FallbackDetail.HTTP_ERROR),
        (Reply.reset(), FallbackDetail.CONNECTION_LOST),
        (Reply.hang(), FallbackDetail.TIMEOUT),
    ],
)
async def test_a_login_that_fails_may_succeed_later(
    console: Console, media: ConsoleMedia, reply: Reply, detail: FallbackDetail
) -> None:
    console.end_sessions()
    console.faults.login = reply
    with pytest.raises(MediaError) as caught:
        await download(console, media, time_limit=IMPATIENCE)
    assert (caught.value.detail, caught.value.retriable) == (detail, True)


async def test_no_more_logins_are_sent_than_a_console_likes(
    console: Console, media: ConsoleMedia
) -> None:
    for _ in range(2):
        console.end_sessions()
        await download(console, media)
    console.end_sessions()
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert (caught.value.detail, caught.value.retriable) == (FallbackDetail.HTTP_ERROR, True)
    assert len(console.requests_to("/api/auth/login")) == 3


async def test_a_token_that_cannot_be_kept_is_an_error_of_the_disk(
    console: Console, media: ConsoleMedia, tmp_path: Path
) -> None:
    (token,) = tmp_path.iterdir()  # noqa: ASYNC240 - one small directory
    token.unlink()
    token.mkdir()
    console.end_sessions()
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.detail is FallbackDetail.STORAGE_ERROR


# -- pictures


async def test_an_event_has_a_picture_of_its_own(console: Console, media: ConsoleMedia) -> None:
    detection = await seen(console)
    middle = detection.start + (detection.end - detection.start) / 2
    assert taken_at(await media.event_thumbnail(detection)) == middle


async def test_a_recorded_snapshot_is_of_its_moment(console: Console, media: ConsoleMedia) -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert taken_at(await media.recorded_snapshot(console.cameras[1].id, at)) == at


async def test_a_live_snapshot_is_of_now(console: Console, media: ConsoleMedia) -> None:
    before = datetime.now(UTC)
    assert before <= taken_at(await media.live_snapshot(console.cameras[1].id))
    assert not [each for each in console.requests if "/integration/" in each.path]


async def test_the_public_api_has_a_live_snapshot_too(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.live_snapshot = Reply.error(500)
    before = datetime.now(UTC)
    assert before <= taken_at(await media.live_snapshot(console.cameras[1].id))


async def test_without_a_key_there_is_one_live_snapshot_only(
    console: Console, tmp_path: Path
) -> None:
    console.faults.live_snapshot = Reply.error(500)
    async with linked(console, tmp_path, api_key=None) as link:
        await link.connection.connect()
        with pytest.raises(MediaError):
            await link.connection.media.live_snapshot(console.cameras[1].id)
    assert not [each for each in console.requests if "/integration/" in each.path]


async def test_when_neither_api_has_a_live_snapshot_the_last_cause_is_told(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.live_snapshot = Reply.error(500)
    console.faults.public_snapshot = Reply.error(403)
    with pytest.raises(MediaError) as caught:
        await media.live_snapshot(console.cameras[1].id)
    assert caught.value.detail is FallbackDetail.NO_ACCESS


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply.error(403), FallbackDetail.NO_ACCESS),
        (Reply.error(500), FallbackDetail.HTTP_ERROR),
        (Reply.truncated(), FallbackDetail.TRUNCATED),
        (Reply.empty(), FallbackDetail.EMPTY),
        (Reply.reset(), FallbackDetail.CONNECTION_LOST),
        (Reply.endless(), FallbackDetail.TOO_LARGE),
        (Reply.hang(), FallbackDetail.TIMEOUT),
        (Reply.hang_in_body(), FallbackDetail.TIMEOUT),
    ],
)
async def test_each_fault_of_a_picture_has_its_cause(
    console: Console,
    media: ConsoleMedia,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    detail: FallbackDetail,
) -> None:
    # An endless picture takes a moment until it is too large.
    quick = detail is not FallbackDetail.TOO_LARGE
    monkeypatch.setattr(room, "_PICTURE_LIMIT_S", IMPATIENCE if quick else PATIENCE)
    detection = await seen(console)
    console.faults.thumbnail = console.faults.recorded_snapshot = reply
    for ask in (
        media.event_thumbnail(detection),
        media.recorded_snapshot(detection.camera_id, detection.start),
    ):
        with pytest.raises(MediaError) as caught:
            await ask
        assert caught.value.detail is detail


async def test_a_user_without_media_sees_live_pictures_only(
    console: Console, media: ConsoleMedia
) -> None:
    camera_id = console.cameras[0].id
    assert await media.may_read(camera_id)
    console.faults.no_media = True
    assert not await media.may_read(camera_id)
    assert await media.live_snapshot(camera_id)


async def test_a_console_that_does_not_say_lets_recordings_be_read(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.recording_lag = 60
    assert await media.may_read(console.cameras[0].id)


# -- the truth about an event


async def test_an_event_is_told_as_the_console_knows_it(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console, labels=(Label.OTHER,), end_estimated=True)
    await console.update_detection(told.event_ids[0], labels=("vehicle",), license_plate="ABC 123")
    known = await media.refresh(told)
    assert known.labels == (Label.VEHICLE, Label.LICENSE_PLATE)
    assert known.license_plates == ("ABC 123",)
    assert not known.end_estimated
    assert known.sighting_id == told.sighting_id


async def test_an_invented_end_of_an_open_event_is_moved_to_now(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console)
    console.faults.ends = Ends.NEVER
    known = await media.refresh(told)
    assert known.end_estimated
    assert known.end > told.end


async def test_an_id_with_its_camera_is_the_same_event(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.suffixed_ids = frozenset({Channel.REST})
    told = await seen(console, labels=(Label.OTHER,))
    assert (await media.refresh(told)).labels == (Label.PERSON,)


@pytest.mark.parametrize(
    "reply", [Reply.error(404), Reply.error(500), Reply.reset(), Reply.hang(), Reply.html()]
)
async def test_an_event_that_cannot_be_read_stays_as_it_was(
    console: Console,
    media: ConsoleMedia,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    monkeypatch.setattr(room, "_EVENT_LIMIT_S", IMPATIENCE)
    caplog.set_level(logging.DEBUG, room.__name__)
    told = await seen(console)
    console.faults.event = reply
    assert await media.refresh(told) is told
    assert told.sighting_id in caplog.text


@pytest.mark.parametrize("body", [b"{}", b'{"id": 5}'])
async def test_an_event_that_makes_no_sense_stays_as_it_was(
    console: Console, media: ConsoleMedia, body: bytes
) -> None:
    told = await seen(console)
    console.faults.event = Reply(content=body)
    assert await media.refresh(told) is told


async def test_an_event_of_another_camera_is_not_this_one(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console, camera_id=console.cameras[2].id)
    assert await media.refresh(told) is told
