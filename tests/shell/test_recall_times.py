"""What people's words for times mean, and how moments are said."""

from collections.abc import AsyncGenerator, Iterator
from datetime import datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.recall.times import (
    PERIODS,
    BadTimeError,
    Stretch,
    meant,
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
        # Of a beginning with a date it is the next, whenever that is asked.
        ("10:00", at(24, 8), at(24, 10)),
        ("08:00", at(24, 8), at(25, 8)),
    ],
)
def test_a_time_as_an_end_is_behind_the_beginning(
    words: str, begin: datetime | None, then: datetime
) -> None:
    assert moment(words, NOW, is_end=True, begin=begin) == then


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


@pytest.mark.parametrize("asked_at", [at(25, 9), at(25, 14, 30), at(25, 23, 30)])
@pytest.mark.parametrize(
    ("period", "since", "until", "told"),
    [
        ("yesterday", "8:00", "10:00", Stretch(at(24, 8), at(24, 10))),
        ("yesterday", "", "12:00", Stretch(at(24), at(24, 12))),
        ("yesterday", "", "00:00", Stretch(at(24), at(25))),
        ("yesterday", "22:00", "2:00", Stretch(at(24, 22), at(25))),
        ("last night", "", "23:00", Stretch(at(24, 20), at(24, 23))),
        ("last night", "", "02:00", Stretch(at(24, 20), at(25, 2))),
        ("last night", "23:00", "02:00", Stretch(at(24, 23), at(25, 2))),
        ("last night", "", "09:00", Stretch(at(24, 20), at(25, 8))),
        ("last night", "19:00", "22:00", Stretch(at(24, 20), at(24, 22))),
        ("today", "8:00", "18:00", Stretch(at(25, 8), at(25, 18))),
        ("today", "", "12:00", Stretch(at(25), at(25, 12))),
        ("today", "", "00:00", Stretch(at(25), at(26))),
        ("this afternoon", "", "16:00", Stretch(at(25, 12), at(25, 16))),
        ("this evening", "17:00", "", Stretch(at(25, 18), at(26))),
        ("", "2026-11-24 08:00", "10:00", Stretch(at(24, 8), at(24, 10))),
    ],
)
def test_what_is_told_is_the_same_whenever_it_is_asked(
    period: str, since: str, until: str, told: Stretch, asked_at: datetime
) -> None:
    assert meant(period, since, until, asked_at) == told


@pytest.mark.parametrize("period", ["today", "tonight", "this evening"])
def test_what_begins_later_today_has_not_begun_yet(period: str) -> None:
    """And is not yesterday's, of which the whole day would be told."""
    assert meant(period, "19:00", "", NOW) == Stretch(at(25, 19), at(26))
    assert meant(period, "19:00", "20:00", NOW) == Stretch(at(25, 19), at(25, 20))


@pytest.mark.parametrize("words", [("10:00", "9:00"), ("10:00", "9:30")])
def test_an_end_behind_the_period_ends_with_it(words: tuple[str, str]) -> None:
    assert meant("yesterday", *words, NOW) == Stretch(at(24, 10), at(25))


NAMED = (*PERIODS, "this morning", "this afternoon", "this evening", "tonight", "this week")
CLOCKS = [time(hour, minute) for hour in range(24) for minute in (0, 20)]
MOMENTS = [
    *(at(25, hour, minute) for hour in (0, 2, 7, 11, 14, 18, 23) for minute in (0, 30)),
    # The night after it has one hour twice, and the day twenty-five.
    datetime(2026, 10, 25, 12, tzinfo=BERLIN),
    datetime(2026, 10, 26, 7, tzinfo=BERLIN),
]


def times_in(named: Stretch, clock: time, now: datetime) -> Iterator[datetime]:
    """Yield when the clock says that between the bounds, both of them included."""
    assert named.since is not None
    day, until = named.since.date(), named.until or now
    while day <= until.date():
        if named.since <= (then := datetime.combine(day, clock, BERLIN)) <= until:
            yield then
        day += timedelta(days=1)


@pytest.mark.parametrize("period", NAMED)
def test_what_is_told_is_of_the_period_and_exact_where_the_period_has_the_time(
    period: str,
) -> None:
    for now, clock in product(MOMENTS, CLOCKS):
        named = stretch(period, now)
        assert named.since is not None
        found = list(times_in(named, clock, now))
        begins = [then for then in found if named.until is None or then < named.until]
        ends = [then for then in found if then > named.since]

        since = meant(period, f"{clock:%H:%M}", "", now)
        assert since.until == named.until
        assert since.since in (begins or [named.since])

        until = meant(period, "", f"{clock:%H:%M}", now)
        assert until.since == named.since
        if ends:
            assert until.until in ends
        elif named.until is not None:
            assert until.until == named.until
        else:  # still to come, so until now
            assert until.until is not None
            assert until.until > now


@pytest.mark.parametrize("period", NAMED)
def test_what_is_told_between_two_times_is_of_the_period(period: str) -> None:
    for now, begin, end in product(MOMENTS, CLOCKS[::3], CLOCKS[::3]):
        named = stretch(period, now)
        assert named.since is not None
        try:
            told = meant(period, f"{begin:%H:%M}", f"{end:%H:%M}", now)
        except BadTimeError:
            # Both lie outside.
            assert begin not in clocks_of(named, now)
            continue
        assert told.since is not None
        assert told.until is not None
        assert named.since <= told.since < told.until
        assert named.until is None or told.until <= named.until
        assert told.until - told.since <= timedelta(days=1)


def clocks_of(named: Stretch, now: datetime) -> set[time]:
    """Return the times of which the period has a beginning."""
    return {
        clock
        for clock in CLOCKS
        if any(named.until is None or then < named.until for then in times_in(named, clock, now))
    }


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
