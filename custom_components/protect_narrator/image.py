"""One image entity a camera: the best picture of its last Sighting."""

from typing import override

from aiohttp import web
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.http import current_request
from homeassistant.util import dt as dt_util

from .coordinator import NarratorCoordinator, Published
from .entity import SightingEntity, async_add_for_cameras
from .protect import CameraInfo
from .runtime import NarratorConfigEntry

PARALLEL_UPDATES = 0

# Core's views of image entities.
_PICTURE = "/api/image_proxy/"
_STREAM = "/api/image_proxy_stream/"


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant calls it so
    entry: NarratorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one for each camera."""
    async_add_for_cameras(
        entry.runtime_data.coordinator,
        async_add_entities,
        lambda coordinator, camera: [LastPicture(coordinator, camera)],
    )


class LastPicture(SightingEntity, ImageEntity):
    """The best picture of the camera's last Sighting; in memory, a few hundred kilobytes."""

    key = "last_picture"
    _attr_content_type = "image/jpeg"

    def __init__(self, coordinator: NarratorCoordinator, camera: CameraInfo) -> None:
        """Start without a picture."""
        SightingEntity.__init__(self, coordinator, camera)
        ImageEntity.__init__(self, coordinator.hass)
        self._picture: bytes | None = None

    @override
    @callback
    def _async_show(self, published: Published) -> None:
        """Keep the picture; a Sighting without one leaves none of an earlier one behind."""
        self._picture = published.sighting.picture
        self._attr_image_last_updated = dt_util.utcnow()

    @override
    @callback
    def _async_show_nothing(self) -> None:
        self._picture = None
        self._attr_image_last_updated = None

    @override
    async def async_image(self) -> bytes | None:
        """Return the JPEG; a user who may not see this entity is answered 403 instead."""
        request = current_request.get()
        if request is None or not self._is_kept_from(request):
            return self._picture
        if request.path.startswith(_STREAM):
            return None  # whose head has been sent already; it ends so
        raise web.HTTPForbidden

    def _is_kept_from(self, request: web.Request) -> bool:
        """Say whether the picture is about to be served to a user who may not see it.

        Core's views serve any image entity to everybody who is logged in (read in its
        ``image/__init__.py``, 2026.10 and 2026.11). A token of the entity lets through: who has it
        was shown its state. Whatever else runs while a request is answered, an automation that it
        has set off for example, acts on its own.
        """
        user: User | None = request.get(KEY_HASS_USER)
        if user is None or not request.path.startswith((_PICTURE, _STREAM)):
            return False
        if request.query.get("token") in self.access_tokens:
            return False
        return not user.permissions.check_entity(self.entity_id, POLICY_READ)
