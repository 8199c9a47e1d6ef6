"""The agent's answer: what is asked for, and what is made of what comes.

Strict on meaning, lenient on form: an answer without a title or a description is none, but a
number may be a string and JSON may be wrapped in prose. Text that is no answer, an error
message above all, never becomes a description.
"""

from collections.abc import Iterator, Mapping
import json
import math
import re

from .errors import AgentError
from .models import Description, FallbackDetail, Importance
from .text import LONGEST_DESCRIPTION, LONGEST_REASON, LONGEST_TITLE, tidy

# What is seen comes first: a model that has to count looks before it tells.
FIELDS: Mapping[str, str] = {
    "people": "How many different people are visible, as a whole number.",
    "vehicles": "How many vehicles matter to what happens, as a whole number.",
    "animals": "How many animals are visible, as a whole number.",
    "packages": "How many parcels or packages are visible, as a whole number.",
    "title": f"What happened, in at most {LONGEST_TITLE} characters, without the camera's name.",
    "description": (
        "Two or three plain sentences: who or what is seen, what they look like, what they do "
        "and in which order. Only what is visible; no guesses about intentions."
    ),
    "importance": (
        "One of: low (everyday, needs no attention), medium (worth knowing), "
        "high (somebody should look now)."
    ),
    "importance_reason": "Why, in one short sentence.",
    "confidence": "How sure you are of all this, from 0 (guessed) to 1 (clearly visible).",
}

# An answer is a few hundred characters; a model that runs away is not worth parsing.
_TEXT_LONGEST = 20_000
_BRACES_TRIED = 20

# More than a picture can show: a number made up, or a year.
_COUNT_LARGEST = 1000

_REFUSAL = re.compile(
    r"\W*(?:i(?:'m| am) (?:very )?sorry\b|sorry\b|i can(?:no|')t\b|as an ai\b"
    r"|i(?:'m| am) (?:unable|not able)\b)",
    re.IGNORECASE,
)


def parse_answer(raw: Mapping[str, object] | str, agent_id: str | None) -> Description:
    """Return the Description that the agent meant.

    ``raw`` is the fields of FIELDS, or text that holds them as a JSON object. Title and
    description are required; of the rest, what makes no sense is left out. Raises AgentError:
    ``agent_refused`` for a refusal in plain English, ``agent_unusable_answer`` otherwise.
    """
    found = _object_in(raw) if isinstance(raw, str) else raw
    fields = {str(name).strip().casefold(): value for name, value in found.items()}
    return Description(
        title=_required(fields, "title", LONGEST_TITLE),
        description=_required(fields, "description", LONGEST_DESCRIPTION),
        importance=_importance(fields.get("importance")),
        importance_reason=_text(fields.get("importance_reason"), LONGEST_REASON) or None,
        confidence=_confidence(fields.get("confidence")),
        people=_count(fields.get("people")),
        vehicles=_count(fields.get("vehicles")),
        animals=_count(fields.get("animals")),
        packages=_count(fields.get("packages")),
        agent_id=agent_id,
    )


def _object_in(text: str) -> Mapping[str, object]:
    """Return the first JSON object in the text that could be an answer."""
    for candidate in _objects(text[:_TEXT_LONGEST]):
        if any(name.strip().casefold() == "title" for name in candidate):
            return candidate
    if _REFUSAL.match(text.replace("\u2019", "'")):
        raise AgentError(FallbackDetail.AGENT_REFUSED, "the agent refused to answer")
    raise AgentError(FallbackDetail.AGENT_UNUSABLE_ANSWER, "no JSON object in the answer")


def _objects(text: str) -> Iterator[dict[str, object]]:
    """Yield JSON objects wherever one begins: bare, in a fence or in prose."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(_BRACES_TRIED):
        if start < 0:
            return
        try:
            found, end = decoder.raw_decode(text, start)
        except ValueError, RecursionError:
            end = start + 1
        else:
            yield found
        start = text.find("{", end)


def _required(fields: Mapping[str, object], name: str, longest: int) -> str:
    text = _text(fields.get(name), longest)
    if not text:
        raise AgentError(FallbackDetail.AGENT_UNUSABLE_ANSWER, f"no {name} in the answer")
    return text


def _text(value: object, longest: int) -> str:
    return tidy(value, longest) if isinstance(value, str) else ""


def _importance(value: object) -> Importance:
    """Return the importance; medium where the agent did not say, as neither alarm nor silence."""
    try:
        return Importance(_text(value, 20).casefold())
    except ValueError:
        return Importance.MEDIUM


def _confidence(value: object) -> float | None:
    if isinstance(value, str) and (text := value.strip()).endswith("%"):
        number = _number(text[:-1])
        number = None if number is None else number / 100
    else:
        number = _number(value)
    return None if number is None else min(max(number, 0.0), 1.0)


def _count(value: object) -> int | None:
    number = _number(value)
    if number is None or not number.is_integer() or not 0 <= number <= _COUNT_LARGEST:
        return None
    return int(number)


def _number(value: object) -> float | None:
    """Return a finite number, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) else None
