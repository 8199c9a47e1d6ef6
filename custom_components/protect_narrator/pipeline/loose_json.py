"""JSON objects out of an agent's words, also where the JSON is not quite that.

Models wrap it in prose and fences, use single quotes, leave commas behind and forget the last
brace. Where the meaning is plain it is read; a text that breaks off in the middle of a word is
not.
"""

from collections.abc import Iterator
import json
import re

# An answer is a few hundred characters; a model that runs away is not worth parsing.
_TEXT_LONGEST = 20_000
_BRACES_TRIED = 20

_DEEPEST = 8
"""Levels of an object; an answer has one, or two where it is wrapped."""

_SPACE = re.compile(r"(?:\s|//[^\n]*)*")
_BARE = re.compile(r"[^,{}\[\]:\"\n]+")

# A quote ends a text where something follows that can stand behind one: an apostrophe does not.
_QUOTED = {
    opening: re.compile(
        rf"((?:[^\\{closing}]|\\.|{closing}(?!\s*(?:[,:}}\]]|```|\Z)))*+){closing}", re.DOTALL
    )
    for opening, closing in ('""', "''", "\u201c\u201d", "\u2018\u2019")
}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}

_STRICT = json.JSONDecoder(strict=False)  # but for line breaks in texts


class _NotPlainError(ValueError):
    """What stands there can be read in more than one way, or in none."""


def objects_in(text: str) -> Iterator[dict[str, object]]:
    """Yield the objects wherever one begins, as JSON or mended.

    What stands within an object that could be read is part of it: a sign that shows an answer
    is quoted in one, and must not be taken for it.
    """
    text = text[:_TEXT_LONGEST]
    start = text.find("{")
    for _ in range(_BRACES_TRIED):
        if start < 0:
            return
        try:
            found, end = _object_at(text, start)
        except ValueError, RecursionError:
            end = start + 1
        else:
            yield found
        start = text.find("{", end)


def _object_at(text: str, start: int) -> tuple[dict[str, object], int]:
    """Return the object that begins there, and where it ends; raise ValueError for none."""
    try:
        return _STRICT.raw_decode(text, start)
    except ValueError:
        return _mended(text, start)


class _Mender:
    """Reads one object, leniently."""

    def __init__(self, text: str, at: int) -> None:
        """Begin at its brace."""
        self._text = text
        self.at = at

    def read(self, depth: int = 0) -> dict[str, object]:
        """Return the object that begins here; raise _NotPlainError."""
        found: dict[str, object] = {}
        self.at += 1
        while not self._closes("}"):
            name = self._value(depth)
            if not isinstance(name, str) or self._next() != ":":
                raise _NotPlainError("no name")
            self.at += 1
            found[name] = self._value(depth)
        return found

    def _list(self, depth: int) -> list[object]:
        found: list[object] = []
        self.at += 1
        while not self._closes("]"):
            found.append(self._value(depth))
        return found

    def _closes(self, bracket: str) -> bool:
        """Pass commas, and the bracket where it comes; one that is missing at the end is there."""
        while (here := self._next()) == ",":
            self.at += 1
        if here == bracket:
            self.at += 1
        return here in {bracket, ""}

    def _next(self) -> str:
        """Return the next character that means something, empty at the end."""
        if space := _SPACE.match(self._text, self.at):
            self.at = space.end()
        # Behind an object that was not closed there may be nothing but its fence.
        return "" if self._text.startswith("```", self.at) else self._text[self.at : self.at + 1]

    def _value(self, depth: int) -> object:
        if depth >= _DEEPEST:
            raise _NotPlainError("too deep")
        here = self._next()
        if here == "{":
            return self.read(depth + 1)
        if here == "[":
            return self._list(depth + 1)
        return self._quoted(_QUOTED[here]) if here in _QUOTED else self._bare()

    def _quoted(self, to_its_end: re.Pattern[str]) -> str:
        if (found := to_its_end.match(self._text, self.at + 1)) is None:
            raise _NotPlainError("the text breaks off")
        self.at = found.end()
        text = _ESCAPE.sub(_unescaped, found[1])
        # What lies beyond 16 bits is escaped as a pair of surrogates.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")

    def _bare(self) -> object:
        """Return a number, a constant, or a word without quotes."""
        if (word := _BARE.match(self._text, self.at)) is None:
            raise _NotPlainError("no value")
        self.at = word.end()
        text = word[0].strip()
        if text.casefold() in _CONSTANTS:
            return _CONSTANTS[text.casefold()]
        try:
            return float(text)
        except ValueError:
            return text


def _mended(text: str, start: int) -> tuple[dict[str, object], int]:
    """Return the object that begins at the brace, and where it ends; raise _NotPlainError."""
    mender = _Mender(text, start)
    return mender.read(), mender.at


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _ESCAPED.get(escape[2], escape[2])
