"""Sightings are found by what they tell of, newest first, each once."""

from datetime import UTC, datetime, timedelta
import math
import sys
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator.hidden import DATA_HIDDEN
from custom_components.protect_narrator.history import (
    ANY,
    NOTHING_LOST,
    BadCursorError,
    CameraSet,
    HistoryUnavailableError,
    SightingQuery,
    async_counts,
    async_find,
    async_page,
)
from custom_components.protect_narrator.history.rows import async_processed
from custom_components.protect_narrator.pipeline.models import Label
from tests.history.conftest import DEVICE, Record
from tests.shell.sightings import START

GARAGE = "65f0c0de0000000000000002"


async def test_the_newest_comes_first_whenever_it_was_told(record: Record) -> None:
    record.tell(1, minutes=10, told={"title": "ten"})
    record.tell(2, minutes=30, told={"title": "thirty"})
    record.tell(3, minutes=20, told={"title": "twenty", "late": True})

    assert await record.titles() == ["thirty", "twenty", "ten"]


async def test_pages_follow_each_other_without_a_gap_or_a_repetition(record: Record) -> None:
    for number in range(7):
        # Two and two begin at the same moment, as when two cameras see one car.
        record.tell(number, minutes=number // 2, told={"title": str(number)})
    seen: list[list[str]] = []
    cursor = None
    while True:
        page = await record.page(3, cursor)
        seen.append([data["title"] for data in page.sightings])
        if (cursor := page.next) is None:
            break

    assert [sorted(titles) for titles in seen] == [["4", "5", "6"], ["1", "2", "3"], ["0"]]


async def test_what_comes_while_somebody_turns_pages_moves_none_of_them(record: Record) -> None:
    for number in range(4):
        record.tell(number, minutes=number, told={"title": str(number)})
    first = await record.page(2)
    record.tell(9, minutes=9, told={"title": "new"})

    second = await record.page(2, first.next)

    assert [data["title"] for data in second.sightings] == ["1", "0"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "1.5", "1.5~", "~1", "nan~1", "inf~1", "1.5~-1", "1~" + "9" * 40, "1~1~1"]
)
async def test_a_cursor_of_no_page_is_an_error(hass: HomeAssistant, cursor: str) -> None:
    # Whatever the database, which is not asked.
    with pytest.raises(BadCursorError):
        await async_page(hass, SightingQuery(), cursor=cursor)


async def test_a_cursor_may_be_as_far_away_as_numbers_go(record: Record) -> None:
    record.tell(1, told={"title": "one"})
    most, id_of_all = sys.float_info.max, 2**63 - 1

    for cursor, expected in (
        (f"{most!r}~{id_of_all}", 1),
        (f"{-most!r}~{id_of_all}", 0),
        (f"{sys.float_info.min!r}~0", 0),
        (f"{math.ulp(0.0)!r}~0", 0),
    ):
        assert len((await record.page(cursor=cursor)).sightings) == expected, cursor


async def test_moments_may_be_as_far_away_as_the_calendar_goes(record: Record) -> None:
    record.tell(1, told={"title": "one"})
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    assert await record.titles(since=first, until=last) == ["one"]
    assert await record.titles(until=first) == []
    assert await record.titles(since=last) == []


async def test_only_the_last_words_of_each_are_found(record: Record) -> None:
    for number in range(3):
        record.tell(number, minutes=number, revision=0, told={"title": f"first {number}"})
    for number in range(2):
        record.tell(number, minutes=number, told={"title": f"full {number}"})
    record.tell(0, minutes=0, revision=2, told={"title": "again 0"})

    assert await record.titles() == ["first 2", "full 1", "again 0"]


async def test_of_two_that_began_together_each_has_its_last_words(record: Record) -> None:
    for number in range(2):
        record.tell(number, revision=0, told={"title": f"first {number}"})
        record.tell(number, told={"title": f"full {number}"})

    assert sorted(await record.titles()) == ["full 0", "full 1"]


@pytest.mark.parametrize("foreign", [0, 1, 2])
async def test_the_last_words_are_found_whatever_was_fired_with_another_context(
    record: Record, foreign: int
) -> None:
    for revision in range(3):
        context = Context() if revision == foreign else None
        record.tell(1, revision=revision, told={"title": str(revision)}, context=context)

    assert await record.titles() == ["2"]


