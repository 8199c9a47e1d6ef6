"""The Sightings in the recorder's file, read as anybody with sqlite3 can."""

from collections import Counter
import json
from pathlib import Path
import sqlite3

from custom_components.protect_narrator.const import EVENT_SIGHTING

_ROWS = """
SELECT event_data.shared_data FROM events
JOIN event_types ON events.event_type_id = event_types.event_type_id
JOIN event_data ON events.data_id = event_data.data_id
WHERE event_types.event_type = ?
"""


def rows(folder: Path) -> Counter[tuple[str, int]]:
    """Return how many rows there are of each ``sighting_id`` and ``revision``; blocking."""
    found: Counter[tuple[str, int]] = Counter()
    with sqlite3.connect(folder / "home-assistant_v2.db") as database:
        for (shared,) in database.execute(_ROWS, (EVENT_SIGHTING,)):
            data = json.loads(shared)
            found[data["sighting_id"], data["revision"]] += 1
    database.close()
    return found
