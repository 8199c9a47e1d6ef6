"""Which Sightings still have rows, on each database."""

from homeassistant.core import Context

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history.presence import async_there
from custom_components.protect_narrator.history.rows import async_processed
from custom_components.protect_narrator.records import context_id

from .conftest import Record


async def test_only_what_has_a_row_is_there(record: Record) -> None:
    data = record.tell(1)
    await async_processed(record.hass)

    there = await async_there(record.hass, {data["sighting_id"], "1" * 32, "no id of ours"})

    assert there == {data["sighting_id"]}


async def test_a_row_that_this_version_cannot_read_is_there_all_the_same(record: Record) -> None:
    """Another version may read it, and would show it again."""
    told = record.tell(1, told={"revision": "of another version"})
    record.hass.bus.async_fire(EVENT_SIGHTING, {}, context=Context(id=context_id("2" * 32, 1)))
    await async_processed(record.hass)

    there = await async_there(record.hass, {told["sighting_id"], "2" * 32})

    assert there == {told["sighting_id"], "2" * 32}


async def test_what_others_have_fired_in_its_context_is_no_row_of_it(record: Record) -> None:
    """They are never shown, and may be there for longer."""
    record.tell(1)
    record.hass.bus.async_fire("something_else", {}, context=Context(id=context_id("2" * 32, 1)))
    await async_processed(record.hass)

    assert await async_there(record.hass, {"2" * 32}) == frozenset()
