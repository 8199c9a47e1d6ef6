"""The truth about an event, as the console tells it when it is asked."""

from dataclasses import replace
import logging

import pytest

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.protect import ConsoleMedia, media as room
from simulator.console import Channel, Console, Ends, Reply

from .helpers import IMPATIENCE, seen


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


async def test_all_events_of_a_detection_are_asked_for(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console)
    line = await console.detect(told.camera_id, ("vehicle",), duration=1)
    told = replace(told, event_ids=(*told.event_ids, "0" * 24, line))
    known = await media.refresh(told)
    assert known.labels == (Label.PERSON, Label.VEHICLE)
    asked = [each.path.rpartition("/")[2] for each in console.requests if "/events/" in each.path]
    assert asked == list(told.event_ids)


async def test_what_was_read_of_a_detection_in_time_counts(
    console: Console, media: ConsoleMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_EVENT_LIMIT_S", IMPATIENCE)
    told = await seen(console)
    line = await console.detect(told.camera_id, ("vehicle",), duration=1)
    told = replace(told, labels=(Label.OTHER,), event_ids=(*told.event_ids, line))
    console.faults.event = [Reply(), Reply.hang()]
    known = await media.refresh(told)
    assert known.labels == (Label.PERSON,)


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


async def test_of_an_event_that_cameras_share_only_the_own_one_is_believed(
    console: Console, media: ConsoleMedia
) -> None:
    told = await seen(console, labels=(Label.OTHER,))
    shared = await console.start_detection(console.cameras[2].id, ("vehicle",))
    await console.update_detection(shared, license_plate="ABC 123")
    told = replace(told, event_ids=(shared, *told.event_ids))

    known = await media.refresh(told)

    assert (known.labels, known.license_plates) == ((Label.PERSON,), ())
    assert not known.end_estimated, "the other's goes on"
