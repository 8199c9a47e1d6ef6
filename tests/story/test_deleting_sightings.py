"""What an administrator deletes is shown nowhere any more."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from homeassistant.components.image import async_get_image
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.protect_narrator import forgetting, hidden as hidden_room
from custom_components.protect_narrator.const import CONF_FIRST_WORDS
from custom_components.protect_narrator.forgetting import async_forget_purged
from custom_components.protect_narrator.hidden import SIGNAL_HIDDEN, async_hidden, hidden_ids
from custom_components.protect_narrator.history import SightingQuery, async_counts
from custom_components.protect_narrator.history.presence import async_there
from custom_components.protect_narrator.kept_pictures import find_kept
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.waiting import until

from .asking import call, delete, seen, sensor_of, user_who
from .conftest import Home
from .database import held_up, sightings_in_database

# Nothing is committed before somebody waits for it.
BY_HAND = pytest.mark.parametrize(
    ("recorder_config", "persistent_database"), [({"commit_interval": 3600}, True)], ids=["by_hand"]
)


async def nothing_is_found(home: Home, sighting: dict[str, Any]) -> None:
    """Make sure that neither the action nor the counts know it."""
    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "get_sighting", sighting_id=sighting["sighting_id"])
    assert caught.value.translation_key == "sighting_not_found"
    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=sighting["sighting_id"])
    assert caught.value.translation_key == "sighting_not_found"
    assert (await call(home.hass, "get_sightings"))["sightings"] == []
    assert await async_counts(home.hass, SightingQuery()) == ()


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "just fired"])
async def test_what_is_deleted_is_found_no_more(
    home: Home, agent: FakeTaskEntity, stored: bool
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    if stored:
        await sightings_in_database(home.hass)

    await delete(home.hass, sighting["sighting_id"])

    await nothing_is_found(home, sighting)
    assert home.entry.runtime_data.ledger.fired == ()
    assert home.entry.runtime_data.recent.last(10) == []
    # The record is the recorder's.
    assert await sightings_in_database(home.hass) == [sighting]


async def test_its_entities_show_it_no_more_until_there_is_another(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    camera = home.console.cameras[1]
    image = home.entity_id(Platform.IMAGE, "last_picture", camera.mac)
    assert (await async_get_image(home.hass, image)).content

    await delete(home.hass, sighting["sighting_id"])

    for key in ("last_sighting", "fallback_reason"):
        shown = home.state(Platform.SENSOR, key, camera)
        assert shown.state == "unknown"
        assert "sighting_id" not in shown.attributes
    moment = home.state(Platform.EVENT, "sighting", camera)
    assert moment.attributes["event_type"] == "person"
    assert {moment.attributes[key] for key in ("title", "description", "sighting_id")} == {None}
    assert home.state(Platform.IMAGE, "last_picture", camera).state == "unknown"
    with pytest.raises(HomeAssistantError):
        await async_get_image(home.hass, image)

    (another,) = await seen(home, 1)
    assert home.state(Platform.SENSOR, "last_sighting", camera).state == another["title"]
    moment = home.state(Platform.EVENT, "sighting", camera)
    assert moment.attributes["sighting_id"] == another["sighting_id"]


async def test_another_sighting_of_the_camera_stays_shown(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    earlier, last = await seen(home, 1, 1)

    await delete(home.hass, earlier["sighting_id"])

    shown = home.state(Platform.SENSOR, "last_sighting", home.console.cameras[1])
    assert shown.attributes["sighting_id"] == last["sighting_id"]
    found = (await call(home.hass, "get_sightings"))["sightings"]
    assert [each["sighting_id"] for each in found] == [last["sighting_id"]]


async def test_it_stays_deleted_over_a_restart(
    home: Home, agent: FakeTaskEntity, hass_storage: dict[str, Any]
) -> None:
    """Even where the end came so suddenly that its entities were kept as they were before."""
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    camera = home.console.cameras[1]
    kept = []
    for platform, key in ((Platform.SENSOR, "last_sighting"), (Platform.EVENT, "sighting")):
        state = home.state(platform, key, camera)
        attributes = (
            {each: state.attributes[each] for each in ("sighting_id", "title")}
            if (platform is Platform.EVENT)
            else dict(state.attributes)
        )
        extra = (
            {"last_event_type": "person", "last_event_attributes": attributes}
            if platform is Platform.EVENT
            else {"value": state.state, "attributes": attributes, "end": sighting["end"]}
        )
        kept.append((state, extra))
    await delete(home.hass, sighting["sighting_id"])
    await home.unload()
    stored = hass_storage["protect_narrator.hidden"]["data"]["hidden"]
    assert list(stored) == [sighting["sighting_id"]]
    mock_restore_cache_with_extra_data(home.hass, kept)

    await home.start()

    await nothing_is_found(home, sighting)
    assert home.state(Platform.SENSOR, "last_sighting", camera).state == "unknown"
    assert home.state(Platform.EVENT, "sighting", camera).attributes["title"] is None


@pytest.mark.parametrize("policy", [{}, {"entities": True}])
async def test_only_administrators_delete(
    home: Home, agent: FakeTaskEntity, policy: dict[str, Any]
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)

    with pytest.raises(Unauthorized):
        await delete(home.hass, sighting["sighting_id"], user_who(home.hass, policy))

    assert (await call(home.hass, "get_sightings"))["sightings"] == [sighting]


async def test_what_is_not_there_cannot_be_deleted(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)

    with pytest.raises(ServiceValidationError) as caught:
        await delete(home.hass, "0" * 32)

    assert caught.value.translation_key == "sighting_not_found"


async def test_what_more_words_are_to_come_of_is_not_deleted(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent, {CONF_FIRST_WORDS: True})
    await home.is_heard()
    event_id = await home.console.start_detection(home.console.cameras[1].id)
    first = await home.next_sighting()

    with pytest.raises(ServiceValidationError) as caught:
        await delete(home.hass, first["sighting_id"])
    await home.console.end_detection(event_id)
    await home.next_sighting()
    agent.answer = lambda: asyncio.shield(never)
    again = asyncio.create_task(call(home.hass, "describe_again", sighting_id=first["sighting_id"]))
    await until(lambda: len(agent.asked) == 3)
    with pytest.raises(ServiceValidationError) as caught_again:
        await delete(home.hass, first["sighting_id"])
    never.set_result(GOOD_ANSWER)
    await again

    assert caught.value.translation_key == "still_being_described"
    assert caught_again.value.translation_key == "still_being_described"
    await delete(home.hass, first["sighting_id"])
    await nothing_is_found(home, first)


async def test_what_is_deleted_while_it_is_described_again_is_not_shown_again(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    agent.answer = lambda: asyncio.shield(never)
    again = asyncio.create_task(
        home.hass.services.async_call(
            "protect_narrator",
            "describe_again",
            {"sighting_id": sighting["sighting_id"]},
            blocking=True,
        )
    )
    await until(lambda: len(agent.asked) == 2)
    # The action refuses; between its look and the disk's answer it may have begun all the same.
    hidden = await async_hidden(home.hass)
    await hidden.async_hide(sighting["sighting_id"], dt_util.utcnow())
    async_dispatcher_send(home.hass, SIGNAL_HIDDEN, sighting["sighting_id"])
    kept = find_kept(home.hass, sighting["sighting_id"])
    assert kept is not None
    await kept.store.async_remove(sighting["sighting_id"])
    never.set_result(GOOD_ANSWER)
    await again

    shown = home.state(Platform.SENSOR, "last_sighting", home.console.cameras[1])
    assert shown.state == "unknown"
    assert find_kept(home.hass, sighting["sighting_id"]) is None
    await nothing_is_found(home, sighting)


async def test_its_picture_goes_with_it(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    sighting_id = sighting["sighting_id"]
    kept = find_kept(home.hass, sighting_id)
    assert kept is not None
    assert kept.kept.path.exists()

    await delete(home.hass, sighting_id)

    assert find_kept(home.hass, sighting_id) is None
    assert not kept.kept.path.exists()


async def test_a_full_list_is_said_and_forgets_none(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidden_room, "MOST_HIDDEN", 1)
    await home.set_up(agent)
    one, two = await seen(home, 1, 1)
    await delete(home.hass, one["sighting_id"])

    with pytest.raises(ServiceValidationError) as caught:
        await delete(home.hass, two["sighting_id"])

    assert caught.value.translation_key == "too_many_deleted"
    assert hidden_ids(home.hass) == {one["sighting_id"]}
    assert sensor_of(home, 1)
    assert (await call(home.hass, "get_sightings"))["sightings"] == [two]


async def test_room_comes_at_once_for_who_purges_himself(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the action advises; the recorder by itself would have kept that row for days."""
    monkeypatch.setattr(hidden_room, "MOST_HIDDEN", 1)
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    hidden = await async_hidden(home.hass)
    await hidden.async_hide("1" * 32, dt_util.utcnow() - timedelta(days=2))
    await sightings_in_database(home.hass)

    await delete(home.hass, sighting["sighting_id"])

    assert hidden_ids(home.hass) == {sighting["sighting_id"]}


