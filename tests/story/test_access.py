"""What a user may not see of a camera, he neither gets nor learns of."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient
from homeassistant.auth.models import Group, RefreshToken
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    CLIENT_ID,
    MockConfigEntry,
    MockUser,
    mock_storage,
)

from custom_components.protect_narrator import offered
from custom_components.protect_narrator.const import DOMAIN, EVENT_SIGHTING
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home

READ = {"read": True}

type Policy = dict[str, Any]
type ClientFactory = Callable[[str], Awaitable[TestClient[Any, Any]]]
type SocketFactory = Callable[[HomeAssistant, str], Awaitable[ClientWebSocketResponse]]


class Users:
    """Makes users of all kinds."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    def make(self, policy: Policy) -> MockUser:
        """Return a new user whose only group has this policy."""
        name = f"group {len(self._hass.auth._store._users)}"
        return MockUser(groups=[Group(name, policy, id=name)]).add_to_hass(self._hass)

    async def token(self, user: MockUser) -> str:
        refresh: RefreshToken = await self._hass.auth.async_create_refresh_token(user, CLIENT_ID)
        return self._hass.auth.async_create_access_token(refresh)


@pytest.fixture
async def users(home: Home, agent: FakeTaskEntity, request: pytest.FixtureRequest) -> Users:
    """A home in which somebody was seen, and its users."""
    # The views of image entities want the HTTP component, and users a store.
    assert await async_setup_component(home.hass, "http", {})
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.next_sighting()
    await until(lambda: not home.entry.runtime_data.runner.depth)
    mock_storage()
    return Users(home.hass)


def of_camera(home: Home, platform: Platform, key: str, number: int = 1) -> str:
    return home.entity_id(platform, key, home.console.cameras[number].mac)


def only(*entity_ids: str, how: object = True) -> Policy:
    """Return the policy of who may use these entities alone."""
    return {"entities": {"entity_ids": dict.fromkeys(entity_ids, how)}}


# -- pictures


@pytest.fixture
def picture(home: Home, users: Users) -> str:
    """The image entity."""
    return of_camera(home, Platform.IMAGE, "last_picture")


async def status_for(
    users: Users, clients: ClientFactory, policy: Policy, address: str
) -> HTTPStatus:
    """Ask for the address as a user with that policy."""
    client = await clients(await users.token(users.make(policy)))
    async with client.get(address) as reply:
        return HTTPStatus(reply.status)


@pytest.fixture
def clients(hass_client_no_auth: Callable[[], Awaitable[TestClient[Any, Any]]]) -> ClientFactory:
    """Make clients of users."""

    async def make(token: str) -> TestClient[Any, Any]:
        client = await hass_client_no_auth()
        client.session.headers["Authorization"] = f"Bearer {token}"
        return client

    return make


async def test_who_may_not_see_the_camera_gets_no_picture(
    home: Home, users: Users, clients: ClientFactory, picture: str
) -> None:
    other = of_camera(home, Platform.IMAGE, "last_picture", number=2)
    sensor = of_camera(home, Platform.SENSOR, "last_sighting")
    address = f"/api/image_proxy/{picture}"
    for policy in ({}, only(other), only(sensor), only(picture, how={"control": True})):
        assert await status_for(users, clients, policy, address) == HTTPStatus.FORBIDDEN


async def test_nor_as_a_stream(users: Users, clients: ClientFactory, picture: str) -> None:
    address = f"/api/image_proxy_stream/{picture}"
    client = await clients(await users.token(users.make({})))
    async with client.get(address) as reply:
        assert b"\xff\xd8" not in await reply.read()
    client = await clients(await users.token(users.make({"entities": True})))
    async with client.get(address) as reply:
        assert b"\xff\xd8" in await reply.content.read(1000)


async def test_the_same_is_true_of_a_look_at_whether_there_is_one(
    users: Users, clients: ClientFactory, picture: str
) -> None:
    client = await clients(await users.token(users.make({})))
    async with client.head(f"/api/image_proxy/{picture}") as reply:
        assert reply.status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("policy", [{"entities": True}, {"entities": {"all": READ}}])
