"""The console's own lists of cameras and events, for what the websockets did not tell."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import logging

from uiprotect import ProtectApiClient

from .cameras import CameraList
from .causes import EXPECTED, Trouble
from .events import EVENT_TYPES, EventFrame, frame_from_rest

_LOGGER = logging.getLogger(__name__)

# What was seen while nobody listened: a night's power cut, and no more than a night to describe.
CATCH_UP = timedelta(hours=6)

# A look begins this much before the last one, and before the longest event that may have been
# open then: an event may be listed by its start, and late.
_OVERLAP = timedelta(minutes=2)

# A console's clock may be ahead of ours.
_AHEAD = timedelta(days=1)

# One page of the list, and how many of them are read of one stretch at a look: 2,000 events. The
# next look, which is soon then, goes on where that ended.
_PAGE = 100
_MOST_PAGES = 20

# For one page: a few hundred kilobytes, made from the console's database.
_PAGE_LIMIT_S = 30.0

# Before everybody else has his turn: beside a thousand that are open each takes half a millisecond.
_TOLD_AT_ONCE = 20

# The list is in the order of the starts. One that is not may hide something where a look had to
# stop, so all is read again, but no more often than so.
_MOST_AGAIN = 2

# The year 9999; what is beyond is no time.
_NO_TIME_MS = 253_370_764_800_000

# Times of the list are whole milliseconds.
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is to be read: from when to when."""

    start: datetime
    end: datetime
    floor: datetime
    """What ended before is not told."""

    def holds(self, frame: EventFrame) -> bool:
        """Say whether the event is to be told.

        One that began before and has no end will be listed again when it has one; many never
        get one, and would be told anew after each restart.
        """
        return frame.start >= self.start if frame.end is None else frame.end >= self.floor


