"""The user's limit of AI calls: kept, counted over restarts, with something left for rings."""

import asyncio
from datetime import timedelta
import logging
from typing import Any

from homeassistant.components.image import async_get_image
from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.protect_narrator import coordinator as coordinator_module
from custom_components.protect_narrator.const import (
    CONF_AI_AT_ONCE,
    CONF_CALLS_PER_CAMERA,
    CONF_CALLS_PER_DAY,
    DOMAIN,
)
from custom_components.protect_narrator.runtime import shared
from simulator.console import Camera, Console
from simulator.video import Recorder as Film, read_still
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.waiting import until

from .conftest import Home

OVER = ["budget_exhausted:over_budget"]


async def told(home: Home, camera: Camera, *labels: str) -> dict[str, Any]:
    """Let something be detected and return its Sighting."""
    if labels == ("ring",):
        await home.console.ring(camera.id)
    else:
        await home.see(camera)
    return await home.next_sighting()


def shown(home: Home, key: str, about: Camera | None = None) -> str:
    """Return what a sensor of the console or of a camera shows."""
    return home.state(Platform.SENSOR, key, about or home.console).state


async def test_at_the_limit_sightings_go_on_without_the_ai(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, f"custom_components.{DOMAIN}")
    # Nobody can ring: nothing is kept for it.
    await home.console.remove_camera(home.console.cameras[0].id)
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 2})
    camera = home.console.cameras[0]
    assert shown(home, "ai_calls_left_today") == "2"

    for left in ("1", "0"):
        assert (await told(home, camera))["fallback_reason"] is None
        assert shown(home, "ai_calls_left_today") == left
    exports = len(home.console.requests_to("video/export"))
    third = await told(home, camera)
    await told(home, home.console.cameras[1])

    assert third["fallbacks"] == OVER
    assert (third["medium"], third["frame_count"]) == ("none", 0)
    assert third["title"] == "Person at Camera 1"
    assert third["agent_id"] is None
    assert len(agent.asked) == 2
    assert len(home.console.requests_to("video/export")) == exports
    assert home.console.requests_to(f"events/{third['protect_event_id']}/thumbnail")
    image = await async_get_image(
        home.hass, home.entity_id(Platform.IMAGE, "last_picture", camera.mac)
    )
    assert read_still(image.content).camera_name == camera.name
    assert shown(home, "fallback_reason", camera) == "budget_exhausted"
    ours = [record for record in caplog.records if DOMAIN in record.name]
    assert len([one for one in ours if "used up" in one.getMessage()]) == 1
    assert not [one for one in ours if one.levelno >= logging.WARNING]


async def test_a_ring_has_a_call_that_nothing_else_may_use(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 3})
    doorbell, camera = home.console.cameras[:2]
    for _ in range(2):
        assert (await told(home, camera))["fallback_reason"] is None
    assert shown(home, "ai_calls_left_today") == "0"
    assert (await told(home, camera))["fallbacks"] == OVER

    assert (await told(home, doorbell, "ring"))["fallback_reason"] is None
    assert (await told(home, doorbell, "ring"))["fallbacks"] == OVER
    assert len(agent.asked) == 3


async def test_what_was_spent_is_remembered_over_a_restart(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 3})
    camera = home.console.cameras[1]
    await told(home, camera)

    await home.unload()
    await home.start()
    assert shown(home, "ai_calls_left_today") == "1"
    assert (await told(home, camera))["fallback_reason"] is None

    await home.unload()
    await home.start()
    assert (await told(home, camera))["fallbacks"] == OVER
    assert len(agent.asked) == 2


async def test_a_failed_call_costs_a_call(home: Home, agent: FakeTaskEntity) -> None:
    agent.answer = lambda: "no answer at all"
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 3})
    camera = home.console.cameras[1]

    assert (await told(home, camera))["fallback_reason"] == "agent_failed"
    assert (await told(home, camera))["fallbacks"] == OVER
    assert shown(home, "ai_failures_today") == shown(home, "ai_calls_today") == "2"


