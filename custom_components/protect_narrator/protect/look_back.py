"""The console's own list of events, for what the websockets did not tell."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging

from uiprotect import ProtectApiClient

from .causes import EXPECTED
from .events import EVENT_TYPES, EventFrame, frame_from_rest

_LOGGER = logging.getLogger(__name__)

# How far the first look goes back: a restart of Home Assistant takes minutes.
_FIRST = timedelta(minutes=15)

# A look begins this much before the last one, and before the longest event that may have been
# open then: an event may be listed by its start, and late.
_OVERLAP = timedelta(minutes=2)

# A console's clock may be ahead of ours.
_AHEAD = timedelta(days=1)

# One page of the list, and how many of them one look reads: 2,000 events.
_PAGE = 100
_MOST_PAGES = 20

# For one page: a few hundred kilobytes, made from the console's database.
_PAGE_LIMIT_S = 30.0


class LookBack:
    """Reads what has happened since the last look."""

    def __init__(
        self,
        client: ProtectApiClient,
        *,
        not_before: datetime,
        longest_open: timedelta,
        observe: Callable[[EventFrame], None],
    ) -> None:
        """Tell ``observe`` of every event, known or not, that may have ended since."""
        self._client = client
        self._margin = _OVERLAP + longest_open
        self._not_before = not_before
        self._observe = observe
        self._looked_at: datetime | None = None
        self._failed = False

    async def look(self) -> bool:
        """Compare with the console's list; say whether it could be read.

        What could not be read will be at the next look.
        """
        now = datetime.now(UTC)
        start = max((self._looked_at or now - _FIRST), self._not_before) - self._margin
        try:
            await self._read(start, now)
        except EXPECTED as err:
            if not self._failed:
                _LOGGER.warning("The console's list of events cannot be read: %s", err)
            self._failed = True
            return False
        if self._failed:
            _LOGGER.info("The console's list of events can be read again")
        self._failed = False
        self._looked_at = now
        return True

    async def _read(self, start: datetime, now: datetime) -> None:
        for page in range(_MOST_PAGES):
            items = await self._page(start, now + _AHEAD, page * _PAGE)
            for item in items:
                frame = frame_from_rest(item)
                # An event that began before and has no end will be listed again when it has
                # one; many never get one, and would be told anew after each restart.
                if frame is not None and (frame.end is not None or frame.start >= start):
                    self._observe(frame)
            if len(items) < _PAGE:
                return
        _LOGGER.warning(
            "More than %d events since %s; the latest of them were not looked at",
            _MOST_PAGES * _PAGE,
            start,
        )

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
