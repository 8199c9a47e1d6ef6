"""Google's Files API: files are uploaded first, examined for a while, and then named in a question.

Source: Google's reference of the Gemini API, and what its Python client 2.25 sends and expects.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256

from simulator.model.schema import Json

from .calls import BadRequestError

_LOOKS_UNTIL_READY = 2  # how often a client has to look before a clip was examined


class Processing(Enum):
    """What becomes of a clip that was uploaded; pictures are ready at once."""

    QUICK = auto()
    """Ready when the client has looked a few times."""

    ENDLESS = auto()
    """Never ready."""

    FAILING = auto()
    """Found to be unusable."""


@dataclass(slots=True)
class StoredFile:
    """One file that somebody has begun to upload."""

    name: str
    """As in ``files/abc``."""

    display_name: str
    mime_type: str
    size: int
    processing: Processing
    data: bytearray = field(default_factory=bytearray, repr=False)
    looks: int = 0
    """How often its state was asked for."""

    @property
    def state(self) -> str:
        """Return the state as the API names it."""
        if not self.mime_type.startswith("video/"):
            return "ACTIVE"
        if self.looks < _LOOKS_UNTIL_READY:
            return "PROCESSING"
        return {
            Processing.QUICK: "ACTIVE",
            Processing.ENDLESS: "PROCESSING",
            Processing.FAILING: "FAILED",
        }[self.processing]

    def card(self, url: str) -> dict[str, Json]:
        """Return what the API tells about it."""
        card: dict[str, Json] = {
            "name": self.name,
            "displayName": self.display_name,
            "mimeType": self.mime_type,
            "sizeBytes": str(len(self.data)),
            "createTime": "2026-01-01T00:00:00Z",
            "updateTime": "2026-01-01T00:00:00Z",
            "expirationTime": "2026-01-03T00:00:00Z",
            "sha256Hash": b64encode(sha256(self.data).digest()).decode(),
            "uri": f"{url}/v1beta/{self.name}",
            "state": self.state,
            "source": "UPLOADED",
        }
        if self.state == "FAILED":
            card["error"] = {"code": 3, "message": "the video could not be examined"}
        return card


class FileStore:
    """What was uploaded."""

    def __init__(self) -> None:
        """Begin empty."""
        self._files: dict[str, StoredFile] = {}

    def begin(
        self, display_name: str, mime_type: str, size: int, processing: Processing
    ) -> StoredFile:
        """Make room for a file."""
        name = f"files/simulated-{len(self._files)}"
        file = StoredFile(name, display_name, mime_type, size, processing)
        self._files[name] = file
        return file

    def receive(self, name: str, offset: int, chunk: bytes, *, last: bool) -> StoredFile:
        """Add a chunk. Raises BadRequestError where it does not fit what was announced."""
        file = self.get(name)
        if offset != len(file.data):
            raise BadRequestError(f"offset {offset} is not {len(file.data)}")
        file.data += chunk
        if last and len(file.data) != file.size:
            raise BadRequestError(f"{len(file.data)} bytes came, {file.size} were announced")
        return file

    def get(self, name: str) -> StoredFile:
        """Return a file by its name or its URI. Raises BadRequestError."""
        try:
            return self._files["/".join(name.split("/")[-2:])]
        except KeyError as err:
            raise BadRequestError(f"{name} is not there") from err

    @property
    def all(self) -> list[StoredFile]:
        """Return every file, the oldest first."""
        return list(self._files.values())