@pytest.mark.parametrize("runs", [True, False], ids=["running", "off"])
async def test_the_next_day_begins_anew(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    await home.set_up(agent, {CONF_CALLS_PER_DAY: 2})
    camera = home.console.cameras[1]
    await told(home, camera)
    assert (await told(home, camera))["fallbacks"] == OVER
    if not runs:
        await home.unload()

    # A clock that stands still would stop the console's and the agent's answers as well.
    midnight = dt_util.start_of_local_day() + timedelta(days=1)
    monkeypatch.setattr(coordinator_module, "_local_day", midnight.date)
    if runs:
        async_fire_time_changed(home.hass, midnight)
        await until(lambda: shown(home, "ai_calls_left_today") == "1")
    else:
        await home.start()

    assert (shown(home, "ai_calls_left_today"), shown(home, "ai_calls_today")) == ("1", "0")
    assert (await told(home, camera))["fallback_reason"] is None


async def test_one_camera_at_its_limit_leaves_the_others_alone(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, f"custom_components.{DOMAIN}")
    await home.set_up(agent, {CONF_CALLS_PER_CAMERA: 2})
    street, garden = home.console.cameras[1:3]
    for _ in range(2):
        assert (await told(home, street))["fallback_reason"] is None

    for _ in range(2):
        assert (await told(home, street))["fallbacks"] == OVER
    assert (await told(home, garden))["fallback_reason"] is None
    assert caplog.text.count("used up") == 1
    assert shown(home, "ai_calls_left_today") == "unknown"


async def test_what_the_ai_costs_and_how_long_it_takes_is_shown(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    registry = er.async_get(home.hass)
    hidden = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(registry, home.entry.entry_id)
        if entity.disabled_by
    }
    stages = ("settle", "download", "prepare", "describe")
    assert hidden == {
        home.entity_id(Platform.SENSOR, key, one.mac)
        for one in home.console.cameras
        for key in ("ai_calls_today", "sounds_today", "motion_today")
    } | {
        home.entity_id(Platform.SENSOR, f"mean_{stage}_today", home.console.mac) for stage in stages
    }
    for entity_id in hidden:
        registry.async_update_entity(entity_id, disabled_by=None)
    await home.unload()
    await home.start()
    assert shown(home, "mean_total_today") == shown(home, "ai_tokens_today") == "unknown"

    sighting = await told(home, camera)

    assert shown(home, "ai_calls_today", camera) == "1"
    assert shown(home, "ai_calls_today", home.console.cameras[2]) == "0"
    for stage in (*stages, "total"):
        # Both are rounded, the event's to milliseconds: 0.1503 s is 0.2 here and 0.150 there.
        seconds = float(shown(home, f"mean_{stage}_today"))
        assert seconds == pytest.approx(sighting[f"{stage}_s"], abs=0.051)
    home.entry.runtime_data.coordinator.async_count_ai_tokens(700)
    assert shown(home, "ai_tokens_today") == "700"


async def test_one_call_at_a_time_over_all_consoles_where_the_user_wants_it(
    home: Home, agent: FakeTaskEntity, film: Film, never: asyncio.Future[object]
) -> None:
    agent.answer = lambda: never
    gate = shared(home.hass).gate
    elsewhere = [Camera.make(number) for number in (30, 31)]
    async with Console(elsewhere, film, mac="F4E2C6A0FFFF") as second:
        other = Home(home.hass, second, film)
        await home.set_up(agent, {CONF_AI_AT_ONCE: 1})
        await other.set_up(agent, {CONF_AI_AT_ONCE: 1})
        for one in (home, other):
            for camera in one.console.cameras[:2]:
                await one.see(camera)

        await until(lambda: len(gate._waiting) == 3)
        assert (gate.inside, len(agent.asked)) == (1, 1)
        never.set_result(GOOD_ANSWER)
        await home.next_sightings(4)
        await other.tidy_up()

    assert len(agent.asked) == 4
