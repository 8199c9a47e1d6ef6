"""The run itself: tell Detections, keep a bounded number under way, look at quiet moments."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
import resource
import time
from typing import Any

from custom_components.protect_narrator.const import DOMAIN, EVENT_SIGHTING

from .agents import Looker
from .book import Book
from .complaints import Complaints
from .consoles import ConsoleElsewhere, consoles
from .database import rows
from .disk import Disk
from .faults import FAULTS, plan
from .home import Home, home
from .judge import MEMORY_IS_JUDGED_FROM, Figures
from .machine import Reading, open_files, reading, task_names, tcp_connections
from .town import CONSOLES, console_of

# A websocket comes back after ten seconds, a list of events is looked at every minute, and a
# log-in that was refused is tried again after one: nothing may be silent for longer than that.
_PATIENCE_S = 150.0

# Websockets are reconnected every 10 s. Connections that are kept alive are closed after 15 s
# without use, and those on which a console has turned its back within a minute.
_SETTLING_S = 100.0

# What is still there in the end has as long to go.
_CALMING_S = 80.0

# The recorder keeps the data of 2,048 events in memory, and the client 512 of each console.
_ALL_IS_FULL = 2_500

_PROGRESS_EVERY_S = 10.0
_QUIET_TIMES = 10
_LOOK_EVERY_S = 0.2

# Ours and a websocket for each of the two APIs.
_WEBSOCKETS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for."""

    detections: int
    seed: int
    minutes: float
    at_once: int
    open_loop: float | None
    """Detections a second, whether or not they are told in time; None: ``at_once`` under way."""

    @property
    def is_long(self) -> bool:
        """Whether it is long enough to judge the memory."""
        return self.detections >= MEMORY_IS_JUDGED_FROM

    @property
    def warm_after(self) -> int:
        """After how many Detections everything that fills once has filled."""
        return max(min(self.detections // 4, _ALL_IS_FULL), min(self.detections // 3, 100))

    @property
    def quiet_after(self) -> frozenset[int]:
        """After how many Detections it is waited until nothing is under way."""
        if self.open_loop is not None:
            return frozenset({self.warm_after, self.detections})  # else it would be no flood
        step = max(self.detections // _QUIET_TIMES, 100)
        return frozenset(range(step, self.detections, step)) | {self.warm_after, self.detections}


@dataclass(slots=True)
class Run:
    """A run while it goes on."""

    wanted: Wanted
    book: Book
    house: Home
    places: Sequence[ConsoleElsewhere]
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    paced_from: tuple[int, float] = (0, 0.0)
    """Of an open loop: how many had been told when it went on after a quiet moment, and when."""

    readings: list[Reading] = field(default_factory=list)
    warm: Reading | None = None
    statuses: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    """What was asked of the consoles, all in all."""

    aborted: str | None = None

    @property
    def seconds(self) -> float:
        """How long it takes so far."""
        return time.monotonic() - self.began

    async def go(self) -> None:
        """Tell all Detections, and wait for their Sightings."""
        wanted = self.wanted
        if wanted.is_long:
            await self.house.live_for_a_while()
        await self.rest()
        self.readings.append(await self.read())
        self.say(_line_of(self.readings[-1]))
        self.began = self.book.last_heard = time.monotonic()
        self.paced_from = 0, self.began
        async with _in_background(self._progress()):
            try:
                async with asyncio.timeout(wanted.minutes * 60):
                    for number in range(wanted.detections):
                        await self._pace(number)
                        self.book.tell(number)
                        self.places[console_of(number)].tell(number)
                        if number + 1 in wanted.quiet_after:
                            await self._be_quiet()
            except TimeoutError:
                self.aborted = self._why()

    async def _pace(self, number: int) -> None:
        if self.wanted.open_loop is None:
            await self.book.fewer_than(self.wanted.at_once, patience_s=_PATIENCE_S)
        else:
            before, since = self.paced_from
            due = since + (number - before) / self.wanted.open_loop
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _why(self) -> str:
        if self.seconds >= self.wanted.minutes * 60:
            return f"{self.wanted.minutes} minutes are over, {self.book.told} were told"
        if not self.book.under_way:
            return f"it did not come to rest: {self.statuses}"
        missing = sorted(self.book.under_way)[:10]
        kinds = [f"{number} ({FAULTS[self.book.chosen[number]].name})" for number in missing]
        return f"nothing came for {_PATIENCE_S:.0f} s; not told: {', '.join(kinds)}, …"

    async def _be_quiet(self) -> None:
        """Wait until nothing is under way, and read what is held then."""
        await self.book.fewer_than(1, patience_s=_PATIENCE_S)
        await self.rest()
        await self.house.rows_are_written()
        held = await self.read()
        if self.book.told == self.wanted.warm_after:
            self.warm = held
        if self.book.told == self.wanted.detections:
            held = await self._calm(held)
        self.readings.append(held)
        self.say(_line_of(held))
        self.paced_from = self.book.told, time.monotonic()

    async def _calm(self, held: Reading) -> Reading:
        """Give what is still there a while to go: a connection, a timer, a task that ends."""
        deadline = time.monotonic() + _CALMING_S
        while held.is_more_than(self.warm) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.rest()
            held = await self.read()
        return held

    async def rest(self) -> None:
        """Wait until nothing is left to be done, and both websockets of each console are there.

        In a long run also until no other connection is kept alive: each has buffers of 300 KB.
        """
        async with asyncio.timeout(_SETTLING_S):
            while not await self._is_quiet():  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(_LOOK_EVERY_S)

    async def read(self) -> Reading:
        """Return what is held now."""
        return await asyncio.to_thread(reading, self.book.told, len(asyncio.all_tasks()))

    async def _is_quiet(self) -> bool:
        if self.house.depth or await self.house.files_left():
            return False
        self.statuses = [await place.status() for place in self.places]
        return all(
            status["open_requests"] == 0
            and status["open_websockets"] == _WEBSOCKETS
            and (not self.wanted.is_long or status["open_connections"] == _WEBSOCKETS)
            for status in self.statuses
        )

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_EVERY_S)
            done = self.book.told - len(self.book.under_way)
            self.say(
                f"{self.seconds:6.0f} s  {done:6} told, {len(self.book.under_way)} under way, "
                f"{done / self.seconds:.1f} a second"
            )


def _line_of(held: Reading) -> str:
    return (
        f"  after {held.told}: {held.rss_mb:.1f} MB ({held.database_mb:.1f} MB of it SQLite's), "
        f"{held.tasks} tasks, {held.descriptors} descriptors, {held.sockets} sockets, "
        f"{held.cpu_s:.0f} s of CPU"
    )


@asynccontextmanager
async def _in_background(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left after our entries were unloaded."""

    files: int
    open_requests: int
    connections: int
    tasks: int
    sockets: int
    """Connections that this process holds, those included that the consoles have closed."""

    files_open: int


async def _unloaded(run: Run) -> Left:
    """Unload our entries, and return what is still there when it has had its time to go."""
    await run.house.unload()
    left = await _left(run)
    deadline = time.monotonic() + _CALMING_S
    while (left.connections or left.tasks or left.sockets) and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_EVERY_S)
        left = await _left(run)
    return left


async def _left(run: Run) -> Left:
    statuses = run.statuses = [await place.status() for place in run.places]
    return Left(
        files=len(await run.house.files_left()),
        open_requests=sum(status["open_requests"] for status in statuses),
        connections=sum(status["open_connections"] for status in statuses),
        tasks=sum(count for name, count in task_names().items() if DOMAIN in name),
        sockets=tcp_connections(),
        files_open=open_files(run.house.media),
    )


def _figures(
    run: Run,
    seconds: float,
    left: Left,
    found: Counter[tuple[str, int]],
    agents: Sequence[Looker],
    complaints: Complaints,
) -> Figures:
    book, wanted = run.book, run.wanted
    first, warm, end = _readings(run)
    final = Counter({which: count for (which, revision), count in found.items() if revision == 1})
    frequent = book.frequent()
    worst = min(frequent, key=lambda name: frequent[name], default="none")
    asked = sum((Counter(each["requests"]) for each in run.accounts), Counter())
    sightings = sum(book.heard)
    kinds = Counter(book.chosen)
    done = max(book.told, 1)
    return Figures(
        detections=wanted.detections,
        seed=wanted.seed,
        seconds=seconds,
        aborted=run.aborted,
        faulty=wanted.detections - kinds[0],
        kinds_of_fault=len(kinds) - (0 in kinds),
        sightings=sightings,
        missing=sum(count == 0 for count in book.heard),
        duplicates=sum(count - 1 for count in book.heard if count > 1),
        strays=book.strays.total(),
        rows=final.total(),
        rows_missing=sum(sighting_id not in final for sighting_id in book.numbers),
        rows_duplicate=sum(count - 1 for count in found.values()),
        rows_stray=sum(sighting_id not in book.numbers for sighting_id, _ in found),
        files_left=left.files,
        open_requests=left.open_requests,
        connections_after_unload=left.connections,
        tasks_warm=warm.tasks,
        tasks_end=end.tasks,
        tasks_after_unload=left.tasks,
        files_open=left.files_open,
        sockets_leaked=left.sockets,
        descriptors_warm=warm.descriptors,
        descriptors_end=end.descriptors,
        sockets_warm=warm.sockets,
        sockets_end=end.sockets,
        rss_warm_mb=warm.rss_mb,
        rss_end_mb=end.rss_mb,
        rss_peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000,
        database_warm_mb=warm.database_mb,
        database_end_mb=end.database_mb,
        cpu_s_per_detection=(end.cpu_s - first.cpu_s) / done,
        console_cpu_s_per_detection=sum(each["cpu_s"] for each in run.statuses) / done,
        described_late=book.late,
        late_unexplained=book.late_unexplained,
        internal_errors=book.reason("internal_error"),
        queue_full=book.reason("queue_full"),
        complaints=complaints.count,
        blind=sum(agent.blind for agent in agents),
        most_exports_at_once=max(each["most_exports_at_once"] for each in run.statuses),
        log_ins=sum(each["log_ins"] for each in run.accounts),
        log_ins_a_minute=max(each["log_ins_a_minute"] for each in run.accounts),
        exports_per_detection=asked["export"] / done,
        pictures_per_detection=asked["picture"] / done,
        questions_per_detection=asked["event"] / done,
        fault_free_well=book.share_as_expected([0]),
        worst_fault=worst,
        worst_as_expected=frequent.get(worst, 1.0),
        rare_as_expected=book.rare(),
        open_loop=wanted.open_loop is not None,
    )


def _readings(run: Run) -> tuple[Reading, Reading, Reading]:
    """Return the first, that after warming up, and the last; of a run cut short what there is."""
    first, last = run.readings[0], run.readings[-1]
    return first, run.warm or last, last


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is known in the end."""

    figures: Figures
    book: Book


async def soak(
    wanted: Wanted, folder: Path, complaints: Complaints, say: Callable[[str], None]
) -> Outcome:
    """Run in this empty folder; every process, task and file of it has ended when it returns."""
    book = Book(plan(wanted.detections, wanted.seed))
    disk = Disk(
        number_of=lambda sighting_id: book.numbers[sighting_id],
        is_full=lambda number: FAULTS[book.chosen[number]].disk_full,
    )

    def fault_of(path: Path) -> tuple[int, int]:
        number = disk.number_of(path)
        return number, book.chosen[number]

    agents = [Looker(f"Looker {index}", fault_of) for index in range(CONSOLES)]
    config = folder / "config"
    async with AsyncExitStack() as stack:
        places = await stack.enter_async_context(consoles(wanted.detections, wanted.seed))
        house = await stack.enter_async_context(home(config, *agents))
        stack.enter_context(disk.in_place())
        house.hass.bus.async_listen(EVENT_SIGHTING, book.note)
        for place, agent in zip(places, agents, strict=True):
            await house.add(place.reach, agent.entity_id)
        run = Run(wanted, book, house, places, say)
        await run.go()
        seconds = run.seconds
        end = await _unloaded(run)
        run.accounts = [await place.account() for place in places]
    found = await asyncio.to_thread(rows, config)
    return Outcome(_figures(run, seconds, end, found, agents, complaints), book)
