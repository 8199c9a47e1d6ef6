"""The words of an answer, whatever protocol carries them."""

from collections.abc import Mapping
import json

from .faults import Failure
from .impression import Impression
from .schema import Json, fill

REFUSAL = "I'm sorry, but I can't help with that request."
PAGE = b"<html><body>502 Bad Gateway</body></html>\n"
WRONG_WORDS = {
    Failure.EMPTY: "",
    Failure.GARBAGE: ']]} the the 7 of purple %s <unk><unk> {"title": lorem',
    Failure.UNFIT: json.dumps({"weather": "sunny", "temperature": 21}),
}


def spoilt(failure: Failure, text: str) -> str:
    """Return what is said instead of the text; the text itself where words are not what fails."""
    if failure is Failure.UNFINISHED:
        return text[: len(text) // 2]
    return WRONG_WORDS.get(failure, text)


def answer(impression: Impression, prompt: str, form: Mapping[str, Json] | str | None) -> str:
    """Return the words of the answer: JSON where it is asked for, in the form asked for.

    ``form`` is a JSON schema, the word ``json``, or None. Raises SchemaTooDeepError.
    """
    facts = impression.facts()
    match form:
        case str():
            return json.dumps(facts)
        case Mapping() as schema:
            return json.dumps(fill(schema, facts))
        case None if "json" in prompt.casefold():
            return f"Here is what I see:\n```json\n{json.dumps(facts, indent=2)}\n```"
        case None:
            return f"{impression.title}. {impression.description}"
