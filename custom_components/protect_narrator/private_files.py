"""Directories and files that nobody but Home Assistant's own user may open; all of it blocks."""

from collections.abc import Callable
from contextlib import ExitStack
import errno
import os
from pathlib import Path
from stat import S_IMODE

FOLDER_MODE = 0o700
FILE_MODE = 0o600

# What a share answers that knows no modes, or belongs to another user.
_NO_MODES = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS}


def make_private_folder(path: Path) -> None:
    """Make the directory, or take one that is there back from others. Raises OSError.

    Its parent has to exist: ``Path.mkdir`` makes parents that everybody may open.
    """
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    _take_back(path.stat(), FOLDER_MODE, path.chmod)


def make_private_file(path: Path) -> int:
    """Open a new file, or an emptied old one, for writing; return its descriptor. OSError."""
    return _opened(path, os.O_TRUNC)


def make_new_private_file(path: Path) -> int:
    """Open a file for writing that was not there; return its descriptor.

    Raises OSError: FileExistsError where anything has its name, be it a link that leads nowhere.
    """
    return _opened(path, os.O_EXCL)


def touch_private_file(path: Path) -> None:
    """Make an empty file, or take one that is there back from others. Raises OSError."""
    path.touch(mode=FILE_MODE)
    _take_back(path.stat(), FILE_MODE, path.chmod)


def _opened(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, FILE_MODE)
    with ExitStack() as undoing:
        undoing.callback(os.close, descriptor)
        _take_back(os.fstat(descriptor), FILE_MODE, lambda mode: os.fchmod(descriptor, mode))
        undoing.pop_all()  # it is the caller's now
    return descriptor


def _take_back(found: os.stat_result, mode: int, change: Callable[[int], None]) -> None:
    """Set the mode, which a umask may have lessened too, where there are modes."""
    if S_IMODE(found.st_mode) == mode:
        return
    try:
        change(mode)
    except OSError as err:
        if err.errno not in _NO_MODES:
            raise
