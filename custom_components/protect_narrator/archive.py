"""Clips and pictures on their way to the AI: in the media folder, for the analysis alone.

``<media folder>/protect_narrator/.clips/<32 random hex digits>/`` holds one analysis.
Home Assistant serves its media folder to every user who is logged in, hidden directories
too, so the name cannot be guessed and the directory goes as soon as it is not needed.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
import errno
from functools import partial
from io import FileIO
from itertools import islice
import logging
import os
from pathlib import Path
import secrets
import shutil

from .pipeline.blocking import Crew, StuckError
from .pipeline.errors import StorageError
from .pipeline.models import FallbackDetail
from .private_files import make_private_file, make_private_folder

_LOGGER = logging.getLogger(__name__)

# What must stay free on the disk of the media folder, because Home Assistant's own
# database and backups usually live on it too.
RESERVED_BYTES = 256 * 1024 * 1024

# Chunks are gathered to this size before a thread writes them, because the hop costs more than
# the write: the thread waits for Python's lock, which the event loop holds while it decrypts.
# Two of these are in memory at once at the most, one being filled while the other is written.
BATCH_BYTES = 4 * 1024 * 1024

# One clip is written while pictures of others are, and folders come and go.
_JOBS_AT_ONCE = 4

# A write to a card at its end takes seconds. On a network share whose server is gone it takes
# for ever, and is let go of some seconds later.
_JOB_LIMIT_S = 20.0

# What a folder that did not answer has kept, and is removed when it answers again; of more than
# that the next start's sweep takes the rest.
_MOST_KEPT = 1000

# IOV_MAX of Linux: no more pieces go into one call.
_MOST_AT_ONCE = 1024

# Directories that an analysis of this process uses right now. A sweep, which another
# console's start may trigger, takes everything else for an orphan.
_in_use: set[str] = set()


def media_folder(media_dirs: dict[str, str], config_dir: Path) -> Path:
    """Return the folder that Home Assistant calls its media folder."""
    if folder := media_dirs.get("local"):
        return Path(folder)
    if media_dirs:
        return Path(next(iter(media_dirs.values())))
    return config_dir / "media"


class _Disk:
    """What is done in the media folder, off the event loop."""

    def __init__(self) -> None:
        """Start with nothing under way; after one thing that hangs nothing else is begun."""
        self._crew = Crew(at_once=_JOBS_AT_ONCE, most_stuck=1)

    async def run[**P, R](self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``work`` returns; raise what it raises, and StorageError when it hangs.

        Who is cancelled waits for it.
        """
        try:
            return await self._crew.run(partial(work, *args, **kwargs), limit_s=_JOB_LIMIT_S)
        except StuckError as err:
            raise StorageError(
                FallbackDetail.STORAGE_ERROR, f"the media folder does not answer: {err}"
            ) from err

    async def close(self, file: FileIO) -> None:
        """Close a file: whatever hangs, for else it would be closed in the event loop."""
        with suppress(StuckError):
            await self._crew.run(file.close, limit_s=_JOB_LIMIT_S, must=True)


class ClipArchive:
    """The transient part of the media folder."""

    def __init__(self, media: Path) -> None:
        """Use this media folder; nothing is touched yet."""
        self._media = media
        self._root = media / "protect_narrator" / ".clips"
        self._disk = _Disk()
        self._kept: dict[Path, str] = {}
        """What could not be removed because the folder did not answer, and whose it is."""

    @property
    def folder(self) -> Path:
        """The media folder."""
        return self._media

    async def try_out(self) -> None:
        """Write a file and remove it. Raises StorageError."""
        async with self._room("A file that tried the media folder", "Media folder tried") as room:
            await room.write("try", b"?")

    async def sweep(self) -> int:
        """Remove what an earlier process left behind; return how many directories.

        Raises StorageError when the media folder cannot be used at all.
        """
        removed = 0
        for path in await self._disk.run(_orphans, self._root):
            try:
                await self._disk.run(_remove, path)
            except OSError as err:
                # One that resists is no reason to describe nothing.
                _LOGGER.warning("%s was left behind and cannot be removed: %s", path, err)
            else:
                removed += 1
        if removed:
            _LOGGER.info("Removed %d clip folders that an earlier run left behind", removed)
        return removed

    @asynccontextmanager
    async def workspace(self, sighting_id: str) -> AsyncIterator[FolderWorkspace]:
        """Make a directory for one analysis; remove it with its files in the end.

        Raises StorageError when it cannot be made. That it cannot be removed is logged
        and never hides how the analysis ended; the next start's sweep takes it.
        """
        whose = f"Sighting {sighting_id}"
        async with self._room(f"{whose}: its clip", f"{whose}: clip and pictures removed") as room:
            yield room

    @asynccontextmanager
    async def _room(self, what: str, done: str) -> AsyncIterator[FolderWorkspace]:
        """Make a directory; say ``done`` when it was removed, else what could not be."""
        name = secrets.token_hex(16)
        path = self._root / name
        _in_use.add(name)
        try:
            await self._disk.run(_make, path)
            yield FolderWorkspace(path, self._disk)
        finally:
            try:
                if await self._is_cleared(path, what):
                    _LOGGER.debug(done)
                    await self._clear_kept()
            finally:
                _in_use.discard(name)

    async def _is_cleared(self, path: Path, what: str) -> bool:
        """Remove a directory; say whether it could be, or had never been made."""
        try:
            await self._disk.run(_remove, path)
        except OSError as err:
            _LOGGER.warning("%s could not be removed: %s", what, err)
            return False
        except StorageError as err:
            if len(self._kept) < _MOST_KEPT:
                self._kept[path] = what
            _LOGGER.debug("%s is not removed yet: %s", what, err)
            return False
        return True

    async def _clear_kept(self) -> None:
        """Remove what was kept while the folder did not answer: it does now."""
        while self._kept:
            path, what = self._kept.popitem()
            if not await self._is_cleared(path, what):
                return


