"""Reads the Sightings that an assistant asks for, as far back as is reasonable in one answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant

from ..history import MOST_IN_PAGE, SightingQuery, async_counts, async_page, require_recording
from .matching import Wanted

# Some days of a busy home. Ten pages, each a question to the recorder's thread.
MOST_READ = 2_000

# Somebody waits for an answer, and gives up sooner than this.
_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is, newest first."""

    sightings: tuple[Mapping[str, Any], ...]
    """Event data; no more than were asked for."""

    count: int
    """How many there are in all, or among those that were looked at."""

    has_all_words: bool = True
    """False where none has all the words: these have the most of them."""

    looked_back_to: datetime | None = None
    """The start of the oldest that was looked at, where there are older ones; else None."""


async def async_search(
    hass: HomeAssistant, query: SightingQuery, wanted: Wanted, limit: int
) -> Found:
    """Return the newest that are wanted, of those that the query is for.

    Raises HistoryUnavailableError, and of this NotRecordedError where what happens now is not
    remembered, which would make every "no" a guess; TimeoutError where the database is too slow.
    """
    require_recording(hass)
    async with asyncio.timeout(_LIMIT_S):
        if not wanted.kinds and not wanted.words:
            return await _newest(hass, query, limit)
        return await _wanted(hass, query, wanted, limit)


async def _newest(hass: HomeAssistant, query: SightingQuery, limit: int) -> Found:
    page = await async_page(hass, query, limit=limit)
    count = len(page.sightings)
    if page.next is not None:
        days = await async_counts(hass, query)
        count = max(count + 1, sum(day.total for day in days))
    return Found(sightings=page.sightings, count=count)


async def _wanted(hass: HomeAssistant, query: SightingQuery, wanted: Wanted, limit: int) -> Found:
    best: list[Mapping[str, Any]] = []
    most = 1 if wanted.words else 0
    read = count = 0
    cursor: str | None = None
    oldest: Mapping[str, Any] | None = None
    while read < MOST_READ:
        page = await async_page(hass, query, limit=MOST_IN_PAGE, cursor=cursor)
        # Two hundred descriptions take a few hundredths of a second: too long for the event loop.
        scores = await hass.async_add_executor_job(_scores, wanted, page.sightings)
        for data, words in zip(page.sightings, scores, strict=True):
            if words > most:
                best, count, most = [], 0, words
            if words == most:
                count += 1
                if len(best) < limit:
                    best.append(data)
        read += len(page.sightings)
        oldest = page.sightings[-1] if page.sightings else oldest
        if (cursor := page.next) is None:
            break
    is_cut = cursor is not None and oldest is not None
    return Found(
        sightings=tuple(best),
        count=count,
        has_all_words=not best or most == len(wanted.words),
        looked_back_to=datetime.fromisoformat(oldest["start"]) if is_cut and oldest else None,
    )


def _scores(wanted: Wanted, sightings: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return how many of the words each has, -1 where it is of none of the kinds."""
    return [wanted.words_in(data) if wanted.is_of_kind(data) else -1 for data in sightings]
