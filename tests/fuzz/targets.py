"""What the pipeline does with things from outside, called as the pipeline calls it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
import errno
import json
import os
from pathlib import Path
from threading import Event
from typing import Any

from uiprotect.data import Event as ProtectEvent

from custom_components.protect_narrator.pipeline.answer import parse_answer
from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.errors import NarratorError
from custom_components.protect_narrator.pipeline.frames import Strip, choose, probe
from custom_components.protect_narrator.pipeline.models import Description
from custom_components.protect_narrator.pipeline.pictures import as_jpeg
from custom_components.protect_narrator.pipeline.remux import cut
from custom_components.protect_narrator.pipeline.text import (
    LONGEST_CAMERA,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TITLE,
    MOST_NAMES,
    inert,
)
from custom_components.protect_narrator.protect.bootstrap import camera_from_rest
from custom_components.protect_narrator.protect.events import (
    EventFrame,
    PublicEvents,
    frame_from_private,
    frame_from_rest,
)
from custom_components.protect_narrator.protect.ids import plain_id, plain_mac
from custom_components.protect_narrator.protect.tracker import Tracker
from custom_components.protect_narrator.protect.zones import zones_from_rest

type Target = Callable[[Event, Path], str]
"""Takes a stop flag and a file; returns what came of it in a word. Whatever it raises is a bug."""

_SIDE = 1280

_NO_MEMORY = os.strerror(errno.ENOMEM)


def clip(stop: Event, path: Path) -> str:
    """Open, look through and cut a clip, each whether or not the one before went well."""
    part = path.with_suffix(".part.mp4")
    look = Look(count=5, first_s=0.2, last_s=1.2, best_s=(0.4, 0.9), max_side=_SIDE)
    told = [
        _told(lambda: probe(stop, path)),
        _told(lambda: choose(stop, path, look)),
        _told(lambda: cut(stop, path, part, 0.3, 1.0, most_bytes=10_000_000)),
    ]
    if part.exists():
        told.append(_told(lambda: probe(stop, part)))
        part.unlink()
    return " ".join(told)


def picture(stop: Event, path: Path) -> str:
    """Make a small sound JPEG of a still."""
    return _told(lambda: as_jpeg(stop, path.read_bytes(), _SIDE))


def answer(_stop: Event, path: Path) -> str:
    """Read what an agent has answered: as text, and as fields where it is JSON."""
    text = path.read_bytes().decode("utf-8", "replace")
    told = [_told(lambda: _require_inert(parse_answer(text, None)))]
    try:
        fields = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except ValueError, RecursionError:
        fields = None
    if isinstance(fields, dict):
        told.append(_told(lambda: _require_inert(parse_answer(fields, None))))
    return " ".join(told)


def _require_inert(made: Description) -> None:
    for text, longest in (
        (made.title, LONGEST_TITLE),
        (made.description, LONGEST_DESCRIPTION),
        (made.importance_reason or "", LONGEST_REASON),
    ):
        if inert(text, longest) != text:
            raise AssertionError(f"not inert: {text!r}")
    if not made.title or not made.description:
        raise AssertionError("nothing is said")


def console(_stop: Event, path: Path) -> str:
    """Take in what a console says of its events and cameras, on every way."""
    told = json.loads(path.read_bytes())
    cameras = list(filter(None, (camera_from_rest(each.get("camera")) for each in told)))
    for camera in cameras:
        if plain_id(camera.id) is None or plain_mac(camera.mac) is None:
            raise AssertionError(f"no id: {camera}")
        if len(camera.name) > LONGEST_CAMERA or not camera.name.isprintable():
            raise AssertionError(f"no name: {camera}")
    zones = {
        camera.id: zones_from_rest(each["camera"])
        for camera, each in zip(cameras, (each for each in told if "camera" in each), strict=False)
        if isinstance(each["camera"], dict)
    }
    now = datetime(2026, 6, 1, 12, 0, 10, tzinfo=UTC)
    tracker = Tracker("f4e2c6000000", not_before=now - timedelta(days=1))
    frames = [frame for each in told if "event" in each for frame in _frames(each["event"], zones)]
    tracker.set_cameras({frame.camera_id: "Front door" for frame in frames})
    seen = [tracker.observe(frame, now, float(at)) for at, frame in enumerate(frames)]
    left = [*filter(None, (news.left for news in seen)), *tracker.tick(1e9)]
    for detection in left:
        if len(detection.license_plates) > MOST_NAMES or len(detection.zones) > MOST_NAMES:
            raise AssertionError("too many names")
        if any(len(plate) > LONGEST_NAME for plate in detection.license_plates):
            raise AssertionError("too long a plate")
    return f"{len(cameras)} cameras, {len(left)} detections"


def _frames(document: Any, zones: dict[str, Any]) -> Iterator[EventFrame]:
    """Yield what is made of an event, as each of the three ways tells it."""
    ways: list[EventFrame | None] = [frame_from_rest(document, lambda key: zones.get(key, {}))]
    if isinstance(document, dict):
        ways.append(PublicEvents().take_in(document))
        try:
            event = ProtectEvent.from_unifi_dict(**document)
        except Exception:  # noqa: BLE001 - what the library makes of it is the library's
            event = None
        if event is not None:
            ways.append(frame_from_private(event))
    yield from filter(None, ways)


def _told(call: Callable[[], object]) -> str:
    """Return ``ok``, or the code of an error that is expected."""
    try:
        made = call()
    except NarratorError as err:
        _require_room(str(err))
        return str(err.detail)
    if isinstance(made, Strip):
        _require_room(made.cut_short or "")
    return "ok"


def _require_room(said: str) -> None:
    """Call it a bug where memory was asked for that there was not: elsewhere it is there."""
    if _NO_MEMORY in said:
        raise MemoryError(said)
