"""What can be read of JSON that may have been cut, edited or written by another version.

A reader raises UnreadableError for what it cannot read; ``Salvage`` takes the rest all the same,
and says once what was lost. Whatever else a reader raises is a bug of ours, and goes on its way:
a file that is sound must not be said to be damaged, and lost, because of one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
import logging
import sys
from typing import Any

_LOGGER = logging.getLogger(__name__)

# What Protect calls things has dozens of characters, and a Detection unites a few hundred
# events at the very most. A file that claims more was not written by us.
_LONGEST_TEXT = 1000
_MOST_TEXTS = 1000

# Beyond it a number that went through other programs may be another, and no count of ours is.
_MOST = 2**53


class UnreadableError(ValueError):
    """What stands there is not what is looked for; says why, and never the value."""


class Salvage:
    """Reads a file's parts, and counts what cannot be read."""

    def __init__(self, data: object) -> None:
        """Read that, whatever it is; None is nothing yet."""
        self._data: Mapping[str, object] = {}
        self._lost: list[str] = []
        if isinstance(data, Mapping):
            self._data = data
        elif data is not None:
            self._lost.append(f"all of it is a {type(data).__name__}")

    def one[T](self, key: str, read: Callable[[object], T]) -> T | None:
        """Return that part; None where there is none, or nothing that can be read."""
        if key not in self._data:
            return None
        return next(self._read(key, read, self._data[key]), None)

    def each[T](self, key: str, read: Callable[[object], T], most: int) -> Iterator[T]:
        """Yield the last so many of a list; one that cannot be read must not keep the others."""
        items = self.one(key, list_in) or []
        if len(items) > most:
            self._lost.append(f"{key} beyond the last {most}")
        for item in items[-most:]:
            yield from self._read(f"one of {key}", read, item)

    def entries[T](
        self, key: str, read: Callable[[object], T], most: int
    ) -> Iterator[tuple[str, T]]:
        """Yield the last so many of a mapping with their keys, which are never said."""
        items = list((self.one(key, mapping_in) or {}).items())
        if len(items) > most:
            self._lost.append(f"{key} beyond the last {most}")
        for name, item in items[-most:]:
            for found in self._read(f"one of {key}", read, item):
                yield name, found

    def all_of[T](
        self, key: str, read: Callable[[object], T], most: int
    ) -> tuple[tuple[T, ...], bool]:
        """Return what can be read of a list, and whether it is there and nothing was lost."""
        before = len(self._lost)
        found = tuple(self.each(key, read, most))
        return found, key in self._data and len(self._lost) == before

    def _read[T](self, what: str, read: Callable[[object], T], item: object) -> Iterator[T]:
        """Yield what is read, or note that it cannot be."""
        try:
            found = read(item)
        except UnreadableError as err:
            self._lost.append(f"{what} ({err})")
        else:
            yield found

    def say(self) -> None:
        """Say once what was lost; never the values, which may be plates and faces."""
        if self._lost:
            _LOGGER.warning(
                "Of what was stored, %d parts cannot be read and are left out, the first being: %s",
                len(self._lost),
                self._lost[0],
            )


def iso(moment: datetime | None) -> str | None:
    """Return the moment as text."""
    return None if moment is None else moment.isoformat()


def required_in[T](data: Mapping[str, Any], key: str, read: Callable[[object], T]) -> T:
    """Return what is read under that key, which has to be there."""
    if key not in data:
        raise UnreadableError(f"no {key}")
    try:
        return read(data[key])
    except UnreadableError as err:
        raise UnreadableError(f"{key}: {err}") from err


def optional_in[T](
    data: Mapping[str, Any], key: str, read: Callable[[object], T], otherwise: T
) -> T:
    """Return what is read under that key, where it is there."""
    return required_in(data, key, read) if key in data else otherwise


def or_none[T](read: Callable[[object], T]) -> Callable[[object], T | None]:
    """Return what reads the same, but None as None."""
    return lambda item: None if item is None else read(item)


def moment_in(item: object) -> datetime:
    """Return the moment, which has a time zone."""
    text = text_in(item)
    try:
        moment = datetime.fromisoformat(text)
    except (OverflowError, ValueError) as err:
        raise UnreadableError("no moment") from err
    if moment.tzinfo is None:
        raise UnreadableError("a moment without a time zone")
    return moment


def date_in(item: object) -> date:
    """Return the day."""
    text = text_in(item)
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise UnreadableError("no day") from err


def mapping_in(item: object) -> Mapping[str, Any]:
    """Return the mapping, of whatever it may be."""
    if not isinstance(item, Mapping):
        raise UnreadableError("no mapping")
    return item


def list_in(item: object) -> list[Any]:
    """Return the list, of whatever it may be."""
    if not isinstance(item, list):
        raise UnreadableError("no list")
    return item


def pair_in(item: object) -> tuple[Any, Any]:
    """Return the two, of whatever they may be."""
    items = list_in(item)
    if len(items) != 2:
        raise UnreadableError("no pair")
    return items[0], items[1]


def texts_in(item: object) -> tuple[str, ...]:
    """Return the texts of a list, a thousand at most."""
    items = list_in(item)
    if len(items) > _MOST_TEXTS:
        raise UnreadableError("too many texts")
    return tuple(map(text_in, items))


def text_in(item: object) -> str:
    """Return the text, of a thousand characters at most."""
    if not isinstance(item, str):
        raise UnreadableError("no text")
    if len(item) > _LONGEST_TEXT:
        raise UnreadableError("too long a text")
    try:
        item.encode()
    except UnicodeEncodeError as err:
        # Half of a character, of which neither an id nor a file can be made.
        raise UnreadableError("no text") from err
    return item


def one_of[T: StrEnum](kind: type[T]) -> Callable[[object], T]:
    """Return what reads a text that is one of those."""

    def read(item: object) -> T:
        text = text_in(item)
        try:
            return kind(text)
        except ValueError as err:
            raise UnreadableError(f"no {kind.__name__}") from err

    return read


def flag_in(item: object) -> bool:
    """Return the yes or no."""
    if not isinstance(item, bool):
        raise UnreadableError("no flag")
    return item


def count_in(item: object) -> int:
    """Return the whole number, which is not less than none."""
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= _MOST:
        raise UnreadableError("no count")
    return item


def number_in(item: object) -> float:
    """Return the number, which is a finite one."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise UnreadableError("no number")
    if not abs(item) <= sys.float_info.max:
        raise UnreadableError("no finite number")
    return float(item)


def seconds_in(item: object) -> float:
    """Return the seconds, not less than none."""
    if (seconds := number_in(item)) < 0:
        raise UnreadableError("less than no seconds")
    return seconds


def some_of[T](items: Iterable[T]) -> tuple[T, ...]:
    """Return them all, of which there is at least one."""
    some = tuple(items)
    if not some:
        raise UnreadableError("nothing")
    return some
