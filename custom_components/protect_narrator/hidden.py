"""Sightings that the user wants to see no more; the record itself cannot be changed.

Their ids are kept, so that whoever reads the record leaves them out, until their rows are purged.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, UnsupportedStorageVersionError
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.signal_type import SignalType

from .checked_store import CheckedStore, NoStorageFileError, NotWrittenError
from .const import DOMAIN
from .salvage import UnreadableError, number_in

_LOGGER = logging.getLogger(__name__)

DATA_HIDDEN: HassKey[frozenset[str]] = HassKey(f"{DOMAIN}_hidden")

_DATA_FILE: HassKey[Hidden] = HassKey(f"{DOMAIN}_hidden_file")

SIGNAL_HIDDEN: SignalType[str] = SignalType(f"{DOMAIN}_hidden")
"""Sent with the ``sighting_id`` of what is hidden from now on."""

# Who deletes more in the days that the recorder keeps wants something else; all are compared with
# whatever is read, and some databases count them.
MOST_HIDDEN = 1000

HIDDEN_FILE = f"{DOMAIN}.hidden"
"""Its name in the folder of Home Assistant's storage."""

_VERSION = 1

type _Content = dict[str, dict[str, float]]


class HiddenUnavailableError(Exception):
    """The disk does not tell, or not take, what is hidden."""

    key = "memory_unavailable"
    """Of the text for the user."""


class HiddenDamagedError(HiddenUnavailableError):
    """The file is no storage file, or of a later version: it stays so until somebody mends it.

    To go on without it would show what was deleted.
    """

    key = "deleted_unreadable"


class HiddenFullError(Exception):
    """So many are hidden already that no other one can be."""


@callback
def hidden_ids(hass: HomeAssistant) -> frozenset[str]:
    """Return the ids of what is hidden, for who has to do with an entry that is set up.

    None is before they are read; others ask ``async_hidden_ids``.
    """
    return hass.data.get(DATA_HIDDEN, frozenset())


@callback
def is_hidden_known(hass: HomeAssistant) -> bool:
    """Say whether it was read what is hidden; until then anything may be."""
    return DATA_HIDDEN in hass.data


@callback
def hidden_starts(hass: HomeAssistant) -> dict[str, float]:
    """Return when each of what is hidden began, in seconds since the epoch; 0 is not known."""
    file = hass.data.get(_DATA_FILE)
    starts = file.starts if isinstance(file, Hidden) else {}
    return {each: starts.get(each, 0.0) for each in hidden_ids(hass)}


async def async_hidden_ids(hass: HomeAssistant) -> frozenset[str]:
    """Return the ids of what is hidden, read now where that was not possible before.

    For who may ask while no entry is set up, as when the disk has failed. Raises
    HiddenUnavailableError: then nothing may be shown.
    """
    if DATA_HIDDEN not in hass.data:
        await async_hidden(hass)
    return hidden_ids(hass)


@singleton(_DATA_FILE, async_=True)
async def async_hidden(hass: HomeAssistant) -> Hidden:
    """Return the one of this Home Assistant. Raises HiddenUnavailableError: that may pass."""
    store: CheckedStore[_Content] = CheckedStore(
        hass, _VERSION, HIDDEN_FILE, private=True, atomic_writes=True
    )
    try:
        # What is no JSON is set aside by Home Assistant, which raises a repair issue.
        content = await store.async_get()
    except (NoStorageFileError, UnsupportedStorageVersionError) as err:
        raise HiddenDamagedError(type(err).__name__) from err
    except (HomeAssistantError, OSError) as err:
        raise HiddenUnavailableError(type(err).__name__) from err
    return Hidden(hass, store, _starts(content))


class Hidden:
    """What is hidden, and when each of it began."""

    def __init__(
        self, hass: HomeAssistant, store: CheckedStore[_Content], starts: Mapping[str, float]
    ) -> None:
        """Begin with what was hidden before."""
        self._hass = hass
        self._store = store
        self._turn = asyncio.Lock()
        self._starts = dict(starts)
        hass.data[DATA_HIDDEN] = frozenset(self._starts)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of what is hidden."""
        return frozenset(self._starts)

    @property
    def starts(self) -> Mapping[str, float]:
        """When each began, in seconds since the epoch; 0 is not known."""
        return self._starts

    @property
    def needs_room(self) -> bool:
        """Whether more than half of the most are hidden."""
        return len(self._starts) > MOST_HIDDEN // 2

    def begun_before(self, moment: datetime) -> frozenset[str]:
        """Return the ids of what began before that moment."""
        return frozenset(each for each, start in self._starts.items() if start < moment.timestamp())

    async def async_hide(self, sighting_id: str, start: datetime) -> None:
        """Hide a Sighting that began then; it is on disk when this returns.

        Raises HiddenFullError, and HiddenUnavailableError where the disk does not take it: then
        nothing is hidden.
        """
        async with self._turn:
            if sighting_id in self._starts:
                return
            if len(self._starts) >= MOST_HIDDEN:
                raise HiddenFullError
            await self._put({**self._starts, sighting_id: start.timestamp()})

    async def async_forget(self, sighting_ids: Collection[str]) -> None:
        """Remember those no more, whose rows are gone. Raises HiddenUnavailableError."""
        async with self._turn:
            left = {each: at for each, at in self._starts.items() if each not in sighting_ids}
            if len(left) < len(self._starts):
                await self._put(left)

    async def _put(self, starts: dict[str, float]) -> None:
        try:
            await self._store.async_put({"hidden": starts})
        except NotWrittenError as err:
            raise HiddenUnavailableError(str(err)) from err
        self._starts = starts
        self._hass.data[DATA_HIDDEN] = self.ids


def _starts(content: object) -> dict[str, float]:
    """Return what the file holds, as far as it is what it should be."""
    if content is None:
        return {}
    items = content.get("hidden") if isinstance(content, dict) else None
    if not isinstance(items, dict):
        _LOGGER.error("What Sightings were deleted cannot be read: they are shown again")
        return {}
    # One whose time is lost began long ago: it is kept for as long as it has a row.
    return {each: _seconds(start) for each, start in items.items()}


def _seconds(value: object) -> float:
    try:
        return number_in(value)
    except UnreadableError:
        return 0.0
