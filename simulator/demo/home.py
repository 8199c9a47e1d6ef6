"""A real Home Assistant in a process of its own, in a folder of its own, on a free port."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
import tempfile

from .errors import DemoError

_SOURCE = Path(__file__).resolve().parents[2] / "custom_components" / "protect_narrator"

# Measured: Home Assistant stops within three seconds. Later than this it hangs.
_STOP_TIMEOUT = 20.0

_YAML = "configuration.yaml"
_CONFIGURATION = """\
homeassistant:
  name: Demo home
  country: DE
  currency: EUR
  language: en
  time_zone: UTC
  unit_system: metric
  media_dirs:
    local: {media}
api:
config:
media_source:
recorder:
  commit_interval: {commit_interval}
logger:
  default: info
  logs:
    custom_components.protect_narrator: debug
"""

# What somebody looks at; Home Assistant loads its frontend, without its pages, in any case.
_PAGES = """\
assist_pipeline:
frontend:
history:
logbook:
"""


# Home Assistant reads its own file back as it wrote it, and misses what is not there.
_HTTP = {
    "server_host": ["127.0.0.1"],
    "cors_allowed_origins": [],
    "login_attempts_threshold": -1,
    "ip_ban_enabled": False,
    "ssl_profile": "modern",
    "use_x_frame_options": True,
    "created_at": "2026-01-01T00:00:00+00:00",
    "error": None,
    "error_message": None,
}


@contextmanager
def config_folder(keep: Path | None) -> Iterator[Path]:
    """Yield an empty folder, and remove it in the end unless it is one to keep.

    Raises DemoError when the folder to keep has something in it.
    """
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise DemoError(f"{keep} is not empty")
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="protect-narrator-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Home:
    """A running Home Assistant."""

    def __init__(self, folder: Path, port: int, process: asyncio.subprocess.Process) -> None:
        """Take what `running` has started."""
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._process = process
        self._is_killed = False

    @property
    def log(self) -> Path:
        """Everything that Home Assistant printed."""
        return log_in(self.folder)

    @property
    def media(self) -> Path:
        """The media folder that clips pass through."""
        return media_in(self.folder)

    async def ended(self) -> None:
        """Wait for the process; raise DemoError when nobody has asked it to end."""
        status = await self._process.wait()
        if not self._is_killed:
            raise DemoError(f"Home Assistant ended by itself with status {status}")

    def strike(self) -> None:
        """Kill it and everything it started, as a power cut would; `kill` waits for the end."""
        self._is_killed = True
        self._signal(signal.SIGKILL)

    async def kill(self) -> None:
        """Return when all of it is gone."""
        self.strike()
        await self._process.wait()

    async def stop(self) -> None:
        """End it and everything it started, in good order if it lets us."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await self._process.wait()
            except TimeoutError:
                print("Home Assistant does not stop; killing it", file=sys.stderr)
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@asynccontextmanager
async def running(
    folder: Path, *, pages: bool = True, commit_interval: int = 1
) -> AsyncIterator[Home]:
    """Run Home Assistant in the folder, which is seeded if it is new; stop it in the end.

    Where it has run before, it goes on with what is there and the log goes on too; ``pages``
    (history, logbook and Assist) and ``commit_interval`` (the recorder's, in seconds) stay as
    they were.
    """
    port = _free_port()
    if not (folder / _YAML).exists():
        await asyncio.to_thread(_seed, folder, _configuration(folder, commit_interval, pages))
    await asyncio.to_thread(_listen_on, folder, port)
    with log_in(folder).open("ab") as log:
        # In a session of its own a Ctrl-C in the terminal does not reach it: we stop it.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "homeassistant", "--config", str(folder)),
            *("--skip-pip", "--log-no-color"),
            cwd=folder,
            env={**os.environ, "HA_DISABLE_LOG_FILE": "1", "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    home = Home(folder, port, process)
    try:
        async with asyncio.TaskGroup() as watch:
            ended = watch.create_task(home.ended())
            try:
                yield home
            finally:
                ended.cancel()
    finally:
        await home.stop()


def log_in(folder: Path) -> Path:
    """Return where the output of the Home Assistant in this folder goes."""
    # Not home-assistant.log, which Home Assistant itself moves away in recovery mode.
    return folder / "output.log"


def media_in(folder: Path) -> Path:
    """Return the media folder of the Home Assistant in this folder."""
    return folder / "media"


def _configuration(folder: Path, commit_interval: int, pages: bool) -> str:
    media = json.dumps(str(media_in(folder)))
    base = _CONFIGURATION.format(media=media, commit_interval=commit_interval)
    return base + _PAGES if pages else base


def _free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _seed(folder: Path, configuration: str) -> None:
    """Write what a Home Assistant needs that has never run: no network, and ours."""
    media_in(folder).mkdir()
    components = folder / "custom_components"
    shutil.copytree(
        _SOURCE, components / _SOURCE.name, ignore=shutil.ignore_patterns("__pycache__")
    )
    # All but the owner, who is created over the API: the other steps of onboarding set up
    # integrations that look into the network.
    _store(folder, "onboarding", (4, 1), {"done": ["core_config", "analytics", "integration"]})
    _store(folder, "core.analytics", (1, 1), {"onboarded": True, "preferences": {}, "uuid": None})
    # The last, because a folder that has it is not seeded again.
    (folder / _YAML).write_text(configuration)


def _listen_on(folder: Path, port: int) -> None:
    # A port in YAML would be a trial, which ends Home Assistant after five minutes.
    _store(
        folder,
        "http",
        (2, 2),
        {"stable": {**_HTTP, "server_port": port}, "pending": None, "yaml_migration_done": True},
    )


def _store(folder: Path, key: str, version: tuple[int, int], data: dict[str, object]) -> None:
    """Write a file as Home Assistant's ``Store`` does."""
    path = folder / ".storage" / key
    path.parent.mkdir(exist_ok=True)
    major, minor = version
    document = {"version": major, "minor_version": minor, "key": key, "data": data}
    path.write_text(json.dumps(document))
