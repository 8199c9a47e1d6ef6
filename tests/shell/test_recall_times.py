"""What people's words for times mean, and how moments are said."""

from collections.abc import AsyncGenerator
from datetime import datetime
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.recall.times import (
    PERIODS,
    BadTimeError,
    Stretch,
    moment,
    spoken,
    stretch,
)

BERLIN = ZoneInfo("Europe/Berlin")
# A Wednesday.
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=BERLIN)


@pytest.fixture(autouse=True)
async def _in_berlin(hass: HomeAssistant) -> AsyncGenerator[None]:
    await hass.config.async_set_time_zone("Europe/Berlin")
    yield
    await hass.config.async_set_time_zone("US/Pacific")


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("today", at(25), at(26)),
        ("Yesterday", at(24), at(25)),
        ("last night", at(24, 20), at(25, 8)),
        ("this_morning", at(25), at(25, 12)),
        ("tonight", at(25, 18), at(26)),
        ("this week", at(23), at(30)),
        ("last hour", at(25, 13, 30), None),
        ("the last 3 hours", at(25, 11, 30), None),
        ("last_24_hours", at(24, 14, 30), None),
        ("past 2 days", at(23, 14, 30), None),
        ("last 7 days", at(18, 14, 30), None),
        ("last week", at(18, 14, 30), None),
        ("", None, None),
        ("all", None, None),
    ],
)
def test_a_period_is_a_stretch_of_local_time(
    words: str, since: datetime | None, until: datetime | None
) -> None:
    assert stretch(words, NOW) == Stretch(since, until)


@pytest.mark.parametrize("words", PERIODS)
def test_every_period_that_is_offered_is_understood(words: str) -> None:
    assert stretch(words, NOW).since is not None


def test_a_day_is_as_long_as_its_clock_says() -> None:
    # In the night to the 25th of October the clock goes back by one hour.
    day = stretch("today", datetime(2026, 10, 25, 12, tzinfo=BERLIN))

    assert day.since is not None
    assert day.until is not None
    assert day.until.timestamp() - day.since.timestamp() == 25 * 3600


@pytest.mark.parametrize("words", ["next week", "last blue moon", "last 99999 days", "\0"])
def test_a_period_without_sense_is_refused(words: str) -> None:
    with pytest.raises(BadTimeError):
        stretch(words, NOW)


@pytest.mark.parametrize(
    ("words", "then"),
    [
        ("2026-11-24 14:00", at(24, 14)),
        ("2026-11-24T14:00:00", at(24, 14)),
        ("2026-11-24T13:00:00Z", at(24, 14)),
        ("2026-11-24", at(24)),
        ("14:00", at(25, 14)),
        ("9.15", at(25, 9, 15)),
        ("18:00", at(24, 18)),
    ],
)
def test_a_moment_is_read_as_it_is_meant_here(words: str, then: datetime) -> None:
    assert moment(words, NOW) == then


@pytest.mark.parametrize(
    ("words", "begin", "then"),
    [
        ("18:00", at(25, 8), at(25, 18)),  # still to come
        ("06:00", at(24, 22), at(25, 6)),
        ("18:00", at(24, 8), at(24, 18)),
        ("06:00", at(25, 8), at(26, 6)),
        ("14:00", None, at(25, 14)),
    ],
)
def test_a_time_as_an_end_is_behind_the_beginning(
    words: str, begin: datetime | None, then: datetime
) -> None:
    assert moment(words, NOW, is_end=True, of=Stretch(begin)) == then


@pytest.mark.parametrize(
    ("words", "period", "then"),
    [
        ("08:00", "yesterday", at(24, 8)),
        ("18:00", "yesterday", at(24, 18)),
        ("23:00", "last night", at(24, 23)),
        ("02:00", "last night", at(25, 2)),
        ("14:00", "today", at(25, 14)),
        ("08:00", "last 3 hours", at(25, 8)),
    ],
)
def test_a_time_as_a_beginning_is_one_of_the_period(
    words: str, period: str, then: datetime
) -> None:
    assert moment(words, NOW, of=stretch(period, NOW)) == then


def test_a_date_as_an_end_is_over_with_its_day() -> None:
    assert moment("2026-11-24", NOW, is_end=True) == at(25)


@pytest.mark.parametrize(
    "words",
    ["soon", "25:00", "2026-13-01", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "2026"],
)
def test_a_moment_without_sense_is_refused(words: str) -> None:
    with pytest.raises(BadTimeError):
        moment(words, NOW)


def test_two_stretches_have_in_common_what_is_in_both() -> None:
    today, since_two = stretch("today", NOW), Stretch(at(25, 14))

    assert today.within(since_two) == Stretch(at(25, 14), at(26))
    assert Stretch().within(Stretch()) == Stretch()
    with pytest.raises(BadTimeError):
        today.within(stretch("yesterday", NOW))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (at(25, 14, 3), "today at 14:03"),
        (at(24, 23, 59), "yesterday at 23:59"),
        (at(23, 8), "on Monday 23 November at 08:00"),
        (datetime(2025, 12, 24, 18, tzinfo=BERLIN), "on Wednesday 24 December 2025 at 18:00"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=ZoneInfo("UTC")), "today at 00:30"),
        # The console's clock is ahead.
        (at(26, 1), "on Thursday 26 November at 01:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(then: datetime, words: str) -> None:
    assert spoken(then, NOW) == words
