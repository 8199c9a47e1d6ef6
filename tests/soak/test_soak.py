"""The short form of the soak: three hundred Detections, judged like ten thousand.

In a process of its own, as the script runs it: its event loop, its Home Assistant and its
sockets are the real ones. The growth of memory needs the long form.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
import json
import os
from pathlib import Path
import sys

ROOT = Path(__file__).parents[2]
DETECTIONS = 300

# Five minutes; it takes about one where nobody else works.
LIMIT_S = 300


async def soaked(*arguments: str, folder: Path) -> tuple[int | None, str, dict[str, object]]:
    """Run it; return its exit status, what it printed, and its figures."""
    figures = folder / "figures.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak", "--json", str(figures), *arguments),
        cwd=ROOT,
        env={**os.environ, "RELIABILITY_RESULTS": str(folder)},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = printed.decode()
    assert figures.exists(), text
    return process.returncode, text, json.loads(figures.read_text())


async def test_three_hundred_detections_are_told_once_and_leave_nothing(tmp_path: Path) -> None:
    status, printed, figures = await soaked("--detections", str(DETECTIONS), folder=tmp_path)

    assert status == 0, printed
    assert figures["kept"]
    assert figures["sightings"] == figures["rows"] == DETECTIONS
    # Too few for the page, which keeps what a long run saw.
    assert printed.endswith("No figures for the page: that takes 10,000 Detections.\n")
    assert os.listdir(tmp_path) == ["figures.json"]  # noqa: PTH208 - without waiting
    # It was no fair weather.
    assert int(str(figures["faulty"])) > DETECTIONS / 8
    assert int(str(figures["kinds_of_fault"])) > 20
