"""What the bench of the history reads is what Home Assistant would have written."""

from contextlib import closing
from pathlib import Path
import sqlite3

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
import pytest

from .filling import write
from .past import events

_MANY = 60

_ROWS = """
    SELECT events.*, event_types.event_type AS kind, hash, shared_data FROM events
    JOIN event_types USING (event_type_id)
    LEFT JOIN event_data USING (data_id)
    WHERE kind IN ({})
    ORDER BY event_id
"""


@pytest.fixture
def recorder_db_url(tmp_path: Path) -> str:
    """A database in a file, which can be read from beside."""
    return f"sqlite:///{tmp_path}/heard.db"


async def test_rows_are_as_the_recorder_writes_them(
    recorder_mock: Recorder, hass: HomeAssistant, tmp_path: Path
) -> None:
    fired = list(events(_MANY, _MANY))
    for event in fired:
        hass.bus.async_fire_internal(
            event.event_type,
            event.data,
            event.origin,
            event.context,
            event.time_fired_timestamp,
        )
    await recorder_mock.async_block_till_done()
    heard, written = tmp_path / "heard.db", tmp_path / "written.db"
    _copy_without_events(heard, written)
    with closing(sqlite3.connect(written)) as connection:
        write(connection, fired)

    kinds = {str(event.event_type) for event in fired}
    rows = _rows_in(written, kinds)
    assert len(rows) == len(fired) > 2 * _MANY
    assert rows == _rows_in(heard, kinds)


def _copy_without_events(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        for table in ("events", "event_data", "event_types"):
            target.execute(f"DELETE FROM {table}")  # noqa: S608 - one of these three
        target.commit()


def _rows_in(database: Path, kinds: set[str]) -> list[dict[str, object]]:
    """Return all that there is of events of these kinds, but for the numbers of the rows."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(_ROWS.format(",".join("?" * len(kinds))), sorted(kinds))
        return [
            {key: value for key, value in dict(row).items() if not key.endswith("_id")}
            for row in found
        ]
