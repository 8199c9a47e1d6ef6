"""What was seen is summed up: by the AI in one call, or in a sentence with numbers."""

import asyncio
import json
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.protect_narrator import digests
from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_AI_AT_ONCE,
    CONF_CALLS_PER_DAY,
    CONF_DESCRIBE_TIMEOUT,
    CONF_LANGUAGE,
    SUBENTRY_CAMERA,
)
from custom_components.protect_narrator.pipeline import digest as digest_room
from custom_components.protect_narrator.runtime import shared
from simulator.model import Model
from tests.fake_agents import (
    GOOD_ANSWER,
    FakeConversationEntity,
    FakeTaskEntity,
    add_agents,
)
from tests.ollama import AI_TASK
from tests.waiting import until

from .asking import call, delete, seen, sensor_of
from .conftest import Home

DIGEST = {"description": "Two couriers rang, one after the other."}
COUNTS = {"by_camera": {"Camera 1": 2, "Camera 2": 1}, "by_label": {"person": 3}}


def calls_today(home: Home) -> str:
    return home.state(Platform.SENSOR, "ai_calls_today", home.console).state


def choose_for(home: Home, number: int, agent: FakeTaskEntity) -> None:
    """Let the camera with that number have its own agent."""
    profile: dict[str, Any] = {CONF_AGENT_ID: agent.entity_id}
    home.hass.config_entries.async_add_subentry(
        home.entry,
        ConfigSubentry(
            data=profile,  # type: ignore[arg-type]  # a plain mapping does
            subentry_type=SUBENTRY_CAMERA,
            title=f"Camera {number}",
            unique_id=home.console.cameras[number].mac,
        ),
    )


async def one_camera_is_told_to_another_agent(home: Home) -> tuple[FakeTaskEntity, FakeTaskEntity]:
    """Set up; return whom all is shown to but the second camera, and whom that is shown to."""
    cloud, at_home = FakeTaskEntity("Cloud"), FakeTaskEntity("At home")
    await add_agents(home.hass, cloud, at_home)
    await home.set_up(cloud)
    choose_for(home, 2, at_home)
    at_home.answer = lambda: {**GOOD_ANSWER, "title": "A secret"}
    return cloud, at_home


async def test_the_model_is_asked_once_of_all_that_was_seen(home: Home, model: Model) -> None:
    await home.set_up(AI_TASK, {CONF_LANGUAGE: "de"})
    sightings = await seen(home, 1, 2, 1)
    before, calls = model.call_count, int(calls_today(home))

    answer = await call(home.hass, "summarize", since="last 2 hours")

    assert model.call_count == before + 1
    assert int(calls_today(home)) == calls + 1
    asked = model.calls[-1]
    assert asked.images == ()
    assert asked.tools == ()
    assert '"de"' in asked.prompt
    data = [json.loads(line) for line in asked.prompt.splitlines() if line.startswith("{")]
    assert [each["description"] for each in data] == [each["description"] for each in sightings]
    assert answer["summary"].startswith("3 things were seen. ")
    for each in sightings:
        assert f" at {each['camera_name']}: {each['title']}" in answer["summary"]
    assert (answer["fallback_reason"], answer["agent_id"]) == (None, AI_TASK)
    assert answer["sightings_total"] == answer["sightings_considered"] == 3
    assert {key: answer[key] for key in COUNTS} == COUNTS


async def test_without_an_ai_it_is_a_sentence_with_numbers(home: Home) -> None:
    await home.set_up()
    await seen(home, 1, 1, 2)

    answer = await call(home.hass, "summarize")

    assert (answer["fallback_reason"], answer["fallback_detail"]) == (
        "agent_unavailable",
        "agent_missing",
    )
    assert answer["summary"].startswith("3 Sightings from 20")
    assert answer["summary"].endswith(". Camera 1: 2, Camera 2: 1")
    assert (answer["sightings_total"], answer["sightings_considered"]) == (3, 0)
    assert {key: answer[key] for key in COUNTS} == COUNTS
    assert answer["by_importance"] == {"high": 0, "medium": 3, "low": 0}


async def test_that_sentence_is_in_the_language_of_the_house(home: Home) -> None:
    home.hass.config.language = "de"
    await home.set_up()
    await seen(home, 1)

    some = await call(home.hass, "summarize")
    none = await call(home.hass, "summarize", since="2020-01-01", until="2020-01-02")

    assert some["summary"].startswith("Eine Sichtung vom ")
    assert some["summary"].endswith(". Camera 1: 1")
    assert none["summary"] == (
        "Vom 01.01.2020 00:00 bis zum 02.01.2020 00:00 wurde nichts gesehen."
    )


