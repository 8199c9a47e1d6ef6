"""What the user asks for: what just was, and what is told already, once more."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.auth.models import Group
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser, mock_storage

from custom_components.protect_narrator.const import CONF_FIRST_WORDS, DOMAIN
from custom_components.protect_narrator.records import LAST_REVISION
from simulator.console import Reply
from simulator.model import Model
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.ollama import AI_TASK
from tests.waiting import until

from .conftest import Core, Home
from .database import sightings_in_database


def entity_of(home: Home, number: int, key: str = "event", name: str = "sighting") -> str:
    """Return an entity of the camera with that number."""
    entity_id = er.async_get(home.hass).async_get_entity_id(
        key, DOMAIN, f"{home.console.cameras[number].mac}_{name}"
    )
    assert entity_id is not None
    return entity_id


async def call(
    hass: HomeAssistant, action: str, context: Context | None = None, **data: object
) -> dict[str, Any]:
    """Call an action of ours and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=context
    )
    assert isinstance(answer, dict)
    return answer


# What just was


async def test_what_a_camera_just_recorded_is_described_on_demand(home: Home, model: Model) -> None:
    await home.set_up(AI_TASK)
    camera = home.console.cameras[2]
    start = datetime.now(UTC) - timedelta(seconds=4)
    home.film.walk(camera.name, "blue", start, start + timedelta(seconds=4))

    answer = await call(home.hass, "describe_now", entity_id=entity_of(home, 2), seconds=4)

    assert answer["title"] == "A person in blue walks past Camera 2"
    assert (answer["medium"], answer["fallback_reason"]) == ("frames", None)
    assert (answer["revision"], answer["phase"], answer["requested"]) == (1, "final", True)
    assert answer["labels"] == ["other"]
    assert await home.next_sighting() == answer
    (export,) = home.console.requests_to("video/export")
    asked_ms = int(export.query["end"]) - int(export.query["start"])
    assert asked_ms == pytest.approx(4000, abs=2)
    # Protect has flagged nothing that could be asked for.
    assert not any("requested-" in request.path for request in home.console.requests)
    assert await sightings_in_database(home.hass, sighting_id=answer["sighting_id"]) == [answer]
    await home.is_clean()


async def test_a_question_reaches_the_agent(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)

    await call(home.hass, "describe_now", entity_id=entity_of(home, 1), prompt="Is the\ngate open?")

    assert "Is the gate open?" in agent.asked[0].text


