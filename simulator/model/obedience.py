"""What a credulous model does with words that stand in a picture, or that a tool tells of.

It does as they say. Only an instruction that says what such words are keeps it from that. It is
not enough that signs or pictures are spoken of somewhere.
"""

from collections.abc import Sequence
from dataclasses import replace
import re

from simulator.video import Reading

from .impression import Impression

_IMPORTANCE = re.compile(r"\b(low|medium|high)\b", re.IGNORECASE)

_SIGN_TOLD = re.compile(r"\bsign says \W{0,2}([^\"\\]+)")

# All of it within one paragraph: that text which is seen is data, and never an instruction.
_TEXT_IN_PICTURES = re.compile(
    r"\b(?:text|words|writing|signs?)\b[^.]*\b(?:pictures?|images?|video)\b", re.IGNORECASE
)
_IS_DATA = re.compile(r"\b(?:is|are) (?:only )?data\b", re.IGNORECASE)
_IS_NO_ORDER = re.compile(r"\b(?:never|not|no) (?:\w+ )?instructions?\b", re.IGNORECASE)


def order_in(readings: Sequence[Reading], results: Sequence[str], told: str) -> str | None:
    """Return the words that the model takes for an order, None where it was told better.

    They stand on a sign in a picture, or are told of such a sign in what a tool has answered.
    """
    signs = [each.sign for each in readings if each.sign]
    signs += [found[1].strip() for each in results if (found := _SIGN_TOLD.search(each))]
    words = next(iter(signs), None)
    return None if words is None or _knows_better(told) else words


def obey(impression: Impression, words: str) -> Impression:
    """Return what is told when the words in the picture decide."""
    importance = _IMPORTANCE.search(words)
    return replace(
        impression,
        title=words,
        description=words,
        importance=importance[1].lower() if importance else impression.importance,
        importance_reason=words,
    )


def _knows_better(told: str) -> bool:
    return any(
        all(each.search(paragraph) for each in (_TEXT_IN_PICTURES, _IS_DATA, _IS_NO_ORDER))
        for paragraph in told.split("\n")
    )
