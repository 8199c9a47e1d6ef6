"""What a vendor's model is sent: requests as they came, and what it made of them."""

from base64 import b64decode
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import av
from PIL import Image

from simulator.model.schema import Json
from simulator.video import Reading, UnreadablePictureError, read_still

# Moments of a clip that are looked at: a figure crosses the picture in more than one of them.
_GLANCES = 8

_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_GLANCE = 258  # what Google counts for a picture; the others count alike


class BadRequestError(ValueError):
    """The request is not one that the vendor would take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, whole."""

    method: str
    path: str
    """Without the query."""

    query: str
    headers: Mapping[str, str]
    """By their names in lower case."""

    body: bytes = field(repr=False)

    def holds(self, words: str) -> bool:
        """Say whether the words are anywhere in the request, as they are or escaped."""
        everything = "\n".join(
            (self.path, self.query, *self.headers.values(), self.body.decode(errors="replace"))
        )
        return any(each in everything for each in (words, words.replace("/", "\\/")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file that the model was shown."""

    mime_type: str
    data: bytes = field(repr=False)
    readings: tuple[Reading, ...]
    """What it shows: one reading of a picture, several of a clip in the order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as its protocol carries it, before anybody has looked."""

    model: str
    prompt: str
    """What the user said since the last answer."""

    system: str
    files: tuple[tuple[str, bytes], ...]
    """MIME type and content of each, in order."""

    schema: Mapping[str, Json] | None
    """The JSON schema that the answer must fit, None where none is asked for."""

    tools: tuple[str, ...]
    """What the model may call, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorCall:
    """One question that the model was asked, and what it has to say to it."""

    question: Question
    attachments: tuple[Attachment, ...]
    body: Mapping[str, Json] = field(repr=False)
    """The whole request, parsed."""

    text: str
    """The answer; whether it arrives is another matter."""

    at: float
    """When the request came, as ``time.monotonic()``."""

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What all the files show."""
        return tuple(each for attachment in self.attachments for each in attachment.readings)

    @property
    def input_tokens(self) -> int:
        """What the vendor counts for the question."""
        words = len(self.question.system) + len(self.question.prompt)
        return words // _CHARACTERS_PER_TOKEN + len(self.readings) * _TOKENS_PER_GLANCE

    @property
    def output_tokens(self) -> int:
        """What the vendor counts for the answer."""
        return len(self.text) // _CHARACTERS_PER_TOKEN


def look_at(file: tuple[str, bytes]) -> Attachment:
    """Return the file with what it shows. Blocking. Raises UnreadablePictureError."""
    mime_type, data = file
    readings = tuple(_glances(data)) if mime_type.startswith("video/") else (read_still(data),)
    return Attachment(mime_type=mime_type, data=data, readings=readings)


def _glances(clip: bytes) -> Iterator[Reading]:
    """Yield what the clip shows at evenly spread moments."""
    try:
        with av.open(BytesIO(clip), "r") as container:
            (stream, *_) = container.streams.video
            pause_s = (container.duration or 0) / av.time_base / _GLANCES
            next_s = 0.0
            for frame in container.decode(stream):
                if frame.time is not None and frame.time >= next_s:
                    next_s = frame.time + pause_s
                    yield read_still(Image.fromarray(frame.to_ndarray(format="rgb24")))
    except (av.FFmpegError, ValueError) as err:
        raise UnreadablePictureError(str(err)) from err


def decoded(data: object) -> bytes:
    """Return what base64 says. Raises BadRequestError."""
    if not isinstance(data, str):
        raise BadRequestError("a file must be base64")
    try:
        return b64decode(data, validate=True)
    except binascii.Error as err:
        raise BadRequestError("illegal base64 data") from err


def an_object(value: object) -> Mapping[str, Json]:
    """Return the JSON object. Raises BadRequestError where it is none."""
    if not isinstance(value, dict):
        raise BadRequestError("the body must be an object")
    return value


def objects(value: object, name: str) -> Sequence[Mapping[str, Json]]:
    """Return a list of JSON objects, empty for None. Raises BadRequestError."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadRequestError(f"{name} must be objects")
    return value


def inside(value: object, *keys: str) -> object:
    """Return what nested objects hold under these keys, None where they do not."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def schema_in(value: object, *keys: str) -> Mapping[str, Json] | None:
    """Return the schema under these keys, None where there is none."""
    found = inside(value, *keys)
    return found if isinstance(found, Mapping) else None