class LookBack:
    """Reads what has happened since the last look, the newest first."""

    def __init__(  # noqa: PLR0913 - all but the first two by name
        self,
        client: ProtectApiClient,
        cameras: CameraList,
        *,
        not_before: datetime,
        longest_open: timedelta,
        catch_up: timedelta,
        reconcile_every: timedelta,
        looked_at: datetime | None,
        observe: Callable[[EventFrame], None],
        on_looked: Callable[[datetime], None],
    ) -> None:
        """Tell ``observe`` of every event, known or not, that may have ended since ``looked_at``.

        That is when the last complete look of an earlier life was made; None where nobody knows.
        ``on_looked`` learns when one of this life was. What ended more than ``catch_up`` before
        now, or before this was made, is not told; nor is what ended before ``not_before``.
        """
        self._client = client
        self._cameras = cameras
        self._margin = _OVERLAP + longest_open
        self._not_before = not_before
        self._catch_up = catch_up
        # What is told by looking alone must not be too old for the look that comes next.
        self._longest = max(catch_up, reconcile_every + self._margin)
        self._looked_at = looked_at
        self._observe = observe
        self._on_looked = on_looked
        self._began = _now()
        # What an earlier look has left, since when that goes on, and what is read without it.
        self._unread: _Stretch | None = None
        self._going_on_since: datetime | None = None
        self._read_until = self._began
        # Whether it was stopped where the order of the list was none, and how often so far.
        self._is_in_disorder = False
        self._disorders = 0
        self._trouble = Trouble("list of events")

    async def look(self) -> bool:
        """Compare with the console's lists; say whether all of them was read.

        What was not read will be at the next look. The cameras come first, so that an event of
        one that is new is not passed over.
        """
        cameras_were_read = await self._cameras.read()
        now = _now()
        try:
            unread = await self._read_new(now)
        except EXPECTED as err:
            self._trouble.came(err)
            return False
        self._trouble.passed()
        if not cameras_were_read:
            return False
        self._read_until, self._unread = now, unread
        self._going_on_since = self._going_on_since or now
        if unread is not None:
            return False
        if self._is_in_disorder and self._disorders < _MOST_AGAIN:
            self._disorders += 1
            self._is_in_disorder, self._going_on_since = False, None
            return False
        if self._is_in_disorder:
            _LOGGER.warning("The list of events is in no order; some may not have been looked at")
        self._is_in_disorder, self._disorders = False, 0
        # What was listed late meanwhile is still to be found.
        self._looked_at, self._going_on_since = self._going_on_since, None
        self._on_looked(self._looked_at)
        return True

    async def _read_new(self, now: datetime) -> _Stretch | None:
        """Read the newest, then what an earlier look has left; return what is left now."""
        since_last = self._since_last(now)
        if self._unread is None:
            return await self._read(since_last)
        left = await self._read(replace(since_last, start=min(self._read_until, now)))
        if left is not None:
            return replace(self._unread, end=left.end)
        return await self._read(self._unread)

    def _since_last(self, now: datetime) -> _Stretch:
        """Return what nobody has looked at yet."""
        self._began = min(self._began, now)  # our clock was set back since
        # An entry that is of the future was made by a clock that was wrong, too.
        not_before = min(self._not_before, self._began)
        floor = max(self._began - self._catch_up, now - self._longest, not_before)
        last = self._looked_at
        # A look of the future was made by a clock that was wrong, and tells nothing.
        start = floor if last is None or last > now else max(last, floor)
        return _Stretch(start - self._margin, now + _AHEAD, floor)

    async def _read(self, stretch: _Stretch) -> _Stretch | None:
        """Tell of the newest of what is listed; return the rest, None when nothing is left."""
        frames: list[EventFrame] = []
        starts: list[float] = []
        try:
            for page in range(_MOST_PAGES):
                items = await self._page(stretch.start, stretch.end, page * _PAGE)
                read = (frame_from_rest(item, self._cameras.zones_of) for item in items)
                frames += [frame for frame in read if frame is not None]
                starts += [start for item in items if (start := _start_ms(item)) is not None]
                if len(items) < _PAGE:
                    await self._tell(frames, stretch)
                    return None
        except EXPECTED:
            await self._tell(frames, stretch)
            raise
        await self._tell(frames, stretch)
        return self._rest(stretch, starts)

    async def _tell(self, frames: list[EventFrame], stretch: _Stretch) -> None:
        """Tell the oldest first, as it would have been told live: the first names an incident."""
        for count, frame in enumerate(reversed(frames)):
            if count % _TOLD_AT_ONCE == _TOLD_AT_ONCE - 1:
                await asyncio.sleep(0)
            if stretch.holds(frame):
                self._observe(frame)

    def _rest(self, stretch: _Stretch, starts: list[float]) -> _Stretch | None:
        """Return what is older than what was reached, by the starts that were listed."""
        if not starts:
            _LOGGER.warning("%d events since %s say nothing", _PAGE * _MOST_PAGES, stretch.start)
            return stretch  # nobody knows how far it was read
        in_disorder = any(then > before for before, then in pairwise(starts))
        self._is_in_disorder |= in_disorder
        # The newest of the last page: one that began hours before those beside it stands for
        # itself, and what is between is not read yet.
        reached = _moment(max(starts[-_PAGE:]), stretch)
        if reached >= stretch.end and in_disorder:
            # Whatever the order is, this leads out of it.
            reached = _moment(min(starts), stretch)
        if reached < stretch.end:
            _LOGGER.info("More than %d events since %s; going on", _PAGE * _MOST_PAGES, reached)
            return replace(stretch, end=reached)
        _LOGGER.warning(
            "More than %d events at %s; some of them were not looked at",
            _PAGE * _MOST_PAGES,
            reached,
        )
        end = reached - _TICK
        return replace(stretch, end=end) if end >= stretch.start else None

    async def _page(self, start: datetime, end: datetime, offset: int) -> list[object]:
        # Types are always given: without them consoles ignore the times (uiprotect's api.py).
        # Not by get_events_raw, whose enumeration lacks types in some versions.
        async with asyncio.timeout(_PAGE_LIMIT_S):
            return list(
                await self._client.api_request_list(
                    "events",
                    params={
                        "start": int(start.timestamp() * 1000),
                        "end": round(end.timestamp() * 1000),  # one less would pass over some
                        "types": list(EVENT_TYPES),
                        "limit": _PAGE,
                        "offset": offset,
                        "orderDirection": "DESC",
                    },
                )
            )


def _start_ms(item: object) -> float | None:
    """Return when what is listed began, whether it is an event that can be read or not."""
    start = item.get("start") if isinstance(item, dict) else None
    return start if isinstance(start, int | float) and 0 < start < _NO_TIME_MS else None


def _moment(ms: float, stretch: _Stretch) -> datetime:
    """Return that moment as one of the stretch, whatever the console says."""
    first, last = (each.timestamp() * 1000 for each in (stretch.start, stretch.end))
    if ms <= first:
        return stretch.start
    return stretch.end if ms >= last else datetime.fromtimestamp(ms / 1000, UTC)


def _now() -> datetime:
    return datetime.now(UTC)
