"""Anthropic's Messages API, as far as a picture and a question need it.

Source: Anthropic's API reference, and what its Python client 0.125 sends and expects.
"""

from collections.abc import Mapping, Sequence
from typing import override

from aiohttp import web

from simulator.model.schema import Json

from .calls import BadRequestError, Question, VendorCall, decoded, inside, objects, schema_in
from .server import RETRY_AT_ONCE, VendorServer, event, pieces

_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_YES, _NO = {"supported": True}, {"supported": False}
_MODEL = {
    "type": "model",
    "id": "claude-haiku-4-5-20251001",
    "display_name": "Claude Haiku 4.5",
    "created_at": "2025-10-15T00:00:00Z",
    "lifecycle": "active",
    "max_input_tokens": 200_000,
    "max_tokens": 64_000,
    "capabilities": {
        "batch": _YES,
        "citations": _YES,
        "code_execution": _YES,
        "context_management": _NO,
        "effort": _NO | dict.fromkeys(("low", "medium", "high", "max"), _NO),
        "image_input": _YES,
        "pdf_input": _YES,
        "structured_outputs": _YES,
        "thinking": _NO | {"types": {"adaptive": _NO, "enabled": _NO}},
    },
}


class Anthropic(VendorServer):
    """Anthropic on loopback; a client's base URL is ``url``."""

    def __init__(self, port: int = 0, *, listed: bool = True) -> None:
        """Say with ``listed`` whether clients are told which models there are."""
        super().__init__(port)
        self._listed = listed

    @override
    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/models", self._models),
            web.post("/v1/messages", self._generate),
        ]

    async def _models(self, request: web.Request) -> web.Response:
        wanted = [
            value for name, value in request.query.items() if name.startswith("lifecycle")
        ] or ["active"]
        models = [_MODEL] if self._listed and "active" in wanted else []
        return web.json_response(
            {"data": models, "has_more": False, "first_id": None, "last_id": None}
        )

    @override
    def _key(self, request: web.Request) -> str | None:
        return request.headers.get("X-Api-Key")

    @override
    def _question(self, request: web.Request, body: Mapping[str, Json]) -> Question:
        if not isinstance(model := body.get("model"), str):
            raise BadRequestError("model: Field required")
        if body.get("stream") is not True:
            raise BadRequestError("this model only streams")
        texts: list[str] = []
        files: list[tuple[str, bytes]] = []
        for message in objects(body.get("messages"), "messages"):
            if message.get("role") != "user":
                texts, files = [], []
                continue
            parts = _parts(message.get("content"))
            texts += [str(each.get("text")) for each in parts if each["type"] == "text"]
            files += [_image(each) for each in parts if each["type"] == "image"]
        return Question(
            model=model,
            prompt="\n".join(texts),
            system="\n".join(str(each.get("text")) for each in _parts(body.get("system"))),
            files=tuple(files),
            schema=schema_in(body, "output_config", "format", "schema"),
            tools=tuple(str(each.get("name")) for each in objects(body.get("tools"), "tools")),
        )

    @override
    def _told(self, call: VendorCall) -> Sequence[bytes]:
        deltas: list[dict[str, Json]] = [
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
            for piece in pieces(call.text)
        ]
        block = {"type": "text", "text": ""}
        return [
            _begun(call),
            event({"type": "content_block_start", "index": 0, "content_block": block}),
            event({"type": "ping"}),
            *(event(each) for each in deltas),
            event({"type": "content_block_stop", "index": 0}),
            *_ended("end_turn", call.output_tokens),
        ]

    @override
    def _refused(self, call: VendorCall) -> Sequence[bytes]:
        return [_begun(call), *_ended("refusal", 1)]

    @override
    def _failed(self) -> bytes:
        error = {"type": "overloaded_error", "message": "something went wrong"}
        return event({"type": "error", "error": error})

    @override
    def _error(self, status: int, message: str) -> web.Response:
        error = {"type": _KINDS.get(status, "api_error"), "message": message}
        return web.json_response(
            {"type": "error", "error": error}, status=status, headers=RETRY_AT_ONCE
        )


def _parts(content: Json) -> Sequence[Mapping[str, Json]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts = objects(content, "content")
    if not all(each.get("type") in {"text", "image"} for each in parts):
        raise BadRequestError("this model takes text and images")
    return parts


def _image(part: Mapping[str, Json]) -> tuple[str, bytes]:
    mime_type = inside(part, "source", "media_type")
    if not isinstance(mime_type, str) or mime_type not in _IMAGE_TYPES:
        raise BadRequestError(f"source.media_type: {mime_type} is none of {sorted(_IMAGE_TYPES)}")
    return mime_type, decoded(inside(part, "source", "data"))


def _begun(call: VendorCall) -> bytes:
    return event(
        {
            "type": "message_start",
            "message": {
                "id": "msg_simulated",
                "type": "message",
                "role": "assistant",
                "model": call.question.model,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": call.input_tokens, "output_tokens": 1},
            },
        }
    )


def _ended(reason: str, output_tokens: int) -> list[bytes]:
    return [
        event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": reason, "stop_sequence": None},
                "usage": {"output_tokens": output_tokens},
            }
        ),
        event({"type": "message_stop"}),
    ]
