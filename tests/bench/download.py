"""Downloading a clip: how fast beside a bare read, and with how much memory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
from datetime import UTC, datetime, timedelta
import gc
import os
from pathlib import Path
from statistics import median
import threading
import time

from .clips import UHD, UHD_MINUTE, BenchClip
from .result import Result
from .rig import Rig

_PAIRS = 5
_LIMIT_S = 120
_NO_LIMIT = 1 << 40
_MEBIBYTE = 1024 * 1024
_LOOK_EVERY_S = 0.002


async def bare_read(rig: Rig, clip: BenchClip, start: datetime, end: datetime) -> int:
    """Read the whole export at once, as the simplest client would; return its bytes."""
    params: dict[str, str | int] = {
        "camera": rig.cameras[clip.name],
        "start": int(start.timestamp() * 1000),
        "end": int(end.timestamp() * 1000),
        "channel": 0,
    }
    url = f"{rig.base}/proxy/protect/api/video/export"
    async with rig.session.get(url, params=params) as response:
        response.raise_for_status()
        return len(await response.read())


async def our_download(rig: Rig, clip: BenchClip, start: datetime, end: datetime) -> int:
    """Fetch it as the pipeline does, into a file; return its bytes."""
    async with (
        rig.archive.workspace("bench") as workspace,
        rig.connection.media.open_clip(
            rig.cameras[clip.name], start, end, time_limit=_LIMIT_S
        ) as chunks,
    ):
        path = await workspace.receive("clip.mp4", chunks, limit=_NO_LIMIT)
        return (await asyncio.to_thread(path.stat)).st_size


async def throughput(rig: Rig) -> list[Result]:
    """Compare both in turns."""
    end = datetime.now(UTC)
    start = end - timedelta(seconds=UHD_MINUTE.total_seconds)
    ratios, ours_mib, bare_mib = [], [], []
    for way in (bare_read, our_download):
        await way(rig, UHD_MINUTE, start, end)
    for _ in range(_PAIRS):
        speeds = []
        for way in (bare_read, our_download):
            began = time.perf_counter()
            size = await way(rig, UHD_MINUTE, start, end)
            speeds.append(size / _MEBIBYTE / (time.perf_counter() - began))
        bare_mib.append(speeds[0])
        ours_mib.append(speeds[1])
        ratios.append(speeds[1] / speeds[0])
    return [
        Result(
            promise=f"transfer close to the limit, {UHD_MINUTE}",
            runs=tuple(ratios),
            bound=0.8,
            unit="of a bare read",
            at_least=True,
            beside=f"ours {median(ours_mib):.0f} MiB/s, bare {median(bare_mib):.0f} MiB/s",
        )
    ]


class _Memory:
    """The most memory that this process has had while it was looked at."""

    peak = 0


def _idle() -> int:
    """Return the memory after giving back what was freed before."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _resident()


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def watched_memory() -> Iterator[_Memory]:
    """Look at the memory from a thread while the context lasts."""
    memory = _Memory()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(_LOOK_EVERY_S):
            memory.peak = max(memory.peak, _resident())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


async def memory(rig: Rig) -> list[Result]:
    """Measure what a download adds to the memory of an idle process; call it first."""
    end = datetime.now(UTC)
    added: dict[str, float] = {}
    for clip in (UHD, UHD_MINUTE):
        idle = _idle()
        with watched_memory() as seen:
            await our_download(rig, clip, end - timedelta(seconds=clip.total_seconds), end)
        added[clip.name] = max(0, seen.peak - idle) / _MEBIBYTE
    return [
        Result(
            promise=f"memory does not depend on the clip's size: download of {UHD_MINUTE}",
            runs=(added[UHD_MINUTE.name],),
            bound=64,
            unit="MB above idle",
            beside=f"the {UHD.total_seconds} s clip before it added {added[UHD.name]:.3g} MB",
        )
    ]
