"""Sightings back out of a recorder's database in which a busy home of 90 days is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
import sqlite3
from statistics import median
import tempfile
import threading
import time
from typing import Any

from homeassistant.components.recorder.const import DB_WORKER_PREFIX
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from sqlalchemy import event

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history import (
    CameraSet,
    SightingQuery,
    async_counts,
    async_find,
    async_page,
)
from custom_components.protect_narrator.records import context_range

from .analysis import ticking
from .filling import copied, filled, recording
from .past import CAMERAS, SIGHTINGS, SINCE, UNTIL, device_of, sighting
from .result import Result

_RUNS = 11
_IDLE_S = 2.0

_TYPE = "(SELECT event_type_id FROM event_types WHERE event_type = :type)"
_DATA = f"""
    SELECT shared_data FROM events JOIN event_data USING (data_id) WHERE event_type_id = {_TYPE}
"""  # noqa: S608 - a constant
_REASON = "json_extract(shared_data, '$.fallback_reason')"

# The limit keeps SQLite from sorting whole rows.
_COUNTED = f"""
    SELECT day, reason, count(*) FROM (
        SELECT date(time_fired_ts, 'unixepoch') AS day, {_REASON} AS reason
        FROM events JOIN event_data USING (data_id) WHERE event_type_id = {_TYPE} LIMIT -1
    ) GROUP BY day, reason
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class _Question:
    """Something that is asked of the history, and the least that a database has to do for it."""

    promise: str
    bound_ms: float
    ask: Callable[[HomeAssistant, int], Awaitable[object]]
    """Asks in a run of that number, and returns the answer."""

    bare: str
    """SQL that reads about the same: of rows that count, whatever their revision."""

    values: Callable[[int], dict[str, Any]]


def _camera(run: int) -> str:
    return CAMERAS[run % len(CAMERAS)]


def _id(run: int) -> str:
    return sighting(run * 7919 % SIGHTINGS).sighting_id


async def _latest(hass: HomeAssistant, run: int) -> object:
    camera = _camera(run)
    cameras = CameraSet(camera_ids=frozenset({camera}), device_ids=frozenset({device_of(camera)}))
    page = await async_page(hass, SightingQuery(cameras=cameras), limit=50)
    return _whole(len(page.sightings) == 50, page)


async def _rare(hass: HomeAssistant, run: int) -> object:
    query = SightingQuery(
        labels=frozenset({"package"}),
        importances=frozenset({"high"}),
        fallback_reasons=frozenset({"agent_failed"}),
        since=SINCE,
        until=UNTIL,
    )
    page = await async_page(hass, query, limit=50)
    return _whole(0 < len(page.sightings) < 50, page)


async def _one(hass: HomeAssistant, run: int) -> object:
    found = await async_find(hass, _id(run))
    return _whole(found is not None, found)


async def _counts(hass: HomeAssistant, run: int) -> object:
    days = await async_counts(hass, SightingQuery(since=SINCE, until=UNTIL))
    return _whole(sum(day.total for day in days) == SIGHTINGS, days)


def _whole[T](is_right: bool, answer: T) -> T:
    if not is_right:
        raise RuntimeError(f"measured something else: {str(answer)[:500]}")
    return answer


_QUESTIONS = (
    _Question(
        "the latest 50 of a camera",
        20,
        _latest,
        f"{_DATA} AND json_extract(shared_data, '$.camera_id') = :camera"
        " ORDER BY time_fired_ts DESC LIMIT 50",
        lambda run: {"camera": _camera(run)},
    ),
    _Question(
        "a rare combination in 90 days",
        300,
        _rare,
        f"{_DATA} AND json_extract(shared_data, '$.importance') = 'high'"
        f" AND {_REASON} = 'agent_failed'"
        """ AND json_extract(shared_data, '$.labels') LIKE '%"package"%'""",
        lambda _run: {},
    ),
    _Question(
        "one Sighting by its id",
        5,
        _one,
        "SELECT shared_data FROM events JOIN event_data USING (data_id)"
        " WHERE context_id_bin BETWEEN :first AND :last",
        lambda run: dict(zip(("first", "last"), context_range(_id(run)), strict=True)),
    ),
    _Question(
        "counts by day and reason, 90 days",
        600,
        _counts,
        _COUNTED,
        lambda _run: {},
    ),
)


async def reading(cache: Path) -> list[Result]:
    """Ask through a real Home Assistant, and look what that does to it."""
    database = await filled(cache)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        copy = await asyncio.to_thread(copied, database, Path(folder))
        async with recording(copy) as hass:
            threads = _Threads()
            engine = get_instance(hass).engine
            event.listen(engine, "before_cursor_execute", threads.on_statement)
            try:
                results = [await _asked(hass, copy, question) for question in _QUESTIONS]
                return [*results, await _stall(hass), threads.result()]
            finally:
                event.remove(engine, "before_cursor_execute", threads.on_statement)


async def _asked(hass: HomeAssistant, database: Path, question: _Question) -> Result:
    # What is read for the first time comes from a disk; which, no promise is about.
    await question.ask(hass, _RUNS)
    runs, cpu, bare = [], [], []
    for run in range(_RUNS):
        began, used = time.perf_counter(), time.process_time()
        await question.ask(hass, run)
        runs.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
        bare.append(await asyncio.to_thread(_bare_ms, database, question, run))
    return Result(
        promise=f"history stays fast: {question.promise}, of {SIGHTINGS:,} Sightings",
        runs=tuple(runs),
        bound=question.bound_ms,
        unit="ms",
        beside=f"bare SQL: median {median(bare):.3g} ms, {median(runs) / median(bare):.2g} times; "
        f"CPU time: median {median(cpu):.3g} ms",
    )


def _bare_ms(database: Path, question: _Question, run: int) -> float:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.execute("SELECT count(*) FROM event_types").fetchone()  # reads the schema
        values = {"type": EVENT_SIGHTING, **question.values(run)}
        began = time.perf_counter()
        connection.execute(question.bare, values).fetchall()
        return (time.perf_counter() - began) * 1000


async def _stall(hass: HomeAssistant) -> Result:
    """Ask everything while somebody looks how long the event loop takes to come round."""
    busy, idle = [], []
    numbers = cycle(range(len(CAMERAS)))
    for _ in range(_RUNS):
        async with ticking() as ticker:
            for question in _QUESTIONS:
                await question.ask(hass, next(numbers))
        busy.append(ticker.longest_s * 1000)
        async with ticking() as ticker:
            await asyncio.sleep(_IDLE_S)
        idle.append(ticker.longest_s * 1000)
    return Result(
        promise="the event loop is not blocked by what is asked of the history: longest stall",
        runs=tuple(busy),
        bound=50,
        unit="ms",
        beside=f"idle: median {median(idle):.3g} ms",
    )


class _Threads:
    """Where the recorder's database is asked."""

    def __init__(self) -> None:
        """Count from now on."""
        self._workers = 0
        self._loop = 0

    def on_statement(self, *_: object) -> None:
        """Count a statement that is about to be executed in this thread."""
        thread = threading.current_thread()
        self._workers += thread.name.startswith(DB_WORKER_PREFIX)
        self._loop += thread is threading.main_thread()

    def result(self) -> Result:
        """Return what was seen."""
        if not self._workers:
            raise RuntimeError("nothing was asked where it was counted")
        return Result(
            promise="… which is read in the recorder's own threads",
            runs=(self._loop,),
            bound=1,
            unit="statements in the event loop's thread",
            beside=f"in the recorder's: {self._workers:,}",
        )
