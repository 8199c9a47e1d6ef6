"""Times as people and models say them, from and into moments; all of them are local."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
import re

from homeassistant.util import dt as dt_util

PERIODS = (
    "last hour",
    "last 3 hours",
    "today",
    "yesterday",
    "last night",
    "last 24 hours",
    "last 7 days",
)
"""What is offered; what is understood beyond that is a model's own invention."""

_ALWAYS = frozenset({"", "all", "always", "any", "ever"})
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
_LAST = re.compile(r"(?:the )?(?:last|past) (?:(\d{1,4}|an?|one) )?(minute|hour|day|week)s?")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?")

# Beyond lie moments that no recorder has, and arithmetic that no calendar does.
_YEARS = range(2000, 2200)


class BadTimeError(ValueError):
    """These words are no time."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment until before another; None has no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def within(self, other: Stretch) -> Stretch:
        """Return what both have in common. Raises BadTimeError where that is nothing."""
        since = max(filter(None, (self.since, other.since)), default=None)
        until = min(filter(None, (self.until, other.until)), default=None)
        if since is not None and until is not None and since >= until:
            raise BadTimeError("it ends before it begins")
        return Stretch(since, until)


def stretch(words: str, now: datetime) -> Stretch:
    """Return the stretch that has that name, such as "today". Raises BadTimeError."""
    said = " ".join(words.casefold().replace("_", " ").replace("-", " ").split())
    if said in _ALWAYS:
        return Stretch()
    today = now.date()
    before = today - timedelta(days=1)
    named = {
        "today": (today, 0, 24),
        "yesterday": (before, 0, 24),
        "this morning": (today, 0, 12),
        "this afternoon": (today, 12, 18),
        "this evening": (today, 18, 24),
        "tonight": (today, 18, 24),
        # Until eight of this morning.
        "last night": (before, 20, 32),
        "this week": (today - timedelta(days=today.weekday()), 0, 7 * 24),
    }
    if (hours := named.get(said)) is not None:
        day, first, last = hours
        return Stretch(_at(day, first), _at(day, last))
    if (length := _LAST.fullmatch(said)) is not None:
        count = int(length[1]) if length[1] and length[1].isdecimal() else 1
        # Backwards in real time, whatever the clocks do to it in between.
        since = dt_util.as_utc(now) - max(count, 1) * _UNITS[length[2]]
        return Stretch(dt_util.as_local(since))
    raise BadTimeError(words)


def moment(
    words: str,
    now: datetime,
    *,
    is_end: bool = False,
    of: Stretch = Stretch(),
    begin: datetime | None = None,
) -> datetime:
    """Return the moment that is meant: a date with or without a time, or a time alone.

    A date is its beginning, as the end of a stretch its end. A time is the last one that has
    been, of the period ``of`` the last one in it, or the one that is still to come: "yesterday
    until 12:00" ends yesterday, whenever that is asked. As the end of a stretch that begins at
    ``begin`` it is the next one after that. A time that the period does not have lies outside of
    it, for a beginning before it and for an end behind it. Raises BadTimeError.
    """
    said = words.strip()
    if (clock := _CLOCK.fullmatch(said)) is not None:
        wanted = _time(clock, words)
        if is_end:
            return _last_end(wanted, now, of) if begin is None else _next(wanted, begin)
        return _last_begin(wanted, now, of)
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return _moment(said)
    _check_year(day.year, words)
    return _at(day, 24 if is_end else 0)


def meant(period: str, since: str, until: str, now: datetime) -> Stretch:
    """Return what these words have in common, of which each may be "". Raises BadTimeError.

    It is never more than the period.
    """
    named = stretch(period, now)
    begin = moment(since, now, of=named) if since else None
    end = moment(until, now, is_end=True, of=named, begin=begin) if until else None
    return named.within(Stretch(begin, end))


def spoken(then: datetime, now: datetime) -> str:
    """Return the moment as it is said: "today at 14:03", "on Monday 23 November at 18:20"."""
    local = dt_util.as_local(then)
    days = (now.date() - local.date()).days
    clock = f"{local:%H:%M}"
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} at {clock}"
    year = "" if local.year == now.year else f" {local.year}"
    return f"on {local:%A} {local.day} {local:%B}{year} at {clock}"


def _time(clock: re.Match[str], words: str) -> time:
    try:
        return time(int(clock[1]), int(clock[2]), int(clock[3] or 0))
    except ValueError as err:
        raise BadTimeError(words) from err


def _last_begin(wanted: time, now: datetime, of: Stretch) -> datetime:
    last = _last(wanted, now)
    if of.since is None or (of.since <= last and (of.until is None or last < of.until)):
        return last
    before = _last(wanted, of.since)
    first = before if before == of.since else _next(wanted, of.since)
    return first if first < (of.until or now) else before


def _last_end(wanted: time, now: datetime, of: Stretch) -> datetime:
    last = _last(wanted, now)
    if of.since is None or (of.since < last and (of.until is None or last <= of.until)):
        return last
    return _next(wanted, of.since)


def _last(wanted: time, now: datetime) -> datetime:
    """Return when the clock has said that for the last time, which may be now."""
    zone = dt_util.get_default_time_zone()
    then = datetime.combine(now.date(), wanted, zone)
    return then if then <= now else datetime.combine(now.date() - timedelta(days=1), wanted, zone)


def _next(wanted: time, since: datetime) -> datetime:
    """Return when the clock says that for the first time after that moment."""
    day, zone = since.date(), dt_util.get_default_time_zone()
    then = datetime.combine(day, wanted, zone)
    return then if then > since else datetime.combine(day + timedelta(days=1), wanted, zone)


def _moment(words: str) -> datetime:
    try:
        parsed = dt_util.parse_datetime(words, raise_on_error=True)
    except ValueError as err:
        raise BadTimeError(words) from err
    _check_year(parsed.year, words)
    if parsed.tzinfo is None:
        return parsed.replace(tzinfo=dt_util.get_default_time_zone())
    return dt_util.as_local(parsed)


def _check_year(year: int, words: str) -> None:
    if year not in _YEARS:
        raise BadTimeError(words)


def _at(day: date, hour: int) -> datetime:
    """Return that hour of the local clock, of the day or of a later one."""
    later, hour = divmod(hour, 24)
    zone = dt_util.get_default_time_zone()
    return datetime.combine(day + timedelta(days=later), time(hour), zone)
