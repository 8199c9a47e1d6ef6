"""One image entity a camera: the best picture of its last Sighting."""

from typing import override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import NarratorCoordinator, Published
from .entity import SightingEntity, async_add_for_cameras
from .protect import CameraInfo
from .runtime import NarratorConfigEntry

PARALLEL_UPDATES = 0


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
    async def async_image(self) -> bytes | None:
        """Return the JPEG."""
        return self._picture
