"""Looks now and then which of the hidden Sightings have no row any more."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import batched
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .hidden import HiddenUnavailableError, async_hidden
from .history import HistoryUnavailableError, async_processed, keep_days
from .history.presence import async_there

_LOGGER = logging.getLogger(__name__)

# The recorder purges at night. A Home Assistant that is restarted every day gets there too, and
# where nothing is old enough nobody is asked.
_EVERY = timedelta(hours=1)

# A row is written in seconds; one that was lost is fired again within the hour, or at the start
# of Home Assistant after however long. Nothing is gained by forgetting one early.
_SETTLED = timedelta(days=1)

# A busy recorder has thousands of events in its queue. Whoever needs room waits for it, and may
# ask again.
_LIMIT_S = 30.0

# A thread of the recorder's that asks a database cannot be stopped: it is let go after so many.
_AT_ONCE = 50


@callback
@singleton(f"{DOMAIN}_forgetting")
def async_forget_hourly(hass: HomeAssistant) -> bool:
    """Begin with it, once for each Home Assistant, until that ends."""

    async def look(_now: datetime) -> None:
        await async_forget_purged(hass)

    async_track_time_interval(
        hass, look, _EVERY, name=f"{DOMAIN} hidden Sightings", cancel_on_shutdown=True
    )
    return True


async def async_forget_purged(hass: HomeAssistant) -> None:
    """Forget what was hidden and is no longer stored; where nobody can tell, all of it is kept.

    What may still be there by the days that the recorder keeps is not even looked for, unless
    there is little room: whoever needs some is told to purge earlier himself. What was just
    told may have begun long ago: its row is waited for.
    """
    try:
        hidden = await async_hidden(hass)
        kept = timedelta(days=0 if hidden.needs_room else keep_days(hass) or 0)
        old = hidden.begun_before(dt_util.utcnow() - max(kept, _SETTLED))
        if not old:
            return
        await hidden.async_forget(await _gone(hass, old))
    except (HiddenUnavailableError, HistoryUnavailableError) as err:
        _LOGGER.debug("Which hidden Sightings are purged is not known: %s", type(err).__name__)


async def _gone(hass: HomeAssistant, sighting_ids: Collection[str]) -> frozenset[str]:
    """Return those of which it is found in time that they have no row.

    Raises HistoryUnavailableError.
    """
    gone: set[str] = set()
    try:
        async with asyncio.timeout(_LIMIT_S):
            await async_processed(hass)
            for some in batched(sighting_ids, _AT_ONCE, strict=False):
                gone.update({*some} - await async_there(hass, some))
    except TimeoutError:
        _LOGGER.debug("The recorder took too long; %d hidden Sightings are purged", len(gone))
    return frozenset(gone)
