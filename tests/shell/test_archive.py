"""The media folder: private, bounded, and empty when nobody works in it."""

from collections.abc import AsyncIterator, Iterable
import errno
import logging
import os
from pathlib import Path
import shutil
from typing import NamedTuple

import pytest

from custom_components.protect_narrator import archive as archive_module
from custom_components.protect_narrator.archive import (
    BATCH_BYTES,
    RESERVED_BYTES,
    ClipArchive,
    media_folder,
)
from custom_components.protect_narrator.pipeline.errors import StorageError
from custom_components.protect_narrator.pipeline.models import FallbackDetail


class Usage(NamedTuple):
    """What shutil.disk_usage returns."""

    total: int
    used: int
    free: int


LIMIT = 100 * 1024 * 1024


@pytest.fixture
def archive(tmp_path: Path) -> ClipArchive:
    return ClipArchive(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "protect_narrator" / ".clips"


def inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def stream(chunks: Iterable[bytes], error: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("media_dirs", "folder"),
    [
        ({"local": "/media", "nas": "/nas"}, "/media"),
        ({"nas": "/nas", "usb": "/usb"}, "/nas"),
        ({}, "/config/media"),
    ],
)
def test_the_media_folder_is_home_assistants(media_dirs: dict[str, str], folder: str) -> None:
    assert media_folder(media_dirs, Path("/config")) == Path(folder)


async def test_a_clip_is_written_whole_and_for_nobody_else(
    archive: ClipArchive, root: Path
) -> None:
    chunks = [bytes([number]) * (BATCH_BYTES // 3) for number in range(8)]
    async with archive.workspace("sighting") as workspace:
        clip = await workspace.receive("clip.mp4", stream(chunks), limit=LIMIT)
        frame = await workspace.write("frame.jpg", b"jpeg")

        assert clip == workspace.path / "clip.mp4"
        assert clip.read_bytes() == b"".join(chunks)
        assert frame.read_bytes() == b"jpeg"
        assert inside(workspace.path) == [clip, frame]
        assert workspace.path.parent == root
        assert len(workspace.path.name) == 32
        assert (mode(clip), mode(frame), mode(workspace.path)) == (0o600, 0o600, 0o700)
    assert inside(root) == []


async def test_an_empty_body_is_an_empty_file(archive: ClipArchive) -> None:
    async with archive.workspace("sighting") as workspace:
        clip = await workspace.receive("clip.mp4", stream([]), limit=LIMIT)
        assert clip.read_bytes() == b""


async def test_a_second_attempt_replaces_the_first(archive: ClipArchive) -> None:
    async with archive.workspace("sighting") as workspace:
        await workspace.receive("clip.mp4", stream([b"first and longer"]), limit=LIMIT)
        clip = await workspace.receive("clip.mp4", stream([b"second"]), limit=LIMIT)
        assert clip.read_bytes() == b"second"


async def test_an_error_of_the_source_passes_through_and_leaves_no_part(
    archive: ClipArchive,
) -> None:
    async with archive.workspace("sighting") as workspace:
        with pytest.raises(ConnectionError, match="gone"):
            await workspace.receive(
                "clip.mp4", stream([b"half"], ConnectionError("gone")), limit=LIMIT
            )
        assert inside(workspace.path) == []


async def test_a_clip_that_is_too_large_is_given_up(archive: ClipArchive) -> None:
    async with archive.workspace("sighting") as workspace:
        with pytest.raises(StorageError) as caught:
            await workspace.receive("clip.mp4", stream([b"12345", b"67890"]), limit=9)
        assert caught.value.detail is FallbackDetail.TOO_LARGE
        assert inside(workspace.path) == []
        await workspace.receive("clip.mp4", stream([b"12345", b"6789"]), limit=9)


async def test_the_last_of_the_disk_is_left_to_others(
    archive: ClipArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [RESERVED_BYTES + BATCH_BYTES]
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _path: Usage(2 * RESERVED_BYTES, RESERVED_BYTES, free[0])
    )
    chunk = b"." * BATCH_BYTES
    async with archive.workspace("sighting") as workspace:
        await workspace.receive("clip.mp4", stream([chunk]), limit=LIMIT)
        free[0] -= 1
        with pytest.raises(StorageError) as caught:
            await workspace.receive("clip.mp4", stream([chunk]), limit=LIMIT)
        assert caught.value.detail is FallbackDetail.DISK_FULL
        assert inside(workspace.path) == [workspace.path / "clip.mp4"]
        free[0] = RESERVED_BYTES
        with pytest.raises(StorageError) as caught:
            await workspace.write("frame.jpg", b"1")
        assert caught.value.detail is FallbackDetail.DISK_FULL


async def test_a_file_is_promised_only_with_room_for_it(
    archive: ClipArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage(2 * RESERVED_BYTES, RESERVED_BYTES, RESERVED_BYTES + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    async with archive.workspace("sighting") as workspace:
        path = await workspace.reserve("clip_cut.mp4", 1000)
        assert (path, path.stat().st_size, mode(path)) == (
            workspace.path / "clip_cut.mp4",
            0,
            0o600,
        )
        with pytest.raises(StorageError) as caught:
            await workspace.reserve("clip_cut.mp4", 1001)
        assert caught.value.detail is FallbackDetail.DISK_FULL


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        (errno.ENOSPC, FallbackDetail.DISK_FULL),
        (errno.EDQUOT, FallbackDetail.DISK_FULL),
        (errno.EIO, FallbackDetail.STORAGE_ERROR),
        (errno.EROFS, FallbackDetail.STORAGE_ERROR),
    ],
)
async def test_a_full_disk_is_told_from_a_broken_one(
    archive: ClipArchive, monkeypatch: pytest.MonkeyPatch, number: int, detail: FallbackDetail
) -> None:
    def broken(_path: Path) -> Usage:
        raise OSError(number, os.strerror(number))

    async with archive.workspace("sighting") as workspace:
        monkeypatch.setattr(shutil, "disk_usage", broken)
        with pytest.raises(StorageError) as caught:
            await workspace.receive("clip.mp4", stream([b"clip"]), limit=LIMIT)
        assert caught.value.detail is detail
        assert inside(workspace.path) == []


async def test_a_folder_that_has_vanished_takes_no_clip(archive: ClipArchive) -> None:
    async with archive.workspace("sighting") as workspace:
        workspace.path.rmdir()
        with pytest.raises(StorageError) as caught:
            await workspace.receive("clip.mp4", stream([b"clip"]), limit=LIMIT)
        assert caught.value.detail is FallbackDetail.STORAGE_ERROR


async def test_a_clip_whose_place_is_taken_is_a_storage_error(archive: ClipArchive) -> None:
    async with archive.workspace("sighting") as workspace:
        (workspace.path / "clip.mp4").mkdir()
        with pytest.raises(StorageError) as caught:
            await workspace.receive("clip.mp4", stream([b"clip"]), limit=LIMIT)
        assert caught.value.detail is FallbackDetail.STORAGE_ERROR


async def test_a_media_folder_that_is_a_file_takes_nothing(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.write_text("no folder")
    archive = ClipArchive(media)

    with pytest.raises(StorageError) as caught:
        await archive.sweep()
    assert caught.value.detail is FallbackDetail.STORAGE_ERROR
    with pytest.raises(StorageError):
        await archive.workspace("sighting").__aenter__()


async def test_a_failure_inside_is_not_hidden_and_the_folder_goes(
    archive: ClipArchive, root: Path
) -> None:
    async def work() -> None:
        async with archive.workspace("sighting") as workspace:
            await workspace.write("frame.jpg", b"jpeg")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert inside(root) == []


async def test_a_folder_that_is_gone_already_is_fine(
    archive: ClipArchive, caplog: pytest.LogCaptureFixture
) -> None:
    async with archive.workspace("sighting") as workspace:
        workspace.path.rmdir()
    ours = [each for each in caplog.records if each.name.startswith("custom_components")]
    assert not [record for record in ours if record.levelno >= logging.WARNING]


async def test_what_cannot_be_removed_is_said_and_taken_by_the_next_sweep(
    archive: ClipArchive,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stuck(path: Path) -> None:
        raise PermissionError(errno.EACCES, "not yours", str(path))

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "rmtree", stuck)
        async with archive.workspace("8d3f") as workspace:
            await workspace.write("frame.jpg", b"jpeg")
        assert "Sighting 8d3f: its clip could not be removed" in caplog.text

        assert await archive.sweep() == 0
        assert f"{workspace.path} was left behind and cannot be removed" in caplog.text

    assert await archive.sweep() == 1
    assert inside(root) == []


async def test_a_sweep_takes_what_nobody_uses_and_nothing_else(
    archive: ClipArchive, root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "holiday"
    elsewhere.mkdir()
    (elsewhere / "sun.mp4").write_bytes(b"sun")
    async with archive.workspace("sighting") as workspace:
        await workspace.write("frame.jpg", b"jpeg")
        (root / "orphan").mkdir()
        (root / "orphan" / "clip.mp4").write_bytes(b"clip")
        (root / "stray.part").write_bytes(b"half")
        (root / "link").symlink_to(elsewhere)

        # As another console's start does, with an archive of its own.
        assert await ClipArchive(tmp_path).sweep() == 3

        assert inside(root) == [workspace.path]
        assert (workspace.path / "frame.jpg").exists()
    assert (elsewhere / "sun.mp4").exists()
    assert archive_module._in_use == set()


async def test_the_first_sweep_makes_the_folder_private(archive: ClipArchive, root: Path) -> None:
    await archive.sweep()
    os.chmod(root, 0o740)  # noqa: PTH101 - one call, on a path that a thread is not worth
    assert await archive.sweep() == 0
    assert mode(root) == 0o700


async def test_a_share_that_knows_no_modes_can_be_used(
    archive: ClipArchive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(errno.EPERM, "not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    assert await archive.sweep() == 0
    assert inside(root) == []


async def test_a_trial_that_cannot_be_removed_is_not_said_to_be_a_sightings_clip(
    archive: ClipArchive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stuck(path: Path) -> None:
        raise PermissionError(errno.EACCES, "not yours", str(path))

    monkeypatch.setattr(shutil, "rmtree", stuck)
    await archive.try_out()

    assert "A file that tried the media folder could not be removed" in caplog.text
    assert "Sighting" not in caplog.text
