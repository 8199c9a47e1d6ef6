"""What the model does with tools: what a small model would do, by the words that it is given.

It knows no tool and no question. Its rules are these:

1. It looks for a tool where it is shown no picture, no form is wanted, and the question asks for
   what has happened: one of the words _PAST is in it.
2. It takes the tool whose name, description and parameters have most words of the question, and
   none where that is not one.
3. It fills a parameter with the allowed values that the question names. Into the first free text
   whose description speaks of words go the words that are left and say something. Whatever it
   knows nothing for is left out.
4. It repeats what the tool has answered, and adds nothing but "yes" or "no" to a question that
   wants one. What it says is only as good as that answer.
"""

from collections.abc import Iterator, Mapping, Sequence
import json
import re

from .protocol import Question, Tool
from .schema import Json


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("_", " "))


_PAST = frozenset(_words("been came did happen happened has have saw seen was were who whom"))

# Says nothing of what was seen.
_SMALL = _PAST | frozenset(
    _words(
        "a about all an and any anybody anyone anything are at be by do does for from he her him "
        "his how i if in is it last many me my of on or our out she since some somebody someone "
        "something that the their them there they this to up us we what when where which while "
        "with you"
    )
)
_YES_OR_NO = frozenset(_words("are did has have is was were"))
_TOLD_AT_MOST = 3  # of what a tool lists: a spoken answer is short


def call_for(question: Question) -> tuple[Tool, Mapping[str, Json]] | None:
    """Return the tool that the model asks for, with its arguments; None where it asks for none."""
    words = _words(question.prompt)
    if question.images or question.format or question.tool_results or _PAST.isdisjoint(words):
        return None
    if "json" in words:
        return None
    tool = max(question.tools, key=lambda each: _in_common(each, words), default=None)
    if tool is None or not _in_common(tool, words):
        return None
    return tool, _arguments(tool.parameters, question.prompt)


def answer_from(question: Question) -> str:
    """Return the answer to the question, out of what the last tool has answered."""
    said = question.tool_results[-1]
    try:
        result = json.loads(said)
    except json.JSONDecodeError:
        return f"The tool says: {said}"
    if isinstance(result, dict) and result.get("error") is True:
        return f"I cannot tell. {_first_text(result, ('message', 'error')) or said}"
    first = next(iter(_words(question.prompt)), "")
    wants_yes_or_no = first in _YES_OR_NO
    items = _listed(result)
    if items is None:
        return f"The tool says: {said}"
    note = _first_text(result, ("note",))
    if not items:
        no = "No." if wants_yes_or_no else "Nothing that I know of."
        return f"{no} {note}".rstrip()
    told = "; ".join(_sentence(each) for each in items[:_TOLD_AT_MOST])
    more = len(items) - _TOLD_AT_MOST
    rest = f"; and {more} more" if more > 0 else ""
    begin = "Yes: " if wants_yes_or_no else ""
    sentence = f"{begin}{told}{rest}. {note}".rstrip()
    return sentence[:1].upper() + sentence[1:]


def _in_common(tool: Tool, words: Sequence[str]) -> int:
    known = {_stem(each) for each in _words(f"{tool.name} {tool.description}")}
    known |= {_stem(each) for each in _words(json.dumps(tool.parameters))}
    telling = {_stem(each) for each in words if each not in _SMALL or each.startswith("happen")}
    return len(known & telling)


def _arguments(parameters: Mapping[str, Json], prompt: str) -> dict[str, Json]:
    properties = parameters.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    schemas = {name: each for name, each in properties.items() if isinstance(each, Mapping)}
    left = f" {' '.join(_words(prompt))} "
    arguments: dict[str, Json] = {}
    for name, schema in schemas.items():
        items = schema.get("items")
        is_many = isinstance(items, Mapping)
        choices = (items if isinstance(items, Mapping) else schema).get("enum")
        named, left = _named(choices if isinstance(choices, list) else [], left)
        if named:
            arguments[name] = named if is_many else named[0]
    words = [each for each in left.split() if each not in _SMALL]
    for name, schema in schemas.items():
        if words and _takes_words(schema):
            arguments[name] = " ".join(words)
            break
    return arguments


def _named(choices: Sequence[Json], text: str) -> tuple[list[Json], str]:
    """Return the choices that the text names, the longest first, and the text without them."""
    named: list[Json] = []
    for choice in sorted(filter(_is_text, choices), key=lambda each: -len(str(each))):
        phrase = " ".join(_words(str(choice).replace("_", " ")))
        found = re.search(rf" {re.escape(phrase)}s? ", text) if phrase else None
        if found:
            named.append(choice)
            text = f"{text[: found.start()]} {text[found.end() :]}"
    return named, text


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _takes_words(schema: Mapping[str, Json]) -> bool:
    is_free = schema.get("type") == "string" and "enum" not in schema and "format" not in schema
    return is_free and "word" in str(schema.get("description")).casefold()


def _listed(value: Json) -> list[Mapping[str, Json]] | None:
    """Return the first list of objects in it; an empty list is one."""
    if isinstance(value, list):
        objects = [each for each in value if isinstance(each, Mapping)]
        return objects if objects or not value else None
    if isinstance(value, Mapping):
        return next(
            (found for each in value.values() if (found := _listed(each)) is not None), None
        )
    return None


def _first_text(value: Json, names: Sequence[str]) -> str:
    """Return the first text that stands under one of the names, at any depth."""
    return next(_texts(value, names), "")


def _texts(value: Json, names: Sequence[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name in names:
            if isinstance(text := value.get(name), str):
                yield text
        for each in value.values():
            yield from _texts(each, names)


def _sentence(item: Mapping[str, Json]) -> str:
    """Return when, where and what, and how little was seen where it says so; else all of it."""
    when, camera, title = (item.get(name) for name in ("when", "camera", "title"))
    if not isinstance(title, str):
        return ", ".join(f"{name}: {value}" for name, value in item.items())
    place = ", ".join(str(each) for each in (when, camera) if each)
    told = f"{place}: {title}" if place else title
    caveat = item.get("caveat")
    return f"{told} ({caveat})" if isinstance(caveat, str) else told


def _stem(word: str) -> str:
    """Return the word without what grammar adds at its end, roughly."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
