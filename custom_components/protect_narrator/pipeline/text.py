"""Text from outside, made harmless: one line, no control characters, no more than asked."""

import unicodedata

# Joiners hold letters of Persian and Hindi and many emoji together; the other invisible
# characters only disguise.
_JOINERS = frozenset("\u200c\u200d")


def tidy(text: str, longest: int) -> str:
    """Return the text on one line, with at most ``longest`` characters.

    Control and formatting characters go, lone surrogates too: they cannot be stored. A text
    that is too long is cut, between words where one ends in its last third.
    """
    # Far more than is ever kept, so that a text of megabytes costs nothing.
    kept = (_plain(character) for character in text[: longest * 8])
    line = " ".join("".join(kept).split())
    if len(line) <= longest:
        return line
    space = line.rfind(" ", longest * 2 // 3, longest)
    return line[: space if space > 0 else longest - 1].rstrip() + "…"


def _plain(character: str) -> str:
    """Return the character, a space for white space, nothing for what has no shape."""
    if character.isspace():
        return " "
    if character in _JOINERS or not unicodedata.category(character).startswith("C"):
        return character
    return ""
