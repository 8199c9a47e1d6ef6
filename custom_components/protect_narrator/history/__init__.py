"""Sightings back out of the recorder's database, whichever one the user runs."""

from .access import (
    EventExcludedError,
    HistoryUnavailableError,
    NotRecordedError,
    commit_interval_s,
    is_listening,
    keep_days,
    kept_since,
    require_recording,
)
from .counts import async_counts
from .pages import MOST_IN_PAGE, async_find, async_find_row, async_page
from .query import (
    ANY,
    NOTHING_LOST,
    BadCursorError,
    CameraSet,
    DayCounts,
    Page,
    SightingQuery,
)
from .rows import async_processed, async_stored, async_told_since

__all__ = [
    "ANY",
    "MOST_IN_PAGE",
    "NOTHING_LOST",
    "BadCursorError",
    "CameraSet",
    "DayCounts",
    "EventExcludedError",
    "HistoryUnavailableError",
    "NotRecordedError",
    "Page",
    "SightingQuery",
    "async_counts",
    "async_find",
    "async_find_row",
    "async_page",
    "async_processed",
    "async_stored",
    "async_told_since",
    "commit_interval_s",
    "is_listening",
    "keep_days",
    "kept_since",
    "require_recording",
]
