"""Run all measurements, print the table, and fail when a promise is not kept."""

import argparse
import asyncio
import json
from pathlib import Path
import sys

from . import analysis, callbacks, download
from .clips import ALL, HD, path_of
from .result import Result
from .rig import console_elsewhere, rig

_CACHE = Path(__file__).parents[2] / ".cache" / "bench"


async def measure() -> list[Result]:
    """Measure everything, one after the other."""
    paths = {clip.name: path_of(clip, _CACHE) for clip in ALL}
    results: list[Result] = []
    async with console_elsewhere({name: str(path) for name, path in paths.items()}) as console:
        async with rig(console.reach) as made:
            # Memory first: what is freed later stays with the process.
            for step in (download.memory, download.throughput, analysis.loop_stalls):
                results += _shown(await step(made))
            results += _shown(await analysis.own_time(made, paths[HD.name]))
        results += _shown(await callbacks.cost(console))
    return results


def _shown(results: list[Result]) -> list[Result]:
    for result in results:
        print(result, flush=True)
    return results


def main() -> int:
    """Return 0 when every promise is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    wants_json = parser.parse_args().json
    results = asyncio.run(measure())
    kept = all(result.is_met for result in results)
    print("\nEvery promise is kept." if kept else "\nA promise is not kept.")
    if wants_json:
        print(json.dumps({"kept": kept, "results": [result.as_json() for result in results]}))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
