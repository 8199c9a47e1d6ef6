"""What decoding a clip costs: bare, and with frames being chosen from it.

Run as a process of its own, which knows nothing but the one clip:

    python -m tests.bench.decoding cpu|bare|choose PATH FIRST_S LAST_S
"""

import json
from pathlib import Path
import re
import sys
from threading import Event
import time

import av

from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.frames import Strip, choose

FRAMES = 5
"""How many frames are asked for, as by default."""

_PAIRS = 3


def bare_decode(path: Path) -> None:
    """Decode everything on one thread, and do nothing with it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for _frame in container.decode(stream):
            pass


def chosen(path: Path, stretch: tuple[float, float]) -> Strip:
    """Choose frames from the stretch of the clip, in seconds."""
    strip = choose(Event(), path, Look(count=FRAMES, first_s=stretch[0], last_s=stretch[1]))
    if strip.cut_short is not None:
        raise RuntimeError(f"measured nothing: {strip.cut_short}")
    return strip


def _cpu_pairs(path: Path, stretch: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the CPU seconds of a bare decode and of choosing, in turns."""
    chosen(path, stretch)  # imports and caches are not what a user waits for
    pairs = []
    for _ in range(_PAIRS):
        began = time.process_time()
        bare_decode(path)
        between = time.process_time()
        chosen(path, stretch)
        pairs.append((between - began, time.process_time() - between))
    return pairs


def _peak_mib() -> float:
    """Return the most memory that this process ever had.

    Not getrusage: its maximum is inherited from whoever started the process.
    """
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("the kernel does not tell")
    return int(found[1]) / 1024


def main() -> None:
    """Measure one thing and print it as JSON."""
    what, path, *stretch = sys.argv[1:]
    first_s, last_s = map(float, stretch)
    if what == "cpu":
        print(json.dumps(_cpu_pairs(Path(path), (first_s, last_s))))
        return
    if what == "choose":
        chosen(Path(path), (first_s, last_s))
    else:
        bare_decode(Path(path))
    print(json.dumps(_peak_mib()))


if __name__ == "__main__":
    main()
