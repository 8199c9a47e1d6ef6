"""Which Sightings still have rows, whether or not they are shown."""

from collections.abc import Collection

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.session import Session

from ..records import context_range
from .access import HistoryUnavailableError, event_type_id, reading, recorder_of
from .statements import types_in


async def async_there(hass: HomeAssistant, sighting_ids: Collection[str]) -> frozenset[str]:
    """Return those of the Sightings that have a row; hidden ones, too.

    One look into an index for each. Raises HistoryUnavailableError.
    """
    recorder = recorder_of(hass)
    try:
        return await recorder.async_add_executor_job(_there, recorder, tuple(sighting_ids))
    except SQLAlchemyError as err:
        raise HistoryUnavailableError("the recorder's database does not answer") from err


def _there(recorder: Recorder, sighting_ids: tuple[str, ...]) -> frozenset[str]:
    with reading(recorder) as session:
        if (type_id := event_type_id(session)) is None:
            return frozenset()
        return frozenset(each for each in sighting_ids if _has_row(session, type_id, each))


def _has_row(session: Session, type_id: int, sighting_id: str) -> bool:
    """Say whether there is one, also where its data cannot be read: another version may."""
    try:
        first, last = context_range(sighting_id)
    except ValueError:
        return False  # no id of ours
    return type_id in session.execute(types_in(first, last)).scalars()
