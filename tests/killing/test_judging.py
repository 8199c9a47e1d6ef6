"""What the verdict of the kill test finds in a database, and what it is made of."""

from collections.abc import Iterable
from dataclasses import replace
import json
from pathlib import Path
import re
import shutil
import sqlite3
from typing import Any

from homeassistant.components.recorder.db_schema import Base
import pytest
from sqlalchemy import create_engine

from .database import Row, database_in, rows_in, told_of
from .judging import Verdict, judge
from .making import kill, noticed
from .phases import PHASES
from .progress import Noticed
from .report import ENOUGH, as_json, findings, lacking, section, table

SIGHTING = "protect_narrator_sighting"


# -- the database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database as the recorder makes it, which writes into its log and not the file itself."""
    path = database_in(tmp_path)
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return path


def fired(sighting_id: str = "s1", revision: int = 1, *event_ids: str) -> dict[str, Any]:
    return {
        "sighting_id": sighting_id,
        "revision": revision,
        "protect_event_ids": list(event_ids or ("e1",)),
    }


def commit(path: Path, events: Iterable[dict[str, Any]], event_type: str = SIGHTING) -> None:
    """Store events as the recorder does: equal data are shared."""
    connection = sqlite3.connect(path)
    with connection:
        for event in events:
            shared = json.dumps(event)
            type_id = _id_of(connection, "event_types", "event_type_id", "event_type", event_type)
            data_id = _id_of(connection, "event_data", "data_id", "shared_data", shared)
            connection.execute(
                "INSERT INTO events (event_type_id, data_id, time_fired_ts) VALUES (?, ?, 0)",
                (type_id, data_id),
            )
    connection.close()


def _id_of(connection: sqlite3.Connection, table: str, key: str, column: str, value: str) -> int:
    query = f"SELECT {key} FROM {table} WHERE {column} = ?"  # noqa: S608 - our own names
    if (known := connection.execute(query, (value,)).fetchone()) is None:
        connection.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (value,))  # noqa: S608
        known = connection.execute(query, (value,)).fetchone()
    return int(known[0])


def test_before_there_is_a_database_nothing_is_stored(tmp_path: Path) -> None:
    assert rows_in(tmp_path / "none.db") == []
    sqlite3.connect(tmp_path / "empty.db").close()
    assert rows_in(tmp_path / "empty.db") == []


def test_events_of_others_are_no_rows(database: Path) -> None:
    commit(database, [fired()], event_type="call_service")
    assert rows_in(database) == []


def test_the_same_event_stored_twice_is_two_rows(database: Path) -> None:
    commit(database, [fired("s1", 1, "e1", "e2")] * 2)
    assert rows_in(database) == [Row("s1", 1, frozenset({"e1", "e2"}))] * 2
    assert told_of(rows_in(database)) == {"e1", "e2"}


def test_what_was_committed_before_a_kill_is_read_and_left_as_it_is(
    database: Path, tmp_path: Path
) -> None:
    writer = sqlite3.connect(database)
    writer.execute("INSERT INTO event_types (event_type) VALUES ('open since')")
    writer.commit()  # while it is open nobody moves the log into the file
    commit(database, [fired()])
    writer.execute("INSERT INTO event_types (event_type) VALUES ('not committed')")
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in tmp_path.glob(f"{database.name}*"):
        shutil.copy(path, killed)
    writer.close()
    written = {path.name: path.read_bytes() for path in killed.iterdir() if path.suffix == ".db"}

    assert told_of(rows_in(killed / database.name)) == {"e1"}
    assert {path.name: path.read_bytes() for path in killed.glob("*.db")} == written
    assert (killed / f"{database.name}-wal").stat().st_size > 0


# -- the verdict


def verdict(rows: Iterable[Row], *all_noticed: Noticed, **known: Any) -> Verdict:
    plain: dict[str, Any] = {
        "phases": ("settle",),
        "each": 1,
        "noticed": all_noticed or (noticed(),),
        "kills": (kill(),),
        "rows": tuple(rows),
    }
    return judge(**plain | known)


ROW = Row("s1", 1, frozenset({"e1"}))


def test_one_row_of_each_detection_is_the_promise() -> None:
    found = verdict([ROW, replace(ROW, event_ids=frozenset({"e2"}))], noticed(), noticed("e2"))
    assert found.is_kept
    assert findings(found) == []
    (tally,) = found.tallies
    assert (tally.expected, tally.found, tally.doubled, tally.missing) == (2, 2, 0, 0)


