"""Clips and pictures on their way to the AI: in the media folder, for the analysis alone.

``<media folder>/protect_narrator/.clips/<32 random hex digits>/`` holds one analysis.
Home Assistant serves its media folder to every user who is logged in, hidden directories
too, so the name cannot be guessed and the directory goes as soon as it is not needed.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
import errno
from io import FileIO
from itertools import islice
import logging
import os
from pathlib import Path
import secrets
import shutil

from .pipeline.blocking import in_thread
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


class ClipArchive:
    """The transient part of the media folder."""

    def __init__(self, media: Path) -> None:
        """Use this media folder; nothing is touched yet."""
        self._media = media
        self._root = media / "protect_narrator" / ".clips"

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
        removed = await in_thread(_sweep, self._root)
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
            await in_thread(_make, path)
            yield FolderWorkspace(path)
        finally:
            try:
                await in_thread(_remove, path)
            except OSError as err:
                _LOGGER.warning("%s could not be removed: %s", what, err)
            else:
                _LOGGER.debug(done)
            finally:
                _in_use.discard(name)


class FolderWorkspace:
    """A directory of our own for one analysis."""

    def __init__(self, path: Path) -> None:
        """Use this directory, which exists."""
        self._path = path

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
            await in_thread(_rename, part, target)
        except BaseException:
            await in_thread(_discard, part)
            raise
        return target

    async def write(self, name: str, data: bytes) -> Path:
        """Write a small file. Raises StorageError."""
        path = self._path / name
        await in_thread(_write, path, data)
        return path

    async def reserve(self, name: str, size: int) -> Path:
        """Make an empty file that may be filled with ``size`` bytes. Raises StorageError."""
        path = self._path / name
        await in_thread(_reserve, path, size)
        return path

    async def _write_part(self, part: Path, chunks: AsyncIterable[bytes], limit: int) -> None:
        """Write the chunks in batches; a thread writes one while the next is received."""
        file = await in_thread(_create, part)
        writing: asyncio.Task[None] | None = None
        try:
            async for batch in _batched(chunks, limit):
                if writing is not None:
                    await writing
                writing = asyncio.create_task(in_thread(_append, file, batch))
            if writing is not None:
                await writing
        finally:
            if writing is not None:
                # Nothing may write to a file that is closed. If this write has failed too,
                # what is on its way out already says more.
                await asyncio.gather(writing, return_exceptions=True)
            await in_thread(file.close)


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


def _sweep(root: Path) -> int:
    try:
        _make_root(root)
        orphans = [path for path in root.iterdir() if path.name not in _in_use]
    except OSError as err:
        raise _storage_error(err) from err
    removed = 0
    for path in orphans:
        try:
            _remove(path)
        except OSError as err:
            # One that resists is no reason to describe nothing.
            _LOGGER.warning("%s was left behind and cannot be removed: %s", path, err)
        else:
            removed += 1
    return removed


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
