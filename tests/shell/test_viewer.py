"""Who asks, as far as Home Assistant knows it where a media source is asked."""

from typing import Any, cast

from aiohttp.test_utils import make_mocked_request
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.websocket_api.connection import ActiveConnection, current_connection
from homeassistant.helpers.http import current_request
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.protect_narrator.viewer import current_user


class Connection:
    """As much of a websocket connection as is looked at."""

    def __init__(self, user: MockUser) -> None:
        self.user = user


@pytest.fixture
def request_of_somebody() -> Any:
    """A request that is being answered, whose user is not known yet."""
    asking = make_mocked_request("POST", "/api/services/media_player/browse_media")
    token = current_request.set(asking)
    yield asking
    current_request.reset(token)


def test_nobody_asks_where_home_assistant_acts_on_its_own() -> None:
    assert current_user() is None


def test_the_user_of_a_request_asks(request_of_somebody: Any) -> None:
    # So is a websocket's, before it has logged in by a message of its own.
    assert current_user() is None
    request_of_somebody[KEY_HASS_USER] = user = MockUser()
    assert current_user() is user


def test_the_user_of_a_connection_asks_whatever_its_request_was(request_of_somebody: Any) -> None:
    user = MockUser()
    token = current_connection.set(cast("ActiveConnection", Connection(user)))
    assert current_user() is user
    current_connection.reset(token)
