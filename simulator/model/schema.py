"""Fills a JSON schema, as a model with structured output does: it always fits."""

from collections.abc import Mapping, Sequence
from math import ceil

type Json = str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None

_DEEPEST = 16  # levels of a schema; one that refers to itself would have no end


class SchemaTooDeepError(ValueError):
    """The schema has more levels than any answer needs."""


def fill(schema: Mapping[str, Json], facts: Mapping[str, Json]) -> Json:
    """Return a value that fits the schema, with what is known where its fields ask for it.

    A field is filled from the fact of its name where that can be made to fit, otherwise by its
    type. Understands what Home Assistant and pydantic write: ``type`` (also a list), ``enum``,
    ``const``, ``anyOf``/``oneOf``, ``properties``, ``items``, bounds. Raises
    SchemaTooDeepError.
    """
    return _fill(schema, None, facts, 0)


def _fill(schema: Mapping[str, Json], fact: Json, facts: Mapping[str, Json], depth: int) -> Json:
    if depth > _DEEPEST:
        raise SchemaTooDeepError(f"more than {_DEEPEST} levels")
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list) and choices:
        return fact if fact in choices else choices[0]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(branches, list):
        return _fill(_branch(branches, fact), fact, facts, depth + 1)
    kind = _type(schema, fact)
    if kind == "object":
        return _object(schema, facts, depth)
    if kind == "array":
        return _array(schema, fact, facts, depth)
    return _scalar(kind, schema, fact)


def _scalar(kind: str, schema: Mapping[str, Json], fact: Json) -> Json:
    match kind:
        case "integer":
            return ceil(_number(schema, fact))
        case "number":
            return _number(schema, fact)
        case "boolean":
            return fact is True
        case "null":
            return None
        case _:
            return _string(schema, fact)


def _type(schema: Mapping[str, Json], fact: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = _branch([{"type": each} for each in kind], fact).get("type")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "string"


def _branch(branches: Sequence[Json], fact: Json) -> Mapping[str, Json]:
    """Return the alternative for the fact: null only where nothing is known."""
    schemas = [each for each in branches if isinstance(each, Mapping)]
    nulls = [each for each in schemas if each.get("type") == "null"]
    others = [each for each in schemas if each.get("type") != "null"]
    first, second = (nulls, others) if fact is None else (others, nulls)
    return next(iter(first or second), {"type": "null"})


def _object(schema: Mapping[str, Json], facts: Mapping[str, Json], depth: int) -> Json:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {
        name: _fill(part, facts.get(name), facts, depth + 1)
        for name, part in properties.items()
        if isinstance(part, Mapping)
    }


def _array(schema: Mapping[str, Json], fact: Json, facts: Mapping[str, Json], depth: int) -> Json:
    items = schema.get("items")
    if fact is None or not isinstance(items, Mapping):
        return []
    known = fact if isinstance(fact, list) else [fact]
    choices = items.get("enum")
    if isinstance(choices, list):
        return [each for each in known if each in choices]
    return [_fill(items, each, facts, depth + 1) for each in known]


def _number(schema: Mapping[str, Json], fact: Json) -> int | float:
    value = fact if isinstance(fact, (int, float)) and not isinstance(fact, bool) else 0
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if isinstance(lowest, (int, float)):
        value = max(value, lowest)
    if isinstance(highest, (int, float)):
        value = min(value, highest)
    return value


def _string(schema: Mapping[str, Json], fact: Json) -> str:
    if isinstance(fact, list):
        value = ", ".join(map(str, fact))
    else:
        value = "unknown" if fact is None else str(fact)
    longest = schema.get("maxLength")
    return value[:longest] if isinstance(longest, int) else value
