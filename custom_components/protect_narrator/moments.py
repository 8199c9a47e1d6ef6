"""Moments as people write them: at a time, so long ago, or today."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
import re

from homeassistant.util import dt as dt_util
import probatio

_UNITS = {
    "s": "seconds",
    "sec": "seconds",
    "second": "seconds",
    "m": "minutes",
    "min": "minutes",
    "minute": "minutes",
    "h": "hours",
    "hour": "hours",
    "d": "days",
    "day": "days",
    "w": "weeks",
    "week": "weeks",
}

# "last 24 hours", "24 h", "the last week", "2 days ago".
_AGO = re.compile(
    r"(?:the )?(?:(?:last|past) )?(?P<count>\d{1,6}(?:\.\d{1,6})?)? ?(?P<unit>[a-z]+?)s?(?: ago)?",
    re.IGNORECASE,
)
_DAYS = {"today": 0, "yesterday": 1}

_LONGEST = 40  # characters of the longest of all these

_PARTS = frozenset({"days", "hours", "minutes", "seconds", "milliseconds"})

# What was seen lies between these, and so far from the ends of the calendar can be reckoned.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2999, 12, 31, tzinfo=UTC)

_NO_MOMENT = (
    "expected a date and time such as 2026-11-24 08:00, a duration such as last 24 hours, today or "
    "yesterday"
)


def moment(value: object) -> datetime:
    """Return the moment that is meant, aware, in UTC; raise probatio.Invalid where none is.

    What has no time zone is local, what is a duration is so long ago.
    """
    try:
        found = _meant(value)
        return min(max(dt_util.as_utc(found), _FIRST), _LAST)
    except (OverflowError, TypeError, ValueError) as err:
        raise probatio.Invalid(_NO_MOMENT) from err


def _meant(value: object) -> datetime:
    now = dt_util.now()
    match value:
        case datetime():
            return value
        case date():
            # As YAML reads a day without quotation marks.
            return dt_util.start_of_local_day(value)
        case timedelta():
            return _before(now, value)
        case Mapping():
            # As the selector of durations has it.
            if not value.keys() <= _PARTS:
                raise ValueError("no duration")
            return _before(now, timedelta(**{str(key): float(part) for key, part in value.items()}))
        case str() if len(value) <= _LONGEST:
            return _written(" ".join(value.split()), now)
        case _:
            raise TypeError("no moment")


def _written(text: str, now: datetime) -> datetime:
    lower = text.casefold()
    if lower == "now":
        return now
    if lower in _DAYS:
        return dt_util.start_of_local_day(now.date() - timedelta(days=_DAYS[lower]))
    if (found := _AGO.fullmatch(lower)) is not None and (unit := _UNITS.get(found["unit"])):
        return _before(now, timedelta(**{unit: float(found["count"] or 1)}))
    if (day := dt_util.parse_date(text)) is not None:
        return dt_util.start_of_local_day(day)
    if (parsed := dt_util.parse_datetime(text)) is None:
        raise ValueError("no moment")
    return parsed


def _before(now: datetime, duration: timedelta) -> datetime:
    """Return the moment so long ago: hours by the clock that never jumps."""
    if duration < timedelta(0):
        raise ValueError("a time to come")
    return now.astimezone(UTC) - duration
