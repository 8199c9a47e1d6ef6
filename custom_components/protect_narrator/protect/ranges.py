"""One range of a clip's bytes: as a viewer asks for it, and as a console answers it (RFC 9110)."""

from dataclasses import dataclass
import re
from typing import Self

from ..pipeline.errors import MediaError
from ..pipeline.models import FallbackDetail

# Fifteen digits are a petabyte: what is longer is nobody's position in a clip.
_ASKED = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII | re.IGNORECASE)
_GIVEN = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.ASCII | re.IGNORECASE)
_NOWHERE = re.compile(r"bytes \*/(\d{1,15})", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiableError(MediaError):
    """The clip has not a single byte of the range that was asked for."""

    def __init__(self, content_range: str | None) -> None:
        """Read the clip's length out of the console's ``Content-Range``; it may not say."""
        super().__init__(
            FallbackDetail.HTTP_ERROR, "the clip has no such bytes (416)", retriable=False
        )
        found = _NOWHERE.fullmatch(content_range or "")
        self.total = int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class ByteRange:
    """What is asked for, both ends included."""

    first: int | None
    """None: the last so many bytes."""

    last: int | None
    """None: to the end. How many, where there is no first."""

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Return the one range that a viewer's ``Range`` names.

        None is the whole clip: where there is none, and, as a server may, for what is no range,
        for several ranges and for another unit.
        """
        found = _ASKED.fullmatch(text or "")
        if found is None:
            return None
        first, last = (int(each) if each else None for each in found.groups())
        if first is None:
            return cls(None, last) if last else None
        if last is not None and last < first:
            return None
        return cls(first, last)

    @property
    def header(self) -> str:
        """The range as a ``Range``: of our own words, whatever a viewer's looked like."""
        first, last = ("" if each is None else each for each in (self.first, self.last))
        return f"bytes={first}-{last}"


@dataclass(frozen=True, slots=True)
class ContentRange:
    """What is given, both ends included."""

    first: int
    last: int
    total: int | None
    """Length of the whole clip; None where the console does not say."""

    @classmethod
    def parse(cls, text: str | None, asked: ByteRange) -> Self | None:
        """Return what a console's ``Content-Range`` says; None unless that answers the question."""
        found = _GIVEN.fullmatch(text or "")
        if found is None:
            return None
        total = None if found[3] == "*" else int(found[3])
        given = cls(int(found[1]), int(found[2]), total)
        if given.last < given.first or (total is not None and given.last >= total):
            return None
        return given if given._answers(asked) else None

    @classmethod
    def beginning(cls, asked: ByteRange, total: int) -> Self | None:
        """Return the part of a whole clip of so many bytes where it begins at the beginning.

        None for any other, and where all is asked for: who is told that there are parts asks for
        others, which cannot be had out of another export.
        """
        if asked.first != 0 or asked.last is None or not total:
            return None
        return cls(0, min(asked.last, total - 1), total)

    def _answers(self, asked: ByteRange) -> bool:
        if asked.first is not None:
            # Less than asked is an answer too, and whoever asked goes on behind it.
            return self.first == asked.first and (asked.last is None or self.last <= asked.last)
        if self.total is None or asked.last is None:
            return False  # of an unknown length nobody knows the last bytes
        return self.first == max(self.total - asked.last, 0) and self.last == self.total - 1

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1

    @property
    def header(self) -> str:
        """What is given as a ``Content-Range``."""
        return f"bytes {self.first}-{self.last}/{'*' if self.total is None else self.total}"
