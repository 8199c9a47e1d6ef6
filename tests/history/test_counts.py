"""How many there were is told by local day and by what was lost."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator.hidden import DATA_HIDDEN, async_hidden
from custom_components.protect_narrator.history import (
    CameraSet,
    HistoryUnavailableError,
    SightingQuery,
    async_counts,
    counts as counts_room,
    pages,
)
from custom_components.protect_narrator.history.rows import async_processed
from tests.history.conftest import Record
from tests.shell.sightings import START

GARAGE = "65f0c0de0000000000000002"
LOST = "clip_download_failed"


@pytest.fixture(autouse=True)
async def berlin(hass: HomeAssistant) -> AsyncGenerator[None]:
    await hass.config.async_set_time_zone("Europe/Berlin")
    yield
    dt_util.set_default_time_zone(UTC)


async def counts(record: Record, **asked: Any) -> list[tuple[date, dict[str | None, int]]]:
    await async_processed(record.hass)
    found = await async_counts(record.hass, SightingQuery(**asked))
    assert all(each.total == sum(each.by_reason.values()) for each in found)
    return [(each.day, dict(each.by_reason)) for each in found]


async def test_each_local_day_has_its_own_newest_first(record: Record) -> None:
    # 23:30 UTC is the next day in Berlin.
    record.tell(1, start=datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC))
    record.tell(2, start=datetime(2026, 11, 20, 23, 0, tzinfo=UTC))
    record.tell(3, start=datetime(2026, 11, 21, 12, 0, tzinfo=UTC), lost=True)
    record.tell(4, start=datetime(2026, 11, 23, 12, 0, tzinfo=UTC), lost=True)

    assert await counts(record) == [
        (date(2026, 11, 23), {LOST: 1}),
        (date(2026, 11, 21), {None: 1, LOST: 1}),
        (date(2026, 11, 20), {None: 1}),
    ]


async def test_a_day_of_25_hours_is_one_day(record: Record) -> None:
    # The clocks of Berlin went back on 25 October 2026.
    for number, hour in enumerate((22, 23, 24, 46)):
        start = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=hour)
        record.tell(number, start=start)

    assert await counts(record) == [(date(2026, 10, 25), {None: 4})]


async def test_days_are_told_apart_by_the_clock_that_hung_there_then(record: Record) -> None:
    # The moments before and at midnight, from winter to winter: summer is 29 March to 25 October.
    moment = timedelta(microseconds=1)
    midnights = {
        date(2026, 3, 29): datetime(2026, 3, 28, 23, tzinfo=UTC),
        date(2026, 3, 30): datetime(2026, 3, 29, 22, tzinfo=UTC),
        date(2026, 10, 25): datetime(2026, 10, 24, 22, tzinfo=UTC),
        date(2026, 10, 26): datetime(2026, 10, 25, 23, tzinfo=UTC),
    }
    for number, midnight in enumerate(midnights.values()):
        record.tell(2 * number, start=midnight - moment)
        record.tell(2 * number + 1, start=midnight)

    assert await counts(record) == [
        (date(2026, 10, 26), {None: 1}),
        (date(2026, 10, 25), {None: 2}),
        (date(2026, 10, 24), {None: 1}),
        (date(2026, 3, 30), {None: 1}),
        (date(2026, 3, 29), {None: 2}),
        (date(2026, 3, 28), {None: 1}),
    ]


async def test_a_day_that_has_no_midnight_is_one_day(record: Record) -> None:
    # In Cairo the clocks went from 23:59 on 23 April 2026 to 01:00.
    await record.hass.config.async_set_time_zone("Africa/Cairo")
    forward = datetime(2026, 4, 23, 22, tzinfo=UTC)
    record.tell(1, start=forward - timedelta(seconds=1))
    record.tell(2, start=forward)
    record.tell(3, start=forward + timedelta(hours=22, minutes=59))
    record.tell(4, start=forward + timedelta(hours=23))

    assert await counts(record) == [
        (date(2026, 4, 25), {None: 1}),
        (date(2026, 4, 24), {None: 2}),
        (date(2026, 4, 23), {None: 1}),
    ]


async def test_the_end_of_all_days_may_be_asked_for(record: Record) -> None:
    record.tell(1)

    until = datetime.max.replace(tzinfo=UTC)
    assert await counts(record, until=until) == [(START.date(), {None: 1})]


async def test_a_later_revision_counts_whatever_its_context(record: Record) -> None:
    record.tell(1, lost=True)
    record.tell(1, revision=2, context=Context())

    assert await counts(record) == [(START.date(), {None: 1})]


async def test_each_counts_once_with_its_last_words(record: Record) -> None:
    record.tell(1, revision=0)
    record.tell(1, lost=True)
    record.tell(1, revision=2)
    record.tell(2, lost=True)

    assert await counts(record) == [(START.date(), {None: 1, LOST: 1})]


async def test_cameras_and_time_are_what_counts(record: Record) -> None:
    record.tell(1)
    record.tell(2, camera_id=GARAGE, told={"device_id": None})
    record.tell(2, camera_id=GARAGE, told={"device_id": None}, revision=2)
    record.tell(3, minutes=10)
    garage = CameraSet(camera_ids=frozenset({GARAGE}))

    assert await counts(record, cameras=garage) == [(START.date(), {None: 1})]
    assert await counts(record, until=START + timedelta(minutes=10)) == [(START.date(), {None: 2})]
    assert await counts(record, since=START + timedelta(minutes=1)) == [(START.date(), {None: 1})]
    assert await counts(record, since=START + timedelta(days=1)) == []
    assert await counts(record, until=START) == []


async def test_what_is_hidden_does_not_count(record: Record) -> None:
    record.tell(1, revision=0)
    hidden = record.tell(1, lost=True)
    record.tell(2)
    record.hass.data[DATA_HIDDEN] = frozenset({hidden["sighting_id"], "0" * 32, "no id"})

    assert await counts(record) == [(START.date(), {None: 1})]


async def test_of_what_is_hidden_only_that_time_is_looked_for(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand may be hidden, and a page of the media browser counts for each camera."""
    hidden = await async_hidden(record.hass)
    told = [record.tell(number, minutes=number) for number in range(3)]
    for number in (0, 1):
        await hidden.async_hide(told[number]["sighting_id"], START + timedelta(minutes=number))
    # Of one whose time is lost it cannot be known.
    await hidden.async_hide(told[2]["sighting_id"], datetime.fromtimestamp(0, UTC))
    looked_for: list[str] = []

    def newest_of(session: Any, type_id: int, sighting_id: str) -> Any:
        looked_for.append(sighting_id)
        return pages.newest_of(session, type_id, sighting_id)

    monkeypatch.setattr(counts_room, "newest_of", newest_of)

    assert await counts(record, since=START + timedelta(minutes=1)) == []
    assert sorted(looked_for) == sorted(each["sighting_id"] for each in told[1:])


async def test_days_to_come_are_not_asked_for(record: Record) -> None:
    record.tell(1, start=dt_util.utcnow() - timedelta(hours=1))
    # The last moment that a calendar has, of which no local day can be made.
    last = datetime.max.replace(tzinfo=UTC)

    found = await counts(record, until=last)

    assert [reasons for _, reasons in found] == [{None: 1}]


async def test_nothing_is_counted_before_there_is_anything(record: Record) -> None:
    assert await counts(record) == []


async def test_what_somebody_else_fires_under_that_name_does_not_count(record: Record) -> None:
    record.fire({"of": "somebody else"})
    record.fire({"of": {"sighting_id": "f" * 32}, "fallback_reason": None})
    record.fire({"schema": 1, "sighting_id": None, "fallback_reason": None})
    record.fire({})
    record.tell(1)

    assert await counts(record) == [(START.date(), {None: 1})]


async def test_without_a_recorder_there_is_nobody_to_ask(hass: HomeAssistant) -> None:
    with pytest.raises(HistoryUnavailableError):
        await async_counts(hass, SightingQuery())
