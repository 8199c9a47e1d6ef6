"""The values of a console: its cameras, what they noticed, and what was asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

type Json = dict[str, Any]

_AUDIO_PREFIX = "alrm"
# Where on the picture Protect saw it, as x, y, width, height in thousandths.
_COORD = [400, 300, 200, 500]


def milliseconds(moment: datetime) -> int:
    """Return the moment as Protect writes it on both APIs: milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


class Channel(StrEnum):
    """The three ways by which a client learns of an event."""

    PRIVATE = "private"
    PUBLIC = "public"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Camera:
    """One adopted camera."""

    id: str
    """24 hex digits."""

    name: str
    mac: str
    """Twelve upper-case hex digits."""

    is_doorbell: bool = False
    is_connected: bool = True
    smart_types: tuple[str, ...] = (
        "person",
        "vehicle",
        "animal",
        "package",
        "licensePlate",
        "face",
    )
    audio_types: tuple[str, ...] = ("alrmSmoke", "alrmCmonx", "alrmBark", "alrmGlassBreak")
    zones: tuple[str, ...] = ("Default",)
    """Names of the areas of its picture, as their owner calls them; their ids count from 1."""

    lines: tuple[str, ...] = ()
    loiter_zones: tuple[str, ...] = ()

    @classmethod
    def make(cls, number: int, name: str | None = None, *, is_doorbell: bool = False) -> Camera:
        """Return the same camera for the same number, always; numbers start at 0."""
        return cls(
            id=f"65f0c0de0000000{number:09x}",
            name=name or f"Camera {number}",
            mac=f"F4E2C6{number:06X}",
            is_doorbell=is_doorbell,
        )


class Recording(Protocol):
    """What was filmed. Both methods block and are called in a thread."""

    def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return the recording of [start, end) as a complete MP4 file."""
        ...

    def still(self, camera_name: str, at: datetime) -> bytes:
        """Return what the camera saw at that moment as JPEG."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a camera noticed, as the console knows it at one moment."""

    id: str
    camera_id: str
    type: str
    """Protect's event type: ``smartDetectZone``, ``smartDetectLine``, ``ring``, ``motion``, …"""

    start: datetime
    end: datetime | None = None
    score: int = 0
    """0-100."""

    labels: tuple[str, ...] = ()
    """Protect's own spelling: ``person``, ``licensePlate``, ``alrmSmoke``, …"""

    license_plate: str | None = None
    face: str | None = None
    zones: tuple[int, ...] = (1,)
    """Ids of the areas in which it happened: zones, lines or others, by the event's type."""

    def as_private(self) -> Json:
        """Return the event as the private API and its websocket spell it."""
        return {
            "id": self.id,
            "modelKey": "event",
            "type": self.type,
            "start": milliseconds(self.start),
            "end": milliseconds(self.end) if self.end else None,
            "score": self.score,
            "smartDetectTypes": list(self.labels),
            "smartDetectEvents": [],
            "camera": self.camera_id,
            "partition": None,
            "user": None,
            "metadata": {"detectedThumbnails": self._thumbnails()},
            "thumbnail": f"e-{self.id}" if self.end else None,
            "heatmap": f"e-{self.id}" if self.end else None,
            "timestamp": None,
            "category": "ring" if self.type == "ring" else "smart" if self.labels else "motion",
            "subCategory": None,
            "locked": False,
            "favoriteObjectIds": [],
        }

    def as_public(self) -> Json:
        """Return the event as the public API spells it: no score, no plates, no faces."""
        return {
            "id": self.id,
            "modelKey": "event",
            "type": self.type,
            "start": milliseconds(self.start),
            "end": milliseconds(self.end) if self.end else None,
            "device": self.camera_id,
            "smartDetectTypes": list(self.labels),
        }

    def _thumbnails(self) -> list[Json]:
        """Return one cut-out per thing seen; a plate is told with its vehicle."""
        kinds = [
            "vehicle" if label == "licensePlate" else label
            for label in self.labels
            if not label.startswith(_AUDIO_PREFIX)
        ]
        if self.license_plate:
            kinds.append("vehicle")
        if self.face:
            kinds.append("face")
        return [self._thumbnail(kind) for kind in dict.fromkeys(kinds)]

    def _thumbnail(self, kind: str) -> Json:
        name = {"vehicle": self.license_plate, "face": self.face}.get(kind)
        thumbnail: Json = {
            "type": kind,
            "name": name,
            "confidence": self.score,
            "clockBestWall": milliseconds(self.start + timedelta(seconds=1)),
            "croppedId": f"{kind}-{self.id}",
            "objectId": f"{kind}-1",
            "coord": list(_COORD),
            "attributes": {"zone": list(self.zones), "trackerId": 1},
        }
        if kind == "vehicle":
            thumbnail["attributes"] |= {
                "color": {"val": "blue", "confidence": 88},
                "vehicleType": {"val": "sedan", "confidence": 91},
            }
        if name is not None:
            thumbnail["group"] = {
                "id": f"group-{name}",
                "name": name,
                "matchedName": name,
                "confidence": 93,
            }
        return thumbnail


def changes(before: Json, after: Json) -> Json:
    """Return the top-level keys of ``after`` that say something else than before."""
    return {key: value for key, value in after.items() if before.get(key) != value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request that the console saw; websockets are requests too, while they last."""

    method: str
    path: str
    query: Mapping[str, str]
    """Of a parameter that was repeated, the first value."""

    byte_range: str | None
    """What its ``Range`` says."""

    started: float
    """Monotonic seconds, of the event loop's clock."""

    finished: float | None = None
    """None while it is being answered."""

    status: int | None = None
    """None until there is one: also of a request that never got its headers."""

    sent: int = 0
    """Bytes of the body that were handed to the connection."""

    client_left: bool = False
    """The connection was gone before the answer was: the client closed it, or a reboot did."""