def test_a_double_and_a_missing_row_are_found_in_a_database(database: Path) -> None:
    commit(database, [fired("s1", 1, "e1"), fired("s1", 1, "e1"), fired("s3", 1, "e3")])

    found = verdict(rows_in(database), noticed(), noticed("e2", fired_s=2.3), noticed("e3"))

    assert not found.is_kept
    assert [one.event_id for one in found.doubled] == ["e1"]
    assert [one.event_id for one in found.missing] == ["e2"]
    (tally,) = found.tallies
    assert (tally.expected, tally.found, tally.doubled, tally.missing) == (3, 2, 1, 1)
    assert findings(found) == [
        "missing: e2, aimed at in a round of settle, its event fired 2.3 s before the kill",
        "doubled: e1, aimed at in a round of settle",
    ]


def test_two_sightings_of_one_detection_are_a_double_too() -> None:
    found = verdict([ROW, replace(ROW, sighting_id="s2")])
    assert [one.event_id for one in found.doubled] == ["e1"]


def test_a_row_in_another_revision_is_no_row_and_was_not_expected() -> None:
    found = verdict([replace(ROW, revision=0)])
    assert len(found.missing) == 1
    assert len(found.unexpected) == 1


def test_a_row_of_something_that_never_happened_is_found() -> None:
    stray = Row("s9", 1, frozenset({"e9"}))
    found = verdict([ROW, stray])
    assert found.unexpected == (stray,)
    assert not found.is_kept


def test_what_nobody_looks_back_at_may_be_missing_but_not_double() -> None:
    excused = noticed(is_excused=True)
    found = verdict([], excused)
    assert found.is_kept
    assert (found.tallies[0].expected, found.tallies[0].missing) == (0, 0)
    assert not verdict([ROW, ROW], excused).is_kept


def test_a_row_that_no_automation_had_breaks_the_promise() -> None:
    assert not verdict([ROW], noticed(is_heard=False)).is_kept
    assert findings(verdict([ROW], noticed(is_heard=False))) == [
        "not told to automations: e1, aimed at in a round of settle"
    ]
    # Nobody can say, where we listened later than they.
    assert verdict([ROW], noticed(is_heard=False, is_inaudible=True)).is_kept


def test_the_page_has_a_row_for_each_phase() -> None:
    kills = [kill(told_after_s=7.0), kill(missed="too late")]
    page = section(verdict([ROW], kills=kills), seconds=120.0)
    assert page.tables[0].rows == [
        (
            "the Detection waits for its recording (`settle`)",
            *("1", "1", "1", "0", "0", "0", "7.0 s"),
        )
    ]
    assert "2 kills, 1 of them in the phase that was aimed at, in 2 minutes" in page.said
    assert page.said.endswith("The promise is kept.")
    assert "NOT kept" in section(verdict([]), seconds=1.0).said


@pytest.mark.parametrize(
    "known",
    [
        {"clips_left": ["media/protect_narrator/.clips/00/clip.mp4"]},
        {"complaints": ["ERROR a bug"]},
        {"kills": [kill(clips=["00"], clips_left=["00"])]},
        {"kills": [kill(missed="too late")]},
        {"each": 2},
    ],
)
def test_all_rows_are_not_the_whole_promise(known: dict[str, Any]) -> None:
    assert not verdict([ROW], **known).is_kept


def test_a_report_has_a_line_for_each_phase_and_every_number_once() -> None:
    kills = [kill(told_after_s=7.0, round_s=14.0), kill(missed="too late", round_s=16.0)]
    found = verdict([ROW], kills=kills)
    header, line = table(found.tallies).splitlines()
    assert re.split(" {2,}", header)[:4] == ["phase", "kills", "hit", "expected"]
    assert " ".join(line.split()) == "settle 2 1 1 1 0 0 0 2.0 7.0 15.0"
    told = as_json(found, each=1, seconds=60.0)
    assert told["kept"] is True
    assert told["phases"]["settle"] == {
        "kills": 2,
        "hit": 1,
        "misses": 1,
        "rows_expected": 1,
        "rows_found": 1,
        "doubled": 0,
        "missing": 0,
        "clips_left": 0,
        "others_under_way": 2.0,
        "seconds_to_sighting": 7.0,
        "seconds_a_round": 15.0,
    }


def test_the_page_takes_no_small_run_and_no_single_phase() -> None:
    assert lacking(ENOUGH, tuple(PHASES)) == ""
    assert lacking(ENOUGH - 1, tuple(PHASES)) == "20 kills in each of the phases"
    assert lacking(ENOUGH, ("answer",))
