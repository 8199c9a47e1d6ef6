"""What a Sighting's event data are, where others read them without asking.

Diagnostics, the system information, what was fired last and the actions do: what comes from a
file is measured here before it may get there.
"""

from collections.abc import Callable, Mapping
import json
import math
from typing import Any

from .recent import TIMINGS

# The publisher keeps every event below.
MOST_EVENT_BYTES = 8 * 1024


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_count_or_none(value: object) -> bool:
    return value is None or _is_count(value)


def is_seconds(value: object) -> bool:
    """Say whether that is a number of seconds, and not less than none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0


_SHAPE: Mapping[str, Callable[[object], bool]] = {
    "sighting_id": _is_text,
    "revision": _is_count,
    "phase": _is_text,
    "late": _is_flag,
    "requested": _is_flag,
    "camera_id": _is_text,
    "labels": _are_texts,
    "end": _is_text,
    "end_estimated": _is_flag,
    "score": _is_count_or_none,
    "medium": _is_text,
    "frame_count": _is_count,
    "agent_id": _is_text_or_none,
    "fallbacks": _are_texts,
    "clip_attempts": _is_count,
    "image": _is_text_or_none,
    **dict.fromkeys(TIMINGS, is_seconds),
}


def require_event(data: Mapping[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError where one is larger, lacks or is what none is."""
    if len(json.dumps(data, ensure_ascii=False).encode()) > MOST_EVENT_BYTES:
        raise ValueError("larger than any event of ours")
    for key, is_sound in _SHAPE.items():
        if not is_sound(data[key]):
            # Never the value, which may be a plate.
            raise TypeError(f"no event of ours: {key}")
