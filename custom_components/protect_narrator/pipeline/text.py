"""Text from outside, made harmless: one line, no control characters, no more than asked."""

import unicodedata

# How long the texts of a Sighting may be, in characters: together, and with eight plates and
# eight faces, they keep its event below 8 KB in every living script. A title also has to fit
# into one line of a notification.
LONGEST_TITLE = 60
LONGEST_DESCRIPTION = 1000
LONGEST_REASON = 300
LONGEST_CAMERA = 60
LONGEST_NAME = 40
"""Of a plate, or of a person whom Protect recognised."""

LONGEST_WISH = 500
"""Of what the user wants to know beyond the usual: some sentences."""

MOST_NAMES = 8
"""More of either are not recognised in a minute, and a sentence stays readable."""

LONGEST_WORDING = 2000
"""Of a text of the user's in the prompt: a page, and half of what a small model reads well."""

MOST_LINES = 60
"""Of such a text: a page."""

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


def tidy_lines(text: str, longest: int = LONGEST_WORDING) -> str:
    """Return the text with its lines kept, at most MOST_LINES and ``longest`` characters.

    Each line is tidied; of several empty ones in a row one stays.
    """
    lines: list[str] = []
    for line in text[: longest * 8].splitlines():
        kept = tidy(line, longest)
        if kept or (lines and lines[-1]):
            lines.append(kept)
    whole = "\n".join(lines[:MOST_LINES]).rstrip()
    if len(lines) <= MOST_LINES and len(whole) <= longest:
        return whole
    return whole[: longest - 1].rstrip() + "…"


def _plain(character: str) -> str:
    """Return the character, a space for white space, nothing for what has no shape."""
    if character.isspace():
        return " "
    if character in _JOINERS or not unicodedata.category(character).startswith("C"):
        return character
    return ""