async def test_who_may_see_everything_gets_the_picture(
    users: Users, clients: ClientFactory, picture: str, policy: Policy
) -> None:
    address = f"/api/image_proxy/{picture}"
    assert await status_for(users, clients, policy, address) == HTTPStatus.OK


async def test_who_may_read_that_entity_alone_gets_it_and_no_other(
    home: Home, users: Users, clients: ClientFactory, picture: str
) -> None:
    policy = only(picture, how=READ)
    assert await status_for(users, clients, policy, f"/api/image_proxy/{picture}") == HTTPStatus.OK
    other = of_camera(home, Platform.IMAGE, "last_picture", number=2)
    status = await status_for(users, clients, policy, f"/api/image_proxy/{other}")
    assert status == HTTPStatus.FORBIDDEN


async def test_an_owner_gets_it(users: Users, clients: ClientFactory, picture: str) -> None:
    owner = MockUser(is_owner=True).add_to_hass(users._hass)
    client = await clients(await users.token(owner))
    async with client.get(f"/api/image_proxy/{picture}") as reply:
        assert reply.status == HTTPStatus.OK
        assert (await reply.read())[:2] == b"\xff\xd8"


async def test_the_token_that_the_state_tells_opens_it_for_notifications(
    home: Home,
    users: Users,
    clients: ClientFactory,
    hass_client_no_auth: Callable[[], Awaitable[TestClient[Any, Any]]],
    picture: str,
) -> None:
    state = home.hass.states.get(picture)
    assert state is not None
    address = state.attributes["entity_picture"]
    client = await hass_client_no_auth()
    async with client.get(address) as reply:
        assert reply.status == HTTPStatus.OK
    assert await status_for(users, clients, {}, address) == HTTPStatus.OK
    async with client.get(f"/api/image_proxy/{picture}?token=guessed") as reply:
        assert reply.status == HTTPStatus.FORBIDDEN


async def test_an_action_of_home_assistant_that_somebody_set_off_still_sees_it(
    home: Home, users: Users, clients: ClientFactory, picture: str
) -> None:
    """An automation acts on its own, whoever pressed the button."""
    hass = home.hass
    seen: list[bytes | None] = []

    async def act(_call: object) -> None:
        entity = hass.data["entity_components"]["image"].get_entity(picture)
        seen.append(await entity.async_image())

    hass.services.async_register("test", "act", act)
    assert await async_setup_component(hass, "api", {})
    client = await clients(await users.token(users.make({})))
    async with client.post("/api/services/test/act", json={}) as reply:
        assert reply.status == HTTPStatus.OK
    assert seen[0]


# -- actions


async def refused(home: Home, user: MockUser, action: str, **data: object) -> HomeAssistantError:
    """Return what the user is told."""
    with pytest.raises(HomeAssistantError) as caught:
        await home.hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            return_response=True,
            context=Context(user_id=user.id),
        )
    return caught.value


async def test_who_may_not_see_a_camera_cannot_tell_what_is_kept_from_him_from_what_is_not_there(
    home: Home, users: Users
) -> None:
    sighting_id = home.state(Platform.SENSOR, "last_sighting", home.console.cameras[1]).attributes[
        "sighting_id"
    ]
    ours = of_camera(home, Platform.EVENT, "sighting")
    other = of_camera(home, Platform.SENSOR, "last_sighting", number=2)
    for policy in ({}, only(other)):
        user = users.make(policy)
        told = [
            await refused(home, user, action, **data)
            for action, data in (
                ("describe_again", {"sighting_id": sighting_id}),
                ("describe_again", {"sighting_id": "0" * 32}),
                ("describe_now", {"entity_id": ours}),
                ("describe_now", {"entity_id": "event.is_not_there"}),
            )
        ]
        assert {type(each) for each in told} == {Unauthorized}
        assert {(str(each), each.entity_id) for each in told if isinstance(each, Unauthorized)} == {
            ("Unauthorized", None)
        }

    await home.unload()
    stranger = users.make({})
    for unknown in (sighting_id, "0" * 32):
        err = await refused(home, stranger, "describe_again", sighting_id=unknown)
        assert type(err) is Unauthorized


