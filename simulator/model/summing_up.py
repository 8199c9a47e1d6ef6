"""What the model makes of many things that it is only told of: what a small model would say.

It knows no question. Its rules are these:

1. Where the words have lines that are JSON objects with a title, the longest run of them is what
   it sums up; empty lines and commas between them do not end it.
2. What has the same title at the same camera is one thing that happened several times.
3. It tells the most important of them, in the order in which they stand there, and of the others
   how many there were and where.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
import json
import re

from .schema import Json

_IMPORTANCES = ("low", "medium", "high")
# What fits into a notification.
_TOLD_AT_MOST = 4
_PLACES_AT_MOST = 3
_LONGEST_PART = 60  # characters of a title or of the name of a camera

_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is said of many things."""

    title: str
    """Of the most important one."""

    text: str
    importance: str


@dataclass(slots=True)
class _Group:
    """What was seen several times at one place."""

    title: str
    place: str
    moments: list[str] = field(default_factory=list)
    rank: int = 0


def sum_up(words: str) -> Summary | None:
    """Return what the data in these words amount to; None where there are none."""
    things = _things(words)
    if not things:
        return None
    groups = _groups(things)
    # Of equal ones the first; told in the order in which they happened.
    best = sorted(range(len(groups)), key=lambda number: -groups[number].rank)[:_TOLD_AT_MOST]
    told = [groups[number] for number in sorted(best)]
    others = [group for number, group in enumerate(groups) if number not in best]
    count = len(things)
    begin = "1 thing was seen" if count == 1 else f"{count} things were seen"
    sentences = [f"{begin}.", _sentence(told)]
    if others:
        sentences.append(_others(others))
    return Summary(
        title=groups[best[0]].title,
        text=" ".join(sentences),
        importance=_IMPORTANCES[groups[best[0]].rank],
    )


def _things(words: str) -> Sequence[Mapping[str, Json]]:
    """Return the longest run of lines that are data."""
    read = [_thing(line) for line in words.splitlines() if line.strip()]
    runs = (list(run) for is_data, run in groupby(read, lambda each: each is not None) if is_data)
    longest: list[Mapping[str, Json] | None] = max(runs, key=len, default=[])
    return [each for each in longest if each is not None]


def _thing(line: str) -> Mapping[str, Json] | None:
    text = line.strip().removesuffix(",")
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError, RecursionError:
        return None
    has_title = isinstance(value, dict) and _part(value, "title")
    return value if has_title else None


def _groups(things: Sequence[Mapping[str, Json]]) -> Sequence[_Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for thing, moment in zip(things, _moments(things), strict=True):
        title, place = _part(thing, "title").rstrip("."), _part(thing, "camera")
        group = groups.setdefault((title, place), _Group(title, place))
        group.moments.append(moment)
        importance = _part(thing, "importance")
        if importance in _IMPORTANCES:
            group.rank = max(group.rank, _IMPORTANCES.index(importance))
    return list(groups.values())


def _moments(things: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    """Yield when each was, with the day where they are of several; "" where that is not told."""
    whens = [_part(thing, "when") for thing in things]
    days = [found[0] if (found := _DAY.search(when)) else "" for when in whens]
    for when, day in zip(whens, days, strict=True):
        clock = found[0] if (found := _CLOCK.search(when)) else ""
        parts = [f"on {day}" if day and len(set(days)) > 1 else "", f"at {clock}" if clock else ""]
        yield " ".join(filter(None, parts))


def _sentence(groups: Sequence[_Group]) -> str:
    told = "; ".join(map(_told, groups))
    return f"{told[:1].upper()}{told[1:]}."


def _told(group: _Group) -> str:
    more = len(group.moments) - 1
    place = f"at {group.place}" if group.place else ""
    where = " ".join(filter(None, [group.moments[0], place]))
    again = f" (and {more} more {'time' if more == 1 else 'times'})" if more else ""
    return f"{where}: {group.title}{again}" if where else f"{group.title}{again}"


def _others(groups: Sequence[_Group]) -> str:
    count = sum(len(group.moments) for group in groups)
    places = list(dict.fromkeys(group.place for group in groups if group.place))
    where = f" at {', '.join(places[:_PLACES_AT_MOST])}" if places else ""
    more = " and elsewhere" if len(places) > _PLACES_AT_MOST else ""
    return f"{count} more {'was' if count == 1 else 'were'} seen{where}{more}."


def _part(thing: Mapping[str, Json], name: str) -> str:
    value = thing.get(name)
    return " ".join(value.split())[:_LONGEST_PART] if isinstance(value, str) else ""
