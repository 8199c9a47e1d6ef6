"""Breaks things in other processes, and notices what that does to them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import selectors
import signal
import subprocess
import sys
import time

from .kinds import KINDS

# A case is told to stop after 4 s; what needs so much longer does not listen. Generous, because
# other work may have the processor.
HANGS_AFTER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken thing that did harm."""

    kind: str
    seed: str
    what: str
    file: str
    """Where it is kept, to be opened again."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of all cases of a kind."""

    kind: str
    cases: int = 0
    told: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")
    most_kib: tuple[int, str] = (0, "")


class Process:
    """One process that may crash; a new one takes its place."""

    def __init__(self, folder: Path) -> None:
        """Work in that folder, which is the process's own."""
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def open(self, task: dict[str, str]) -> dict[str, object]:
        """Return what came of it; ``bug`` says so when the process did not survive."""
        if self._child is None:
            self._child, self._rest = self._started(), b""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(task).encode() + b"\n")
        self._child.stdin.flush()
        # A new process imports and encodes its seeds first.
        if self._line(3 * HANGS_AFTER_S) is None:
            return {"bug": f"not even begun: {self._ended()}"}
        result = self._line(HANGS_AFTER_S)
        return {"bug": self._ended()} if result is None else result

    def case(self, kind: str) -> Path:
        """Return the file that was opened last."""
        return self._folder / f"case{KINDS[kind].suffix}"

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "tests.fuzz.worker", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )

    def _line(self, limit_s: float) -> dict[str, object] | None:
        """Return the next line of the process; None where it ends or nothing comes in time."""
        assert self._child is not None
        assert self._child.stdout is not None
        until = time.monotonic() + limit_s
        with selectors.DefaultSelector() as ready:
            ready.register(self._child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not ready.select(until - time.monotonic()):
                    return None
                chunk = os.read(self._child.stdout.fileno(), 65_536)
                if not chunk:
                    return None
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        found: dict[str, object] = json.loads(line)
        return found

    def _ended(self) -> str:
        """End the process; return in words how it had ended."""
        assert self._child is not None
        code = self._child.poll()
        if code is None:
            try:
                code = self._child.wait(1)
            except subprocess.TimeoutExpired:
                self.close()
                return "hangs"
        self.close()
        return f"dies of {signal.Signals(-code).name}" if code < 0 else f"exits with {code}"


@contextmanager
def process(folder: Path) -> Iterator[Process]:
    """Yield a process that is ended afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Process(folder)
    try:
        yield made
    finally:
        made.close()


def run(child: Process, kind: str, numbers: range, seed: int, keep: Path) -> Iterator[Tally]:
    """Yield the tally after each case; what does harm is kept in ``keep``."""
    tally = Tally(kind=kind)
    began = time.monotonic()
    for number in numbers:
        name = f"{seed}/{kind}/{number}"
        result = child.open({"kind": kind, "seed": name})
        tally.cases += 1
        tally.seconds = time.monotonic() - began
        tally.told[str(result.get("told"))] += 1
        _weigh(tally, name, result)
        if what := harm(kind, result):
            keep.mkdir(parents=True, exist_ok=True)
            kept = keep / f"{kind}-{seed}-{number}{KINDS[kind].suffix}"
            child.case(kind).copy(kept)
            tally.findings.append(Finding(kind=kind, seed=name, what=what, file=str(kept)))
        yield tally


def _weigh(tally: Tally, name: str, result: dict[str, object]) -> None:
    seconds, kib = result.get("cpu_s"), result.get("peak_kib")
    if isinstance(seconds, float):
        tally.slowest = max(tally.slowest, (seconds, name))
    if isinstance(kib, int):
        tally.most_kib = max(tally.most_kib, (kib, name))


def harm(kind: str, result: dict[str, object]) -> str | None:
    """Say what harm was done; None where a thing was opened or refused as it should."""
    if bug := result["bug"]:
        return str(bug)
    cpu_s, peak_kib = result["cpu_s"], result["peak_kib"]
    assert isinstance(cpu_s, float)
    assert isinstance(peak_kib, int)
    if cpu_s > KINDS[kind].most_cpu_s:
        return f"goes on for {cpu_s:.1f} s of CPU"
    if peak_kib > KINDS[kind].most_mib * 1024:
        return f"takes {peak_kib // 1024} MiB"
    return None
