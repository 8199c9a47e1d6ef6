"""The files of kept pictures: which of them are ours, and how they come and go. All of it blocks.

``<root>/<MAC address>/<sighting id>.jpg`` is one, its modification time when the Detection began.
Nothing else in there is ours: it is neither read nor removed, and no link is followed.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
import errno
import os
from pathlib import Path
import re
import secrets
import shutil
from stat import S_ISREG

from .archive import RESERVED_BYTES
from .pipeline.keeping import MOST_BYTES, small
from .private_files import make_new_private_file, make_private_folder

_ID = re.compile(r"[0-9a-f]{32}")
_CAMERA = re.compile(r"[0-9a-f]{12}")
_PICTURE = re.compile(r"([0-9a-f]{32})\.jpg")
_PART = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{16}\.part")

# As Home Assistant has named config entries: by ULID, and before that by UUID.
_ENTRY = re.compile(r"[0-9A-Za-z]{26}|[0-9a-f]{32}")

# So much may a console's clock be ahead, and a picture stay longer: when ours has just been set,
# the last ones are by the console's clock still to come.
_AHEAD_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of one picture without looking at the disk."""

    folder: str
    """Of its camera: the MAC address, twelve lower-case hex digits."""

    size: int
    taken: float
    """When its Detection began by the console's clock, in seconds since the epoch."""

    came: float
    """When it was written by our clock, in seconds since the epoch."""

    def begun(self, now: float) -> float:
        """Return from when on its age is counted, in seconds since the epoch.

        That is the Detection's time, which a restart and a backup leave as it is. Where it is far
        ahead, either our clock is behind, and will be set, or the console's is ahead: then it is
        when the picture came, or it would stay until that time is there.
        """
        return self.taken if self.taken <= now + _AHEAD_S else self.came


def is_sighting_id(text: str) -> bool:
    """Say whether it can be the id of a Sighting."""
    return _ID.fullmatch(text) is not None


def is_folder_name(text: str) -> bool:
    """Say whether it can be the folder of a camera."""
    return _CAMERA.fullmatch(text) is not None


def picture_in(root: Path, folder: str, sighting_id: str) -> Path:
    """Return where that picture is, if it is; both names were checked before."""
    return root / folder / f"{sighting_id}.jpg"


def listed(root: Path) -> dict[str, Kept]:
    """Return the pictures there are, by their Sighting's id; remove what a sudden end left.

    That are parts, and pictures without a byte, which a power cut makes. Raises OSError.
    """
    found: dict[str, Kept] = {}
    for folder in _folders(root):
        with os.scandir(folder) as entries:
            files = [each for each in entries if each.is_file(follow_symlinks=False)]
        for file in files:
            name = _PICTURE.fullmatch(file.name)
            state = file.stat(follow_symlinks=False)
            if name is not None and state.st_size and name[1] not in found:
                found[name[1]] = Kept(
                    folder.name, state.st_size, taken=state.st_mtime, came=state.st_ctime
                )
            elif name is not None or _PART.fullmatch(file.name):
                with suppress(FileNotFoundError):
                    os.unlink(file.path)  # noqa: PTH108 - as scandir named it
    return found


def keep(root: Path, folder: str, sighting_id: str, picture: bytes, taken: float) -> int:
    """Make the picture small and write it, in place of an earlier one; return its bytes.

    Raises MediaError, and OSError, also where it would fill the disk; nothing is left then.
    """
    jpeg = small(picture)
    for directory in (root.parent.parent, root.parent, root, root / folder):
        _require_no_link(directory)
        make_private_folder(directory)
    part = root / folder / f"{sighting_id}.{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(make_new_private_file(part), "wb") as file:
            _require_room(file.fileno(), len(jpeg))
            file.write(jpeg)
            file.flush()
            # Its event says that it is there, and will still say so after a power cut.
            os.fsync(file.fileno())
        os.utime(part, (taken, taken))
        part.replace(picture_in(root, folder, sighting_id))
    finally:
        # Not there any more unless something went wrong.
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return len(jpeg)


def read(root: Path, folder: str, sighting_id: str) -> bytes:
    """Return the JPEG. Raises OSError, of which FileNotFoundError where there is none of ours."""
    for directory in (root, root / folder):
        _require_no_link(directory)
    path = picture_in(root, folder, sighting_id)
    try:
        # Of what is no file of ours opening one must not wait, as it would for a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as err:
        if err.errno == errno.ELOOP:
            raise FileNotFoundError(errno.ENOENT, "a link") from err
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileNotFoundError(errno.ENOENT, "no file")
        data = file.read(MOST_BYTES + 1)
    if not data or len(data) > MOST_BYTES:
        raise FileNotFoundError(errno.ENOENT, "no picture of ours")
    return data


def removed(root: Path, pictures: Iterable[tuple[str, Kept]]) -> list[str]:
    """Remove these; return the ids of those that are not there any more, as far as that went."""
    gone: list[str] = []
    folders: set[str] = set()
    with suppress(OSError):
        for sighting_id, kept in pictures:
            remove(root, kept.folder, sighting_id)
            gone.append(sighting_id)
            folders.add(kept.folder)
    for folder in folders:
        _remove_if_empty(root / folder)
    return gone


def remove(root: Path, folder: str, sighting_id: str) -> None:
    """Remove the picture if it is there. Raises OSError."""
    try:
        for directory in (root, root / folder):
            _require_no_link(directory)
        path = picture_in(root, folder, sighting_id)
        if S_ISREG(path.lstat().st_mode):
            path.unlink()
    except FileNotFoundError, NotADirectoryError:
        return


def remove_tree(root: Path) -> None:
    """Remove every picture there is, and the folders unless they hold something else. OSError."""
    for sighting_id, kept in listed(root).items():
        remove(root, kept.folder, sighting_id)
    for folder in _folders(root):
        _remove_if_empty(folder)
    for directory in (root, root.parent, root.parent.parent):
        _remove_if_empty(directory)


def remove_strangers(home: Path, entry_ids: Collection[str]) -> None:
    """Remove the pictures of config entries that are none of these. Raises OSError."""
    if _is_directory(home):
        for root in list(home.iterdir()):
            if _ENTRY.fullmatch(root.name) and root.name not in entry_ids and _is_directory(root):
                remove_tree(root)


def _folders(root: Path) -> Iterator[Path]:
    """Yield the folders of cameras; none where there is nothing yet. Raises OSError."""
    for directory in (root.parent.parent, root.parent, root):
        _require_no_link(directory)
    if not root.exists():
        return
    for folder in list(root.iterdir()):
        if _CAMERA.fullmatch(folder.name) and _is_directory(folder):
            yield folder


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _require_no_link(directory: Path) -> None:
    """Raise OSError where a link would lead out of what is ours, or a file is in the way."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise NotADirectoryError(errno.ENOTDIR, "a folder of ours is a link or a file")


def _remove_if_empty(directory: Path) -> None:
    # It holds something, or a link is there, or nothing.
    with suppress(OSError):
        directory.rmdir()


def _require_room(descriptor: int, size: int) -> None:
    """Raise OSError when less would stay free than Home Assistant's database may need."""
    if shutil.disk_usage(descriptor).free - size < RESERVED_BYTES:
        raise OSError(errno.ENOSPC, "less than 256 MB would stay free")