async def test_an_ai_that_sees_nothing_can_read(home: Home) -> None:
    agent = FakeTaskEntity("Reader", lambda: DIGEST, attachments=False)
    await add_agents(home.hass, agent)
    await home.set_up(agent)
    await seen(home, 1)

    answer = await call(home.hass, "summarize")

    assert (answer["summary"], answer["agent_id"]) == (DIGEST["description"], agent.entity_id)
    assert len(agent.asked) == 1


async def test_a_conversation_agent_sums_up_too(home: Home) -> None:
    agent = FakeConversationEntity(answer=lambda: f"Here: {GOOD_ANSWER}".replace("'", '"'))
    await add_agents(home.hass, agent)
    await home.set_up(agent.entity_id)
    await seen(home, 1)
    agent.answer = lambda: '{"description": "It was **quiet** at [home](http://x.example)."}'

    answer = await call(home.hass, "summarize")

    assert answer["fallback_reason"] is None
    assert answer["agent_id"] == agent.entity_id
    # Nothing of it does anything where it is shown.
    assert "**" not in answer["summary"]
    assert "](" not in answer["summary"]


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ("no answer at all", "agent_unusable_answer"),
        ({"description": "I'm sorry, but I can't help with that request."}, "agent_refused"),
        ({"description": "Error: model not found"}, "agent_unusable_answer"),
    ],
)
async def test_what_is_no_answer_becomes_no_digest(
    home: Home, agent: FakeTaskEntity, given: object, detail: str
) -> None:
    await home.set_up(agent)
    await seen(home, 1)
    agent.answer = lambda: given

    answer = await call(home.hass, "summarize")

    assert (answer["fallback_reason"], answer["fallback_detail"]) == ("agent_failed", detail)
    assert answer["summary"].startswith("One Sighting from ")
    assert answer["agent_id"] is None
    assert len(agent.asked) == 2
    assert home.state(Platform.SENSOR, "ai_failures_today", home.console).state == "1"


async def test_an_ai_that_does_not_answer_is_waited_for_as_long_as_the_user_wants(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent, {CONF_DESCRIBE_TIMEOUT: 2})
    await seen(home, 1)
    agent.answer = lambda: asyncio.shield(never)

    answer = await call(home.hass, "summarize")

    assert (answer["fallback_reason"], answer["fallback_detail"]) == (
        "agent_failed",
        "agent_timeout",
    )


async def test_at_the_limit_no_call_is_spent(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 4})
    await seen(home, 1, 2, 1)

    # The fourth is kept for who rings.
    answer = await call(home.hass, "summarize")

    assert answer["fallback_reason"] == "budget_exhausted"
    assert len(agent.asked) == 3


@pytest.mark.parametrize(
    ("limit", "reason"), [(1, "budget_exhausted"), (3, "budget_exhausted"), (4, None)]
)
async def test_of_a_limit_below_four_there_is_no_quarter(
    home: Home, agent: FakeTaskEntity, limit: int, reason: str | None
) -> None:
    """The only call of the day is not for a digest, but for what a camera sees."""
    await home.set_up()
    await seen(home, 1)
    await home.unload()
    agent.answer = lambda: DIGEST
    await home.start({CONF_AGENT_ID: agent.entity_id, CONF_CALLS_PER_DAY: limit})

    answer = await call(home.hass, "summarize")

    assert answer["fallback_reason"] == reason


async def test_calls_about_cameras_that_are_gone_are_no_digests(
    home: Home, agent: FakeTaskEntity
) -> None:
    """What was detected before a restart is described after it, though the camera is gone."""
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 8})
    await seen(home, 1)
    agent.answer = lambda: DIGEST
    for _ in range(2):
        home.entry.runtime_data.coordinator.async_count_ai_call(None)

    answer = await call(home.hass, "summarize")

    assert answer["fallback_reason"] is None


async def test_digests_do_not_use_up_what_cameras_need(home: Home, agent: FakeTaskEntity) -> None:
    """Whoever may read can ask for one, again and again."""
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 8})
    await seen(home, 1)
    agent.answer = lambda: DIGEST

    reasons = [(await call(home.hass, "summarize"))["fallback_reason"] for _ in range(4)]
    agent.answer = lambda: GOOD_ANSWER
    (another,) = await seen(home, 1)

    assert reasons == [None, None, "budget_exhausted", "budget_exhausted"]
    assert another["fallback_reason"] is None


