"""Moments are understood as people write them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import probatio
import pytest

from custom_components.protect_narrator.moments import moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=BERLIN)


@pytest.fixture(autouse=True)
def _berlin(freezer: FrozenDateTimeFactory) -> Iterator[None]:
    freezer.move_to(NOW)
    dt_util.set_default_time_zone(BERLIN)
    yield
    dt_util.set_default_time_zone(UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-24 08:00", datetime(2026, 11, 24, 8, tzinfo=BERLIN)),
        # As near to the ends of the calendar as one can still reckon from.
        ("0001-01-02 08:00", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-30", datetime(2999, 12, 31, tzinfo=UTC)),
        ("2026-11-24T08:00:00", datetime(2026, 11, 24, 8, tzinfo=BERLIN)),
        ("2026-11-24T08:00:00Z", datetime(2026, 11, 24, 8, tzinfo=UTC)),
        (datetime(2026, 11, 24, 8), datetime(2026, 11, 24, 8, tzinfo=BERLIN)),  # noqa: DTZ001 - as templates make them
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=BERLIN)),
        (date(2026, 11, 23), datetime(2026, 11, 23, tzinfo=BERLIN)),
        ("today", datetime(2026, 11, 24, tzinfo=BERLIN)),
        ("Yesterday", datetime(2026, 11, 23, tzinfo=BERLIN)),
        ("now", NOW),
        ("last 24 hours", NOW - timedelta(days=1)),
        ("the last hour", NOW - timedelta(hours=1)),
        (" past  2 days ", NOW - timedelta(days=2)),
        ("1.5 h", NOW - timedelta(minutes=90)),
        ("30min", NOW - timedelta(minutes=30)),
        ("3 weeks ago", NOW - timedelta(weeks=3)),
        ({"hours": 2, "minutes": 30}, NOW - timedelta(minutes=150)),
        (timedelta(minutes=5), NOW - timedelta(minutes=5)),
    ],
    ids=str,
)
def test_what_is_written_is_meant(written: object, meant: datetime) -> None:
    found = moment(written)

    assert found == meant
    assert found.utcoffset() == timedelta()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "last",
        "2026-13-01",
        "999999 weeks",
        "x" * 10_000,
        "-3 hours",
        {"years": 1},
        {"hours": -1},
        {"days": 1e300},
        {"hours": "x"},
        timedelta(days=-1),
        None,
        True,
        12,
        ["today"],
    ],
    ids=lambda written: str(written)[:30],
)
def test_what_is_no_moment_is_refused(written: object) -> None:
    with pytest.raises(probatio.Invalid):
        moment(written)
