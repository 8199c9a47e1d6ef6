"""Run all measurements, print the table, and fail when a promise is not kept."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
import json
from pathlib import Path

from . import analysis, callbacks, choosing, download, history, patience
from .clips import ALL, HD, path_of
from .command_line import AT_A_CONSOLE, CHOOSING, CHOOSING_COST, EVERYTHING, HISTORY, PATIENCE
from .result import Result
from .rig import Rig, console_elsewhere, rig

_CACHE = Path(__file__).parents[2] / ".cache" / "bench"

_OF_FILES = {CHOOSING: choosing.scenes, CHOOSING_COST: choosing.cost}


def measure(names: Collection[str]) -> list[Result]:
    """Measure what is named, one after the other."""
    results = asyncio.run(_at_a_console(names)) if set(names) & set(AT_A_CONSOLE) else []
    if PATIENCE in names:
        results += _shown(asyncio.run(patience.learning()))
    for name, step in _OF_FILES.items():
        if name in names:
            results += _shown(step(_CACHE))
    if HISTORY in names:
        results += _shown(asyncio.run(history.reading(_CACHE)))
    return results


async def _at_a_console(names: Collection[str]) -> list[Result]:
    paths = {clip.name: path_of(clip, _CACHE) for clip in ALL}
    # Memory first: what is freed later stays with the process.
    steps: dict[str, Callable[[Rig], Awaitable[list[Result]]]] = {
        "memory": download.memory,
        "throughput": download.throughput,
        "stalls": analysis.loop_stalls,
        "own-time": partial(analysis.own_time, path=paths[HD.name]),
    }
    results: list[Result] = []
    async with console_elsewhere({name: str(path) for name, path in paths.items()}) as console:
        async with rig(console.reach) as made:
            for name, step in steps.items():
                if name in names:
                    results += _shown(await step(made))
        if "callbacks" in names:
            results += _shown(await callbacks.cost(console))
    return results


def _shown(results: list[Result]) -> list[Result]:
    for result in results:
        print(result, flush=True)
    return results


def main(asked: argparse.Namespace) -> int:
    """Return 0 when every promise is kept."""
    results = measure((asked.only,) if asked.only else EVERYTHING)
    kept = all(result.is_met for result in results)
    print("\nEvery promise is kept." if kept else "\nA promise is not kept.")
    if asked.json:
        print(json.dumps({"kept": kept, "results": [result.as_json() for result in results]}))
    return 0 if kept else 1
