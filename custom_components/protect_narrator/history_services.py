"""What the user can ask of what was seen: which Sightings, a digest of them, and one less."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .digests import async_summarize
from .filters import ATTR_CURSOR, ATTR_LIMIT, ATTR_SINCE, ATTR_UNTIL, FILTERS, PERIOD, query_from
from .forgetting import async_forget_purged
from .hidden import (
    MOST_HIDDEN,
    SIGNAL_HIDDEN,
    HiddenFullError,
    HiddenUnavailableError,
    async_hidden,
)
from .kept_pictures import find_kept, with_image
from .mistakes import failure, mistake
from .permissions import loaded_entries, may_read_everything, may_read_sighting
from .reading import async_known, async_read
from .records import Row
from .services import ATTR_SIGHTING_ID, is_to_come
from .stored import detection_from

SERVICE_GET_SIGHTINGS = "get_sightings"
SERVICE_GET_SIGHTING = "get_sighting"
SERVICE_SUMMARIZE = "summarize"
SERVICE_DELETE_SIGHTING = "delete_sighting"

_DEFAULT_PERIOD = timedelta(days=1)

_FILTERS = probatio.Schema(FILTERS)
_PERIOD = probatio.Schema(PERIOD)
_ONE = probatio.Schema({probatio.Required(ATTR_SIGHTING_ID): cv.string})


@callback
def async_register(hass: HomeAssistant) -> None:
    """Offer the actions, whether or not a console is set up."""
    for name, handler, schema in (
        (SERVICE_GET_SIGHTINGS, _get_sightings, _FILTERS),
        (SERVICE_GET_SIGHTING, _get_sighting, _ONE),
        (SERVICE_SUMMARIZE, _summarize, _PERIOD),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=SupportsResponse.ONLY
        )
    async_register_admin_service(hass, DOMAIN, SERVICE_DELETE_SIGHTING, _delete_sighting, _ONE)


async def async_sightings(
    hass: HomeAssistant, user: User | None, asked: dict[str, Any]
) -> dict[str, Any]:
    """Return the Sightings that FILTERS ask for, as far as the user may read them."""
    page = await async_read(
        hass,
        query_from(hass, user, asked),
        limit=asked[ATTR_LIMIT],
        cursor=asked.get(ATTR_CURSOR),
    )
    sightings = [with_image(hass, data) for data in page.sightings]
    return {"sightings": sightings, "next": page.next}


async def _get_sightings(call: ServiceCall) -> ServiceResponse:
    """Answer with some Sightings, newest first, and where the next ones begin."""
    return await async_sightings(call.hass, await _user(call), dict(call.data))


async def _get_sighting(call: ServiceCall) -> ServiceResponse:
    """Answer with one Sighting."""
    user = await _user(call)
    try:
        row = await async_known(call.hass, call.data[ATTR_SIGHTING_ID])
    except ServiceValidationError:
        # Who may not see every camera must not learn which Sightings there are.
        if not may_read_everything(user):
            raise Unauthorized(context=call.context, permission=POLICY_READ) from None
        raise
    if not may_read_sighting(call.hass, user, row.data):
        raise Unauthorized(context=call.context, permission=POLICY_READ)
    return with_image(call.hass, row.data)


async def _summarize(call: ServiceCall) -> ServiceResponse:
    """Answer with a digest of a stretch of time: the last 24 hours unless another is asked for."""
    user = await _user(call)
    asked = dict(call.data)
    until = asked.setdefault(ATTR_UNTIL, dt_util.utcnow())
    asked.setdefault(ATTR_SINCE, until - _DEFAULT_PERIOD)
    return await async_summarize(call.hass, query_from(call.hass, user, asked))


async def _delete_sighting(call: ServiceCall) -> None:
    """Show a Sighting nowhere any more, and remove its picture.

    Its row is the recorder's, which purges it when its days are over.
    """
    hass = call.hass
    sighting_id: str = call.data[ATTR_SIGHTING_ID]
    row = await async_known(hass, sighting_id)
    _require_finished(hass, row)
    try:
        await _hide(hass, sighting_id, datetime.fromtimestamp(row.time, UTC))
    except HiddenFullError as err:
        raise mistake("too_many_deleted", most=str(MOST_HIDDEN)) from err
    except HiddenUnavailableError as err:
        raise failure("not_deleted") from err
    for entry in loaded_entries(hass):
        entry.runtime_data.recent.forget(sighting_id)
        ledger = entry.runtime_data.ledger
        # What is not waited for is never fired again.
        ledger.async_stored(
            [each.context_id for each in ledger.fired if each.data["sighting_id"] == sighting_id]
        )
    async_dispatcher_send(hass, SIGNAL_HIDDEN, sighting_id)
    if (found := find_kept(hass, sighting_id)) is not None:
        await found.store.async_remove(sighting_id)


async def _hide(hass: HomeAssistant, sighting_id: str, start: datetime) -> None:
    """Hide it; raises as ``Hidden.async_hide``."""
    hidden = await async_hidden(hass)
    try:
        await hidden.async_hide(sighting_id, start)
    except HiddenFullError:
        # He may have purged the recorder just now, as he was told.
        await async_forget_purged(hass)
        await hidden.async_hide(sighting_id, start)


@callback
def _require_finished(hass: HomeAssistant, row: Row) -> None:
    """Raise where more words of a Sighting are on their way, which would show it again."""
    detection = detection_from(row.data)
    for entry in loaded_entries(hass):
        runtime = entry.runtime_data
        if runtime.coordinator.console.mac.lower() != detection.console_id:
            continue
        to_come = is_to_come(row.data["phase"], detection, runtime.ledger)
        if to_come or runtime.runner.is_telling(detection.sighting_id):
            raise mistake("still_being_described")


async def _user(call: ServiceCall) -> User | None:
    """Return who asks; None for an automation, which acts on its own."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user
