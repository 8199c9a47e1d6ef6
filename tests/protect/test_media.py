"""Clips: each way in which a console fails has its own cause, and nothing leaks."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.protect import ConsoleMedia, media as room
from simulator.console import Console, Reply

from .helpers import IMPATIENCE, PATIENCE, Link, download, window


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
        (Reply.error(401), FallbackDetail.HTTP_ERROR, True),
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


@pytest.mark.parametrize(
    ("reply", "early"),
    [
        (Reply.not_ready(), True),
        (Reply.error(500), True),
        (Reply.error(503), True),
        (Reply.empty(), True),
        (Reply.too_many(), False),
        (Reply.error(403), False),
        (Reply.error(404), False),
        (Reply.truncated(), False),
        (Reply.reset(), False),
        (Reply.hang(), False),
    ],
    ids=lambda value: value.status if isinstance(value, Reply) else value,
)
async def test_a_recording_that_is_not_written_yet_is_told_from_other_trouble(
    console: Console, media: ConsoleMedia, reply: Reply, early: bool
) -> None:
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        await download(console, media, time_limit=IMPATIENCE)
    assert caught.value.early is early


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


async def test_a_password_that_was_changed_is_no_access_when_it_was_refused_twice(
    console: Console, media: ConsoleMedia, link: Link
) -> None:
    link.later()
    console.end_sessions()
    console.password = "changed"
    told = []
    for _ in range(3):  # and the last is one log-in too many
        with pytest.raises(MediaError) as caught:
            await download(console, media)
        told.append((caught.value.detail, caught.value.retriable, caught.value.trouble))
    once, *more = told
    assert once == (FallbackDetail.HTTP_ERROR, True, True)
    assert more == [(FallbackDetail.NO_ACCESS, False, False)] * 2


async def test_a_console_that_starts_and_shows_a_web_page_at_the_log_in_closes_nothing(
    console: Console, media: ConsoleMedia
) -> None:
    console.end_sessions()
    console.faults.login = Reply.html()
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert (caught.value.detail, caught.value.retriable) == (FallbackDetail.HTTP_ERROR, True)
    assert caught.value.trouble


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


async def test_a_login_that_fails_for_another_request_says_nothing_of_access(
    console: Console, media: ConsoleMedia
) -> None:
    console.end_sessions()
    console.faults.login = replace(Reply.too_many(), wait=0.3)
    # The library lets the second wait for the log-in of the first, and go on whatever came of it.
    ended = await asyncio.gather(
        *(download(console, media) for _ in range(3)), return_exceptions=True
    )
    for each in ended:
        assert isinstance(each, MediaError)
        assert (each.detail, each.retriable) == (FallbackDetail.HTTP_ERROR, True)


async def test_no_more_logins_are_sent_than_a_console_likes(
    console: Console, media: ConsoleMedia
) -> None:
    console.end_sessions()
    await download(console, media)
    console.end_sessions()
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert (caught.value.detail, caught.value.retriable) == (FallbackDetail.HTTP_ERROR, True)
    assert not caught.value.trouble, "the console has done nothing wrong"
    assert 1 <= (caught.value.retry_after_s or 0) <= 60
    assert len(console.requests_to("/api/auth/login")) == 2


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


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("7", 7.0),
        ("1000000000", 60.0),
        ("9" * 5000, 60.0),
        ("-5", None),
        ("NaN", None),
        ("1e3", None),
        ("Wed, 21 Oct 2099 07:28:00 GMT", None),
        ("\u0665", None),
        ("", None),
    ],
)
async def test_when_a_console_wants_to_be_asked_again_is_told(
    console: Console, media: ConsoleMedia, status: int, asked: str, told: float | None
) -> None:
    console.faults.export = console.faults.recorded_snapshot = Reply.error(
        status, headers={"Retry-After": asked}
    )
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.retry_after_s == told
    assert caught.value.retriable
    assert caught.value.trouble
    with pytest.raises(MediaError) as caught:
        await media.recorded_snapshot(console.cameras[0].id, window(console)[1])
    assert caught.value.retry_after_s == told


async def test_other_errors_ask_for_no_wait(console: Console, media: ConsoleMedia) -> None:
    console.faults.export = Reply.error(500, headers={"Retry-After": "7"})
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply.error(500), True),
        (Reply.error(502), True),
        (Reply.reset(), True),
        (Reply.error(400), False),
        (Reply.error(403), False),
        (Reply.error(404), False),
        (Reply.not_ready(), False),
        (Reply.truncated(), False),
        (Reply.empty(), False),
    ],
)
async def test_what_is_the_consoles_own_trouble_is_told_apart(
    console: Console, media: ConsoleMedia, reply: Reply, trouble: bool
) -> None:
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        await download(console, media)
    assert caught.value.trouble is trouble
