"""Pictures: each way in which a console fails has its own cause."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.protect import ConsoleMedia, media as room
from simulator.console import Console, Reply

from .helpers import IMPATIENCE, PATIENCE, linked, seen


def taken_at(jpeg: bytes) -> datetime:
    """Return the moment that the picture is of."""
    with Image.open(BytesIO(jpeg)) as picture:
        return datetime.fromisoformat(picture.info["comment"].decode().split("|")[1])


async def test_an_event_has_a_picture_of_its_own(console: Console, media: ConsoleMedia) -> None:
    detection = await seen(console)
    middle = detection.start + (detection.end - detection.start) / 2
    assert taken_at(await media.event_thumbnail(detection)) == middle


async def test_a_recorded_snapshot_is_of_its_moment(console: Console, media: ConsoleMedia) -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert taken_at(await media.recorded_snapshot(console.cameras[1].id, at)) == at


async def test_no_picture_is_squeezed_into_a_shape_that_is_not_the_camera_s(
    console: Console, media: ConsoleMedia
) -> None:
    detection = await seen(console)
    await media.event_thumbnail(detection)
    await media.recorded_snapshot(detection.camera_id, detection.start)
    await media.live_snapshot(detection.camera_id)

    pictures = [*console.requests_to("/thumbnail"), *console.requests_to("snapshot")]
    assert len(pictures) == 3
    assert all("h" in each.query and "w" not in each.query for each in pictures)


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


async def test_the_thumbnail_is_that_of_the_first_event_that_has_one(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console)
    told = replace(told, event_ids=("0" * 24, *told.event_ids))
    assert await media.event_thumbnail(told)


async def test_not_every_event_is_asked_for_its_thumbnail(
    console: Console, media: ConsoleMedia
) -> None:
    told = replace(await seen(console), event_ids=tuple(f"{n:024}" for n in range(12)))
    with pytest.raises(MediaError):
        await media.event_thumbnail(told)
    assert len(console.requests_to("/thumbnail")) == 3


async def test_a_console_that_asks_to_wait_is_not_asked_for_another_thumbnail(
    console: Console, media: ConsoleMedia
) -> None:
    console.faults.thumbnail = Reply.too_many(retry_after=5)
    told = replace(await seen(console), event_ids=tuple(f"event-{number}" for number in range(3)))
    await console.detect(console.cameras[1].id, event_id="event-0")
    with pytest.raises(MediaError) as caught:
        await media.event_thumbnail(told)
    assert caught.value.retry_after_s == 5
    assert len(console.requests_to("/thumbnail")) == 1
