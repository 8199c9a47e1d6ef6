"""For the dashboard: Sightings as they were, and as they are told."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import (
    ERR_HOME_ASSISTANT_ERROR,
    ERR_UNAUTHORIZED,
)
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv
import probatio

from .const import DOMAIN, EVENT_SIGHTING
from .event_shape import require_event
from .filters import FILTERS, target_of
from .hidden import hidden_ids
from .history import CameraSet
from .history.pages import is_ours
from .history_services import async_sightings
from .kept_pictures import with_image
from .mistakes import mistake
from .permissions import may_read_sighting
from .reading import cameras_for
from .salvage import UnreadableError

# Of one connection: a dashboard has a card or two for each camera, and every Sighting is compared
# with all of them.
_MOST_SUBSCRIPTIONS = 64

type _Handler = Callable[[HomeAssistant, ActiveConnection, dict[str, Any]], Awaitable[None]]


@callback
def async_register(hass: HomeAssistant) -> None:
    """Offer the commands, whether or not a console is set up."""
    websocket_api.async_register_command(hass, _sightings)
    websocket_api.async_register_command(hass, _subscribe)


def _told_what_is_wrong(handler: _Handler) -> _Handler:
    """Answer mistakes with their translations; Home Assistant would log each of them."""

    @wraps(handler)
    async def told(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
        try:
            await handler(hass, connection, msg)
        except Unauthorized:
            connection.send_error(msg["id"], ERR_UNAUTHORIZED, "Unauthorized")
        except HomeAssistantError as err:
            connection.send_error(
                msg["id"],
                ERR_HOME_ASSISTANT_ERROR,
                str(err),
                translation_key=err.translation_key,
                translation_domain=err.translation_domain,
                translation_placeholders=err.translation_placeholders,
            )

    return told


@websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/sightings", **FILTERS},
)
@async_response
@_told_what_is_wrong
async def _sightings(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Answer as the action ``get_sightings`` does."""
    connection.send_result(msg["id"], await async_sightings(hass, connection.user, msg))


@websocket_command(
    {probatio.Required("type"): f"{DOMAIN}/subscribe", **cv.TARGET_FIELDS},
)
@async_response
@_told_what_is_wrong
async def _subscribe(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send each Sighting as it is told, of all cameras or of some."""
    if sum(isinstance(each, _Live) for each in connection.subscriptions.values()) >= (
        _MOST_SUBSCRIPTIONS
    ):
        raise mistake("too_many_subscriptions", most=str(_MOST_SUBSCRIPTIONS))
    target = target_of(msg)
    # Without a choice it is whatever he may read at that time, cameras of days to come included.
    cameras = cameras_for(hass, connection.user, target) if target else None
    connection.subscriptions[msg["id"]] = _Live(hass, connection, msg["id"], cameras)
    connection.send_result(msg["id"])


class _Live:
    """One subscription; called, it ends.

    It hears the bus, which goes on while an entry is reloaded.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        connection: ActiveConnection,
        message_id: int,
        cameras: CameraSet | None,
    ) -> None:
        self._hass = hass
        self._connection = connection
        self._message_id = message_id
        self._cameras = cameras
        self._end: CALLBACK_TYPE = hass.bus.async_listen(EVENT_SIGHTING, self._on_event)

    def __call__(self) -> None:
        """Send nothing more."""
        self._end()

    @callback
    def _on_event(self, event: Event[dict[str, Any]]) -> None:
        """Send it, if it is one of ours and he may read it at this moment."""
        data = event.data
        try:
            require_event(data)
        except UnreadableError:
            return  # anybody can fire an event of that name
        if not is_ours(data) or not isinstance(data["device_id"], str | None):
            return
        if data["sighting_id"] in hidden_ids(self._hass):
            return
        if self._cameras is not None and not self._cameras.has(data):
            return
        if may_read_sighting(self._hass, self._connection.user, data):
            self._connection.send_event(self._message_id, with_image(self._hass, data))
