"""What the recorder has stored of our event, read as a file: whoever reads it was not told how."""

from collections.abc import Iterable
from dataclasses import dataclass
import json
from pathlib import Path
import sqlite3

_EVENT = "protect_narrator_sighting"

# Home Assistant holds the lock for the milliseconds of a commit.
_BUSY_S = 10.0

_ROWS = """
    SELECT event_data.shared_data
    FROM events
    JOIN event_types ON event_types.event_type_id = events.event_type_id
    JOIN event_data ON event_data.data_id = events.data_id
    WHERE event_types.event_type = ?
    ORDER BY events.event_id
"""
_HAS_TABLES = "SELECT count(*) FROM sqlite_master WHERE name IN ('events', 'event_types')"


@dataclass(frozen=True, slots=True)
class Row:
    """One committed row of the recorder."""

    sighting_id: str
    revision: int
    event_ids: frozenset[str]
    """Protect's ids of what it tells of."""


def database_in(folder: Path) -> Path:
    """Return the recorder's database in a configuration folder."""
    return folder / "home-assistant_v2.db"


def rows_in(path: Path) -> list[Row]:
    """Return the rows that are committed, the oldest first; none before there is a database.

    Read only, so that what a kill has left is neither repaired nor written into the main file:
    that is for Home Assistant to do. Raises sqlite3.Error for a database that is broken.
    """
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_BUSY_S)
    try:
        (tables,) = connection.execute(_HAS_TABLES).fetchone()
        stored = connection.execute(_ROWS, (_EVENT,)).fetchall() if tables == 2 else []
    finally:
        connection.close()
    return [_row(json.loads(data)) for (data,) in stored]


def told_of(rows: Iterable[Row]) -> frozenset[str]:
    """Return Protect's ids of everything that some row tells of."""
    return frozenset(event_id for row in rows for event_id in row.event_ids)


def _row(data: dict[str, object]) -> Row:
    event_ids, revision = data["protect_event_ids"], data["revision"]
    if not isinstance(event_ids, list) or not isinstance(revision, int):
        raise TypeError(f"not the data of a Sighting: {data}")
    return Row(str(data["sighting_id"]), revision, frozenset(map(str, event_ids)))
