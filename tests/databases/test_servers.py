"""Servers for tests come alone, answer, and are gone when the tests are, however these end."""

import asyncio
import os
from pathlib import Path
import select
import shutil
import signal
import subprocess
import sys

import pytest

from tests.waiting import until

from . import servers
from .fixtures import leave_out
from .servers import MARIADB, POSTGRESQL, UnavailableError, serving

_ROOT = Path(__file__).parents[2]

_GONE_LIMIT_S = 30

# A whole run of tests, as far as a server can tell.
_OWNER = """
import time
from tests.databases.servers import POSTGRESQL, serving
with serving(POSTGRESQL) as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


def _processes_in(folder: str) -> list[int]:
    """Return the processes that work in that folder or below it."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                works_in = str((process / "cwd").readlink())
            except OSError:
                continue  # ended meanwhile, or not ours
            if works_in.startswith(folder):
                found.append(int(process.name))
    return found


def test_what_was_found_missing_before_the_tests_is_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network each look takes minutes, in every worker."""
    script = tmp_path / "script" / "databases"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$1" >>looks\necho "/found/$1"\necho\n')
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(servers, "_ROOT", tmp_path)
    monkeypatch.setenv("DATABASES_MISSING", " postgresql")

    with pytest.raises(UnavailableError, match="postgresql"), serving(POSTGRESQL):
        pass

    assert servers._programs(MARIADB) == ("/found/mariadb", "")
    assert (tmp_path / "looks").read_text() == "mariadb\n"


async def test_a_server_goes_with_an_owner_that_is_killed() -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _OWNER),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert owner.stdout is not None
    folder = (await owner.stdout.readline()).decode().strip()
    if not folder:
        said = (await owner.communicate())[1].decode()
        if UnavailableError.__name__ in said:
            leave_out(said.strip().split("\n")[-1])
        pytest.fail(said)
    assert _processes_in(folder)

    owner.kill()
    await owner.communicate()

    await until(lambda: not _processes_in(folder) and not Path(folder).exists())


def test_a_server_goes_with_its_keeper() -> None:
    try:
        with serving(MARIADB) as server:
            (process,) = _processes_in(str(server.folder))
            keeper = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
            watch = os.pidfd_open(process)
            os.kill(keeper, signal.SIGKILL)
            try:
                ended, _, _ = select.select([watch], [], [], _GONE_LIMIT_S)
            finally:
                os.close(watch)
            # The folder is what only a keeper takes away.
            shutil.rmtree(server.folder)
            assert ended
    except UnavailableError as err:
        leave_out(str(err))
