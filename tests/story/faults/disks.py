"""Faults of the disk under the media folder, and of Home Assistant's own."""

import errno
import os
from pathlib import Path
import shutil
from threading import Event
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

from custom_components.protect_narrator import archive, private_files
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.pipeline import blocking

from .fault import Fault, Play
from .stage import Stage

FULL = ("clip_download_failed:disk_full", "snapshot_unavailable:disk_full")
BROKEN = ("clip_download_failed:storage_error", "snapshot_unavailable:storage_error")


def _failing(code: int) -> Any:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    return fail


def _calls_fail(call: str, code: int, *, of: ModuleType = archive) -> Play:
    """Let one of the system's calls fail where that module makes it, and nowhere else."""

    def play(stage: Stage) -> None:
        system = SimpleNamespace(**vars(os))
        setattr(system, call, _failing(code))
        stage.patch.setattr(of, "os", system)

    return play


def hangs(stage: Stage) -> Event:
    """Let every write of a clip hang until the fault is over, and be let go of soon.

    Returns what is set as soon as one hangs.
    """
    hanging, back, ended = Event(), Event(), Event()

    def hang(*_: object) -> NoReturn:
        hanging.set()
        back.wait()
        ended.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def come_back() -> None:
        back.set()
        assert not hanging.is_set() or ended.wait(5)

    system = SimpleNamespace(**vars(os))
    system.writev = hang
    stage.patch.setattr(archive, "os", system)
    stage.patch.setattr(archive, "_JOB_LIMIT_S", 0.5)
    stage.patch.setattr(blocking, "_FAREWELL_S", 0.2)
    stage.others.append(come_back)
    return hanging


def _no_folder_can_be_made(code: int) -> Play:
    """Let directories fail that are made below the media folder."""

    def play(stage: Stage) -> None:
        make, media = Path.mkdir, stage.home.media

        def mkdir(path: Path, *args: Any, **named: Any) -> None:
            if path.is_relative_to(media):
                _failing(code)()
            make(path, *args, **named)

        stage.patch.setattr(Path, "mkdir", mkdir)

    return play


def _little_is_free(stage: Stage) -> None:
    usage = SimpleNamespace(total=1, used=1, free=archive.RESERVED_BYTES)
    tools = SimpleNamespace(**vars(shutil))
    tools.disk_usage = lambda _path: usage
    stage.patch.setattr(archive, "shutil", tools)


def _a_file_is_in_its_place(stage: Stage) -> None:
    folder = stage.home.media / "protect_narrator"
    shutil.rmtree(folder)
    folder.write_text("a file of that name")
    stage.others.append(folder.unlink)


def _storage_cannot_be_written(stage: Stage) -> None:
    write = Store._async_write_data

    async def fail(store: Store[Any], data: dict[str, Any]) -> None:
        if store.key.startswith(DOMAIN):
            raise WriteError("read-only")
        await write(store, data)

    stage.patch.setattr(Store, "_async_write_data", fail)


DISKS = (
    Fault(
        name="disk full in the middle of a clip (ENOSPC)",
        seen="LLM Vision #735: 2.5 GB of orphans",
        play=_calls_fail("writev", errno.ENOSPC),
        fallbacks=FULL,
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="quota used up (EDQUOT)",
        seen="network shares",
        play=_calls_fail("writev", errno.EDQUOT),
        fallbacks=FULL,
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="less than 256 MB would stay free",
        seen="LLM Vision #684, #640",
        play=_little_is_free,
        fallbacks=FULL,
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="media folder read-only (EROFS)",
        seen="SD cards at their end",
        play=_no_folder_can_be_made(errno.EROFS),
        fallbacks=BROKEN,
        medium="none",
        tries=range(1),
        spares_the_other=False,
    ),
    Fault(
        name="files cannot be made any more (EROFS)",
        seen="SD cards at their end",
        play=_calls_fail("open", errno.EROFS, of=private_files),
        fallbacks=BROKEN,
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="the disk fails (EIO)",
        seen="SD cards, USB disks",
        play=_calls_fail("writev", errno.EIO),
        fallbacks=BROKEN,
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="a file is where our folder was",
        seen="users who tidy up",
        play=_a_file_is_in_its_place,
        fallbacks=BROKEN,
        medium="none",
        tries=range(1),
        spares_the_other=False,
    ),
    Fault(
        name="Home Assistant's storage cannot be written",
        seen="SD cards at their end",
        play=_storage_cannot_be_written,
    ),
)

SMALL_DISK = Fault(
    name="a real disk of 1 MB, without a reserve",
    seen="the kernel's own ENOSPC",
    fallbacks=FULL,
    medium="none",
)
READ_ONLY_DISK = Fault(
    name="a real disk that is mounted read-only meanwhile",
    seen="the kernel's own EROFS",
    fallbacks=BROKEN,
    medium="none",
)
FOLDER_GONE = Fault(
    name="the media folder goes in the middle of a download",
    seen="unmounted shares",
    fallbacks=BROKEN,
    medium="none",
)
HANGS = Fault(
    name="the disk does not answer any more",
    seen="network shares whose server is gone",
    fallbacks=BROKEN,
    medium="none",
)
LEDGER = Fault(
    name="the file of what is unfinished is cut off",
    seen="power cuts, SD cards at their end",
)
TAKEN_FROM_AI = Fault(name="the pictures go while the AI looks at them", seen="users who tidy up")

# The real ones have no row: not everybody may mount a disk, and they are told like the played ones.
ODD_DISKS = (HANGS, FOLDER_GONE, TAKEN_FROM_AI, LEDGER)
