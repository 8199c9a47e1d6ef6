"""Which Sightings still have rows, whether or not they are shown."""

from collections.abc import Collection

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from sqlalchemy.exc import SQLAlchemyError

from .access import HistoryUnavailableError, event_type_id, reading, recorder_of
from .pages import newest_of


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
        return frozenset(
            each for each in sighting_ids if newest_of(session, type_id, each) is not None
        )
