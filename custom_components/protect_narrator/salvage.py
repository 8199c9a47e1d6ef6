"""What can be read of JSON that may have been cut, edited or written by another version.

A reader raises KeyError, TypeError, ValueError or OverflowError for what it cannot read;
``Salvage`` takes the rest all the same, and says once what was lost.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
import logging
from typing import Any

_LOGGER = logging.getLogger(__name__)

# What Protect calls things has dozens of characters, and a Detection unites a few hundred
# events at the very most. A file that claims more was not written by us.
_LONGEST_TEXT = 1000
_MOST_TEXTS = 1000

_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError)


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
        try:
            return read(self._data[key])
        except _UNREADABLE as err:
            self._lost.append(f"{key} ({type(err).__name__})")
            return None

    def each[T](self, key: str, read: Callable[[object], T], most: int) -> Iterator[T]:
        """Yield the last so many of a list; one that cannot be read must not keep the others."""
        items = self._data.get(key, [])
        if not isinstance(items, list):
            self._lost.append(f"{key} is a {type(items).__name__}")
            return
        if len(items) > most:
            self._lost.append(f"{key} beyond the last {most}")
        for item in items[-most:]:
            try:
                yield read(item)
            except _UNREADABLE as err:
                self._lost.append(f"one of {key} ({type(err).__name__})")

    def all_of[T](
        self, key: str, read: Callable[[object], T], most: int
    ) -> tuple[tuple[T, ...], bool]:
        """Return what can be read of a list, and whether it is there and nothing was lost."""
        before = len(self._lost)
        found = tuple(self.each(key, read, most))
        return found, key in self._data and len(self._lost) == before

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


def moment_or_none_in(item: object) -> datetime | None:
    """Return the moment that is written there, if any is."""
    return None if item is None else moment_in(item)


def moment_in(item: object) -> datetime:
    """Return the moment, which has a time zone."""
    moment = datetime.fromisoformat(text_in(item))
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment


def mapping_in(item: object) -> Mapping[str, Any]:
    """Return the mapping, of whatever it may be."""
    if not isinstance(item, Mapping):
        raise TypeError("no mapping")
    return item


def list_in(item: object) -> list[Any]:
    """Return the list, of whatever it may be."""
    if not isinstance(item, list):
        raise TypeError("no list")
    return item


def texts_in(item: object) -> tuple[str, ...]:
    """Return the texts of a list, a thousand at most."""
    items = list_in(item)
    if len(items) > _MOST_TEXTS:
        raise ValueError("too many texts")
    return tuple(map(text_in, items))


def text_in(item: object) -> str:
    """Return the text, of a thousand characters at most."""
    if not isinstance(item, str):
        raise TypeError("no text")
    if len(item) > _LONGEST_TEXT:
        raise ValueError("too long a text")
    return item


def some_of[T](items: Iterable[T]) -> tuple[T, ...]:
    """Return them all, of which there is at least one."""
    some = tuple(items)
    if not some:
        raise ValueError("nothing")
    return some
