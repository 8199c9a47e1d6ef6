"""What a Sighting's event data are, where others read them without asking.

Diagnostics, the system information, what was fired last and the actions do: what comes from a
file is measured here before it may get there.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from .recent import TIMINGS
from .salvage import (
    UnreadableError,
    count_in,
    flag_in,
    mapping_in,
    or_none,
    required_in,
    seconds_in,
    text_in,
    texts_in,
)

# The publisher keeps every event below.
MOST_EVENT_BYTES = 8 * 1024

_SHAPE: Mapping[str, Callable[[object], object]] = {
    "sighting_id": text_in,
    "revision": count_in,
    "phase": text_in,
    "late": flag_in,
    "requested": flag_in,
    "camera_id": text_in,
    "labels": texts_in,
    "end": text_in,
    "end_estimated": flag_in,
    "score": or_none(count_in),
    "medium": text_in,
    "frame_count": count_in,
    "agent_id": or_none(text_in),
    "fallbacks": texts_in,
    "clip_attempts": count_in,
    "image": or_none(text_in),
    **dict.fromkeys(TIMINGS, seconds_in),
}


def require_event(data: object) -> None:
    """Raise UnreadableError where one is larger, lacks or is what none is."""
    event = mapping_in(data)  # from Python anything can be fired
    if _bytes_of(event) > MOST_EVENT_BYTES:
        raise UnreadableError("larger than any event of ours")
    for key, read in _SHAPE.items():
        required_in(event, key, read)


def _bytes_of(data: Mapping[str, Any]) -> int:
    """Return how large it is where it is written, by Home Assistant's own means."""
    try:
        return len(orjson.dumps(data))
    except orjson.JSONEncodeError as err:
        # Anybody can fire an event of whatever objects, or so nested that none could write it.
        raise UnreadableError("no JSON") from err
