"""What Home Assistant's web server offers of us, each view asking who it is that wants to see."""

from hashlib import sha256
from http import HTTPStatus

from aiohttp import ETag, hdrs, web
from homeassistant.auth.models import User
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .clip_view import ClipView
from .hidden import HiddenUnavailableError, async_hidden_ids
from .kept_pictures import find_kept
from .permissions import may_read
from .snapshots import image_path

# Looked for anew each time, because a later revision may have a better picture, and a user may
# have lost the right to see it; what has not changed is not sent again.
_CACHING = {hdrs.CACHE_CONTROL: "private, no-cache"}


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Offer them, whether or not a console is set up."""
    hass.http.register_view(SnapshotView())
    hass.http.register_view(ClipView(hass))


class SnapshotView(HomeAssistantView):
    """The kept picture of a Sighting, for who may read what its camera saw.

    To anybody else it is not there: he cannot tell which Sightings there are.
    """

    name = "api:protect_narrator:snapshot"
    url = image_path("{sighting_id:[0-9a-f]{32}}")

    async def get(self, request: web.Request, sighting_id: str) -> web.Response:
        """Return the JPEG, or 404."""
        hass = request.app[KEY_HASS]
        user: User = request[KEY_HASS_USER]
        found = find_kept(hass, sighting_id)
        if found is None or not may_read(hass, user, found.kept.mac):
            raise web.HTTPNotFound
        if await _is_hidden(hass, sighting_id):
            raise web.HTTPNotFound
        if (jpeg := await found.store.async_read(sighting_id)) is None:
            raise web.HTTPNotFound
        etag = ETag(sha256(jpeg).hexdigest()[:32])
        known = request.if_none_match or ()
        is_known = any(each.value in {etag.value, "*"} for each in known)
        response = web.Response(
            status=HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK,
            body=None if is_known else jpeg,
            content_type="image/jpeg",
            headers=_CACHING,
        )
        response.etag = etag
        return response


async def _is_hidden(hass: HomeAssistant, sighting_id: str) -> bool:
    """Say whether it is, or may be: pictures are known before what is hidden is read."""
    try:
        return sighting_id in await async_hidden_ids(hass)
    except HiddenUnavailableError:
        return True
