"""The process that is allowed to crash: makes one broken thing after the other and opens it.

Reads one JSON object a line: what to make, or what file to open. Answers with two lines for
each: that it begins, so that its parent knows what was open when nothing more comes, and what
came of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from random import Random
import resource
import sys
from threading import Event, Timer
import time
import traceback
from typing import Any
import warnings

from .kinds import KINDS

# What the pipeline's own limit is for, in little: whatever goes on for longer is told to stop.
_STOP_AFTER_S = 4.0

# Beyond what the process has when it begins. Reached, an allocation fails, which is a MemoryError
# or an error of libav's, and harm: where there is no such limit, the memory would be taken.
_MOST_ADDRESSES = 3 * 1024**3


def main(folder: Path) -> None:
    """Work until the parent has no more."""
    # Pillow warns of broken EXIF data and of large pictures.
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        task = json.loads(line)
        kind = KINDS[task["kind"]]
        path = folder / f"case{kind.suffix}"
        if "file" in task:
            path.write_bytes(Path(task["file"]).read_bytes())
        else:
            path.write_bytes(kind.make(Random(task["seed"])))  # noqa: S311
        with _limited():
            _say({"begins": task["seed"]})
            result = _opened(kind.target, path)
        _say(result)


def _opened(target: Any, path: Path) -> dict[str, object]:
    stop = Event()
    timer = Timer(_STOP_AFTER_S, stop.set)
    timer.daemon = True
    before = _resident_kib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began, cpu = time.monotonic(), time.process_time()
    timer.start()
    bug, told = None, ""
    try:
        told = target(stop, path)
    except BaseException:  # noqa: BLE001 - whatever it is, it is told
        bug = traceback.format_exc()
    timer.cancel()
    return {
        "told": told,
        "bug": bug,
        "seconds": time.monotonic() - began,
        "cpu_s": time.process_time() - cpu,
        "peak_kib": max(0, _resident_kib("VmHWM") - before),
    }


def _resident_kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)


@contextmanager
def _limited() -> Iterator[None]:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _resident_kib("VmSize") * 1024 + _MOST_ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
