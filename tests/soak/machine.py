"""What this process holds: memory, descriptors, tasks."""

import _sqlite3
import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
import ctypes
from dataclasses import dataclass
import gc
import os
from pathlib import Path
import re
import time

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1_000_000
_LISTENS = "0A"
_DATABASE = re.compile(r"\.db(-wal|-shm|-journal)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was held at a quiet moment, after everything that can be given back was."""

    told: int
    """Detections until then."""

    rss_mb: float
    database_mb: float
    """Of that, what the SQLite library holds: its page caches grow with the database."""

    tasks: int
    descriptors: int
    """Of files, pipes and the like, without the database's: each of the recorder's threads opens
    that for itself as soon as it has work, and keeps it."""

    sockets: int
    """Those included that are kept alive for the next request, for a while."""

    cpu_s: float

    def is_more_than(self, before: Reading | None) -> bool:
        """Say whether there are tasks or descriptors that there were not before."""
        return before is not None and (
            self.tasks > before.tasks or self.descriptors > before.descriptors
        )


def rss_mb() -> float:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / _MEGABYTE


def reading(told: int, tasks: int) -> Reading:
    """Collect garbage, give memory back to the system and read what is left; blocking."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    kinds = Counter(kind == "socket" for kind in _descriptors() if not _DATABASE.search(kind))
    return Reading(
        told=told,
        rss_mb=rss_mb(),
        database_mb=_database_mb(),
        tasks=tasks,
        descriptors=kinds[False],
        sockets=kinds[True],
        cpu_s=time.process_time(),
    )


def _descriptors() -> Iterator[str]:
    """Yield the kind of each: ``socket``, ``pipe``, ``anon_inode`` or a path."""
    return (each.partition(":")[0] for each in _targets())


def _targets() -> Iterator[str]:
    for descriptor in list(Path("/proc/self/fd").iterdir()):
        # That of the listing itself is closed by now.
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def open_files(below: Path) -> int:
    """Return how many descriptors there are of files in that folder, removed ones included."""
    return sum(each.startswith(str(below)) for each in _descriptors())


def tcp_connections() -> int:
    """Return how many connections this process holds, those included that the peer has closed.

    Home Assistant's multicast sockets, which come when somebody needs them, are none.
    """
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    connected = {fields[9] for line in lines if (fields := line.split())[3] != _LISTENS}
    inodes = (each.removeprefix("socket:[").removesuffix("]") for each in _targets())
    return sum(inode in connected for inode in inodes)


def _database_mb() -> float:
    """Return what the SQLite library of this process has allocated; 0 where it is not to be had."""
    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    try:
        used = library.sqlite3_memory_used
    except AttributeError:
        return 0.0
    used.restype = ctypes.c_int64
    return float(used()) / _MEGABYTE


def task_names() -> Counter[str]:
    """Return how many tasks there are of each name, without their numbers and ids."""
    return Counter(
        re.sub(r"\d+|[0-9a-f]{32}", "#", f"{task.get_name()} {_code(task)}")
        for task in asyncio.all_tasks()
    )


def _code(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", "")
