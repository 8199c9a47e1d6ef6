"""The agent's answer: what is asked for, and what is made of what comes.

Strict on meaning, lenient on form: an answer without a description is none, but a number may
be a word and JSON may be wrapped in prose. Text that is no answer, an error message above all,
never becomes a description.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
import re

from .amounts import confidence_in, count_in, importance_in
from .errors import AgentError
from .loose_json import objects_in
from .models import Description, FallbackDetail
from .refusals import is_error, is_nothing, is_refusal
from .text import LONGEST_DESCRIPTION, LONGEST_REASON, LONGEST_TITLE, inert, tidy

# What is seen comes first: a model that has to look and to count looks before it tells.
FIELDS: Mapping[str, str] = {
    "observations": (
        "First look, picture by picture and in their order: what is seen in each, and what is "
        "different from the one before. Notes for yourself; nobody else reads them."
    ),
    "people": "How many different people are visible, as a whole number.",
    "vehicles": "How many vehicles matter to what happens, as a whole number.",
    "animals": "How many animals are visible, as a whole number.",
    "packages": "How many parcels or packages are visible, as a whole number.",
    "title": f"What happened, in at most {LONGEST_TITLE} characters, without the camera's name.",
    "description": (
        "Two or three plain sentences: who or what is seen, what they look like, what they do "
        "and in which order. Only what is visible; no guesses about intentions."
    ),
    "importance": "One of: low, medium, high. What they mean is said under what is important.",
    "importance_reason": "Why, in one short sentence.",
    "confidence": "How sure you are of all this, from 0 (guessed) to 1 (clearly visible).",
}

# What models call the fields instead, without spaces, case and punctuation.
_OTHER_NAMES = {
    "titel": "title",
    "titre": "title",
    "título": "title",
    "titolo": "title",
    "headline": "title",
    "beschreibung": "description",
    "descripción": "description",
    "descrizione": "description",
    "descrição": "description",
    "beschrijving": "description",
    "wichtigkeit": "importance",
    "importancelevel": "importance",
    "reason": "importance_reason",
    "importancereason": "importance_reason",
    "begründung": "importance_reason",
    "persons": "people",
    "persone": "people",
    "personen": "people",
    "parcels": "packages",
}

_DEEPEST_WRAPPING = 3
"""Levels around the fields: ``{"result": {"answer": {…}}}``."""

# Fields, or parts of a text, that are looked at, and letters of a field's name: a model that runs
# away is not worth more.
_MOST_NAMED = 100
_LONGEST_FIELD = 60

# An error's own title is no title.
_NO_WRAPPING = frozenset({"error", "errors", "exception"})

_ECHOES = frozenset(meaning.casefold() for meaning in FIELDS.values())

_SENTENCE = re.compile(r".+?[.!?。!?](?=\s|\Z)", re.DOTALL)

_NO_OBJECT = "There was no JSON object with the fields that are asked for."
_REFUSED = (
    "It declined. Nobody has to be recognised or named: tell in plain words what is visible, as "
    "one would to the owner of the camera."
)

type _Fields = dict[str, object]


def parse_answer(raw: Mapping[str, object] | str, agent_id: str | None) -> Description:
    """Return the Description that the agent meant.

    ``raw`` is the fields of FIELDS, or text that holds them as a JSON object. Only the
    description is required; a title is made of it, and of the rest what makes no sense is left
    out. The texts are inert. Raises AgentError with a remark for the agent: ``agent_refused``
    for a refusal, ``agent_unusable_answer`` otherwise.
    """
    fields = _fields_in(raw) if isinstance(raw, str) else _unwrapped(raw) or {}
    if not fields:
        raise _useless(raw)
    title, description = _words(fields, raw)
    return Description(
        title=inert(title, LONGEST_TITLE),
        description=inert(description, LONGEST_DESCRIPTION),
        importance=importance_in(fields.get("importance")),
        importance_reason=inert(_said(fields, "importance_reason", LONGEST_REASON), LONGEST_REASON)
        or None,
        confidence=confidence_in(fields.get("confidence")),
        people=count_in(fields.get("people")),
        vehicles=count_in(fields.get("vehicles")),
        animals=count_in(fields.get("animals")),
        packages=count_in(fields.get("packages")),
        agent_id=agent_id,
    )


def _words(fields: _Fields, raw: Mapping[str, object] | str) -> tuple[str, str]:
    """Return title and description; raise AgentError where they are none."""
    title = _said(fields, "title", LONGEST_DESCRIPTION)
    description = _said(fields, "description", LONGEST_DESCRIPTION)
    for text in (title, description):
        if is_refusal(text):
            raise _refused()
        if is_error(text):
            raise _unusable("an error text in the answer", "It held an error message.")
    if not description:
        raise _useless(raw, missing="description")
    if not title:
        sentence = _SENTENCE.match(description)
        title = sentence[0] if sentence else description
    return title, description


def _said(fields: _Fields, name: str, longest: int) -> str:
    """Return the field's text; empty where nothing is said, or only what was asked repeated."""
    value = fields.get(name)
    if isinstance(value, list) and all(isinstance(part, str) for part in value[:_MOST_NAMED]):
        value = " ".join(part[:longest] for part in value[:_MOST_NAMED])
    text = tidy(value, longest) if isinstance(value, str) else ""
    return "" if is_nothing(text) or text.casefold() in _ECHOES else text


def _fields_in(text: str) -> _Fields:
    """Return the fields of the first object that could be an answer, empty if none could."""
    found = (fields for each in objects_in(text) if (fields := _unwrapped(each)) is not None)
    return next(found, {})


def _unwrapped(found: Mapping[str, object], depth: int = 0) -> _Fields | None:
    """Return the fields under their own names, wherever in the object they are."""
    fields = _named(found)
    if "title" in fields or "description" in fields:
        for inner in _inside(fields):
            fields = _named(inner) | fields
        return fields
    if depth >= _DEEPEST_WRAPPING:
        return None
    candidates = (_unwrapped(inner, depth + 1) for inner in _inside(fields))
    return next((each for each in candidates if each is not None), None)


def _inside(fields: _Fields) -> Iterator[Mapping[str, object]]:
    """Yield the objects that are values, also those that are alone in a list."""
    for name, value in fields.items():
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, Mapping) and name not in _NO_WRAPPING:
            yield inner


def _named(found: Mapping[str, object]) -> _Fields:
    """Return the fields by the names that are meant."""
    return {_name(name): value for name, value in islice(found.items(), _MOST_NAMED)}


def _name(name: object) -> str:
    """Return the field that is meant: ``Importance Reason`` is ``importance_reason``."""
    bare = re.sub(r"[\W_]+", "", str(name)[:_LONGEST_FIELD].casefold())
    return _OTHER_NAMES.get(bare, bare)


def _useless(raw: Mapping[str, object] | str, missing: str | None = None) -> AgentError:
    """Return the error for an answer without words: a refusal is named as one."""
    texts = (
        [raw] if isinstance(raw, str) else [each for each in raw.values() if isinstance(each, str)]
    )
    if any(map(is_refusal, texts)):
        return _refused()
    if missing is None:
        return _unusable("no JSON object in the answer", _NO_OBJECT)
    return _unusable(f"no {missing} in the answer", f'There was no usable "{missing}".')


def _refused() -> AgentError:
    return AgentError(FallbackDetail.AGENT_REFUSED, "the agent refused to answer", remark=_REFUSED)


def _unusable(message: str, remark: str) -> AgentError:
    return AgentError(FallbackDetail.AGENT_UNUSABLE_ANSWER, message, remark=remark)