async def test_what_was_lost_before_and_is_not_any_more_is_not_found_by_its_loss(
    record: Record,
) -> None:
    record.tell(1, lost=True, told={"title": "lost"})
    record.tell(1, revision=2, told={"title": "again"})

    assert await record.titles(fallback_reasons=frozenset({ANY})) == []
    assert await record.titles(fallback_reasons=frozenset({NOTHING_LOST})) == ["again"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["c", "b", "a"]),
        ({"cameras": CameraSet(camera_ids=frozenset({GARAGE}))}, ["b"]),
        ({"cameras": CameraSet(camera_ids=frozenset({GARAGE, "x"}))}, ["b"]),
        (
            {"cameras": CameraSet(camera_ids=frozenset(), device_ids=frozenset({DEVICE}))},
            ["c", "a"],
        ),
        ({"cameras": CameraSet(camera_ids=frozenset())}, []),
        ({"cameras": CameraSet(camera_ids=frozenset("vwxyz"))}, []),
        (
            {"cameras": CameraSet(camera_ids=frozenset({GARAGE, *"xyz"}))},
            ["b"],
        ),
        (
            {
                "cameras": CameraSet(
                    camera_ids=frozenset({GARAGE, *"xyz"}), device_ids=frozenset({DEVICE})
                )
            },
            ["c", "b", "a"],
        ),
        ({"labels": frozenset({"person"})}, ["c", "a"]),
        ({"labels": frozenset({"PERSON"})}, ["c", "a"]),
        ({"labels": frozenset({"perso"})}, []),
        ({"labels": frozenset({"ring", "vehicle"})}, ["c", "b"]),
        ({"importances": frozenset({"high"})}, ["b"]),
        ({"importances": frozenset({"high", "low"})}, ["c", "b", "a"]),
        ({"importances": frozenset({"h%"})}, []),
        ({"fallback_reasons": frozenset({"clip_download_failed"})}, ["c"]),
        ({"fallback_reasons": frozenset({ANY})}, ["c"]),
        ({"fallback_reasons": frozenset({NOTHING_LOST})}, ["b", "a"]),
        ({"fallback_reasons": frozenset({NOTHING_LOST, "clip_download_failed"})}, ["c", "b", "a"]),
        ({"fallback_reasons": frozenset({NOTHING_LOST, ANY})}, ["c", "b", "a"]),
        ({"fallback_reasons": frozenset({"clip%"})}, []),
        ({"plate": "ab-12 xy"}, ["b"]),
        ({"plate": "ab-12"}, []),
        ({"face": "jörg ÖZ"}, ["a"]),
        ({"face": "j_rg öz"}, []),
        ({"text": "BLAUE tür"}, ["a"]),
        ({"text": "blaue wagen"}, []),
        ({"text": "100% 'der' \"sicher\""}, ["b"]),
        ({"text": "100_"}, []),
        ({"since": START + timedelta(minutes=1)}, ["c", "b"]),
        ({"until": START + timedelta(minutes=2)}, ["b", "a"]),
        ({"since": START + timedelta(minutes=1), "until": START + timedelta(minutes=2)}, ["b"]),
    ],
)
async def test_each_filter_leaves_out_what_does_not_match(
    record: Record, asked: dict[str, Any], expected: list[str]
) -> None:
    record.tell(
        1,
        faces=("Jörg Öz",),
        told={"title": "a", "description": "Er geht durch die BLAUE TÜR."},
    )
    record.tell(
        2,
        minutes=1,
        camera_id=GARAGE,
        labels=(Label.VEHICLE,),
        license_plates=("AB-12 XY",),
        told={
            "title": "b",
            "importance": "high",
            "device_id": None,
            "description": "100% 'der' Wagen, \"sicher\"",
        },
    )
    record.tell(3, minutes=2, lost=True, labels=(Label.RING, Label.PERSON), told={"title": "c"})

    assert await record.titles(**asked) == expected


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Die Straße ist leer", "straße"),
        ("Die Straße ist leer", "STRASSE"),
        ("DIE STRASSE IST LEER", "Straße"),
        ("İstanbul Valiliği", "İSTANBUL valiliği"),
    ],
)
async def test_letters_that_become_others_when_they_are_made_small_are_found(
    record: Record, written: str, asked: str
) -> None:
    record.tell(1, told={"title": written})
    record.tell(2, minutes=1, told={"title": "Dies ist es nicht"})

    assert await record.titles(text=asked) == [written]


