"""Sightings out of the record: one by its id, or page by page, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
import json
import logging
import math
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from ..records import Row, context_range
from ..salvage import UnreadableError
from ..stored import detection_from
from .access import (
    HistoryUnavailableError,
    async_left_out,
    event_type_id,
    reading,
    recorder_of,
)
from .query import BadCursorError, Page, SightingQuery, contains
from .statements import after, revisions, rows

_LOGGER = logging.getLogger(__name__)

# A page is read into memory and shown to somebody; a Sighting has up to 8 KB.
MOST_IN_PAGE = 200

# What a database finds and no query asks for, such as hidden Sightings and events that somebody
# else has fired under that name: beyond, a page stays shorter, and the next goes on.
_MOST_READS = 10


async def async_find(hass: HomeAssistant, sighting_id: str) -> dict[str, Any] | None:
    """Return the event data of the Sighting's highest revision, None when none is stored.

    A Sighting is stored some seconds after it was fired. Raises HistoryUnavailableError.
    """
    row = await async_find_row(hass, sighting_id)
    return None if row is None else row.data


async def async_find_row(hass: HomeAssistant, sighting_id: str) -> Row | None:
    """Return the row of the Sighting's highest revision, None when none is stored.

    Raises HistoryUnavailableError.
    """
    if sighting_id in await async_left_out(hass):
        return None
    recorder = recorder_of(hass)
    try:
        return await recorder.async_add_executor_job(_find, recorder, sighting_id)
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err


async def async_page(
    hass: HomeAssistant, query: SightingQuery, *, limit: int = 50, cursor: str | None = None
) -> Page:
    """Return the newest Sightings that match, or those that follow a page: 200 at most.

    Raises HistoryUnavailableError, and BadCursorError where no page was returned with it.
    """
    place = None if cursor is None else _Place.read(cursor)
    limit = max(1, min(limit, MOST_IN_PAGE))
    recorder = recorder_of(hass)
    hidden = await async_left_out(hass)
    try:
        return await recorder.async_add_executor_job(_page, recorder, query, limit, place, hidden)
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err


@dataclass(frozen=True, slots=True)
class _Place:
    """A row behind which a page begins."""

    time: float
    event_id: int

    def __str__(self) -> str:
        return f"{self.time!r}~{self.event_id}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        time, _, event_id = cursor.partition("~")
        try:
            place = cls(float(time), int(event_id))
        except ValueError as err:
            raise BadCursorError("no place in the record") from err
        if not math.isfinite(place.time) or not 0 <= place.event_id < 2**63:
            raise BadCursorError("no place in the record")
        return place


def _page(
    recorder: Recorder,
    query: SightingQuery,
    limit: int,
    place: _Place | None,
    hidden: frozenset[str],
) -> Page:
    found: list[dict[str, Any]] = []
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return Page((), None)
        for reads in range(_MOST_READS):
            # One more than is shown tells whether there are more. Where that was not enough much is
            # not shown: all that may be hidden is behind us before we give up.
            wanted = MOST_IN_PAGE if reads else limit + 1
            some = list(_some(session, type_id, query, place, wanted))
            for row_place, data in some:
                if not is_ours(data) or data["sighting_id"] in hidden or not contains(query, data):
                    place = row_place
                elif len(found) == limit:
                    return Page(tuple(found), str(place))
                else:
                    found.append(data)
                    place = row_place
            if len(some) < wanted:
                return Page(tuple(found), None)
    return Page(tuple(found), str(place))


def _some(
    session: Session, type_id: int, query: SightingQuery, place: _Place | None, wanted: int
) -> Iterator[tuple[_Place, Any]]:
    """Yield as many rows, if there are."""
    statement = rows(type_id, query).limit(wanted)
    if place is not None:
        # The index is entered where the page begins.
        statement = statement.where(after(place.time, place.event_id))
    for time, event_id, data in session.execute(statement):
        yield _Place(time, event_id), json.loads(data) if data else None


def _find(recorder: Recorder, sighting_id: str) -> Row | None:
    with reading(recorder) as session:
        type_id = event_type_id(session)
        return None if type_id is None else newest_of(session, type_id, sighting_id)


def newest_of(session: Session, type_id: int, sighting_id: str) -> Row | None:
    """Return the row of the Sighting's highest revision, None when there is none."""
    try:
        first, last = context_range(sighting_id)
    except ValueError:
        return None  # no id of ours
    found = session.execute(revisions(first, last))
    ours = [
        Row(data, time)
        for row_type, time, text in found
        if row_type == type_id
        and text
        and is_ours(data := json.loads(text))
        and data["sighting_id"] == sighting_id
    ]
    return max(ours, key=lambda row: row.data["revision"], default=None)


def is_ours(data: object) -> bool:
    """Say whether it is a Sighting, of which all can be read: anybody can fire such an event."""
    if not isinstance(data, dict) or not isinstance(data.get("revision"), int):
        return False
    if not all(isinstance(data.get(key), str) for key in ("sighting_id", "phase", "camera_id")):
        return False
    if not {"device_id", "fallback_reason", "title", "description"} <= data.keys():
        return False
    try:
        detection_from(data)
    except UnreadableError as err:
        _LOGGER.debug("A stored event is none of ours: %s", err)
        return False
    return True
