"""What is fired as a Sighting comes back from each kind of database, letter by letter."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import Context, HomeAssistant
import pytest

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history import (
    ANY,
    Page,
    SightingQuery,
    async_counts,
    async_find,
    async_page,
    async_processed,
    async_stored,
    async_told_since,
)
from custom_components.protect_narrator.pipeline.models import Description, Importance, Sighting
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.records import context_id
from tests.shell.sightings import LONGEST, START, sighting

pytestmark = pytest.mark.usefixtures("recorder_mock")


async def _stored(hass: HomeAssistant, *told: Sighting) -> list[dict[str, Any]]:
    """Fire them as the publisher does; return their data when they have rows."""
    fired = []
    for each in told:
        data = event_data(each, config_entry_id="entry", device_id=None)
        hass.bus.async_fire(
            EVENT_SIGHTING,
            data,
            context=Context(id=context_id(each.sighting_id, each.revision)),
            time_fired=each.detection.start.timestamp(),
        )
        fired.append(data)
    await async_processed(hass)
    return fired


def _nth(number: int, **changed: Any) -> Sighting:
    """Return the Sighting of a Detection that began as many minutes later."""
    start = START + timedelta(minutes=number)
    return sighting(number, start=start, end=start + timedelta(seconds=4), **changed)


async def test_the_recorder_stores_in_the_database_that_was_meant(
    recorder_mock: Recorder, database_url: str
) -> None:
    assert recorder_mock.db_url == database_url
    wanted = {"sqlite": "sqlite", "mysql+pymysql": "mysql", "postgresql": "postgresql"}
    assert recorder_mock.dialect_name == wanted[database_url.partition(":")[0]]


async def test_a_sighting_is_found_by_its_id(hass: HomeAssistant) -> None:
    plain, longest = await _stored(hass, sighting(), LONGEST)

    assert await async_find(hass, plain["sighting_id"]) == plain
    assert await async_find(hass, longest["sighting_id"]) == longest
    assert await async_find(hass, "0" * 32) is None


async def test_its_row_is_found_by_the_context_that_it_was_fired_with(hass: HomeAssistant) -> None:
    (told,) = await _stored(hass, sighting())
    known, unknown = (context_id(told["sighting_id"], revision) for revision in (1, 2))

    assert await async_stored(hass, [known, unknown]) == {known}


async def test_what_was_told_is_known_by_its_events(hass: HomeAssistant) -> None:
    (told,) = await _stored(hass, sighting())

    known = await async_told_since(hass, START)

    assert known == {(told["camera_id"], told["protect_event_id"])}


async def test_pages_are_newest_first_and_leave_nothing_out(hass: HomeAssistant) -> None:
    told = await _stored(hass, *map(_nth, range(5)))

    pages: list[Page] = []
    cursor = None
    while not pages or cursor is not None:
        page = await async_page(hass, SightingQuery(), limit=2, cursor=cursor)
        pages.append(page)
        cursor = page.next

    assert [len(page.sightings) for page in pages] == [2, 2, 1]
    assert [each for page in pages for each in page.sightings] == told[::-1]


async def test_of_a_sighting_only_the_last_revision_is_shown(hass: HomeAssistant) -> None:
    first, last = await _stored(hass, _nth(0), replace(_nth(0), revision=2))
    assert first["sighting_id"] == last["sighting_id"]

    assert (await async_page(hass, SightingQuery())).sightings == (last,)
    assert await async_find(hass, last["sighting_id"]) == last


async def test_what_was_lost_is_counted_and_can_be_asked_for(hass: HomeAssistant) -> None:
    _, lost = await _stored(hass, _nth(0), _nth(1, lost=True))

    (day,) = await async_counts(hass, SightingQuery())
    page = await async_page(hass, SightingQuery(fallback_reasons=frozenset({ANY})))

    assert dict(day.by_reason) == {None: 1, "clip_download_failed": 1}
    assert page.sightings == (lost,)


async def test_letters_of_every_kind_are_looked_for(hass: HomeAssistant) -> None:
    told = _nth(1, faces=("José García",), license_plates=("WÜ AB 12",))
    description = Description(
        title="Eine ältere Dame 🚶 auf der Straße",
        description="She has a \\ sign, \"double\" and 'quoted', 100% wet.",
        importance=Importance.LOW,
    )
    _, wanted = await _stored(hass, _nth(0), replace(told, description=description))

    for query in (
        SightingQuery(text="ÄLTERE dame"),
        SightingQuery(text="'quoted', 100%"),
        SightingQuery(text='\\ sign "DOUBLE"'),
        SightingQuery(text="🚶"),
        SightingQuery(text="STRASSE dame"),
        SightingQuery(face="josé garcía"),
        SightingQuery(plate="wü ab 12"),
    ):
        assert (await async_page(hass, query)).sightings == (wanted,), query
    for query in (
        SightingQuery(text="ältere Herren"),
        SightingQuery(text="_"),
        SightingQuery(face="José"),
        SightingQuery(plate="AB"),
    ):
        assert (await async_page(hass, query)).sightings == (), query
