"""Kills and detections for tests."""

from datetime import UTC, datetime
from typing import Any

from .progress import Kill, Noticed

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def noticed(event_id: str = "e1", **known: Any) -> Noticed:
    plain: dict[str, Any] = {
        "camera_id": "c",
        "phase": "settle",
        "is_target": True,
        "is_heard": True,
    }
    return Noticed(**plain | {"event_id": event_id, "start": NOW.isoformat()} | known)


def kill(phase: str = "settle", **known: Any) -> Kill:
    plain: dict[str, Any] = {
        "event_id": "e1",
        "missed": None,
        "lingered_s": 0.5,
        "in_ledger": True,
        "others": 2,
    }
    return Kill(**{"phase": phase} | plain | known)
