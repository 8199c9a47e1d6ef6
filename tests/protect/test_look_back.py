"""The console's own list of events makes good for websockets, and holds nobody up."""

from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.protect import look_back as room
from custom_components.protect_narrator.protect.events import EVENT_TYPES, frame_from_rest
from simulator.console import Console, Reply, Socket, private_api

from .helpers import LONG_AGO, OFTEN, Link, linked, looked


def deaf(console: Console) -> None:
    """Let both websockets be silent."""
    console.faults.private_socket = console.faults.public_socket = Socket.SILENT


async def test_the_list_is_asked_for_our_types_and_not_for_all_time(
    console: Console, link: Link
) -> None:
    await link.start(console)
    await console.wait_for(lambda: bool(console.requests_to("/api/events")))
    query = console.requests_to("/api/events")[0].query
    assert query["types"] in EVENT_TYPES
    assert query["orderDirection"] == "DESC"
    start = datetime.fromtimestamp(int(query["start"]) / 1000, UTC)
    assert timedelta(minutes=1) < datetime.now(UTC) - start < timedelta(minutes=30)


async def test_a_long_list_is_read_page_by_page(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 3)
    events = [await console.detect(console.cameras[n % 3].id) for n in range(10)]
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        heard = await link.start(console)
        told = await heard.some(10)
    assert {detection.event_ids[0] for detection in told} == set(events)
    assert len(told) == 10
    offsets = [each.query["offset"] for each in console.requests_to("/api/events")]
    assert offsets[:4] == ["0", "3", "6", "9"]


async def test_what_one_look_does_not_reach_is_found_by_the_next_the_newest_first(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 1)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    now = datetime.now(UTC)
    events = [
        await console.detect(console.cameras[0].id, start=now - timedelta(seconds=90 - 10 * n))
        for n in range(7)
    ]
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        told = await heard.some(7)
        await heard.wait_for(lambda: bool(heard.looked))
    # Two at a look, of which one was the last of the look before.
    found = [events.index(detection.event_ids[0]) for detection in told]
    assert found == [5, 6, 4, 3, 2, 1, 0]


async def test_what_happens_while_a_long_list_is_read_comes_before_the_rest_of_it(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 1)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    deaf(console)
    now = datetime.now(UTC)
    events = [
        await console.detect(console.cameras[0].id, start=now - timedelta(seconds=2000 - 10 * n))
        for n in range(7)
    ]
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, longest_open=timedelta()
    ) as link:
        heard = await link.start(console)
        await heard.some(2)
        new = await console.detect(console.cameras[0].id)
        told = await heard.some(8)
        await heard.wait_for(lambda: bool(heard.looked))
    ids = [detection.event_ids[0] for detection in told]
    assert sorted(ids) == sorted([*events, new])
    assert ids.index(new) < ids.index(events[0])


