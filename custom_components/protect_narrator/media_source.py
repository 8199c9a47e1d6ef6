"""Hands the files of one analysis to the agent, and to nobody else.

AI Task takes attachments as media sources only. A file is offered under a random token for
the time of one call; an identifier is looked up and never becomes part of a path, so there
is nothing to traverse and nothing to guess.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
import secrets
from typing import override

from homeassistant.components.media_player.const import MediaClass, MediaType
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
    generate_media_source_id,
)
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .pipeline.models import MediaFile

# What is offered right now, by token: the files of the calls that are under way, so it is
# bounded by the pipeline's workers times the files of one Evidence.
_offered: dict[str, MediaFile] = {}


@contextmanager
def offered(files: Iterable[MediaFile]) -> Generator[dict[str, MediaFile]]:
    """Make the files resolvable while the context lasts; yield them by media content id."""
    tokens = {secrets.token_hex(16): file for file in files}
    _offered.update(tokens)
    try:
        yield {generate_media_source_id(DOMAIN, token): file for token, file in tokens.items()}
    finally:
        for token in tokens:
            del _offered[token]


async def async_get_media_source(_hass: HomeAssistant) -> NarratorMediaSource:
    """Return the source; Home Assistant calls this when it is first needed."""
    return NarratorMediaSource()


class NarratorMediaSource(MediaSource):
    """The offered files."""

    name = "Protect Narrator"

    def __init__(self) -> None:
        """Answer for our domain."""
        super().__init__(DOMAIN)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the offered file; raises Unresolvable for anything else.

        The address answers nothing: the file is for the agent, which reads the path, and
        no browser has business with it.
        """
        if (file := _offered.get(item.identifier)) is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="media_not_offered")
        return PlayMedia(f"/{DOMAIN}/not_served", file.mime_type, path=file.path)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return an empty root: what is offered to an agent is not listed."""
        if item.identifier:
            raise BrowseError(translation_domain=DOMAIN, translation_key="media_not_offered")
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=None,
            media_class=MediaClass.DIRECTORY,
            media_content_type=MediaType.VIDEO,
            title="Protect Narrator",
            can_play=False,
            can_expand=True,
            children=[],
        )
