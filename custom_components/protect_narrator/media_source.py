"""Home Assistant's media browser: Sightings to look through, and the files that an agent reads."""

import asyncio
from collections.abc import Awaitable
from typing import override

from homeassistant.components.media_player.browse_media import SearchMedia, SearchMediaQuery
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant

from .browse import Browser, NotThereError
from .const import DOMAIN
from .history import EventExcludedError, HistoryUnavailableError, NotRecordedError
from .offered import offered_file

# For a database that is busy; whoever looks through Sightings waits no longer.
_LIMIT_S = 30.0


async def async_get_media_source(_hass: HomeAssistant) -> NarratorMediaSource:
    """Return the source; Home Assistant calls this when it is first needed."""
    return NarratorMediaSource()


class NarratorMediaSource(MediaSource):
    """Sightings by day and camera; and, for who knows their tokens, the offered files."""

    name = "Protect Narrator"

    def __init__(self) -> None:
        """Answer for our domain."""
        super().__init__(DOMAIN)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the recording or the picture of a Sighting, or an offered file.

        Raises Unresolvable for anything else. Home Assistant signs the address for whoever asked.
        That of an offered file answers nothing: it is for the agent, which reads the path.
        """
        if (file := offered_file(item.identifier)) is not None:
            return PlayMedia(f"/{DOMAIN}/not_served", file.mime_type, path=file.path)
        browser = Browser(item.hass)
        return await _answered(browser.async_playable(item.identifier), Unresolvable)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return days, the cameras of one, their Sightings, or what one of these consists of.

        Raises BrowseError. What is offered to an agent is not listed.
        """
        browser = Browser(item.hass)
        return await _answered(browser.async_listed(item.identifier), BrowseError)

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return the newest Sightings that tell of what is searched for. Raises BrowseError."""
        browser = Browser(item.hass)
        search = browser.async_searched(item.identifier, query.search_query)
        found = await _answered(search, BrowseError)
        classes = query.media_filter_classes
        return SearchMedia(
            result=[each for each in found if not classes or each.media_class in classes]
        )


async def _answered[T](answer: Awaitable[T], error: type[BrowseError | Unresolvable]) -> T:
    """Return the answer, or raise what Home Assistant tells the user, as that error."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await answer
    except NotThereError as err:
        raise error(translation_domain=DOMAIN, translation_key="media_not_offered") from err
    except (HistoryUnavailableError, TimeoutError) as err:
        raise error(translation_domain=DOMAIN, translation_key=_why_not(err)) from err


def _why_not(err: Exception) -> str:
    """Return the key of what the user is told: what he has to do about it."""
    if isinstance(err, EventExcludedError):
        return "browse_event_excluded"
    return "browse_recorder_off" if isinstance(err, NotRecordedError) else "browse_busy"
