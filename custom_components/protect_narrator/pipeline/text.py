"""Text from outside, made harmless: one line, no control characters, no more than asked.

Where people read it, it is inert as well, as far as ``inert`` says: a sign in the picture may
hold a link, and what an agent makes of it is shown in Markdown cards, notifications and
templates.
"""

from collections.abc import Callable
from html.entities import html5
import re
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

# What means something to Markdown (also Telegram's, where one that stands alone costs the whole
# message), to HTML, templates and companion apps (which obey a message that is only
# ``clear_notification``), and what stands for it: alike or neutral, in fonts everywhere, and
# nothing that Unicode's normalisation turns back.
_LOOKS_LIKE = str.maketrans(
    {
        "<": "\u2039",  # a single quotation mark; a tag begins with nothing else
        "{": "(",  # templates; a bracket is a bracket
        "}": ")",
        "[": "(",  # links, pictures, footnotes, boxes to tick
        "]": ")",
        "`": "'",  # code; as a quotation mark it is a slip of the keyboard
        "*": "\u2217",  # the operator: "4*5"
        "_": "\u02cd",  # the modifier letter: "licenseˍplate"
        "~": "\u223c",  # the operator: "~5 m"
        "|": "\u00a6",  # the broken bar: cells of a table
        "\\": "\u2216",  # the operator: an escape, or the end of a user's line
    }
)

# Where only letters that touch make a link, an address or a mention, a space between them leaves
# every word as it was.
_WOULD_LINK = re.compile(r"(?<=:)(?=//[\w-])|(?<=www\.)(?=[\w-])|(?<=@)(?=[\w-])", re.IGNORECASE)

# The same for what stands for a character: by number or, of two thousand, by name.
_MAY_STAND_FOR = re.compile(r"&(?=(#?\w{1,40};?))")
_BY_NUMBER = re.compile(r"#(?:[0-9]|[xX][0-9A-Fa-f])")

# Browsers know these without their end, and with anything behind them.
_WITHOUT_END = tuple(name for name in html5 if not name.endswith(";"))

# What begins a heading, a list or a quotation where it stands first. In the middle of a line
# these are what they look like: "5 > 3", "No. 5", "#1". A number keeps its mark, because
# "5. März" is a day: a character without shape behind it parts it from the space.
_FIRST: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"#{1,6}(?=\s|\Z)"), lambda marks: "\u266f" * len(marks)),
    (re.compile(r"[-+](?=\s|\Z)"), lambda _: "\u2013"),
    (re.compile(r"[0-9]{1,9}[.)](?=\s|\Z)"), lambda mark: f"{mark}\u200c"),
    (re.compile(r">"), lambda _: "\u203a"),
    # Alone on its line, and then only: a rule, or what makes a heading of the line above.
    (re.compile(r"[-= ]+\Z"), lambda line: re.sub("[-=]", "\u2013", line)),
)


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


def inert(text: str, longest: int) -> str:
    """Return the text, tidied, so that it only reads where it is shown.

    As Markdown it is one paragraph of exactly itself, without links; as HTML between tags and
    as a template plain text. It is no value of an attribute, whose quotation marks it may end,
    and an app that makes links of bare names (``evil.example``, as ``photo.jpg``) makes them of
    these too. What is inert already stays as it is.
    """
    line = _WOULD_LINK.sub(" ", tidy(text, longest).translate(_LOOKS_LIKE))
    line = _MAY_STAND_FOR.sub(_apart, line)
    for first, instead in _FIRST:
        if found := first.match(line):
            line = instead(found[0]) + line[found.end() :]
            break
    return tidy(line, longest)


def _apart(ampersand: re.Match[str]) -> str:
    """Return the ampersand, with a space behind it where it would become something else."""
    word = ampersand[1]
    if _BY_NUMBER.match(word) or word in html5 or word.startswith(_WITHOUT_END):
        return "& "
    return "&"


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