class FolderWorkspace:
    """A directory of our own for one analysis."""

    def __init__(self, path: Path, disk: _Disk) -> None:
        """Use this directory, which exists."""
        self._path = path
        self._disk = disk

    @property
    def path(self) -> Path:
        """The directory itself."""
        return self._path

    async def receive(self, name: str, chunks: AsyncIterable[bytes], *, limit: int) -> Path:
        """Write the chunks to ``<name>.part`` and rename it; return the finished file.

        Raises StorageError: ``too_large`` past ``limit`` bytes, ``disk_full``,
        ``storage_error``. Whatever the source raises passes through. No part is left.
        """
        part = self._path / f"{name}.part"
        try:
            await self._write_part(part, chunks, limit)
            target = self._path / name
            await self._disk.run(_rename, part, target)
        except BaseException:
            with suppress(StorageError):  # then it goes with its directory
                await self._disk.run(_discard, part)
            raise
        return target

    async def write(self, name: str, data: bytes) -> Path:
        """Write a small file. Raises StorageError."""
        path = self._path / name
        await self._disk.run(_write, path, data)
        return path

    async def reserve(self, name: str, size: int) -> Path:
        """Make an empty file that may be filled with ``size`` bytes. Raises StorageError."""
        path = self._path / name
        await self._disk.run(_reserve, path, size)
        return path

    async def _write_part(self, part: Path, chunks: AsyncIterable[bytes], limit: int) -> None:
        """Write the chunks in batches; a thread writes one while the next is received."""
        file = await self._disk.run(_create, part)
        writing: asyncio.Task[None] | None = None
        try:
            async for batch in _batched(chunks, limit):
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._disk.run(_append, file, batch))
            if writing is not None:
                await writing
        finally:
            if writing is not None:
                # Nothing may write to a file that is closed. If this write has failed too,
                # what is on its way out already says more.
                await asyncio.gather(writing, return_exceptions=True)
            await self._disk.close(file)


async def _batched(chunks: AsyncIterable[bytes], limit: int) -> AsyncIterator[list[bytes]]:
    """Gather chunks to batches of BATCH_BYTES; raise StorageError past ``limit`` bytes."""
    received = 0
    batch: list[bytes] = []
    gathered = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise StorageError(
                FallbackDetail.TOO_LARGE, f"the clip is larger than the limit of {limit} bytes"
            )
        batch.append(chunk)
        gathered += len(chunk)
        if gathered >= BATCH_BYTES:
            yield batch
            batch, gathered = [], 0
    if batch:
        yield batch


def _storage_error(err: OSError) -> StorageError:
    """Tell a full disk from a broken one."""
    full = err.errno in {errno.ENOSPC, errno.EDQUOT}
    detail = FallbackDetail.DISK_FULL if full else FallbackDetail.STORAGE_ERROR
    return StorageError(detail, f"the media folder cannot be written: {err.strerror or err}")


def _orphans(root: Path) -> list[Path]:
    """Return what nobody uses; raise StorageError where the folder cannot be used at all."""
    try:
        _make_root(root)
        return [path for path in root.iterdir() if path.name not in _in_use]
    except OSError as err:
        raise _storage_error(err) from err


def _make_root(root: Path) -> None:
    """Make the two directories of ours; the media folder itself is everybody's. OSError."""
    root.parent.parent.mkdir(parents=True, exist_ok=True)
    make_private_folder(root.parent)
    make_private_folder(root)


def _make(path: Path) -> None:
    try:
        _make_root(path.parent)
        make_private_folder(path)
    except OSError as err:
        raise _storage_error(err) from err


def _remove(path: Path) -> None:
    """Remove a directory, or a stray file or link; one that is gone already is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        # Where the media folder is none there never was one, which was said already.
        with suppress(NotADirectoryError):
            path.unlink(missing_ok=True)


def _create(path: Path) -> FileIO:
    """Make a file that nobody else on the machine can read, or empty the one that is there."""
    try:
        descriptor = make_private_file(path)
    except OSError as err:
        raise _storage_error(err) from err
    return FileIO(descriptor, "wb")


def _append(file: FileIO, batch: list[bytes]) -> None:
    try:
        _require_room(file.fileno(), sum(map(len, batch)))
        _write_all(file.fileno(), batch)
    except OSError as err:
        raise _storage_error(err) from err


def _write_all(descriptor: int, batch: list[bytes]) -> None:
    """Write every byte, in as few calls as the system allows: it may take fewer at once."""
    rest = deque(memoryview(chunk) for chunk in batch)
    while rest:
        written = os.writev(descriptor, list(islice(rest, _MOST_AT_ONCE)))
        while rest and written >= len(rest[0]):
            written -= len(rest.popleft())
        if written:
            rest[0] = rest[0][written:]


def _write(path: Path, data: bytes) -> None:
    with _create(path) as file:
        _append(file, [data])


def _reserve(path: Path, size: int) -> None:
    with _create(path) as file:
        try:
            _require_room(file.fileno(), size)
        except OSError as err:
            raise _storage_error(err) from err


def _require_room(descriptor: int, size: int) -> None:
    """Raise OSError when the file's disk would have less than the reserve left."""
    if shutil.disk_usage(descriptor).free - size < RESERVED_BYTES:
        raise OSError(errno.ENOSPC, "less than 256 MB would stay free")


def _rename(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as err:
        raise _storage_error(err) from err


def _discard(part: Path) -> None:
    """Remove an unfinished file; the whole directory goes soon anyway."""
    with suppress(OSError):
        part.unlink(missing_ok=True)
