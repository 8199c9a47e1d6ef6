"""The media folder's edge: which Detection a file belongs to, and a disk that is full for some."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from custom_components.protect_narrator.archive import ClipArchive, FolderWorkspace


class Disk:
    """Knows each folder that is in use, and answers that there is no room in some."""

    def __init__(self, number_of: Callable[[str], int], is_full: Callable[[int], bool]) -> None:
        """Find a Detection's number by its ``sighting_id``, and whether its disk is full."""
        self._number_of = number_of
        self._is_full = is_full
        self._numbers: dict[str, int] = {}

    def number_of(self, path: Path) -> int:
        """Return which Detection the file was made for."""
        return self._numbers[path.parent.name]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Stand between the archive and the disk while the context lasts."""
        workspace, usage = ClipArchive.workspace, shutil.disk_usage
        disk = self

        @asynccontextmanager
        async def watched(archive: ClipArchive, sighting_id: str) -> AsyncIterator[FolderWorkspace]:
            async with workspace(archive, sighting_id) as made:
                disk._numbers[made.path.name] = disk._number_of(sighting_id)
                try:
                    yield made
                finally:
                    del disk._numbers[made.path.name]

        def answered(path: Any) -> Any:
            told = usage(path)
            if isinstance(path, int) and disk._has_no_room(path):
                return told._replace(free=0)
            return told

        with (
            patch.object(ClipArchive, "workspace", watched),
            patch.object(shutil, "disk_usage", answered),
        ):
            yield

    def _has_no_room(self, descriptor: int) -> bool:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        number = self._numbers.get(file.parent.name)
        return number is not None and self._is_full(number)
