"""Consoles that say nothing, go away and come back."""

import asyncio
from datetime import UTC, datetime, timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, Platform
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.protect_narrator.console_access import credentials, login_budget
from custom_components.protect_narrator.const import (
    CONF_CORE_ENTRY_ID,
    CONF_DESCRIBE_TIMEOUT,
    CONF_LONGEST_OPEN,
    CONF_RECONCILE_INTERVAL,
    DOMAIN,
)
from custom_components.protect_narrator.forms import CONF_REMOVE_API_KEY
from simulator.console import Ends, Reply, Socket
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.shell.flows import core_entry, log_in
from tests.waiting import until

from .conftest import Home


async def test_with_both_websockets_silent_a_detection_is_found_by_looking_back(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.private_socket = home.console.faults.public_socket = Socket.SILENT
    await home.set_up(agent, {CONF_RECONCILE_INTERVAL: 1})
    await until(lambda: home.console.requests_to("/api/events"))

    event_id = await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["protect_event_id"] == event_id
    assert sighting["late"] is True
    assert sighting["fallback_reason"] is None
    looks = len(home.console.requests_to("/api/events"))
    await until(lambda: len(home.console.requests_to("/api/events")) > looks + 1)
    assert home.sightings == []


async def test_with_the_private_websocket_silent_the_public_one_is_enough(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.private_socket = Socket.SILENT
    await home.set_up(agent)
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)
    # Whoever has just connected looks back, and that may be faster for a first one.
    await home.see(home.console.cameras[1])
    await home.next_sighting()
    await home.is_clean()

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["late"] is False
    assert sighting["labels"] == ["person"]
    # What only the private API knows is asked there.
    assert sighting["score"] == 80


async def test_an_end_that_is_never_told_is_estimated(home: Home, agent: FakeTaskEntity) -> None:
    home.console.faults.ends = Ends.NEVER
    await home.set_up(agent, {CONF_LONGEST_OPEN: 1})

    await home.console.start_detection(home.console.cameras[1].id)
    sighting = await home.next_sighting()

    assert sighting["end_estimated"] is True


async def test_what_happened_before_we_were_added_is_not_told(
    home: Home, agent: FakeTaskEntity
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=5)
    await home.console.detect(home.console.cameras[1].id, start=start)
    await home.set_up(agent)
    await until(lambda: home.console.requests_to("/api/events"))

    await home.nothing_more_is_told(home.console.cameras[2])


@pytest.mark.usefixtures("back_soon")
async def test_a_console_that_goes_away_makes_what_it_shows_unavailable_until_it_is_back(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await until(lambda: home.state(Platform.SENSOR, "last_sighting", camera).state == "unknown")

    await home.console.go_down()
    sensor = (Platform.SENSOR, "last_sighting", camera)
    await until(lambda: home.state(*sensor).state == "unavailable")
    # What the user chose, what we counted and the moments that come need no console.
    assert home.state(Platform.SWITCH, "describe", camera).state == "on"
    assert home.state(Platform.EVENT, "sighting", camera).state == "unknown"
    assert home.state(Platform.SENSOR, "sightings_today", home.console).state == "0"
    await home.see(camera)
    await home.console.come_up()

    sighting = await home.next_sighting()
    assert sighting["fallback_reason"] is None
    await until(lambda: home.state(*sensor).state == "A courier rings")
    assert home.state(Platform.SENSOR, "fallback_reason", camera).state == "none"


def minutes_pass(home: Home) -> None:
    """Let the log-ins so far be so long ago that they count no more."""
    budget = login_budget(home.hass, credentials(home.hass, home.entry))
    budget._sent.clear()


async def test_a_password_that_is_changed_at_the_console_asks_the_user_for_the_new_one(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)
    minutes_pass(home)

    home.console.password = "another one"
    home.console.end_sessions()
    await home.console.drop_websockets()

    flows = home.hass.config_entries.flow
    await until(lambda: flows.async_progress_by_handler(DOMAIN), limit_s=40)
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"


async def test_a_console_that_refused_a_good_password_for_a_while_leaves_no_question(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {CONF_RECONCILE_INTERVAL: 1})
    await home.is_heard()
    minutes_pass(home)

    home.console.faults.login = [Reply.error(401), Reply.error(401)]
    home.console.end_sessions()
    flows = home.hass.config_entries.flow
    await until(lambda: flows.async_progress_by_handler(DOMAIN))

    minutes_pass(home)
    await until(lambda: not flows.async_progress_by_handler(DOMAIN))
    assert home.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("of_core", [False, True])
async def test_what_was_under_way_as_the_password_changed_is_told_and_the_user_asked_once(
    home: Home, agent: FakeTaskEntity, *, of_core: bool
) -> None:
    core = core_entry(home.hass, home.console)
    data = {CONF_CORE_ENTRY_ID: core.entry_id} if of_core else None
    looking: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    agent.answer = lambda: looking
    await home.set_up(agent, {CONF_RECONCILE_INTERVAL: 1, CONF_DESCRIBE_TIMEOUT: 60}, data=data)
    await home.is_heard()
    camera = home.console.cameras[1]
    looked_at = await home.see(camera)
    await until(lambda: agent.asked)
    minutes_pass(home)

    home.console.password = "another one"
    home.console.end_sessions()
    await home.see(camera)  # told over a websocket that is still open
    flows = home.hass.config_entries.flow
    await until(lambda: flows.async_progress_by_handler(DOMAIN), limit_s=40)
    looking.set_result(GOOD_ANSWER)
    told = {each["protect_event_id"]: each for each in await home.next_sightings(2)}

    first = told.pop(looked_at)
    assert (first["title"], first["fallback_reason"]) == (GOOD_ANSWER["title"], None)
    assert [each["fallback_detail"] for each in told.values()] == ["no_access"]
    # The log-in is what is wrong: nothing else is told beside it.
    issues = ir.async_get(home.hass).issues
    assert not [issue_id for domain, issue_id in issues if domain == DOMAIN]
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == ("reauth_core" if of_core else "reauth_confirm")

    before = home.entry.runtime_data
    minutes_pass(home)
    if of_core:
        # The entry is set up anew by itself, and Home Assistant ends the flow.
        home.hass.config_entries.async_update_entry(core, data=log_in(home.console))
    else:
        answers = {CONF_PASSWORD: home.console.password, CONF_REMOVE_API_KEY: False}
        await flows.async_configure(flow["flow_id"], answers)

    await until(lambda: not flows.async_progress_by_handler(DOMAIN))
    await until(
        lambda: (
            home.entry.state is ConfigEntryState.LOADED and home.entry.runtime_data is not before
        )
    )
    event_id = await home.see(camera)
    assert (await home.next_sighting())["protect_event_id"] == event_id
