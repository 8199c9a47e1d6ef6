"""A dashboard asks for what was seen, and hears of what is seen, as far as its user may."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientWebSocketResponse
from homeassistant.auth.models import Group
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockUser

from custom_components.protect_narrator import websocket_api
from custom_components.protect_narrator.const import EVENT_SIGHTING
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .asking import call, delete, reading, seen, sensor_of, user_who
from .conftest import Home

EVERYTHING: dict[str, Any] = {"entities": True}

type Connect = Callable[[MockUser], Awaitable[Any]]


@pytest.fixture
async def connect(
    home: Home,
    agent: FakeTaskEntity,
    hass_ws_client: Callable[[HomeAssistant, str], Awaitable[ClientWebSocketResponse]],
) -> Connect:
    """Connect as a user."""
    await home.set_up(agent)

    async def as_user(user: MockUser) -> Any:
        refresh = await home.hass.auth.async_create_refresh_token(user, CLIENT_ID)
        return await hass_ws_client(home.hass, home.hass.auth.async_create_access_token(refresh))

    return as_user


async def ask(client: Any, command: str, **asked: object) -> dict[str, Any]:
    """Send a command and return the answer."""
    await client.send_json_auto_id({"type": f"protect_narrator/{command}", **asked})
    return dict(await client.receive_json())


async def next_event(client: Any) -> dict[str, Any]:
    answer = await client.receive_json()
    assert answer["type"] == "event"
    return dict(answer["event"])


async def test_sightings_are_asked_for_page_by_page(home: Home, connect: Connect) -> None:
    sightings = await seen(home, 1, 2, 1)
    client = await connect(user_who(home.hass, EVERYTHING))

    first = (await ask(client, "sightings", limit=2, since="today", label="person"))["result"]
    second = (await ask(client, "sightings", limit=2, cursor=first["next"]))["result"]
    of_one = await ask(client, "sightings", entity_id=sensor_of(home, 2))

    assert [*first["sightings"], *second["sightings"]] == sightings[::-1]
    assert second["next"] is None
    assert of_one["result"]["sightings"] == [sightings[1]]


async def test_a_user_is_answered_what_he_may_read(home: Home, connect: Connect) -> None:
    one, _two = await seen(home, 1, 2)
    client = await connect(user_who(home.hass, reading(sensor_of(home, 1))))

    assert (await ask(client, "sightings"))["result"]["sightings"] == [one]
    for command in ("sightings", "subscribe"):
        for named in (sensor_of(home, 2), "light.is_not_there"):
            answer = await ask(client, command, entity_id=named)
            assert (answer["success"], answer["error"]["code"]) == (False, "unauthorized")


async def test_mistakes_are_answered_in_the_users_language_and_not_logged(
    home: Home, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(user_who(home.hass, EVERYTHING))

    wrong = await ask(client, "sightings", cursor="here")
    nonsense = await ask(client, "sightings", limit=1000)

    assert wrong["error"]["translation_key"] == "bad_cursor"
    assert wrong["error"]["translation_domain"] == "protect_narrator"
    assert "next" in wrong["error"]["message"]
    assert nonsense["error"]["code"] == "invalid_format"
    assert "bad_cursor" not in caplog.text


async def test_what_is_told_is_heard_as_it_was_fired(home: Home, connect: Connect) -> None:
    client = await connect(user_who(home.hass, EVERYTHING))
    some = await connect(user_who(home.hass, EVERYTHING))
    assert (await ask(client, "subscribe"))["success"]
    assert (await ask(some, "subscribe", entity_id=[sensor_of(home, 2)]))["success"]

    one, two = await seen(home, 1, 2)

    assert await next_event(client) == one
    assert await next_event(client) == two
    assert await next_event(some) == two


async def test_a_picture_is_never_what_an_event_says_it_is(home: Home, connect: Connect) -> None:
    """Anybody can fire an event, and a dashboard opens what it is told."""
    client = await connect(user_who(home.hass, EVERYTHING))
    (one,) = await seen(home, 1)
    assert (await ask(client, "subscribe"))["success"]

    home.hass.bus.async_fire(EVENT_SIGHTING, {**one, "image": "https://example.org/x.jpg"})

    assert await next_event(client) == one


async def test_a_reload_of_the_entry_is_not_noticed(home: Home, connect: Connect) -> None:
    guest = await connect(user_who(home.hass, reading(sensor_of(home, 1))))
    assert (await ask(guest, "subscribe"))["success"]
    await home.unload()
    await home.start()

    (sighting,) = await seen(home, 1)

    assert await next_event(guest) == sighting


async def test_rights_count_at_the_moment_at_which_it_is_told(home: Home, connect: Connect) -> None:
    user = user_who(home.hass, reading(sensor_of(home, 1)))
    client = await connect(user)
    assert (await ask(client, "subscribe"))["success"]

    first, _kept_back = await seen(home, 1, 2)
    user.groups = [Group("others", reading(sensor_of(home, 2)), id="others")]
    user.invalidate_cache()
    _kept_back, last = await seen(home, 1, 2)

    assert await next_event(client) == first
    assert await next_event(client) == last


async def test_nothing_is_heard_after_the_end(home: Home, connect: Connect) -> None:
    client = await connect(user_who(home.hass, EVERYTHING))
    answer = await ask(client, "subscribe")
    listening = home.hass.bus.async_listeners()[EVENT_SIGHTING]

    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": answer["id"]})
    assert (await client.receive_json())["success"]
    assert home.hass.bus.async_listeners()[EVENT_SIGHTING] == listening - 1

    assert (await ask(client, "subscribe"))["success"]
    await client.close()
    await until(lambda: home.hass.bus.async_listeners()[EVENT_SIGHTING] == listening - 1)


async def test_there_are_so_many_subscriptions_and_no_more(
    home: Home, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket_api, "_MOST_SUBSCRIPTIONS", 1)
    client = await connect(user_who(home.hass, EVERYTHING))
    assert (await ask(client, "subscribe"))["success"]

    answer = await ask(client, "subscribe")

    assert answer["error"]["translation_key"] == "too_many_subscriptions"


async def test_what_somebody_else_fires_and_what_is_deleted_is_not_sent(
    home: Home, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    (sighting,) = await seen(home, 1)
    client = await connect(user_who(home.hass, EVERYTHING))
    some = await connect(user_who(home.hass, EVERYTHING))
    assert (await ask(client, "subscribe"))["success"]
    assert (await ask(some, "subscribe", entity_id=sensor_of(home, 1)))["success"]
    fire: Callable[..., None] = home.hass.bus.async_fire
    for foreign in (
        {},
        5,
        {"sighting_id": ["x"]},
        {**sighting, "camera_id": 5},
        {**sighting, "device_id": ["x"]},
        {**sighting, "labels": ["ghost"]},
        {**sighting, "description": "x" * 10_000},
        {**sighting, "title": object()},
    ):
        fire(EVENT_SIGHTING, foreign)
    await delete(home.hass, sighting["sighting_id"])
    fire(EVENT_SIGHTING, sighting, context=Context())
    home.sightings.clear()

    (another,) = await seen(home, 1)

    assert await next_event(client) == await next_event(some) == another
    assert (await call(home.hass, "get_sightings"))["sightings"] == [another]
    assert "Error running job" not in caplog.text


async def test_without_a_console_there_is_nothing(
    hass: HomeAssistant,
    hass_ws_client: Callable[[HomeAssistant], Awaitable[ClientWebSocketResponse]],
    recorder_mock: object,
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "protect_narrator", {})
    client = await hass_ws_client(hass)

    assert (await ask(client, "sightings"))["result"] == {"sightings": [], "next": None}
    assert (await ask(client, "subscribe"))["success"]
