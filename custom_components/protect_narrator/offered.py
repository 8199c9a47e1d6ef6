"""Hands the files of one analysis to the agent, and to nobody else.

AI Task takes attachments as media sources only. A file is offered under a random token for
the time of one call; an identifier is looked up and never becomes part of a path, so there
is nothing to traverse and nothing to guess.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
import secrets

from homeassistant.components.media_source import generate_media_source_id

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


def offered_file(token: str) -> MediaFile | None:
    """Return the file that is offered under this token, None where there is none."""
    return _offered.get(token)
