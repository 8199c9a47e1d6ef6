"""Home Assistant's activity has one sentence for each Sighting."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator.const import CONF_FIRST_WORDS, EVENT_SIGHTING
from custom_components.protect_narrator.hidden import async_hidden_ids
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity

from .asking import call, delete, seen, sensor_of
from .conftest import Home
from .database import sightings_in_database

type Activity = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def activity(
    home: Home, agent: FakeTaskEntity, hass_ws_client: Callable[[HomeAssistant], Awaitable[Any]]
) -> Activity:
    """Read it over Home Assistant's own websocket command, oldest first."""
    assert await async_setup_component(home.hass, "logbook", {})

    async def read(**about: object) -> list[dict[str, Any]]:
        await sightings_in_database(home.hass)
        client = await hass_ws_client(home.hass)
        start = dt_util.utcnow() - timedelta(days=1)
        await client.send_json_auto_id(
            {"type": "logbook/get_events", "start_time": start.isoformat(), **about}
        )
        answer = await client.receive_json()
        assert answer["success"], answer
        return [each for each in answer["result"] if each.get("domain") == "protect_narrator"]

    return read


async def test_each_sighting_is_a_sentence_of_its_camera(
    home: Home, agent: FakeTaskEntity, activity: Activity
) -> None:
    await home.set_up(agent)
    one, _two = await seen(home, 1, 2)

    entry, other = await activity()

    assert (entry["name"], entry["message"]) == ("Camera 1", "\u2013 A courier rings")
    assert entry["entity_id"] == sensor_of(home, 1)
    assert entry["icon"] == "mdi:alert-circle-outline"
    assert one["description"] not in str(entry)
    assert other["entity_id"] == sensor_of(home, 2)
    device = er.async_get(home.hass).async_get(sensor_of(home, 1))
    assert device is not None
    assert await activity(device_ids=[device.device_id]) == [entry]


async def test_first_words_and_later_ones_say_what_they_are(
    home: Home, agent: FakeTaskEntity, activity: Activity
) -> None:
    await home.set_up(agent, {CONF_FIRST_WORDS: True})
    await home.is_heard()
    event_id = await home.console.start_detection(home.console.cameras[1].id)
    first = await home.next_sighting()
    await home.console.end_detection(event_id)
    await home.next_sighting()
    await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert sorted(entry["message"] for entry in await activity()) == [
        "\u2013 A courier rings",
        "\u2013 described again: A courier rings",
        "\u2013 first words: A courier rings",
    ]

    await delete(home.hass, first["sighting_id"])
    assert {entry["message"] for entry in await activity()} == {
        "\u2013 a Sighting that was deleted"
    }


async def test_nothing_is_told_before_it_is_known_what_was_deleted(
    home: Home, activity: Activity, hass_storage: dict[str, Any]
) -> None:
    """Home Assistant asks all the same, as where the disk fails at the start."""
    sighting_id, key = "a" * 32, "protect_narrator.hidden"
    content = {"hidden": {sighting_id: 1.0}}
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": content}
    assert await async_setup_component(home.hass, "protect_narrator", {})
    home.hass.bus.async_fire(EVENT_SIGHTING, {"sighting_id": sighting_id, "title": "A secret"})

    (entry,) = await activity()
    assert entry["message"] == "\u2013 a Sighting; which ones were deleted cannot be read yet"

    await async_hidden_ids(home.hass)
    (entry,) = await activity()
    assert entry["message"] == "\u2013 a Sighting that was deleted"


async def test_it_speaks_the_language_of_the_house(
    home: Home, agent: FakeTaskEntity, activity: Activity
) -> None:
    home.hass.config.language = "de"
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await delete(home.hass, sighting["sighting_id"])

    (entry,) = await activity()

    assert entry["message"] == "\u2013 eine Sichtung, die gelöscht wurde"


async def test_what_somebody_else_fires_neither_breaks_it_nor_does_anything(
    home: Home, agent: FakeTaskEntity, activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await sightings_in_database(home.hass)
    for foreign in (
        {},
        {"sighting_id": ["x"], "camera_name": 5, "title": None, "camera_id": "x"},
        {"revision": "x", "phase": [], "camera_id": {}, "importance": ["high"]},
        {**sighting, "title": "**x** <b>{{ 1 }} {title}", "camera_name": "# y", "device_id": 5},
    ):
        home.hass.bus.async_fire(EVENT_SIGHTING, foreign)

    entries = await activity()

    assert [entry["message"] for entry in entries[:1]] == [f"\u2013 {GOOD_ANSWER['title']}"]
    assert len(entries) == 5
    assert entries[-1]["name"] == "\u266f y"
    assert "**" not in entries[-1]["message"]
    assert "{{" not in entries[-1]["message"]
    assert "describe event" not in caplog.text