async def test_more_at_one_moment_than_a_look_reads_does_not_hold_it_there(
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(room, "_PAGE", 1)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    at = datetime.now(UTC) - timedelta(minutes=5)
    for _ in range(3):
        await console.detect(console.cameras[0].id, start=at)
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        older = await console.detect(console.cameras[0].id, start=at - timedelta(minutes=1))
        await heard.some(3)
        assert older in {detection.event_ids[0] for detection in heard.detections}
        await console.wait_for(lambda: "were not looked at" in caplog.text)
        new = await console.detect(console.cameras[0].id)
        told = await heard.some(4)
        await heard.wait_for(lambda: bool(heard.looked))
    assert told[3].event_ids == (new,)


@pytest.mark.parametrize("seconds_ago", [0, 35, 45, 55, 65, 75])
async def test_one_that_began_hours_before_those_beside_it_hides_none_of_them(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds_ago: int
) -> None:
    monkeypatch.setattr(room, "_PAGE", 2)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    monkeypatch.setattr(private_api, "list_order", lambda event: event.end)
    now = datetime.now(UTC)
    events = [
        await console.detect(
            console.cameras[0].id, start=now - timedelta(seconds=100 - 10 * n), duration=1
        )
        for n in range(7)
    ]
    long = timedelta(hours=3)
    events.append(
        await console.detect(
            console.cameras[1].id,
            start=now - timedelta(seconds=seconds_ago) - long,
            duration=long.total_seconds(),
        )
    )
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await heard.wait_for(lambda: bool(heard.looked))
    assert sorted(each.event_ids[0] for each in heard.detections) == sorted(events)


async def test_a_list_that_is_in_no_order_is_read_again_but_not_for_ever(
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(room, "_PAGE", 2)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    now = datetime.now(UTC)
    # The oldest first.
    monkeypatch.setattr(private_api, "list_order", lambda event: now + (now - event.start))
    for n in range(9):
        await console.detect(console.cameras[0].id, start=now - timedelta(seconds=100 - 10 * n))
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await heard.wait_for(lambda: bool(heard.looked))
    assert "in no order" in caplog.text


async def test_much_that_cannot_be_read_hides_nothing_behind_it(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 2)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    now = datetime.now(UTC)
    events = [
        await console.detect(console.cameras[0].id, start=now - timedelta(seconds=100 - 10 * n))
        for n in range(7)
    ]

    def read(raw: dict[str, object], _zones_of: object) -> object:
        return frame_from_rest(raw) if raw["id"] in events[:2] else None

    monkeypatch.setattr(room, "frame_from_rest", read)
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        deaf(console)
        heard = await link.start(console)
        await heard.wait_for(lambda: bool(heard.looked))
    assert {each.event_ids[0] for each in heard.detections} >= set(events[:2])


@pytest.mark.parametrize("start", [None, "now", True, -1, 1e300, 10**18, []], ids=str)
async def test_a_list_that_says_nothing_is_not_taken_for_looked_at(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: object
) -> None:
    monkeypatch.setattr(room, "_PAGE", 2)
    monkeypatch.setattr(room, "_MOST_PAGES", 2)
    deaf(console)
    console.faults.events = Reply(content=json.dumps([{"start": start}, 5]).encode())
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await looked(console, 12)
        assert heard.looked == []
        console.faults.unset()
        (event_id,) = [await console.detect(console.cameras[0].id)]
        assert [each.event_ids for each in await heard.some()] == [(event_id,)]
        await heard.wait_for(lambda: bool(heard.looked))


async def test_what_never_ended_long_ago_is_not_told_at_each_start(
    console: Console, tmp_path: Path
) -> None:
    await console.start_detection(
        console.cameras[0].id, start=datetime.now(UTC) - timedelta(hours=3)
    )
    async with linked(
        console,
        tmp_path,
        not_before=LONG_AGO,
        looked_at=datetime.now(UTC),
        reconcile_every=OFTEN,
    ) as link:
        heard = await link.start(console)
        recent = await console.detect(console.cameras[1].id)
        await heard.some()
        await looked(console, 2)
    assert [detection.event_ids for detection in heard.detections] == [(recent,)]


async def test_an_old_event_is_told_when_it_ends_after_all(
    console: Console, tmp_path: Path
) -> None:
    deaf(console)
    event_id = await console.start_detection(
        console.cameras[0].id, start=datetime.now(UTC) - timedelta(hours=3)
    )
    async with linked(
        console,
        tmp_path,
        not_before=LONG_AGO,
        looked_at=datetime.now(UTC),
        reconcile_every=OFTEN,
    ) as link:
        heard = await link.start(console)
        await looked(console, 2)
        await console.end_detection(event_id)
        (detection,) = await heard.some()
    assert detection.late
    assert not detection.end_estimated


async def test_rubbish_in_the_list_hides_nothing_else(console: Console, tmp_path: Path) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    good = {
        "id": "0123456789abcdef01234567",
        "camera": console.cameras[0].id,
        "type": "smartDetectZone",
        "start": now - 2000,
        "end": now - 1000,
        "smartDetectTypes": ["animal"],
        "metadata": {"detectedThumbnails": [{"type": {}}, 5, None]},
    }
    items: list[object] = [None, 7, [], {"id": {}}, {**good, "id": "x/y"}, good]
    console.faults.events = Reply(content=json.dumps(items).encode())
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        (detection,) = await (await link.start(console)).some()
    assert detection.labels == (Label.ANIMAL,)


async def test_a_list_that_hangs_holds_up_no_open_event(console: Console, tmp_path: Path) -> None:
    console.faults.events = Reply.hang()
    async with linked(console, tmp_path, longest_open=timedelta(seconds=0.3)) as link:
        heard = await link.start(console)
        await console.start_detection(console.cameras[0].id)
        (detection,) = await heard.some()
        assert detection.end_estimated
        assert console.requests_to("/api/events")[0].finished is None


async def test_a_list_that_hangs_is_given_up(
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(room, "_PAGE_LIMIT_S", 0.2)
    console.faults.events = [Reply.hang()] * 3
    event_id = await console.detect(console.cameras[0].id)
    async with linked(
        console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN, api_key=None
    ) as link:
        (detection,) = await (await link.start(console)).some()
    assert detection.event_ids == (event_id,)
    assert "cannot be read" in caplog.text


async def test_a_bug_of_ours_is_loud_and_the_next_look_is_made(
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = 0

    def buggy(raw: object, _zones_of: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyError("a typo")
        return frame_from_rest(raw)

    monkeypatch.setattr(room, "frame_from_rest", buggy)
    event_id = await console.detect(console.cameras[0].id)
    caplog.set_level(logging.ERROR)
    async with linked(console, tmp_path, not_before=LONG_AGO, reconcile_every=OFTEN) as link:
        (detection,) = await (await link.start(console)).some()
    assert detection.event_ids == (event_id,)
    assert ", in buggy\nKeyError" in caplog.text


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(days=9000)])
async def test_a_clock_that_was_put_back_keeps_nothing_from_being_found(
    console: Console, tmp_path: Path, ahead: timedelta
) -> None:
    deaf(console)
    future = datetime.now(UTC) + ahead
    async with linked(console, tmp_path, not_before=future, reconcile_every=OFTEN) as link:
        await link.start(console)
        await console.wait_for(lambda: bool(console.requests_to("/api/events")))
        event_id = await console.detect(console.cameras[0].id)
        (detection,) = await link.heard.some()
    assert detection.event_ids == (event_id,)
    start = int(console.requests_to("/api/events")[0].query["start"]) / 1000
    assert datetime.fromtimestamp(start, UTC) < datetime.now(UTC)
