"""A process that owns one database server, and that its own owner holds by a pipe.

However the owner ends, also killed, the pipe closes: then the server goes, and its folder with
it. Should this process be killed itself, the kernel ends the server. Only the standard library
is imported, so that it is there at once.
"""

from collections.abc import Callable, Mapping, Sequence
import ctypes
from dataclasses import dataclass
import json
import os
from pathlib import Path
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

# Starting takes seconds; a machine may be busy with other tests.
_READY_LIMIT_S = 120.0
_LOOK_AGAIN_S = 0.05

# Nothing is worth keeping when it ends.
_END_LIMIT_S = 10.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

# To go on as: a server refuses to be root.
_NOBODY = "nobody"


class StartError(Exception):
    """The server did not come up; the text is for whoever wants to know why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started. In its texts `{folder}` and `{home}` stand for folders."""

    name: str
    server: str
    """Path of the program."""

    libraries: str
    """Folders of libraries that it needs beside the machine's."""

    init: Sequence[str]
    """The command that makes an empty database."""

    init_sql: Sequence[str]
    """Files that the command is given to read, after `init_text`."""

    init_text: str
    serve: Sequence[str]
    socket: str
    """The socket, in the folder, on which it answers when it is ready."""

    ready_file: str | None
    """The file in the folder whose last line begins with "ready" by then."""


def _may_enter(path: Path) -> bool:
    """Say whether everybody may read there."""
    return all(each.stat().st_mode & 0o001 for each in (path, *path.resolve().parents))


class Keeper:
    """Starts the server in a folder of its own, and takes both away."""

    def __init__(self, order: Order) -> None:
        """Find a place that the server may enter."""
        self._order = order
        self._as: dict[str, Any] = {}
        self._server: subprocess.Popen[bytes] | None = None
        places = (None, "/tmp", "/var/tmp")  # noqa: S108 - the folder in it is made for us alone
        is_root = os.geteuid() == 0
        self.folder = next(
            Path(tempfile.mkdtemp(prefix=f"narrator-{order.name}-", dir=place))
            for place in places
            if not is_root or _may_enter(Path(place or tempfile.gettempdir()))
        )
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if is_root:
            nobody = pwd.getpwnam(_NOBODY)
            for folder in (self.folder, data):
                os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        self._program = Path(order.server)
        self._libraries = order.libraries

    def start(self) -> None:
        """Make a database and serve it. Raises StartError."""
        try:
            if self._as and not _may_enter(self._program):
                self._bring_along()
            self._run(self._filled(self._order.init), self._said())
            with self._log.open("ab") as log:
                self._server = subprocess.Popen(  # noqa: S603 - the tests' own command
                    self._filled(self._order.serve),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    **self._surroundings(),
                )
            self._wait()
        except OSError as err:
            raise StartError(f"{self._order.name} did not start: {err}") from err

    def end(self) -> None:
        """End the server and forget what it stored."""
        if self._server is not None:
            # To PostgreSQL this says that nothing has to be put in order.
            self._server.send_signal(signal.SIGQUIT)
            try:
                self._server.wait(_END_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _bring_along(self) -> None:
        """Copy the programs to where the server may read them: a clone may be root's alone."""
        unpacked = next(
            (each for each in self._program.parents if each.parent.match(".cache/databases")), None
        )
        if unpacked is None:
            raise StartError(f"{self._program} is not for everybody to start")
        copy = self.folder / "programs"
        shutil.copytree(unpacked, copy, symlinks=True)
        copy.chmod(0o755)
        self._program = copy / self._program.relative_to(unpacked)
        self._libraries = self._libraries.replace(str(unpacked), str(copy))

    def _filled(self, command: Sequence[str]) -> list[str]:
        return [
            part.format(
                folder=self.folder, program=self._program.parent, home=self._program.parents[1]
            )
            for part in command
        ]

    def _said(self) -> bytes:
        """Return what the first command is given to read."""
        patterns = self._filled(self._order.init_sql)
        files = [next(iter(Path("/").glob(pattern.lstrip("/"))), None) for pattern in patterns]
        if None in files:
            raise StartError(f"{self._order.name} came without {patterns[files.index(None)]}")
        texts = [file.read_text() for file in files if file is not None]
        return "\n".join([self._order.init_text, *texts]).encode()

    def _surroundings(self) -> dict[str, Any]:
        variables: Mapping[str, str] = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "TZ": "UTC",
            **({"LD_LIBRARY_PATH": self._libraries} if self._libraries else {}),
        }
        return {
            "cwd": self.folder,
            "env": variables,
            "preexec_fn": _end_with(os.getpid()),
            **self._as,
        }

    def _run(self, command: list[str], said: bytes) -> None:
        with self._log.open("ab") as log:
            try:
                done = subprocess.run(  # noqa: S603 - the tests' own command
                    command,
                    input=said,
                    stdout=log,
                    stderr=log,
                    timeout=_READY_LIMIT_S,
                    check=False,
                    **self._surroundings(),
                )
            except subprocess.TimeoutExpired as err:
                raise StartError(f"{self._order.name} made no database in time") from err
        if done.returncode:
            raise StartError(f"{self._order.name} made no database: {self._last_words()}")

    def _wait(self) -> None:
        until = time.monotonic() + _READY_LIMIT_S
        while not self._is_ready():
            if self._server is None or self._server.poll() is not None:
                raise StartError(f"{self._order.name} ended: {self._last_words()}")
            if time.monotonic() > until:
                raise StartError(f"{self._order.name} is not ready: {self._last_words()}")
            time.sleep(_LOOK_AGAIN_S)

    def _is_ready(self) -> bool:
        if (file := self._order.ready_file) is not None:
            path = self.folder / file
            lines = path.read_text().split("\n") if path.exists() else []
            if not any(line.startswith("ready") for line in lines):
                return False
        with socket.socket(socket.AF_UNIX) as caller:
            return caller.connect_ex(str(self.folder / self._order.socket)) == 0

    def _last_words(self) -> str:
        return " / ".join(self._log.read_text(errors="replace").strip().split("\n")[-5:])


def _end_with(keeper: int) -> Callable[[], None]:
    """Return what a new process does, so that the kernel ends it when its keeper is gone."""

    def promise() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)

    return promise


def main() -> int:
    """Keep the server that the first argument orders, until nobody holds the pipe any more."""
    keeper = Keeper(Order(**json.loads(sys.argv[1])))
    # Whoever asks this process to end gets the same as by closing the pipe.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        keeper.start()
        print(json.dumps({"folder": str(keeper.folder)}), flush=True)
        sys.stdin.read()
    except StartError as err:
        print(json.dumps({"error": str(err)}), flush=True)
        return 1
    finally:
        keeper.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
