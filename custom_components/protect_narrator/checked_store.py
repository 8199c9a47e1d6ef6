"""Home Assistant's storage, asked whether a file is its own, and what was written is on disk."""

from collections.abc import Mapping, Sequence
from typing import Any, override

from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from homeassistant.util.json import SerializationError, load_json


class NotWrittenError(Exception):
    """The content is not on disk."""


class NoStorageFileError(Exception):
    """The file is JSON, but Home Assistant's storage never wrote it."""


class CheckedStore[T: Mapping[str, Any] | Sequence[Any]](Store[T]):
    """A file of Home Assistant's, whose writing may fail before somebody's eyes.

    ``async_save`` logs what has failed and returns.
    """

    _failure: Exception | None = None
    _is_written = False

    async def async_get(self) -> T | None:
        """Return what ``async_load`` does, and raise what it raises; also NoStorageFileError.

        Home Assistant looks into the outer values without asking what they are. Of what fails
        in the same ways although they are sound it is a bug, and goes on its way.
        """
        try:
            return await self.async_load()
        except (AttributeError, KeyError, NotImplementedError, TypeError) as err:
            if await self.hass.async_add_executor_job(_is_sound, self.path):
                raise
            raise NoStorageFileError(type(err).__name__) from err

    async def async_put(self, content: T) -> bool:
        """Write; return whether it is on disk. Raises NotWrittenError.

        While Home Assistant stops it is not: then all that is stored is written at its very end.
        """
        self._failure, self._is_written = None, False
        try:
            await self.async_save(content)
        except OSError as err:
            # Of the folder, which has to be made first.
            raise NotWrittenError(str(err)) from err
        if self._failure is not None:
            raise NotWrittenError(str(self._failure)) from self._failure
        return self._is_written

    @override
    async def _async_write_data(self, data: dict[str, Any]) -> None:
        """Write, and remember how that went."""
        try:
            await super()._async_write_data(data)
        except (SerializationError, WriteError) as err:
            self._failure = err
            raise
        self._failure, self._is_written = None, True


def _is_sound(path: str) -> bool:
    """Say whether the outer values of that file are what they should be."""
    outer = load_json(path)
    version = outer.get("version") if isinstance(outer, dict) else None
    return (
        isinstance(outer, dict)
        and isinstance(version, int)
        and not isinstance(version, bool)
        and version >= 1  # of an earlier one Home Assistant wants to know what it was
        and isinstance(outer.get("minor_version", 1), int)
        and "data" in outer
    )
