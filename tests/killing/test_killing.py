"""The kill test: its order, its proof, and one kill in each phase."""

import asyncio
from dataclasses import replace
import json
import os
from pathlib import Path
import signal
import sys

import pytest

from simulator.console import Camera
from simulator.demo.errors import DemoError

from .__main__ import Options, next_phase, parse, progress_in
from .hearing import Heard
from .making import NOW, kill, noticed
from .phases import PHASES, Scene, is_being_decoded
from .progress import LOOKED_BACK, Progress

ROOT = Path(__file__).resolve().parents[2]

# Eight starts of Home Assistant: some 100 s, and many times that on a machine that does more.
PATIENCE = 900.0


# -- the proof that a clip is being decoded


def test_a_clip_is_decoded_while_it_lies_there_without_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "00"
    assert not is_being_decoded(tmp_path, 4)
    folder.mkdir()
    (folder / "clip.mp4.part").write_bytes(b"film")
    assert not is_being_decoded(tmp_path, 4)
    (folder / "clip.mp4.part").rename(folder / "clip.mp4")
    assert is_being_decoded(tmp_path, 4)
    assert not is_being_decoded(tmp_path, 5)
    (folder / "frame_01.jpg").touch()
    assert not is_being_decoded(tmp_path, 4)


def test_the_ledger_owes_a_receipt_for_what_it_has_fired(tmp_path: Path) -> None:
    scene = Scene(
        street=None,  # type: ignore[arg-type]  # of which nothing is asked
        camera=Camera.make(0),
        event_id="e1",
        since=0.0,
        heard=Heard(),
        config=tmp_path,
    )
    assert not scene.is_owed
    (tmp_path / ".storage").mkdir()
    ledger = tmp_path / ".storage" / "protect_narrator.x"
    for key, is_owed in (("unfinished", True), ("fired", True), ("done", False)):
        data: dict[str, object] = {"unfinished": [], "fired": [], "done": []}
        data |= {key: [{"event_ids": ["e1"]}]}
        ledger.write_text(json.dumps({"data": data}))
        assert scene.is_owed is is_owed


# -- what is done next, and where it goes on


def options(folder: Path, *, each: int = 2, resume: bool = False) -> Options:
    return Options(
        each=each, phases=("settle", "download"), folder=folder, resume=resume, as_json=False
    )


def test_the_phase_that_was_hit_least_is_next(tmp_path: Path) -> None:
    progress, asked = Progress(folder=tmp_path), options(tmp_path)
    order = []
    while (name := next_phase(asked, progress)) is not None:
        progress.kills.append(kill(name))
        order.append(name)
    assert order == ["settle", "download"] * 2


def test_a_phase_that_is_missed_for_ever_is_given_up(tmp_path: Path) -> None:
    progress, asked = Progress(folder=tmp_path), options(tmp_path, each=1)
    while (name := next_phase(asked, progress)) is not None:
        progress.kills.append(kill(name, missed="too late" if name == "settle" else None))
    assert progress.misses("settle") == 7
    assert progress.hits("download") == 1


def test_a_run_is_taken_up_where_it_was(tmp_path: Path) -> None:
    progress = Progress(folder=tmp_path, is_set_up=True, token="t", console={"port": "1"})
    progress.noticed += [
        noticed("told", is_told=True),
        noticed("recent"),
        noticed("old", start=(NOW - LOOKED_BACK).isoformat()),
        noticed("overdue", start=(NOW - LOOKED_BACK).isoformat(), is_overdue=True),
    ]
    progress.kills.append(kill(clips=["00"]))
    progress.save()

    again = progress_in(replace(options(tmp_path, resume=True), folder=tmp_path))
    loaded = Progress.load(tmp_path, NOW)

    assert again.kills == loaded.kills == progress.kills
    assert [one.event_id for one in loaded.noticed if one.is_excused] == ["old"]
    assert replace(loaded, noticed=[]) == replace(progress, noticed=[])


def test_only_a_folder_of_an_earlier_run_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    progress_in(options(folder))
    (folder / "config" / "file").touch()
    progress_in(options(folder))
    assert [*(folder / "config").iterdir()] == []
    with pytest.raises(DemoError, match="not empty"):
        progress_in(options(tmp_path))
    with pytest.raises(DemoError, match="no run to be resumed"):
        progress_in(options(tmp_path, resume=True))


def test_all_phases_are_gone_through_unless_one_is_named() -> None:
    assert parse([]).phases == tuple(PHASES)
    assert parse(["--phase", "answer", "--each", "20"]).phases == ("answer",)


@pytest.mark.parametrize("arguments", [["--each", "0"], ["--phase", "lunch"]])
def test_a_command_line_without_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)


# -- the real thing


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.killing", "--each", "1", "--folder", str(folder)),
        *arguments,
        cwd=ROOT,
        env={**os.environ, "RELIABILITY_RESULTS": str(folder.parent / "results")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def processes_of(folder: Path) -> list[int]:
    """Return the processes that name this folder in their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except ProcessLookupError, FileNotFoundError:
            continue
    return found


async def test_one_kill_in_each_phase_costs_no_sighting(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    async with asyncio.timeout(PATIENCE):
        process = await start(folder)
        assert process.stderr is not None
        try:
            # Interrupted after its first kill, while Home Assistant starts again.
            while not (line := await process.stderr.readline()).startswith(b"settle     1/1"):
                assert line, "it ended early"
            while len(processes_of(folder)) < 2:  # noqa: ASYNC110 - nobody tells of a process
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
            assert process.returncode == 130, errors.decode()
            assert processes_of(folder) == []

            process = await start(folder, "--resume", "--json")
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    assert output, errors.decode()
    told = json.loads(output.splitlines()[-1])
    assert process.returncode == 0, f"{told['findings']}\n{errors.decode()}"
    assert {name: phase["hit"] for name, phase in told["phases"].items()} == dict.fromkeys(
        PHASES, 1
    )
    # Too few for the page, which keeps what a long run saw.
    assert (
        output.splitlines()[-2]
        == b"No figures for the page: that takes 20 kills in each of the phases."
    )
    assert not (tmp_path / "results").exists()
    assert processes_of(folder) == []
    assert os.listdir(folder / "config" / "media" / "protect_narrator" / ".clips") == []  # noqa: PTH208
