"""What is counted of a day, and how it is kept."""

from datetime import date
from typing import Any

import pytest

from custom_components.protect_narrator.kinds import Kind
from custom_components.protect_narrator.pipeline.models import Timings
from custom_components.protect_narrator.salvage import UnreadableError
from custom_components.protect_narrator.tally import (
    OF_ALL,
    Mean,
    StoredTally,
    Tally,
    restored,
    stored,
)

DAY = date(2026, 11, 24)
OLD: StoredTally = {
    "day": "2026-11-24",
    "sightings": 7,
    "fallbacks": 2,
    "ai_calls": 9,
    "skipped": 3,
}


def busy() -> Tally:
    """Return a day with a little of everything."""
    tally = Tally(day=DAY).with_sighting(fallback=True).with_skipped()
    for mac in ("F4E2C6000001", "F4E2C6000002", "F4E2C6000001", None, OF_ALL, OF_ALL):
        tally = tally.with_ai_call(mac)
    tally = tally.with_sighting_of("F4E2C6000001", (Kind.ANY, Kind.PEOPLE, Kind.VEHICLES))
    tally = tally.with_sighting_of("F4E2C6000001", (Kind.ANY, Kind.PEOPLE))
    tally = tally.with_sighting_of("F4E2C6000002", (Kind.ANY,))
    tally = tally.with_ai_failure().with_ai_tokens(500).with_ai_tokens(700)
    return tally.with_timings(Timings(settle_s=7, describe_s=2, total_s=12))


def test_calls_are_counted_for_each_camera_and_in_all() -> None:
    tally = busy()
    assert tally.ai_calls == 6
    abouts = ("F4E2C6000001", "F4E2C6000002", "new", None, OF_ALL)
    assert [tally.ai_calls_of(about) for about in abouts] == [2, 1, 0, 1, 2]
    assert (tally.ai_failures, tally.ai_tokens) == (1, 1200)
    assert Tally(day=DAY).ai_tokens is None


def test_sightings_are_counted_for_each_camera_and_kind() -> None:
    tally = busy()
    first, second = "F4E2C6000001", "F4E2C6000002"
    assert [tally.sightings_of(first, kind) for kind in Kind] == [2, 2, 1, 0, 0, 0, 0, 0]
    assert [tally.sightings_of(second, kind) for kind in Kind] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert tally.sightings_of("new", Kind.ANY) == 0


def test_a_stage_that_did_not_take_place_is_not_in_its_mean() -> None:
    tally = busy().with_timings(Timings(settle_s=9, download_s=1))
    assert {name: mean.seconds for name, mean in tally.stages.items()} == {
        "settle_s": 8,
        "download_s": 1,
        "describe_s": 2,
        "total_s": 12,
    }
    assert Mean().seconds is None


def test_another_day_begins_with_nothing() -> None:
    tomorrow = date(2026, 11, 25)
    assert busy().on(tomorrow) == Tally(day=tomorrow)
    assert busy().on(DAY) == busy()


def test_a_day_is_kept_whole() -> None:
    assert restored(stored(busy())) == busy()


def test_the_day_of_an_earlier_version_is_taken_for_what_it_holds() -> None:
    assert restored(OLD) == Tally(day=DAY, sightings=7, fallbacks=2, ai_calls=9, skipped=3)


@pytest.mark.parametrize(
    "damage",
    [
        {"ai_calls": None},
        {"ai_calls": "many"},
        {"ai_calls_by_camera": 5},
        {"ai_calls_by_camera": {"F4E2C6000001": None}},
        {"ai_tokens": "many"},
        {"sightings_by_camera": 5},
        {"sightings_by_camera": {"F4E2C6000001": 5}},
        {"sightings_by_camera": {"F4E2C6000001": {"people": None}}},
        {"stages": {"settle_s": 7}},
        {"stages": {"settle_s": [7]}},
        {"stages": ["settle_s"]},
    ],
)
def test_a_damaged_day_is_an_error_that_is_known(damage: dict[str, Any]) -> None:
    item: Any = {**OLD, **damage}
    with pytest.raises(UnreadableError):
        restored(item)


def test_a_store_cannot_claim_more_cameras_than_any_console_has() -> None:
    calls = {str(number): 1 for number in range(9999)}
    seen = {str(number): {"people": 1} for number in range(9999)}
    tally = restored({**OLD, "ai_calls_by_camera": calls, "sightings_by_camera": seen})
    assert len(tally.ai_calls_by_camera) == len(tally.sightings_by_camera) == 256


def test_a_kind_that_a_later_version_counted_is_left_out() -> None:
    item: StoredTally = {**OLD, "sightings_by_camera": {"F4E2C6000001": {"people": 2, "bats": 9}}}
    assert restored(item).sightings_by_camera == {"F4E2C6000001": {Kind.PEOPLE: 2}}
