"""OpenAI's Responses API, as far as a picture and a question need it.

Source: OpenAI's API reference, and what its Python client 3.10 sends and expects.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import override

from aiohttp import web

from simulator.model import wording
from simulator.model.schema import Json

from .calls import BadRequestError, Question, VendorCall, decoded, inside, objects, schema_in
from .server import RETRY_AT_ONCE, VendorServer, event, pieces

_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_MESSAGE_ID = "msg_simulated"
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
}


class OpenAI(VendorServer):
    """OpenAI on loopback; a client's base URL is ``base_url``."""

    filters_content = False
    """Whether a refusal is a filter's instead of the model's own words."""

    @property
    def base_url(self) -> str:
        """Where the API begins."""
        return f"{self.url}/v1"

    @override
    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/models", self._models),
            web.post("/v1/responses", self._generate),
        ]

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": "gpt-4o-mini", "object": "model", "created": 1, "owned_by": "system"}
        return web.json_response({"object": "list", "data": [model]})

    @override
    def _key(self, request: web.Request) -> str | None:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    @override
    def _question(self, request: web.Request, body: Mapping[str, Json]) -> Question:
        if not isinstance(model := body.get("model"), str):
            raise BadRequestError("model is required")
        if body.get("stream") is not True:
            raise BadRequestError("this model only streams")
        system: list[str] = []
        texts: list[str] = []
        files: list[tuple[str, bytes]] = []
        for message in objects(body.get("input"), "input"):
            parts = _parts(message)
            match message.get("role"):
                case "developer" | "system":
                    system += _texts(parts)
                case "user":
                    texts += _texts(parts)
                    files += map(_image, (each for each in parts if each["type"] == "input_image"))
                case _:
                    texts, files = [], []
        return Question(
            model=model,
            prompt="\n".join(texts),
            system="\n".join(system),
            files=tuple(files),
            schema=schema_in(body, "text", "format", "schema"),
            tools=tuple(
                str(each.get("name") or each.get("type"))
                for each in objects(body.get("tools"), "tools")
            ),
        )

    @override
    def _told(self, call: VendorCall) -> Sequence[bytes]:
        part = {"type": "output_text", "text": call.text, "annotations": [], "logprobs": []}
        deltas = [
            {"type": "response.output_text.delta", "delta": piece, "logprobs": []}
            for piece in pieces(call.text)
        ]
        done = {"type": "response.output_text.done", "text": call.text, "logprobs": []}
        return list(_events(call, part, [*deltas, done]))

    @override
    def _refused(self, call: VendorCall) -> Sequence[bytes]:
        if self.filters_content:
            cut_short = _response(call, "incomplete") | {
                "incomplete_details": {"reason": "content_filter"}
            }
            incomplete: dict[str, Json] = {"type": "response.incomplete", "response": cut_short}
            return [event(incomplete | {"sequence_number": 0})]
        part = {"type": "refusal", "refusal": wording.REFUSAL}
        deltas = [
            {"type": "response.refusal.delta", "delta": piece} for piece in pieces(wording.REFUSAL)
        ]
        done = {"type": "response.refusal.done", "refusal": wording.REFUSAL}
        return list(_events(call, part, [*deltas, done]))

    @override
    def _failed(self) -> bytes:
        return event(
            {
                "type": "error",
                "code": "server_error",
                "message": "something went wrong",
                "param": None,
                "sequence_number": 99,
            }
        )

    @override
    def _error(self, status: int, message: str) -> web.Response:
        error = {"message": message, "type": _KINDS.get(status, "server_error"), "code": None}
        return web.json_response({"error": error}, status=status, headers=RETRY_AT_ONCE)


def _parts(message: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    parts = objects(content, "content")
    if not all(each.get("type") in {"input_text", "input_image"} for each in parts):
        raise BadRequestError("this model takes text and images")
    return parts


def _texts(parts: Sequence[Mapping[str, Json]]) -> list[str]:
    return [str(each.get("text")) for each in parts if each["type"] == "input_text"]


def _image(part: Mapping[str, Json]) -> tuple[str, bytes]:
    head, _, data = str(inside(part, "image_url")).partition(",")
    mime_type = head.removeprefix("data:").removesuffix(";base64")
    if mime_type not in _IMAGE_TYPES:
        raise BadRequestError(f"{mime_type} is no supported image; use one of png, jpeg, gif, webp")
    return mime_type, decoded(data)


def _events(
    call: VendorCall, part: Mapping[str, Json], said: Sequence[Mapping[str, Json]]
) -> Iterator[bytes]:
    """Yield the events of an answer with one message of one part."""
    numbers = count()
    item: dict[str, Json] = {"type": "message", "id": _MESSAGE_ID, "role": "assistant"}
    begun: dict[str, Json] = item | {"status": "in_progress", "content": []}
    done: dict[str, Json] = item | {"status": "completed", "content": [part]}
    place: dict[str, Json] = {"item_id": _MESSAGE_ID, "output_index": 0, "content_index": 0}
    events: list[dict[str, Json]] = [
        {"type": "response.created", "response": _response(call, "in_progress")},
        {"type": "response.in_progress", "response": _response(call, "in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        place | {"type": "response.content_part.added", "part": part},
        *(place | dict(each) for each in said),
        place | {"type": "response.content_part.done", "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": _response(call, "completed", done)},
    ]
    for each in events:
        yield event(each | {"sequence_number": next(numbers)})


def _response(call: VendorCall, status: str, *output: Mapping[str, Json]) -> dict[str, Json]:
    usage: dict[str, Json] = {
        "input_tokens": call.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": call.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": call.input_tokens + call.output_tokens,
    }
    return {
        "id": "resp_simulated",
        "object": "response",
        "created_at": 1_764_000_000,
        "status": status,
        "model": call.question.model,
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None if status == "in_progress" else usage,
    }