@pytest.mark.parametrize(
    "policy", [{"entities": True}, {"entities": {"all": {"read": True, "control": True}}}]
)
async def test_who_may_see_everything_is_told_what_is_wrong(
    home: Home, users: Users, policy: Policy
) -> None:
    err = await refused(home, users.make(policy), "describe_again", sighting_id="0" * 32)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "sighting_not_found"


async def test_who_may_only_read_cannot_have_anything_described(home: Home, users: Users) -> None:
    user = users.make({"entities": {"all": READ}})
    sighting_id = home.state(Platform.SENSOR, "last_sighting", home.console.cameras[1]).attributes[
        "sighting_id"
    ]
    ours = of_camera(home, Platform.EVENT, "sighting")
    for action, data in (
        ("describe_again", {"sighting_id": sighting_id}),
        ("describe_now", {"entity_id": ours}),
    ):
        assert type(await refused(home, user, action, **data)) is Unauthorized


async def test_who_may_switch_a_light_of_the_camera_may_not_see_what_it_sees(
    home: Home, users: Users, agent: FakeTaskEntity
) -> None:
    registry = er.async_get(home.hass)
    event = registry.async_get(of_camera(home, Platform.EVENT, "sighting"))
    assert event is not None
    owner = MockConfigEntry(domain="light")
    owner.add_to_hass(home.hass)
    light = registry.async_get_or_create("light", "test", "light", device_id=event.device_id)
    asked = len(agent.asked)

    user = users.make(only(light.entity_id))
    err = await refused(home, user, "describe_now", entity_id=light.entity_id)

    assert type(err) is Unauthorized
    assert len(agent.asked) == asked


# -- what is fired, and what is offered to an agent


async def subscribed(
    home: Home, users: Users, sockets: SocketFactory, policy: Policy | None
) -> bool:
    """Say whether a user can subscribe to our event over the websocket API."""
    user = MockUser(is_owner=True).add_to_hass(home.hass) if policy is None else users.make(policy)
    client: Any = await sockets(home.hass, await users.token(user))
    await client.send_json_auto_id({"type": "subscribe_events", "event_type": EVENT_SIGHTING})
    answer = await client.receive_json()
    return bool(answer["success"])


async def test_sightings_on_the_bus_are_for_administrators(
    home: Home, users: Users, hass_ws_client: SocketFactory
) -> None:
    assert await subscribed(home, users, hass_ws_client, None)
    for policy in ({}, {"entities": True}):
        assert not await subscribed(home, users, hass_ws_client, policy)


async def test_what_an_agent_is_shown_can_be_found_by_nobody_else(
    home: Home, users: Users, agent: FakeTaskEntity
) -> None:
    hass = home.hass
    tried: list[str] = []

    async def look() -> object:
        root = await async_browse_media(hass, f"media-source://{DOMAIN}")
        listed = [child.media_content_id for child in root.children or ()]
        assert not any(token in each for token in offered._offered for each in listed)
        for path in map(str, agent.asked[-1].paths):
            for guess in (path, path.rsplit("/", 1)[-1], path.rsplit("/", 2)[-2]):
                with pytest.raises(Unresolvable):
                    await async_resolve_media(hass, f"media-source://{DOMAIN}/{guess}", None)
                with pytest.raises(BrowseError):
                    await async_browse_media(hass, f"media-source://{DOMAIN}/{guess}")
        for token, file in offered._offered.items():
            tried.append(f"media-source://{DOMAIN}/{token}")
            play = await async_resolve_media(hass, tried[-1], None)
            assert file.path.name not in play.url
        return agent_answer()

    agent_answer = agent.answer
    agent.answer = look
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] is None
    assert len(tried) == sighting["frame_count"]
    for content_id in tried:
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, content_id, None)
