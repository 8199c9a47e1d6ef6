"""The console's own lists of cameras and events, for what the websockets did not tell."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging

from uiprotect import ProtectApiClient

from .cameras import CameraList
from .causes import EXPECTED, Trouble
from .events import EVENT_TYPES, EventFrame, frame_from_rest

_LOGGER = logging.getLogger(__name__)

# How far the first look goes back: a restart of Home Assistant takes minutes.
_FIRST = timedelta(minutes=15)

# A look begins this much before the last one, and before the longest event that may have been
# open then: an event may be listed by its start, and late.
_OVERLAP = timedelta(minutes=2)

# A console's clock may be ahead of ours.
_AHEAD = timedelta(days=1)

# One page of the list, and how many of them one look reads: 2,000 events. The next look, which
# is soon then, goes on where that ended.
_PAGE = 100
_MOST_PAGES = 20

# For one page: a few hundred kilobytes, made from the console's database.
_PAGE_LIMIT_S = 30.0


class LookBack:
    """Reads what has happened since the last look."""

    def __init__(
        self,
        client: ProtectApiClient,
        cameras: CameraList,
        *,
        not_before: datetime,
        longest_open: timedelta,
        observe: Callable[[EventFrame], None],
    ) -> None:
        """Tell ``observe`` of every event, known or not, that may have ended since."""
        self._client = client
        self._cameras = cameras
        self._margin = _OVERLAP + longest_open
        self._not_before = not_before
        self._observe = observe
        self._looked_at: datetime | None = None
        self._goes_on_from: datetime | None = None
        self._trouble = Trouble("list of events")

    async def look(self) -> bool:
        """Compare with the console's lists; say whether all of them was read.

        What was not read will be at the next look. The cameras come first, so that an event of
        one that is new is not passed over.
        """
        cameras_were_read = await self._cameras.read()
        now = datetime.now(UTC)
        start = self._goes_on_from or self._usual_start(now)
        try:
            reached = await self._read(start, now)
        except EXPECTED as err:
            self._trouble.came(err)
            return False
        self._trouble.passed()
        if reached is not None:
            self._goes_on_from = reached
            return False
        if cameras_were_read:
            self._looked_at, self._goes_on_from = now, None
        return cameras_were_read

    def _usual_start(self, now: datetime) -> datetime:
        known = max((self._looked_at or now - _FIRST), self._not_before)
        # A clock that was put back must not keep what happens now from being looked at.
        return min(known, now) - self._margin

    async def _read(self, start: datetime, now: datetime) -> datetime | None:
        """Tell of what is listed; return where to go on, None when nothing is left."""
        reached = start
        for page in range(_MOST_PAGES):
            items = await self._page(start, now + _AHEAD, page * _PAGE)
            for item in items:
                frame = frame_from_rest(item, self._cameras.zones_of)
                if frame is None:
                    continue
                reached = frame.start
                # An event that began before and has no end will be listed again when it has
                # one; many never get one, and would be told anew after each restart.
                if frame.end is not None or frame.start >= start:
                    self._observe(frame)
            if len(items) < _PAGE:
                return None
        return self._go_on(start, min(reached, now))

    def _go_on(self, start: datetime, reached: datetime) -> datetime | None:
        """Return where the next look begins; never where this one did."""
        if reached > start:
            _LOGGER.info("More than %d events since %s; going on", _PAGE * _MOST_PAGES, start)
            return reached
        _LOGGER.warning(
            "More than %d events at %s; the latest of them were not looked at",
            _PAGE * _MOST_PAGES,
            start,
        )
        return None

    async def _page(self, start: datetime, end: datetime, offset: int) -> list[object]:
        # Types are always given: without them consoles ignore the times (uiprotect's api.py).
        # Not by get_events_raw, whose enumeration lacks types in some versions.
        async with asyncio.timeout(_PAGE_LIMIT_S):
            return list(
                await self._client.api_request_list(
                    "events",
                    params={
                        "start": int(start.timestamp() * 1000),
                        "end": int(end.timestamp() * 1000),
                        "types": list(EVENT_TYPES),
                        "limit": _PAGE,
                        "offset": offset,
                        "orderDirection": "ASC",
                    },
                )
            )
