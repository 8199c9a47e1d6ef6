"""Which cameras a console has: as it said at the log-in, says now, and has listed since.

The websocket tells of changes only while it is open, and on some releases of Protect 7 it is
open and silent, so the list is read again with each look back.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from uiprotect import ProtectApiClient
from uiprotect.data import Camera

from .access import CameraInfo
from .bootstrap import camera_from_rest, distinct, is_connected, read_camera
from .causes import EXPECTED, Trouble
from .ids import plain_id
from .zones import Zones, zones_from_rest

# For a list of about 7 KiB a camera, made by a console that is busy.
_READ_LIMIT_S = 30.0

# Events name cameras of other kinds and of long ago; more of them than any home has had.
_MOST_ASKED = 100


class CameraList:
    """The cameras of one console, by Protect's id."""

    def __init__(
        self, client: ProtectApiClient, changed: Callable[[tuple[CameraInfo, ...]], None]
    ) -> None:
        """Start with none; ``changed`` is told all of them when one came, went or was renamed."""
        self._client = client
        self._changed = changed
        self._known: dict[str, CameraInfo] = {}
        self._zones: dict[str, Zones] = {}
        self._asked: set[str] = set()
        self._connected: int | None = None
        self._trouble = Trouble("list of cameras")

    @property
    def known(self) -> tuple[CameraInfo, ...]:
        """The cameras as they were told last."""
        return tuple(self._known.values())

    @property
    def connected(self) -> int | None:
        """How many the console could see when the list was read last; None before it was."""
        return self._connected

    def begin(self, cameras: Iterable[CameraInfo]) -> None:
        """Take what was read at the log-in; nobody is told."""
        self._known = {camera.id: camera for camera in cameras}

    def zones_of(self, camera_id: str) -> Zones:
        """Return what its areas were called when the list was read last."""
        return self._zones.get(camera_id, {})

    def is_worth_asking(self, camera_id: str) -> bool:
        """Say, once for each id, that it is not known: a camera may have come unseen."""
        if camera_id in self._known or camera_id in self._asked:
            return False
        if len(self._asked) >= _MOST_ASKED:
            return False
        self._asked.add(camera_id)
        return True

    def take_in(self, camera: Camera) -> None:
        """Learn that a camera came or was renamed."""
        if camera.is_adopted and (known := read_camera(camera)) is not None:
            self._become(self._known | {known.id: known})

    def drop(self, camera: Camera) -> None:
        """Learn that a camera went."""
        self._become({key: known for key, known in self._known.items() if key != camera.id})

    async def read(self) -> bool:
        """Ask the console for its list; say whether it could be read.

        A list that was overtaken by what the websocket told is not taken.
        """
        before = self._known
        try:
            async with asyncio.timeout(_READ_LIMIT_S):
                listed = await self._client.api_request_list("cameras")
        except EXPECTED as err:
            self._trouble.came(err)
            return False
        self._trouble.passed()
        now = {camera.id: camera for camera in distinct(map(camera_from_rest, listed))}
        self._zones = {
            item["id"]: zones_from_rest(item)
            for item in listed
            if isinstance(item, Mapping) and plain_id(item.get("id")) in now
        }
        self._connected = sum(is_connected(item) for item in listed)
        if self._known is not before:
            return False
        # A console that is starting may list none; that the last one went, the websocket tells.
        if now:
            self._become(now)
        return True

    def _become(self, cameras: dict[str, CameraInfo]) -> None:
        if cameras == self._known:
            return
        self._known = cameras
        self._asked -= cameras.keys()
        self._changed(self.known)