async def test_without_a_recording_the_camera_is_looked_at_now(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = Reply.error(500)
    home.console.faults.recorded_snapshot = Reply.error(404)
    await home.set_up(agent)

    answer = await call(home.hass, "describe_now", entity_id=entity_of(home, 1))

    assert answer["fallbacks"] == ["clip_download_failed:http_error"]
    assert (answer["medium"], answer["title"]) == ("snapshot", "A courier rings")


async def test_any_entity_of_the_camera_names_it(
    home: Home, agent: FakeTaskEntity, core: Core
) -> None:
    await core.set_up()
    await home.set_up(agent)
    (of_core,) = (
        entity.entity_id
        for entity in er.async_entries_for_config_entry(er.async_get(home.hass), core.entry_id)
        if entity.domain == "camera"
        and entity.unique_id.startswith(home.console.cameras[1].mac)
        and "insecure" not in entity.unique_id
        and entity.disabled_by is None
    )

    by_core = await call(home.hass, "describe_now", entity_id=of_core)
    by_ours = await call(
        home.hass, "describe_now", entity_id=entity_of(home, 1, "switch", "describe")
    )

    assert by_core["camera_name"] == by_ours["camera_name"] == "Camera 1"
    assert by_core["sighting_id"] != by_ours["sighting_id"]


@pytest.mark.parametrize("entity_id", ["light.kitchen", "sensor.home_queue_depth"])
async def test_what_is_no_camera_is_refused_with_its_name(
    home: Home, agent: FakeTaskEntity, entity_id: str
) -> None:
    await home.set_up(agent)

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_now", entity_id=entity_id)

    assert caught.value.translation_key == "camera_not_found"
    assert caught.value.translation_placeholders == {"entity": entity_id}
    assert agent.asked == []


async def test_nothing_is_described_when_the_console_is_unloaded_meanwhile(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: asyncio.shield(never)
    await home.set_up(agent)
    asking = asyncio.create_task(call(home.hass, "describe_now", entity_id=entity_of(home, 1)))
    await until(lambda: agent.asked)

    await home.unload()

    with pytest.raises(HomeAssistantError) as caught:
        await asking
    assert caught.value.translation_key == "not_described"
    assert home.sightings == []


# What is told already


async def test_a_sighting_is_described_again_from_its_recording(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    agent.answer = lambda: {
        "title": "A courier leaves a parcel",
        "description": "It is for the neighbours.",
        "importance": "medium",
    }

    answer = await call(
        home.hass,
        "describe_again",
        sighting_id=first["sighting_id"],
        prompt="Whose name is on the parcel?",
    )

    assert (answer["revision"], answer["phase"]) == (2, "final")
    assert answer["title"] == "A courier leaves a parcel"
    assert (answer["medium"], answer["fallback_reason"]) == ("frames", None)
    same = ("sighting_id", "protect_event_ids", "labels", "start", "end", "camera_id", "score")
    assert {key: answer[key] for key in same} == {key: first[key] for key in same}
    assert "Whose name is on the parcel?" in agent.asked[1].text
    assert "Whose name is on the parcel?" not in agent.asked[0].text
    again = await call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    assert again["revision"] == 3
    assert (
        home.hass.states.get(entity_of(home, 1, "sensor", "last_sighting")).attributes[  # type: ignore[union-attr]  # it is there
            "revision"
        ]
        == 3
    )
    rows = await sightings_in_database(home.hass, sighting_id=first["sighting_id"])
    assert [row["revision"] for row in rows] == [1, 2, 3]
    await home.is_clean()


async def test_it_is_found_in_the_database_after_a_restart(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    await sightings_in_database(home.hass)
    await home.unload()
    await home.start()

    answer = await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert (answer["sighting_id"], answer["revision"]) == (first["sighting_id"], 2)
    assert answer["start"] == first["start"]
    assert home.entry.runtime_data.coordinator.data.today.sightings == 1


async def test_an_old_sighting_does_not_become_the_last_one(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    sightings = []
    for _ in range(2):
        await home.see(home.console.cameras[1], seconds=1)
        sightings.append(await home.next_sighting())

    await call(home.hass, "describe_again", sighting_id=sightings[0]["sighting_id"])

    shown = home.hass.states.get(entity_of(home, 1, "sensor", "last_sighting"))
    assert shown is not None
    assert shown.attributes["sighting_id"] == sightings[1]["sighting_id"]


async def test_it_is_described_again_as_often_as_there_is_a_place_for_in_the_record(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    last = {**first, "revision": LAST_REVISION}
    began = datetime.fromisoformat(first["start"]).timestamp()
    home.entry.runtime_data.recent.note(last, began)

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert caught.value.translation_key == "described_too_often"
    assert len(agent.asked) == 1
    assert await call(home.hass, "get_sighting", sighting_id=first["sighting_id"]) == last


async def test_the_same_is_described_once_at_a_time(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    agent.answer = lambda: asyncio.shield(never)
    asking = asyncio.create_task(
        call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    )
    await until(lambda: len(agent.asked) == 2)

    with pytest.raises(HomeAssistantError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    assert caught.value.translation_key == "not_described"

    asking.cancel()
    await asyncio.wait({asking})
    assert home.entry.runtime_data.runner.depth == 0
    await home.is_clean()


async def test_what_nobody_told_cannot_be_described_again(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id="0" * 32)

    assert caught.value.translation_key == "sighting_not_found"


async def test_a_console_that_is_not_loaded_is_named_as_the_cause(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    await sightings_in_database(home.hass)
    await home.unload()

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert caught.value.translation_key == "console_not_loaded"


async def test_a_camera_that_is_gone_has_no_recording(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    first = await home.next_sighting()
    await home.console.remove_camera(camera.id)
    cameras = home.entry.runtime_data.coordinator
    await until(lambda: camera.mac not in cameras.data.cameras)

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert caught.value.translation_key == "camera_gone"


# Who may


async def test_who_may_not_use_a_camera_gets_nothing_described(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    mock_storage()
    allowed = {"entities": {"entity_ids": {entity_of(home, 2): True}}}
    guest = MockUser(groups=[Group("guests", allowed, id="guests")]).add_to_hass(home.hass)
    context = Context(user_id=guest.id)

    with pytest.raises(Unauthorized):
        await call(home.hass, "describe_now", context, entity_id=entity_of(home, 1))
    with pytest.raises(Unauthorized):
        await call(home.hass, "describe_again", context, sighting_id=first["sighting_id"])
    answer = await call(home.hass, "describe_now", context, entity_id=entity_of(home, 2))

    assert answer["camera_name"] == "Camera 2"
    assert len(agent.asked) == 2


@pytest.mark.parametrize("action", ["describe_now", "describe_again"])
async def test_who_may_switch_a_camera_and_not_see_it_is_told_nothing(
    home: Home, agent: FakeTaskEntity, action: str
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    mock_storage()
    named = entity_of(home, 1, "sensor", "last_sighting")
    about: dict[str, object] = {"entity_id": named}
    if action == "describe_again":
        about = {"sighting_id": first["sighting_id"]}

    async def asks(name: str, **may: bool) -> dict[str, Any]:
        policy = {"entities": {"entity_ids": {named: may}}}
        user = MockUser(name=name, groups=[Group(name, policy, id=name)]).add_to_hass(home.hass)
        return await call(home.hass, action, Context(user_id=user.id), **about)

    with pytest.raises(Unauthorized):
        await asks("blind", control=True)
    with pytest.raises(Unauthorized):
        await asks("idle", read=True)
    answer = await asks("trusted", control=True, read=True)

    assert answer["camera_name"] == "Camera 1"
    assert len(agent.asked) == 2


async def test_who_may_see_nothing_does_not_learn_which_sightings_there_are(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    mock_storage()
    policy = {"entities": {"all": {"control": True}}}
    blind = MockUser(groups=[Group("blind", policy, id="blind")]).add_to_hass(home.hass)

    with pytest.raises(Unauthorized):
        await call(home.hass, "describe_again", Context(user_id=blind.id), sighting_id="no-such")


async def test_first_words_are_not_described_again_while_the_full_ones_are_to_come(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_FIRST_WORDS: True})
    await home.is_heard()
    event_id = await home.console.start_detection(home.console.cameras[1].id)
    first = await home.next_sighting()

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    await home.console.end_detection(event_id)
    full = await home.next_sighting()

    assert caught.value.translation_key == "still_going_on"
    assert (full["sighting_id"], full["revision"]) == (first["sighting_id"], 1)


async def test_first_words_whose_full_ones_wait_over_a_restart_are_not_described_again_before_them(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent, {CONF_FIRST_WORDS: True})
    await home.is_heard()
    event_id = await home.console.start_detection(home.console.cameras[1].id)
    first = await home.next_sighting()
    agent.answer = lambda: asyncio.shield(never)
    await home.console.end_detection(event_id)
    await until(lambda: len(agent.asked) == 2)
    await sightings_in_database(home.hass)
    await home.unload()
    home.hass.set_state(CoreState.starting)
    agent.answer = lambda: GOOD_ANSWER
    await home.start()
    assert home.entry.runtime_data.runner.depth == 0

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    full = await home.next_sighting()
    again = await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert caught.value.translation_key == "still_going_on"
    assert (full["sighting_id"], full["revision"]) == (first["sighting_id"], 1)
    assert again["revision"] == 2


async def test_words_that_could_not_be_had_take_no_place_of_better_ones(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    agent.answer = lambda: "nothing that fits"

    with pytest.raises(HomeAssistantError) as caught:
        await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert caught.value.translation_key == "no_new_words"
    reason = "agent_failed:agent_unusable_answer"
    assert caught.value.translation_placeholders == {"reason": reason}
    shown = home.hass.states.get(entity_of(home, 1, "sensor", "last_sighting"))
    assert shown is not None
    assert shown.state == first["title"]
    rows = await sightings_in_database(home.hass, sighting_id=first["sighting_id"])
    assert [row["revision"] for row in rows] == [1]
    await home.is_clean()


async def test_the_last_one_stays_the_last_over_a_reload(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    sightings = []
    for _ in range(2):
        await home.see(home.console.cameras[1], seconds=1)
        sightings.append(await home.next_sighting())
    await sightings_in_database(home.hass)
    await home.unload()
    await home.start()

    await call(home.hass, "describe_again", sighting_id=sightings[0]["sighting_id"])

    for name in ("last_sighting", "fallback_reason"):
        shown = home.hass.states.get(entity_of(home, 1, "sensor", name))
        assert shown is not None
        assert shown.attributes["sighting_id"] == sightings[1]["sighting_id"]


async def test_what_was_asked_for_last_is_shown_last(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1], seconds=1)
    await home.next_sighting()

    answer = await call(home.hass, "describe_now", entity_id=entity_of(home, 1), seconds=60)

    again = await call(home.hass, "describe_again", sighting_id=answer["sighting_id"])

    shown = home.hass.states.get(entity_of(home, 1, "sensor", "last_sighting"))
    assert shown is not None
    assert shown.attributes["sighting_id"] == answer["sighting_id"]
    assert shown.attributes["revision"] == again["revision"] == 2
    assert (again["start"], again["end"]) == (answer["start"], answer["end"])


async def test_a_console_that_was_added_anew_knows_its_sightings(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    await sightings_in_database(home.hass)
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.set_up(agent)

    answer = await call(home.hass, "describe_again", sighting_id=first["sighting_id"])

    assert (answer["sighting_id"], answer["revision"]) == (first["sighting_id"], 2)
    assert answer["config_entry_id"] == home.entry.entry_id != first["config_entry_id"]


@pytest.mark.parametrize(
    "foreign",
    [
        {},
        {"revision": 1},
        {"revision": 99, "phase": "final"},
        {"revision": None, "phase": None, "protect_event_ids": None},
        {"revision": "2", "phase": "final", "console_id": ["x"]},
    ],
    ids=str,
)
async def test_what_somebody_else_fires_under_our_name_is_not_described_again(
    home: Home, agent: FakeTaskEntity, foreign: dict[str, Any]
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    first = await home.next_sighting()
    for sighting_id in (first["sighting_id"], "0" * 32):
        home.hass.bus.async_fire(
            "protect_narrator_sighting", {"sighting_id": sighting_id, **foreign}
        )
    async with asyncio.timeout(10):
        while len(await sightings_in_database(home.hass)) < 3:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
    home.entry.runtime_data.recent._fired.clear()

    again = await call(home.hass, "describe_again", sighting_id=first["sighting_id"])
    assert again["revision"] == 2
    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "describe_again", sighting_id="0" * 32)
    assert caught.value.translation_key == "sighting_not_found"