async def test_a_full_list_is_said_in_time_by_a_database_that_hangs(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(hidden_room, "MOST_HIDDEN", 1)
    monkeypatch.setattr(forgetting, "_LIMIT_S", 0.2)
    monkeypatch.setattr(forgetting, "async_there", hang)
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    hidden = await async_hidden(home.hass)
    await hidden.async_hide("1" * 32, dt_util.utcnow() - timedelta(days=2))

    async with asyncio.timeout(10):
        with pytest.raises(ServiceValidationError) as caught:
            await delete(home.hass, sighting["sighting_id"])

    assert caught.value.translation_key == "too_many_deleted"
    assert hidden_ids(home.hass) == {"1" * 32}


async def test_what_was_found_to_be_gone_in_time_is_forgotten(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a database that is slow with all of them would never make room."""
    asked: list[Collection[str]] = []

    async def late_after_one(hass: HomeAssistant, some: Collection[str]) -> frozenset[str]:
        asked.append(some)
        if len(asked) > 1:
            raise TimeoutError
        return await async_there(hass, some)

    monkeypatch.setattr(forgetting, "_AT_ONCE", 1)
    monkeypatch.setattr(forgetting, "async_there", late_after_one)
    await home.set_up(agent)
    hidden = await async_hidden(home.hass)
    for digit in "12":
        await hidden.async_hide(digit * 32, dt_util.utcnow() - timedelta(days=40))

    await async_forget_purged(home.hass)

    assert len(asked) == 2
    assert hidden_ids(home.hass) == set(asked[1])


async def test_an_id_is_forgotten_when_its_row_is_gone_and_not_before(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    hidden = await async_hidden(home.hass)
    long_ago = dt_util.utcnow() - timedelta(days=40)
    await delete(home.hass, sighting["sighting_id"])
    await hidden.async_hide("1" * 32, long_ago)
    await hidden.async_hide("2" * 32, dt_util.utcnow())
    await sightings_in_database(home.hass)
    # One whose row outlived the days that the recorder keeps.
    hidden._starts[sighting["sighting_id"]] = long_ago.timestamp()

    await async_forget_purged(home.hass)

    assert hidden_ids(home.hass) == {sighting["sighting_id"], "2" * 32}


@BY_HAND
async def test_an_id_is_not_forgotten_before_its_row_is_committed(
    home: Home, agent: FakeTaskEntity
) -> None:
    """What was found late is told long after it began."""
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await delete(home.hass, sighting["sighting_id"])
    hidden = await async_hidden(home.hass)
    hidden._starts[sighting["sighting_id"]] = 1.0

    await async_forget_purged(home.hass)

    assert hidden_ids(home.hass) == {sighting["sighting_id"]}
    assert (await call(home.hass, "get_sightings"))["sightings"] == []


@BY_HAND
async def test_no_id_is_forgotten_while_the_recorder_is_held_up(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_LIMIT_S", 0.1)
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await delete(home.hass, sighting["sighting_id"])
    hidden = await async_hidden(home.hass)
    hidden._starts[sighting["sighting_id"]] = 1.0

    with held_up(home.hass):
        await async_forget_purged(home.hass)

    assert hidden_ids(home.hass) == {sighting["sighting_id"]}


async def test_it_does_not_come_back_when_its_id_is_forgotten(
    home: Home, agent: FakeTaskEntity
) -> None:
    """A quiet home has its last Sightings in mind for longer than the recorder keeps them."""
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    sighting_id = sighting["sighting_id"]
    await sightings_in_database(home.hass)
    await delete(home.hass, sighting_id)
    await home.hass.services.async_call("recorder", "purge", {"keep_days": 0}, blocking=True)
    for _ in range(20):  # it takes several turns of the recorder
        await async_wait_recording_done(home.hass)
    assert not await async_there(home.hass, {sighting_id})

    hidden = await async_hidden(home.hass)
    hidden._starts[sighting_id] = 1.0
    await async_forget_purged(home.hass)

    assert hidden_ids(home.hass) == frozenset()
    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "get_sighting", sighting_id=sighting_id)
    assert caught.value.translation_key == "sighting_not_found"


async def test_ids_are_forgotten_in_a_home_that_is_restarted_every_day(
    home: Home, agent: FakeTaskEntity
) -> None:
    """Else its list becomes full one day, and nothing can be deleted any more."""
    await home.set_up(agent)
    hidden = await async_hidden(home.hass)
    await hidden.async_hide("1" * 32, dt_util.utcnow() - timedelta(days=40))

    async_fire_time_changed(home.hass, dt_util.utcnow() + timedelta(hours=2))

    await until(lambda: not hidden_ids(home.hass))
