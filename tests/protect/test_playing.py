"""Clips that are passed on: as fast as they are taken, with ranges where the console has them."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.protect import (
    ByteRange,
    ClipStream,
    ConsoleMedia,
    RangeNotSatisfiableError,
    media as room,
)
from simulator.console import Console, Reply

from .helpers import IMPATIENCE, PATIENCE, download, window

# Far more than sockets hold on the way, and far less than a console sends within a second.
SOCKETS = 32 * 1024 * 1024


def playing(
    console: Console,
    media: ConsoleMedia,
    asked: str | None = None,
    *,
    time_limit: float = PATIENCE,
    most_bytes: int = 10_000_000,
) -> AbstractAsyncContextManager[ClipStream]:
    """Open the last four seconds, or a part of them."""
    return media.play_clip(
        *window(console),
        time_limit=time_limit,
        most_bytes=most_bytes,
        asked=ByteRange.parse(asked),
    )


async def play(
    console: Console, media: ConsoleMedia, asked: str | None = None, **limits: float
) -> bytes:
    """Return all that comes."""
    async with playing(console, media, asked, **limits) as stream:  # type: ignore[arg-type]  # the test's own
        return b"".join([chunk async for chunk in stream.chunks])


async def test_a_whole_clip_is_passed_on(console: Console, media: ConsoleMedia) -> None:
    async with playing(console, media) as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
    assert (stream.length, stream.part, stream.takes_ranges) == (400_000, None, False)
    assert body.startswith(b"Camera 1|")
    assert len(body) == 400_000
    assert console.requests_to("video/export")[0].byte_range is None


async def test_it_is_asked_for_as_the_analysis_asks(console: Console, media: ConsoleMedia) -> None:
    await download(console, media)
    await play(console, media)
    analysed, played = (request.query for request in console.requests_to("video/export"))
    assert set(analysed) == set(played)
    assert analysed["channel"] == played["channel"]


@pytest.mark.parametrize(
    ("asked", "given", "length"),
    [
        ("bytes=0-", "bytes 0-399999/400000", 400_000),
        ("bytes=100-199", "bytes 100-199/400000", 100),
        ("bytes=399990-", "bytes 399990-399999/400000", 10),
        ("bytes=-10", "bytes 399990-399999/400000", 10),
    ],
)
async def test_a_console_that_has_ranges_sends_the_part(
    console: Console, media: ConsoleMedia, asked: str, given: str, length: int
) -> None:
    console.faults.serves_ranges = True
    async with playing(console, media, asked) as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
    assert stream.part is not None
    assert stream.part.header == given
    assert (len(body), stream.length, stream.takes_ranges) == (length, length, True)
    assert console.requests_to("video/export")[0].byte_range == asked


async def test_a_console_without_ranges_sends_all_of_it(
    console: Console, media: ConsoleMedia
) -> None:
    async with playing(console, media, "bytes=100-199") as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
    assert (len(body), stream.part, stream.takes_ranges) == (400_000, None, False)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-1", "bytes 0-1/400000"),
        ("bytes=0-399999", "bytes 0-399999/400000"),
        ("bytes=0-99999999", "bytes 0-399999/400000"),
    ],
)
async def test_of_a_console_without_ranges_the_beginning_can_be_had(
    console: Console, media: ConsoleMedia, asked: str, given: str
) -> None:
    async with playing(console, media, asked) as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
    assert stream.part is not None
    assert (stream.part.header, stream.length) == (given, len(body))
    assert body.startswith(b"Ca")


async def test_of_what_has_no_known_length_there_is_no_beginning(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.export = Reply(content=b"x" * 1000, declared=None)
    async with playing(console, media, "bytes=0-1") as stream:
        body = b"".join([chunk async for chunk in stream.chunks])
    assert (len(body), stream.part) == (1000, None)


async def test_that_a_console_has_ranges_is_told_before_one_is_asked_for(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.serves_ranges = True
    async with playing(console, media) as stream:
        assert stream.takes_ranges


async def test_a_range_behind_the_end_is_told_apart(console: Console, media: ConsoleMedia) -> None:
    console.faults.serves_ranges = True
    with pytest.raises(RangeNotSatisfiableError) as caught:
        await play(console, media, "bytes=400000-")
    assert caught.value.total == 400_000


async def test_a_session_that_dies_is_logged_in_again_for_a_range_too(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.serves_ranges = True
    console.end_sessions()
    assert len(await play(console, media, "bytes=0-9")) == 10
    assert len(console.requests_to("/api/auth/login")) == 2


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply.not_ready(), FallbackDetail.NOT_READY),
        (Reply.error(500), FallbackDetail.HTTP_ERROR),
        (Reply.too_many(), FallbackDetail.HTTP_ERROR),
        (Reply.error(403), FallbackDetail.NO_ACCESS),
        (Reply.error(416), FallbackDetail.HTTP_ERROR),
        (Reply.reset(), FallbackDetail.CONNECTION_LOST),
        (Reply.hang(), FallbackDetail.TIMEOUT),
        (Reply.empty(), FallbackDetail.EMPTY),
        (Reply.html(), FallbackDetail.HTTP_ERROR),
        (Reply(content=b"{}", content_type="application/json"), FallbackDetail.HTTP_ERROR),
        (Reply(status=206, headers={"Content-Range": "bytes 0-9/10"}), FallbackDetail.HTTP_ERROR),
        (Reply.endless(), FallbackDetail.TOO_LARGE),
    ],
    ids=lambda value: value.status if isinstance(value, Reply) else value,
)
async def test_what_fails_at_first_is_an_error_before_anything_is_passed_on(
    console: Console,
    media: ConsoleMedia,
    reply: Reply,
    detail: FallbackDetail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_SILENCE_LIMIT_S", IMPATIENCE)
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        async with playing(console, media):
            pytest.fail("there is nothing to pass on")
    assert caught.value.detail is detail


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply.truncated(), FallbackDetail.TRUNCATED),
        (Reply.reset_in_body(), FallbackDetail.TRUNCATED),
        (Reply.hang_in_body(), FallbackDetail.TIMEOUT),
        (Reply(content=b"x" * 11_000_000, declared=None), FallbackDetail.TOO_LARGE),
    ],
)
async def test_what_fails_on_the_way_has_its_cause_too(
    console: Console,
    media: ConsoleMedia,
    reply: Reply,
    detail: FallbackDetail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_SILENCE_LIMIT_S", IMPATIENCE)
    console.faults.export = reply
    with pytest.raises(MediaError) as caught:
        await play(console, media)
    assert caught.value.detail is detail


@pytest.mark.parametrize(
    ("given", "body", "declared"),
    [
        (None, b"0123456789", 1.0),
        ("bytes 5-14/20", b"0123456789", 1.0),
        ("bytes 0-19/20", b"0123456789", 1.0),
        ("bytes 0-19/20", b"0123456789", None),
        ("bytes 0-4/20", b"0123456789", None),
        ("bytes 0-30/20", b"0123456789", None),
    ],
)
async def test_a_part_that_is_not_what_it_is_called_is_an_error(
    console: Console, media: ConsoleMedia, given: str | None, body: bytes, declared: float | None
) -> None:
    console.faults.export = Reply(
        status=206,
        content=body,
        declared=declared,
        headers={"Content-Range": given} if given else {},
    )
    with pytest.raises(MediaError):
        await play(console, media, "bytes=0-")


async def test_a_clip_of_unknown_length_is_passed_on(console: Console, media: ConsoleMedia) -> None:
    console.faults.export = Reply.chunked()
    async with playing(console, media) as stream:
        assert stream.length is None
        assert len(b"".join([chunk async for chunk in stream.chunks])) == 400_000


async def test_a_console_that_drips_is_waited_for(
    console: Console, media: ConsoleMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_SILENCE_LIMIT_S", IMPATIENCE)
    console.faults.export = Reply.drip(400_000)
    assert len(await play(console, media)) == 400_000


async def test_nothing_is_read_ahead_of_a_slow_viewer_and_he_is_not_the_consoles_silence(
    console: Console, media: ConsoleMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_SILENCE_LIMIT_S", IMPATIENCE)
    console.faults.export = Reply.endless()
    async with playing(console, media, most_bytes=10**11) as stream:
        await asyncio.sleep(4 * IMPATIENCE)  # it is the waiting that is tested
        for _ in range(100):
            assert len(await anext(stream.chunks)) <= 64 * 1024
    await console.wait_for(lambda: console.exports_running == 0)
    (export,) = console.requests_to("video/export")
    assert export.client_left
    assert 0 < export.sent < SOCKETS


async def test_it_is_over_in_time(console: Console, media: ConsoleMedia) -> None:
    console.faults.export = Reply.drip(1000)
    with pytest.raises(MediaError) as caught:
        await play(console, media, time_limit=IMPATIENCE)
    assert caught.value.detail is FallbackDetail.TIMEOUT


@pytest.mark.parametrize("reply", [Reply.hang(), Reply.hang_in_body(), Reply.endless()])
async def test_playing_can_be_cancelled_at_any_time(
    console: Console, media: ConsoleMedia, reply: Reply
) -> None:
    console.faults.export = reply

    async def watch() -> None:
        async with playing(console, media, most_bytes=10**11) as stream:
            async for _chunk in stream.chunks:
                await asyncio.sleep(0)

    task = asyncio.create_task(watch())
    await console.wait_for(lambda: console.exports_running == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await console.wait_for(lambda: console.exports_running == 0)
