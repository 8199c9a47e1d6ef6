"""Google's Gemini API, as far as a clip, pictures and a question need it.

Source: Google's reference of the Gemini API, and what its Python client 2.25 sends and expects.
"""

from collections.abc import Mapping, Sequence
import re
from typing import override

from aiohttp import web

from simulator.model.schema import Json

from .calls import BadRequestError, Question, VendorCall, objects
from .google_files import FileStore, Processing, StoredFile
from .server import VendorServer, event, pieces

_TYPES = frozenset(
    {
        *(f"image/{kind}" for kind in ("png", "jpeg", "webp", "heic", "heif")),
        *(f"video/{kind}" for kind in ("mp4", "mpeg", "mov", "quicktime", "webm", "3gpp")),
    }
)
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


class Google(VendorServer):
    """Gemini on loopback; a client's base URL is ``url``."""

    processing = Processing.QUICK
    """What becomes of the clips that are uploaded from now on."""

    refused_upload: int | None = None
    """HTTP status with which uploads are turned away, None where they are taken."""

    def __init__(self, port: int = 0) -> None:
        """Have no files yet."""
        super().__init__(port)
        self._store = FileStore()

    @property
    def files(self) -> list[StoredFile]:
        """What was uploaded, the oldest first."""
        return self._store.all

    @override
    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1beta/models/{model}", self._model),
            web.post("/upload/v1beta/files", self._upload),
            web.get("/v1beta/files/{file}", self._file),
            web.post("/v1beta/models/{model}:streamGenerateContent", self._generate),
        ]

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        return web.json_response(
            {
                "name": f"models/{name}",
                "displayName": name,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            }
        )

    # -- files

    async def _upload(self, request: web.Request) -> web.Response:
        """Announce a file, or send a piece of one."""
        commands = [each.strip() for each in request.headers["X-Goog-Upload-Command"].split(",")]
        if self.refused_upload is not None:
            return self._error(self.refused_upload, "no upload at present")
        try:
            if "start" in commands:
                return await self._begin_upload(request)
            file = self._store.receive(
                request.query["upload_id"],
                int(request.headers["X-Goog-Upload-Offset"]),
                await request.read(),
                last="finalize" in commands,
            )
        except BadRequestError as err:
            return self._error(400, str(err))
        if "finalize" not in commands:
            return web.Response(headers={"X-Goog-Upload-Status": "active"})
        return web.json_response(
            {"file": file.card(self.url)}, headers={"X-Goog-Upload-Status": "final"}
        )

    async def _begin_upload(self, request: web.Request) -> web.Response:
        told = await request.json()
        file = self._store.begin(
            str(_at(told, "file", "displayName")),
            request.headers["X-Goog-Upload-Header-Content-Type"],
            int(request.headers["X-Goog-Upload-Header-Content-Length"]),
            self.processing,
        )
        return web.json_response(
            {},
            headers={
                "X-Goog-Upload-Status": "active",
                "X-Goog-Upload-URL": f"{self.url}/upload/v1beta/files?upload_id={file.name}",
            },
        )

    async def _file(self, request: web.Request) -> web.Response:
        try:
            file = self._store.get(f"files/{request.match_info['file']}")
        except BadRequestError as err:
            return self._error(404, str(err))
        file.looks += 1
        self._change()
        return web.json_response(file.card(self.url))

    # -- questions

    @override
    def _key(self, request: web.Request) -> str | None:
        if "upload_id" in request.query:
            return self.api_key  # an address that nobody can guess is key enough
        return request.headers.get("X-Goog-Api-Key")

    @override
    def _question(self, request: web.Request, body: Mapping[str, Json]) -> Question:
        texts: list[str] = []
        files: list[tuple[str, bytes]] = []
        for content in objects(body.get("contents"), "contents"):
            if content.get("role") != "user":
                texts, files = [], []
                continue
            for part in objects(content.get("parts"), "parts"):
                if (named := _at(part, "fileData")) is not None:
                    files.append(self._named(named))
                else:
                    texts.append(str(part.get("text")))
        system = objects(_at(body, "systemInstruction", "parts"), "parts")
        schema = _at(body, "generationConfig", "responseSchema")
        return Question(
            model=request.match_info["model"],
            prompt="\n".join(texts),
            system="\n".join(str(each.get("text")) for each in system),
            files=tuple(files),
            schema=_lower(schema) if isinstance(schema, Mapping) else None,
            tools=tuple(
                str(each.get("name"))
                for tool in objects(body.get("tools"), "tools")
                for each in objects(_at(tool, "functionDeclarations"), "functionDeclarations")
            ),
        )

    def _named(self, named: object) -> tuple[str, bytes]:
        """Return the file that a part of a question names. Raises BadRequestError."""
        file = self._store.get(str(_at(named, "fileUri")))
        if file.state != "ACTIVE":
            raise BadRequestError(f"The File {file.name} is not in an ACTIVE state")
        mime_type = str(_at(named, "mimeType"))
        if mime_type not in _TYPES:
            raise BadRequestError(f"Unsupported MIME type: {mime_type}")
        return mime_type, bytes(file.data)

    @override
    def _told(self, call: VendorCall) -> Sequence[bytes]:
        said = pieces(call.text) or [""]
        return [_chunk(call, piece) for piece in said[:-1]] + [_chunk(call, said[-1], "STOP")]

    @override
    def _refused(self, call: VendorCall) -> Sequence[bytes]:
        blocked: dict[str, Json] = {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": _usage(call),
        }
        return [event(blocked, named=False)]

    @override
    def _failed(self) -> bytes:
        error: dict[str, Json] = {
            "code": 503,
            "message": "something went wrong",
            "status": "UNAVAILABLE",
        }
        return event({"error": error}, named=False)

    @override
    def _error(self, status: int, message: str) -> web.Response:
        error = {"code": status, "message": message, "status": _STATUSES.get(status, "INTERNAL")}
        return web.json_response(
            {"error": error}, status=status, headers={"X-Goog-Upload-Status": "final"}
        )


def _at(value: object, *keys: str) -> object:
    """Return what nested objects hold under these keys, which the client writes in two ways."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        snake = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", key)
        value = value.get(key, value.get(snake))
    return value


def _lower(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schema with the names of types as JSON schema writes them."""

    def lowered(key: str, value: Json) -> Json:
        if key == "type" and isinstance(value, str):
            return value.lower()
        return _lower(value) if isinstance(value, Mapping) else value

    return {key: lowered(key, value) for key, value in schema.items()}


def _usage(call: VendorCall, output_tokens: int | None = None) -> dict[str, Json]:
    usage: dict[str, Json] = {
        "promptTokenCount": call.input_tokens,
        "totalTokenCount": call.input_tokens + (output_tokens or 0),
    }
    return usage if output_tokens is None else usage | {"candidatesTokenCount": output_tokens}


def _chunk(call: VendorCall, text: str, finish: str | None = None) -> bytes:
    """Return a piece of the answer; as at Google, the tokens of the answer come with the last."""
    candidate: dict[str, Json] = {
        "index": 0,
        "content": {"role": "model", "parts": [{"text": text}]},
    }
    if finish is not None:
        candidate["finishReason"] = finish
    usage = _usage(call, None if finish is None else call.output_tokens)
    return event({"candidates": [candidate], "usageMetadata": usage}, named=False)