async def test_names_with_such_letters_are_found_too(record: Record) -> None:
    record.tell(1, faces=("Jörg Groß",), told={"title": "ours"})
    record.tell(2, faces=("Jörg Gros",), told={"title": "another"})

    assert await record.titles(face="JÖRG GROSS") == ["ours"]


async def test_one_is_found_by_its_id_with_its_last_words(record: Record) -> None:
    data = record.tell(1)
    again = record.tell(1, revision=2, told={"title": "again"})
    record.tell(2)
    await async_processed(record.hass)

    assert await async_find(record.hass, data["sighting_id"]) == again
    assert await async_find(record.hass, "0" * 32) is None
    assert await async_find(record.hass, "no id of ours") is None


async def test_what_somebody_else_fires_under_that_name_is_not_found(record: Record) -> None:
    data = record.tell(1, told={"title": "ours"})
    record.fire({"of": "somebody else"}, minutes=1)
    record.fire({**data, "start": "yesterday", "sighting_id": "e" * 32}, minutes=2)
    record.fire({**data, "revision": "last", "sighting_id": "f" * 32}, minutes=3)

    assert await record.titles(limit=1) == ["ours"]


async def test_among_much_that_is_foreign_the_next_page_goes_on(record: Record) -> None:
    record.tell(1, minutes=-1, told={"title": "ours"})
    for minute in range(60):
        record.fire({"of": "somebody else"}, minutes=minute)

    found: list[str] = []
    cursor = None
    while True:
        page = await record.page(1, cursor)
        found += [data["title"] for data in page.sightings]
        if (cursor := page.next) is None:
            break

    assert found == ["ours"]


async def test_what_is_hidden_is_not_found(record: Record) -> None:
    hidden = record.tell(1, told={"title": "hidden"})
    record.tell(2, minutes=-1, told={"title": "shown"})
    record.hass.data[DATA_HIDDEN] = frozenset({hidden["sighting_id"]})

    assert await record.titles(limit=1) == ["shown"]
    assert await async_find(record.hass, hidden["sighting_id"]) is None


async def test_however_much_is_hidden_what_is_not_is_on_the_first_page(record: Record) -> None:
    """Who asks for the last one does not turn pages."""
    record.tell(99, minutes=-1, told={"title": "shown"})
    hidden = {record.tell(number, minutes=number)["sighting_id"] for number in range(30)}
    record.hass.data[DATA_HIDDEN] = frozenset(hidden)

    assert await record.titles(limit=1) == ["shown"]


async def test_what_is_hidden_is_read_by_the_first_who_asks(
    record: Record, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any console is set up, as where none can be; where that fails nothing is shown."""
    hidden = record.tell(1, told={"title": "hidden"})
    record.tell(2, minutes=-1, told={"title": "shown"})
    content = {"hidden": {hidden["sighting_id"]: START.timestamp()}}
    key = "protect_narrator.hidden"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": content}

    async def broken(_store: object) -> None:
        raise HomeAssistantError("cannot be opened")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "async_load", broken)
        for asking in (
            record.page(),
            async_find(record.hass, hidden["sighting_id"]),
            async_counts(record.hass, SightingQuery()),
        ):
            with pytest.raises(HistoryUnavailableError):
                await asking

    assert await record.titles() == ["shown"]
    assert await async_find(record.hass, hidden["sighting_id"]) is None
    assert [day.total for day in await async_counts(record.hass, SightingQuery())] == [1]


async def test_a_console_whose_clock_is_ahead_is_not_before_all_that_follows(
    record: Record,
) -> None:
    record.tell(1, start=dt_util.utcnow() + timedelta(days=400), told={"title": "ahead"})
    record.tell(2, start=dt_util.utcnow() + timedelta(seconds=1), told={"title": "after"})

    page = await record.page(until=dt_util.utcnow() + timedelta(minutes=1))

    assert {data["title"] for data in page.sightings} == {"ahead", "after"}


async def test_without_a_recorder_there_is_nobody_to_ask(hass: HomeAssistant) -> None:
    with pytest.raises(HistoryUnavailableError):
        await async_page(hass, SightingQuery())
    with pytest.raises(HistoryUnavailableError):
        await async_find(hass, "0" * 32)


async def test_before_the_first_was_stored_there_are_none(record: Record) -> None:
    assert await record.titles() == []