async def test_however_many_are_asked_for_live_ones_do_not_wait(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object]
) -> None:
    await home.set_up(agent, {CONF_AI_AT_ONCE: 2})
    await seen(home, 1)

    def answer() -> object:
        is_digest = "sum them up" in agent.asked[-1].text
        return asyncio.shield(never) if is_digest else GOOD_ANSWER

    agent.answer = answer
    asking = [asyncio.create_task(call(home.hass, "summarize")) for _ in range(3)]
    await until(lambda: len(agent.asked) == 2)

    (another,) = await seen(home, 1)

    assert another["fallback_reason"] is None
    assert len(agent.asked) == 3
    never.set_result(DIGEST)
    assert [(await each)["summary"] for each in asking] == [DIGEST["description"]] * 3


async def test_who_is_before_is_waited_for_as_long_as_his_ai_may_take(
    home: Home,
    agent: FakeTaskEntity,
    never: asyncio.Future[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wait for what is live is another one, and much shorter here."""
    monkeypatch.setattr(digests, "_PLACE_LIMIT_S", 0)
    await home.set_up(agent, {CONF_DESCRIBE_TIMEOUT: 60})
    await seen(home, 1)
    agent.answer = lambda: asyncio.shield(never)
    asking = [asyncio.create_task(call(home.hass, "summarize"))]
    await until(lambda: len(agent.asked) == 2)
    asking.append(asyncio.create_task(call(home.hass, "summarize")))
    await until(lambda: shared(home.hass).digest._waiters)
    # What is after it in the loop has its turn, and what has no time left is over.
    await asyncio.wait(asking, timeout=0.2)
    never.set_result(DIGEST)

    assert [(await each)["summary"] for each in asking] == [DIGEST["description"]] * 2


async def test_who_is_before_is_not_waited_for_for_ever(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_PLACE_LIMIT_S", 0)
    await home.set_up(agent, {CONF_DESCRIBE_TIMEOUT: 2})
    await seen(home, 1)

    async with shared(home.hass).digest:
        answer = await call(home.hass, "summarize")

    assert (answer["fallback_reason"], answer["fallback_detail"]) == (
        "agent_unavailable",
        "overload",
    )
    assert answer["summary"].startswith("One Sighting from ")
    assert len(agent.asked) == 1


async def test_its_call_counts_although_the_entry_was_loaded_anew_meanwhile(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await seen(home, 1)
    agent.answer = lambda: DIGEST
    turn = shared(home.hass).digest

    async with turn:
        asking = asyncio.create_task(call(home.hass, "summarize"))
        await until(lambda: turn._waiters)
        await home.unload()
        await home.start()
    answer = await asking
    async with turn:
        asking = asyncio.create_task(call(home.hass, "summarize"))
        await until(lambda: turn._waiters)
        await home.unload()
    without = await asking

    assert answer["fallback_reason"] is None
    assert without["fallback_reason"] == "agent_unavailable"
    await home.start()
    assert calls_today(home) == "2"
    assert len(agent.asked) == 2


async def test_the_ai_that_is_chosen_while_it_waits_is_asked(home: Home) -> None:
    """Who changes from one in the cloud to one at home is heard at once."""
    cloud, at_home = FakeTaskEntity("Cloud"), FakeTaskEntity("At home", lambda: DIGEST)
    await add_agents(home.hass, cloud, at_home)
    await home.set_up(cloud)
    await seen(home, 1)
    turn = shared(home.hass).digest

    async with turn:
        asking = asyncio.create_task(call(home.hass, "summarize"))
        await until(lambda: turn._waiters)
        await home.unload()
        await home.start({CONF_AGENT_ID: at_home.entity_id, CONF_LANGUAGE: "de"})
    answer = await asking

    assert answer["agent_id"] == at_home.entity_id
    assert '"de"' in at_home.asked[-1].text
    assert len(cloud.asked) == 1


async def test_what_is_deleted_while_it_waits_is_not_told(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    answers = iter(range(9))
    agent.answer = lambda: {**GOOD_ANSWER, "title": f"Visit {next(answers)}"}
    one, two = await seen(home, 1, 2)
    agent.answer = lambda: DIGEST
    turn = shared(home.hass).digest

    async with turn:
        asking = asyncio.create_task(call(home.hass, "summarize"))
        await until(lambda: turn._waiters)
        await delete(home.hass, two["sighting_id"])
    answer = await asking
    async with turn:
        asking = asyncio.create_task(call(home.hass, "summarize"))
        await until(lambda: turn._waiters)
        await delete(home.hass, one["sighting_id"])
    nothing = await asking

    told = agent.asked[-1].text
    assert "Visit 0" in told
    assert "Visit 1" not in told
    assert "Things that were seen: 1\n" in told
    assert (answer["sightings_total"], answer["sightings_considered"]) == (1, 1)
    assert answer["by_camera"] == {"Camera 1": 1}
    assert (nothing["sightings_total"], nothing["fallback_reason"]) == (0, None)
    assert len(agent.asked) == 3


async def test_where_nothing_was_seen_nobody_is_asked(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)

    answer = await call(home.hass, "summarize", since="2020-01-01", until="2020-01-02")

    assert answer["summary"] == "Nothing was seen from 2020-01-01 00:00 until 2020-01-02 00:00."
    assert (answer["fallback_reason"], answer["sightings_total"]) == (None, 0)
    assert agent.asked == []


async def test_what_is_deleted_or_of_another_camera_is_not_told(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    one, _two, deleted = await seen(home, 1, 2, 1)
    await delete(home.hass, deleted["sighting_id"])
    agent.answer = lambda: DIGEST

    answer = await call(home.hass, "summarize", entity_id=sensor_of(home, 1))

    assert (answer["sightings_total"], answer["sightings_considered"]) == (1, 1)
    assert agent.asked[-1].text.count(one["title"]) == 1


async def test_of_many_the_newest_are_told_and_all_are_counted(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_room, "MOST_TOLD", 2)
    await home.set_up(agent)
    answers = iter(range(9))
    agent.answer = lambda: {**GOOD_ANSWER, "title": f"Visit {next(answers)}"}
    await seen(home, 1, 1, 1)
    agent.answer = lambda: DIGEST

    answer = await call(home.hass, "summarize")

    assert (answer["sightings_total"], answer["sightings_considered"]) == (3, 2)
    told = agent.asked[-1].text
    assert "Visit 0" not in told
    assert told.index("Visit 1") < told.index("Visit 2")
    assert "you are told 2" in told


async def test_what_one_ai_has_seen_is_not_told_to_another(home: Home) -> None:
    """Who gave one camera an AI at home does not want its words told to one in the cloud."""
    cloud, at_home = await one_camera_is_told_to_another_agent(home)
    await seen(home, 1, 2, 1)
    cloud.answer = lambda: DIGEST

    answer = await call(home.hass, "summarize")

    assert answer["agent_id"] == cloud.entity_id
    assert "A secret" not in cloud.asked[-1].text
    assert (answer["sightings_total"], answer["sightings_considered"]) == (3, 2)
    alone = await call(home.hass, "summarize", entity_id=sensor_of(home, 2))
    assert alone["agent_id"] == at_home.entity_id


async def test_nor_is_it_when_the_camera_is_gone(home: Home) -> None:
    """Its words are in the record for days, and nobody knows its profile any more."""
    cloud, _ = await one_camera_is_told_to_another_agent(home)
    await seen(home, 1, 2)
    sensor = sensor_of(home, 2)
    await home.unload()
    await home.console.remove_camera(home.console.cameras[2].id)
    er.async_get(home.hass).async_remove(sensor)
    await home.start()
    cloud.answer = lambda: DIGEST

    answer = await call(home.hass, "summarize")

    assert "A secret" not in cloud.asked[-1].text
    assert (answer["sightings_total"], answer["sightings_considered"]) == (2, 1)


async def test_nor_is_it_when_the_camera_goes_while_we_listen(home: Home) -> None:
    """With its profile removed nobody knows any more that its words were for another one."""
    cloud, _ = await one_camera_is_told_to_another_agent(home)
    await seen(home, 1, 2)
    await home.is_heard()
    gone = home.console.cameras[2]
    await home.console.remove_camera(gone.id)
    await until(lambda: gone.mac not in home.entry.runtime_data.coordinator.data.cameras)
    (profile,) = home.entry.subentries
    home.hass.config_entries.async_remove_subentry(home.entry, profile)
    cloud.answer = lambda: DIGEST

    answer = await call(home.hass, "summarize")

    assert "A secret" not in cloud.asked[-1].text
    assert (answer["sightings_total"], answer["sightings_considered"]) == (2, 1)
