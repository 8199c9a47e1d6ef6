"""What we write is for Home Assistant's own user, whatever the machine makes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path
import tempfile

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.archive import ClipArchive
from custom_components.protect_narrator.console_access import look_up_cameras, token_folder
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.ledger_file import LedgerFile
from custom_components.protect_narrator.pipeline.errors import StorageError
from custom_components.protect_narrator.private_files import (
    make_new_private_file,
    make_private_file,
    make_private_folder,
    touch_private_file,
)
from simulator.console import Console

from .flows import log_in

NOBODY = 65534

# The usual one, one of a careless machine, one that takes rights from the owner too.
UMASKS = (0o022, 0o000, 0o077, 0o277)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(params=["root", "user"])
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory of the user who runs: of root, and of somebody who may do less."""
    # Not below pytest's own directory, which only the user who runs the tests may enter.
    with tempfile.TemporaryDirectory() as name:
        if request.param == "root":
            yield Path(name)
            return
        if os.geteuid() != 0:
            pytest.skip("the other run is the one of a user")
        os.chown(name, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("mask", UMASKS)
def test_what_is_made_is_private_whatever_the_umask(folder: Path, mask: int) -> None:
    with umask(mask):
        make_private_folder(folder / "new")
        touch_private_file(folder / "new" / "empty")
        os.close(make_private_file(folder / "new" / "file"))
        os.close(make_new_private_file(folder / "new" / "newer"))
    assert mode(folder / "new") == 0o700
    assert mode(folder / "new" / "newer") == 0o600
    assert mode(folder / "new" / "empty") == 0o600
    assert mode(folder / "new" / "file") == 0o600


def test_what_everybody_could_read_is_taken_back(folder: Path) -> None:
    (folder / "old").mkdir(mode=0o755)
    for name in ("one", "other"):
        (folder / "old" / name).write_text("a token")
        (folder / "old" / name).chmod(0o666)
    make_private_folder(folder / "old")
    touch_private_file(folder / "old" / "one")
    os.close(make_private_file(folder / "old" / "other"))
    assert mode(folder / "old") == 0o700
    assert (mode(folder / "old" / "one"), mode(folder / "old" / "other")) == (0o600, 0o600)
    assert (folder / "old" / "one").read_text() == "a token"
    assert (folder / "old" / "other").read_text() == ""


def test_what_has_to_be_new_is_never_written_through_a_link(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("kept")
    (folder / "link").symlink_to(secret)
    (folder / "nowhere").symlink_to(folder / "not there")
    for name in ("secret", "link", "nowhere"):
        with pytest.raises(FileExistsError):
            make_new_private_file(folder / name)
    assert secret.read_text() == "kept"


def test_what_belongs_to_somebody_else_is_used_as_it_is(folder: Path) -> None:
    if os.geteuid() != NOBODY:
        pytest.skip("all is root's")
    os.seteuid(0)
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o777)
    os.seteuid(NOBODY)
    make_private_folder(folder / "shared")
    touch_private_file(folder / "shared" / "file")
    assert mode(folder / "shared") == 0o777
    assert mode(folder / "shared" / "file") == 0o600


@pytest.mark.parametrize("code", [errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS])
async def test_a_share_that_knows_no_modes_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "no modes here")

    monkeypatch.setattr(Path, "chmod", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    with umask(0o277):
        async with ClipArchive(tmp_path).workspace("sighting") as workspace:
            assert (await workspace.write("frame.jpg", b"jpeg")).stat().st_size == 4


async def test_a_disk_that_fails_at_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Path, "chmod", fail)
    (tmp_path / "protect_narrator").mkdir(mode=0o755)
    with pytest.raises(StorageError, match="broken"):
        await ClipArchive(tmp_path).sweep()


@pytest.mark.parametrize("mask", UMASKS)
async def test_all_the_way_to_a_clip_only_we_may_enter(folder: Path, mask: int) -> None:
    archive = ClipArchive(folder / "media")
    # Of an earlier version, which let others in.
    if mask == UMASKS[0]:
        (folder / "media" / "protect_narrator" / ".clips").mkdir(parents=True)

    with umask(mask & 0o077):
        await archive.sweep()
    with umask(mask):
        async with archive.workspace("sighting") as workspace:
            await workspace.write("frame.jpg", b"jpeg")
            await workspace.reserve("cut.mp4", 10)
            ours = folder / "media" / "protect_narrator"
            found = [ours, *ours.rglob("*")]
            assert len(found) == 5
            for path in found:
                assert mode(path) == (0o700 if path.is_dir() else 0o600), path


async def test_the_log_in_token_is_private_to_its_folders(
    hass: HomeAssistant, console: Console
) -> None:
    with umask(0o000):
        await look_up_cameras(hass, log_in(console))
    token_root = token_folder(hass)
    (token,) = (path for path in token_root.rglob("*") if path.is_file())
    assert b"sessions" in token.read_bytes()
    assert mode(token) == 0o600
    assert (mode(token.parent), mode(token_root)) == (0o700, 0o700)


async def test_a_token_of_an_earlier_version_is_taken_back(
    hass: HomeAssistant, console: Console
) -> None:
    await look_up_cameras(hass, log_in(console))
    (token,) = (path for path in token_folder(hass).rglob("*") if path.is_file())
    token.chmod(0o644)
    token.parent.chmod(0o755)
    token_folder(hass).chmod(0o755)

    await look_up_cameras(hass, log_in(console))

    assert (mode(token), mode(token.parent), mode(token_folder(hass))) == (0o600, 0o700, 0o700)
    assert len(console.requests_to("/api/auth/login")) == 1, "it is still good"


async def test_the_ledger_is_private(hass: HomeAssistant) -> None:
    store = LedgerFile(hass, "an_entry")._store
    with umask(0o000):
        # As Home Assistant writes it, which tests keep it from.
        await hass.async_add_executor_job(store._write_prepared_data, "w", "{}")
    path = Path(hass.config.path(".storage", f"{DOMAIN}.an_entry"))
    assert mode(path) == 0o600
