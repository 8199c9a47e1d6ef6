"""Ollama's chat on the wire: questions in, answers out. Nothing here waits or decides.

Source: Ollama's own API documentation, and what its Python client 0.6 sends and expects.
"""

from base64 import b64decode
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import json

from .schema import Json

_CHUNK = 12  # characters of an answer in one streamed line: about three tokens
_PAUSE_NS = 1_000_000  # what Ollama's counters say; no client of ours reads them


class BadQuestionError(ValueError):
    """The request is not one that Ollama would take."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Json]
    """The JSON schema of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A chat request, as far as this model minds it; options are ignored."""

    model: str
    prompt: str
    """What the user said since the last answer."""

    system: str
    images: tuple[bytes, ...]
    format: Mapping[str, Json] | str | None
    stream: bool
    tools: tuple[Tool, ...] = ()
    """What is offered."""

    tool_results: tuple[str, ...] = ()
    """What tools have answered since the last answer."""


def parse(body: object) -> Question:
    """Return the question of a chat request's JSON body. Raises BadQuestionError."""
    if not isinstance(body, dict) or not isinstance(model := body.get("model"), str):
        raise BadQuestionError("model is required")
    messages = body.get("messages") or []
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise BadQuestionError("messages must be objects")
    wanted = body.get("format")
    if not (wanted is None or wanted in ("", "json") or isinstance(wanted, dict)):
        raise BadQuestionError("format must be a JSON schema or 'json'")
    turn, results = _open_turn(messages)
    return Question(
        model=model,
        prompt="\n".join(_text(each) for each in turn),
        system="\n".join(_text(each) for each in messages if each.get("role") == "system"),
        images=tuple(image for each in turn for image in _images(each)),
        format=wanted or None,
        stream=body.get("stream") is not False,
        tools=tuple(_tools(body.get("tools"))),
        tool_results=tuple(_text(each) for each in results),
    )


def streamed(model: str, text: str) -> Iterator[bytes]:
    """Yield the answer as NDJSON lines, the last of which says that it is done."""
    for begin in range(0, len(text), _CHUNK):
        yield _line(_reply(model, text[begin : begin + _CHUNK], done=False))
    yield _line(_reply(model, "", done=True))


def whole(model: str, text: str) -> dict[str, Json]:
    """Return the answer as the one object of a request that does not stream."""
    return _reply(model, text, done=True)


def tool_call(model: str, tool: str, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return how Ollama asks for a tool, streamed or whole: in one object."""
    reply = _reply(model, "", done=True)
    calls: list[Json] = [{"function": {"name": tool, "arguments": arguments}}]
    return {**reply, "message": {"role": "assistant", "content": "", "tool_calls": calls}}


def error_line(message: str) -> bytes:
    """Return how Ollama reports an error when the answer has begun."""
    return _line({"error": message})


def model_card(name: str) -> dict[str, Json]:
    """Return a model as ``/api/tags`` and ``/api/ps`` list it."""
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-01-01T00:00:00Z",
        "size": 4_733_363_377,
        "digest": f"{binascii.crc32(name.encode()):08x}" * 8,
        "details": details(),
    }


def details() -> dict[str, Json]:
    """Return what Ollama tells about any model."""
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "simulated",
        "families": ["simulated"],
        "parameter_size": "7B",
        "quantization_level": "Q4_0",
    }


def _open_turn(
    messages: list[dict[str, object]],
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the user's messages since the last answer, and what tools have answered since."""
    turn: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for message in messages:
        role = message.get("role")
        if role == "user":
            turn.append(message)
        elif role == "tool":
            results.append(message)
        elif role == "assistant" and not message.get("tool_calls"):
            turn, results = [], []
    return turn, results


def _tools(tools: object) -> Iterator[Tool]:
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(name := function.get("name"), str):
            raise BadQuestionError("a tool must be a function with a name")
        parameters = function.get("parameters")
        yield Tool(
            name,
            str(function.get("description") or ""),
            parameters if isinstance(parameters, dict) else {},
        )


def _text(message: Mapping[str, object]) -> str:
    content = message.get("content") or ""
    if not isinstance(content, str):
        raise BadQuestionError("content must be a string")
    return content


def _images(message: Mapping[str, object]) -> Iterator[bytes]:
    images = message.get("images") or []
    if not isinstance(images, list):
        raise BadQuestionError("images must be a list")
    for image in images:
        if not isinstance(image, str):
            raise BadQuestionError("an image must be base64")
        try:
            yield b64decode(image, validate=True)
        except binascii.Error as err:
            raise BadQuestionError("illegal base64 data") from err


def _reply(model: str, content: str, *, done: bool) -> dict[str, Json]:
    reply: dict[str, Json] = {
        "model": model,
        "created_at": datetime.now(UTC).isoformat(),
        "message": {"role": "assistant", "content": content},
        "done": done,
    }
    if done:
        reply |= {
            "done_reason": "stop",
            "total_duration": _PAUSE_NS,
            "load_duration": _PAUSE_NS,
            "prompt_eval_count": 1,
            "prompt_eval_duration": _PAUSE_NS,
            "eval_count": 1,
            "eval_duration": _PAUSE_NS,
        }
    return reply


def _line(value: Mapping[str, Json]) -> bytes:
    return json.dumps(value).encode() + b"\n"
