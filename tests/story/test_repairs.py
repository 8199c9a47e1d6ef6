"""What lasts is told once, can be mended where it is told, and is taken back when it is mended."""

import asyncio
from datetime import timedelta

from homeassistant.components.ai_task.const import DATA_PREFERENCES
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import (
    ATTR_SUPPORTED_FEATURES,
    CONF_API_KEY,
    CONF_PASSWORD,
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNKNOWN,
)
from homeassistant.core import CoreState
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.protect_narrator import archive
from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CORE_ENTRY_ID,
    CONF_RECONCILE_INTERVAL,
    EVENT_SIGHTING,
)
from custom_components.protect_narrator.forms import CONF_REMOVE_API_KEY
from custom_components.protect_narrator.pipeline.case import Stage
from custom_components.protect_narrator.selectors import PREFERRED
from custom_components.protect_narrator.watch import AGENT_LOSSES, QUIET_AFTER, UNTOLD_LIVE
from custom_components.protect_narrator.watchman import AGENTS_COME_LATE, CHECK_EVERY
from simulator.console import Reply, Socket
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity, add_agents
from tests.shell.flows import core_entry, log_in
from tests.waiting import until

from .conftest import Home
from .mending import Repairs, default, fields
from .test_profiles import add_profile

GONE = "ai_task.gone"


@pytest.fixture
async def repairs(home: Home, hass_client: ClientSessionGenerator) -> Repairs:
    """Home Assistant's repairs."""
    assert await async_setup_component(home.hass, "repairs", {})
    return Repairs(home.hass, hass_client)


async def see_some(home: Home, count: int, camera: int = 1, seconds: float = 0.5) -> None:
    """Let so much be seen, and told."""
    for _ in range(count):
        await home.see(home.console.cameras[camera], seconds=seconds)
    await home.next_sightings(count)


async def open_for_a_while(home: Home, seconds: float = 0.5) -> None:
    """Let what ``see_some`` sees begin after the websockets were open: before, it counts not."""
    opened = home.console.now()
    await until(lambda: home.console.now() - opened > timedelta(seconds=seconds))


async def an_hour_later(home: Home) -> None:
    """Let the watchman look at what nobody tells."""
    async_fire_time_changed(
        home.hass, dt_util.utcnow() + CHECK_EVERY + timedelta(seconds=1), fire_all=True
    )
    await home.hass.async_block_till_done(wait_background_tasks=False)


async def reloaded(home: Home, was: object) -> None:
    """Wait until the entry was set up anew."""
    entry = home.entry
    await until(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data is not was)


def hurry(home: Home) -> None:
    """Let the public websocket come back at once, by the library's own parameter."""
    socket = home.entry.runtime_data.connection._client._events_websocket
    assert socket is not None
    socket.backoff = socket.auth_failed_backoff = 0.05  # type: ignore[assignment]  # any seconds do


def fail() -> object:
    raise RuntimeError("the model is on fire")


# -- the agent


async def test_an_agent_that_is_gone_is_told_and_another_chosen_where_it_is_told(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    await home.set_up(GONE)
    await see_some(home, AGENT_LOSSES - 1)
    assert repairs.keys == []
    await see_some(home, 1)
    await repairs.told("agent_missing")
    assert caplog.text.count("ai_task.gone cannot be asked at present") == 1

    form = await repairs.open("agent_missing")
    assert form["description_placeholders"] == {"name": home.console.name, "agent": GONE}
    assert default(form, CONF_AGENT_ID) == GONE
    form = await repairs.submit(form, agent_id=GONE)
    assert form["errors"] == {CONF_AGENT_ID: "agent_missing"}
    before = home.entry.runtime_data
    end = await repairs.submit(form, agent_id=agent.entity_id)

    assert end["type"] == "create_entry"
    assert repairs.ids == []
    assert home.entry.options[CONF_AGENT_ID] == agent.entity_id
    await reloaded(home, before)
    await see_some(home, 1)
    assert len(agent.asked) == 1


async def test_an_agent_that_fails_is_told_until_it_answers(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    agent.answer = fail
    await home.set_up(agent)
    await see_some(home, AGENT_LOSSES)
    await repairs.told("agent_failing")
    await see_some(home, 1)
    assert repairs.keys == ["agent_failing"]

    agent.answer = lambda: GOOD_ANSWER
    await see_some(home, 1)

    assert repairs.ids == []


async def test_who_says_that_the_agent_works_is_believed_until_it_does_not(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    agent.answer = fail
    await home.set_up(agent)
    await see_some(home, AGENT_LOSSES)
    runtime = home.entry.runtime_data

    form = await repairs.open("agent_failing")
    end = await repairs.submit(form, agent_id=agent.entity_id)

    assert end["type"] == "create_entry"
    assert repairs.ids == []
    assert home.entry.runtime_data is runtime
    await see_some(home, AGENT_LOSSES - 1)
    assert repairs.keys == []
    await see_some(home, 1)
    assert repairs.keys == ["agent_failing"]


async def test_who_has_no_agent_at_all_is_told_to_choose_one(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(None)
    await see_some(home, AGENT_LOSSES)
    await repairs.told("no_agent")

    form = await repairs.open("no_agent")
    assert default(form, CONF_AGENT_ID) == PREFERRED
    form = await repairs.submit(form, agent_id=PREFERRED)
    assert form["errors"] == {CONF_AGENT_ID: "agent_missing"}
    before = home.entry.runtime_data
    await repairs.submit(form, agent_id=agent.entity_id)

    await reloaded(home, before)
    assert home.entry.options[CONF_AGENT_ID] == agent.entity_id


async def test_what_the_formerly_preferred_agent_loses_is_not_held_against_its_successor(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    successor = FakeTaskEntity("Successor")
    await add_agents(home.hass, successor)
    prefer = home.hass.data[DATA_PREFERENCES].async_set_preferences
    prefer(gen_data_entity_id=agent.entity_id)
    broken: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    agent.answer = lambda: asyncio.shield(broken)
    await home.set_up(None)
    for _ in range(AGENT_LOSSES):
        await home.see(home.console.cameras[1], seconds=0.5)
    cases = home.entry.runtime_data.runner._unfinished
    await until(lambda: [each.stage for each in cases.values()] == [Stage.DESCRIBE] * AGENT_LOSSES)

    prefer(gen_data_entity_id=successor.entity_id)
    broken.set_exception(RuntimeError("the model is on fire"))
    told = await home.next_sightings(AGENT_LOSSES)

    assert {each["fallback_reason"] for each in told} == {"agent_failed"}
    assert home.entry.runtime_data.watchman.facts.agents == {}
    assert repairs.ids == []
    await see_some(home, 1)
    assert len(successor.asked) == 1


async def test_the_agent_of_one_camera_is_told_beside_one_that_works(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[2]
    add_profile(home, camera, {CONF_AGENT_ID: GONE})
    for _ in range(AGENT_LOSSES):
        await see_some(home, 1, camera=2)
        await see_some(home, 1, camera=1)
    await repairs.told("agent_missing")

    before = home.entry.runtime_data
    await repairs.submit(await repairs.open("agent_missing"), agent_id=agent.entity_id)

    assert repairs.ids == []
    await reloaded(home, before)
    assert home.entry.options[CONF_AGENT_ID] == agent.entity_id
    (profile,) = home.entry.subentries.values()
    assert profile.data == {CONF_AGENT_ID: agent.entity_id}


async def test_a_profile_that_wants_its_agent_no_more_takes_the_issue_with_it(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    profile = add_profile(home, home.console.cameras[2], {CONF_AGENT_ID: GONE})
    await see_some(home, AGENT_LOSSES, camera=2)
    await repairs.told("agent_missing")

    home.hass.config_entries.async_update_subentry(home.entry, profile, data={})

    assert repairs.ids == []


async def test_an_agent_that_comes_late_after_a_restart_is_waited_for(
    home: Home, repairs: Repairs
) -> None:
    home.hass.set_state(CoreState.starting)
    await home.set_up(GONE)
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await see_some(home, AGENT_LOSSES + 1)
    assert repairs.keys == []

    watchman = home.entry.runtime_data.watchman
    assert watchman._agents_count_from is not None
    watchman._agents_count_from -= AGENTS_COME_LATE
    await see_some(home, AGENT_LOSSES)
    assert repairs.keys == ["agent_missing"]


async def test_an_agent_that_is_back_is_noticed_without_a_detection(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(GONE)
    await see_some(home, AGENT_LOSSES)
    await repairs.told("agent_missing")

    features = {ATTR_SUPPORTED_FEATURES: agent.supported_features}
    home.hass.states.async_set(GONE, STATE_UNKNOWN, features)
    await an_hour_later(home)

    assert repairs.ids == []


# -- recordings and the media folder


async def test_recordings_that_may_not_be_read_are_told_and_looked_for_again(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.no_media = True
    await home.set_up(agent)
    await see_some(home, 1)
    await repairs.told("no_media_access")

    form = await repairs.open("no_media_access")
    assert form["description_placeholders"]["cameras"] == "Camera 1"
    # Home Assistant lists issues for every user, and shows forms to administrators alone.
    named = repairs.issue("no_media_access").translation_placeholders
    assert named == {"name": home.console.name}
    form = await repairs.submit(form)
    assert form["errors"] == {"base": "no_media_access"}
    home.console.faults.unset()
    end = await repairs.submit(form)

    assert end["type"] == "create_entry"
    assert repairs.ids == []


async def test_recordings_that_open_by_themselves_take_the_issue_back(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.no_media = True
    await home.set_up(agent)
    await see_some(home, 1)
    await see_some(home, 1, camera=2)
    await repairs.told("no_media_access")

    home.console.faults.unset()
    await see_some(home, 1)
    form = await repairs.open("no_media_access")
    assert form["description_placeholders"]["cameras"] == "Camera 2"
    await home.console.remove_camera(home.console.cameras[2].id)

    await repairs.told()


async def test_a_form_that_outlives_its_entry_asks_no_more_over_what_that_has_closed(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.no_media = True
    await home.set_up(agent)
    for camera in (1, 2):
        await see_some(home, 1, camera=camera)
    await repairs.told("no_media_access")
    form = await repairs.open("no_media_access")
    connection = home.entry.runtime_data.connection
    closed = home.entry.runtime_data.sessions
    before = len(home.console.requests_to("recording-snapshot"))
    home.console.faults.unset()
    # The form's own log-in asks first, then the entry's connection for one camera after another.
    home.console.faults.recorded_snapshot = [Reply(), Reply.late(2)]

    submitting = asyncio.create_task(repairs.submit(form))
    await home.console.wait_for(
        lambda: len(home.console.requests_to("recording-snapshot")) == before + 2
    )
    await home.unload()
    assert not submitting.done()
    await home.start()
    end = await submitting

    assert end["type"] == "create_entry"
    assert len(home.console.requests_to("recording-snapshot")) == before + 2
    assert connection._client._session is closed.private
    assert repairs.ids == []


async def test_a_console_that_is_away_is_said_in_the_form(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.no_media = True
    await home.set_up(agent)
    await see_some(home, 1)
    await home.console.go_down()

    form = await repairs.submit(await repairs.open("no_media_access"))

    assert form["errors"] == {"base": "cannot_connect"}


async def test_a_disk_that_is_full_is_told_until_a_clip_was_stored(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(agent)
    monkeypatch.setattr(archive, "RESERVED_BYTES", 1 << 62)
    await see_some(home, 1)
    await repairs.told("disk_full")
    form = await repairs.submit(await repairs.open("disk_full"))
    assert form["description_placeholders"]["folder"] == str(home.media)
    named = repairs.issue("disk_full").translation_placeholders
    assert named == {"name": home.console.name}
    assert form["errors"] == {"base": "disk_full"}

    monkeypatch.undo()
    await see_some(home, 1)

    assert repairs.ids == []


async def test_a_media_folder_that_is_gone_at_the_start_is_told_and_tried_again(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    home.media.rmdir()
    home.media.write_text("no folder")
    await home.set_up(agent)
    await repairs.told("media_folder")
    form = await repairs.submit(await repairs.open("media_folder"))
    assert form["errors"] == {"base": "storage_error"}
    await an_hour_later(home)
    assert repairs.keys == ["media_folder"]

    home.media.unlink()
    home.media.mkdir()
    end = await repairs.submit(form)

    assert end["type"] == "create_entry"
    assert repairs.ids == []
    assert caplog.text.count("The media folder cannot be written;") == 1
    await home.is_clean()


async def test_a_media_folder_that_is_back_is_noticed_without_a_detection(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.media.rmdir()
    home.media.write_text("no folder")
    await home.set_up(agent)
    home.media.unlink()
    home.media.mkdir()

    await an_hour_later(home)

    await repairs.told()


# -- the API key


async def revoke(home: Home) -> None:
    """Let the console forget the API key."""
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)
    hurry(home)
    home.console.api_key = "the new key"
    await home.console.drop_websockets(private=False)


async def test_an_api_key_that_is_revoked_is_told_and_a_new_one_typed(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await revoke(home)
    await repairs.told("api_key_refused")

    form = await repairs.open("api_key_refused")
    assert fields(form) == [CONF_API_KEY, CONF_REMOVE_API_KEY]
    form = await repairs.submit(form, remove_api_key=False)
    assert form["errors"] == {"base": "api_key_needed"}
    form = await repairs.submit(form, api_key="another wrong one", remove_api_key=False)
    assert form["errors"] == {"base": "invalid_api_key"}
    before = home.entry.runtime_data
    end = await repairs.submit(form, api_key="the new key", remove_api_key=False)

    assert end["type"] == "create_entry"
    assert home.entry.data[CONF_API_KEY] == "the new key"
    await reloaded(home, before)
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)
    assert repairs.ids == []


async def test_a_log_in_that_is_changed_while_a_key_is_tried_stays_changed(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prove(_hass: object, _data: object) -> None:
        changed = {**home.entry.data, CONF_PASSWORD: "the new password"}
        home.hass.config_entries.async_update_entry(home.entry, data=changed)

    await home.set_up(agent)
    await revoke(home)
    await repairs.told("api_key_refused")
    home.console.password = "the new password"
    monkeypatch.setattr("custom_components.protect_narrator.repairs.prove_access", prove)
    before = home.entry.runtime_data

    form = await repairs.open("api_key_refused")
    await repairs.submit(form, api_key="the new key", remove_api_key=False)

    await reloaded(home, before)
    assert home.entry.data[CONF_PASSWORD] == "the new password"
    assert home.entry.data[CONF_API_KEY] == "the new key"


async def test_a_log_in_that_is_no_more_is_said_in_the_form_for_the_key(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await revoke(home)
    await repairs.told("api_key_refused")
    form = await repairs.open("api_key_refused")
    data = {CONF_CORE_ENTRY_ID: "gone"}
    home.hass.config_entries.async_update_entry(home.entry, data=data)

    form = await repairs.submit(form, api_key="the new key", remove_api_key=False)

    assert form["errors"] == {"base": "core_entry_missing"}
    assert home.entry.data == data


async def test_one_can_go_on_without_an_api_key(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await revoke(home)
    await repairs.told("api_key_refused")
    before = home.entry.runtime_data

    await repairs.submit(await repairs.open("api_key_refused"), remove_api_key=True)

    assert CONF_API_KEY not in home.entry.data
    await reloaded(home, before)
    await see_some(home, 1)
    assert repairs.ids == []


async def test_an_api_key_that_is_accepted_again_is_told_no_more(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    await home.set_up(agent)
    good = home.console.api_key
    await revoke(home)
    await repairs.told("api_key_refused")

    home.console.api_key = good

    await repairs.told()
    assert caplog.text.count("refuses the API key") == 1


async def test_an_api_key_that_core_holds_is_mended_there(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    core = core_entry(home.hass, home.console)
    await home.set_up(agent, data={CONF_CORE_ENTRY_ID: core.entry_id})
    await revoke(home)
    await repairs.told("api_key_refused_core")
    assert not repairs.issue("api_key_refused_core").is_fixable
    before = home.entry.runtime_data

    home.hass.config_entries.async_update_entry(core, data=log_in(home.console))

    await reloaded(home, before)
    assert repairs.ids == []


async def test_a_websocket_that_is_silent_asks_for_the_api_key_that_would_help(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.private_socket = Socket.SILENT
    data = log_in(home.console, api_key=None)
    await home.set_up(agent, {CONF_RECONCILE_INTERVAL: 1}, data=data)
    await until(lambda: home.entry.runtime_data.connection.ways.any_open)
    await open_for_a_while(home)
    for _ in range(UNTOLD_LIVE):
        assert repairs.keys == []
        await see_some(home, 1)
    await repairs.told("api_key_missing")

    form = await repairs.open("api_key_missing")
    assert fields(form) == [CONF_API_KEY]
    before = home.entry.runtime_data
    await repairs.submit(form, api_key=home.console.api_key)

    await reloaded(home, before)
    await home.is_heard()
    await see_some(home, UNTOLD_LIVE)
    assert repairs.ids == []


async def test_two_websockets_that_are_silent_are_told_until_one_speaks(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    home.console.faults.private_socket = home.console.faults.public_socket = Socket.SILENT
    await home.set_up(agent, {CONF_RECONCILE_INTERVAL: 1})
    await home.is_heard()
    await open_for_a_while(home)
    for _ in range(UNTOLD_LIVE):
        assert repairs.keys == []
        await see_some(home, 1)
    await repairs.told("never_live")
    assert not repairs.issue("never_live").is_fixable

    home.console.faults.private_socket = Socket.OPEN
    # A look back may be faster with one of them.
    for _ in range(3):
        await see_some(home, 1)

    assert repairs.ids == []


# -- silence


async def test_days_of_silence_are_told_also_after_a_restart_until_something_is_heard(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    runtime = home.entry.runtime_data
    await until(lambda: runtime.connection.cameras_connected)
    runtime.ledger.async_heard(dt_util.utcnow() - QUIET_AFTER + timedelta(hours=2))
    await an_hour_later(home)
    assert repairs.keys == []
    runtime.ledger.async_heard(dt_util.utcnow() - QUIET_AFTER)
    await an_hour_later(home)
    await repairs.told("nothing_heard")

    await home.unload()
    assert repairs.ids == []
    await home.start()
    await until(lambda: home.entry.runtime_data.connection.cameras_connected)
    await an_hour_later(home)
    await repairs.told("nothing_heard")
    await see_some(home, 1)

    assert repairs.ids == []


async def test_cameras_that_are_off_cannot_be_heard(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    runtime = home.entry.runtime_data
    await until(lambda: runtime.connection.cameras_connected)
    runtime.connection._cameras._connected = 0
    runtime.ledger.async_heard(dt_util.utcnow() - 2 * QUIET_AFTER)

    await an_hour_later(home)

    assert repairs.keys == []


# -- the recorder


async def test_a_recorder_that_leaves_our_event_out_is_told_and_can_be_ignored(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    get_instance(home.hass).exclude_event_types.add(EVENT_SIGHTING)
    await home.set_up(agent)
    await repairs.told("event_excluded")
    repairs.ignore("event_excluded")

    await home.unload()
    await home.start()
    assert repairs.keys == []
    assert len(repairs.ids) == 1
    await an_hour_later(home)
    assert repairs.keys == []

    get_instance(home.hass).exclude_event_types.discard(EVENT_SIGHTING)
    await an_hour_later(home)
    assert repairs.ids == []


async def test_a_recorder_that_is_switched_off_is_told(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    get_instance(home.hass).set_enable(False)
    await an_hour_later(home)
    await repairs.told("recorder_off")

    get_instance(home.hass).set_enable(True)
    await an_hour_later(home)

    assert repairs.ids == []


# -- bugs


async def test_a_bug_is_told_with_where_to_report_it(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise TypeError("planted")

    await home.set_up(agent)
    monkeypatch.setattr("custom_components.protect_narrator.pipeline.clip.clip_window", bug)
    await see_some(home, 1)
    await repairs.told("internal_error")
    monkeypatch.undo()
    await see_some(home, 1)

    form = await repairs.open("internal_error")
    assert form["description_placeholders"]["issue_tracker"].endswith("/issues")
    end = await repairs.submit(form)

    assert end["type"] == "create_entry"
    assert repairs.ids == []


async def test_a_bug_that_costs_no_sighting_is_told_too_until_the_entry_is_reloaded(
    home: Home, repairs: Repairs, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise TypeError("planted")

    await home.set_up(agent)
    monkeypatch.setattr(home.entry.runtime_data.coordinator, "async_set_cameras", bug)
    await home.console.remove_camera(home.console.cameras[3].id)
    await repairs.told("internal_error")

    await home.unload()

    assert repairs.ids == []


# -- the end


async def test_an_entry_that_goes_takes_its_issues_along_even_ignored_ones(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    get_instance(home.hass).exclude_event_types.add(EVENT_SIGHTING)
    await home.set_up(agent)
    await repairs.told("event_excluded")
    repairs.ignore("event_excluded")
    manager = home.hass.config_entries

    await manager.async_set_disabled_by(home.entry.entry_id, ConfigEntryDisabler.USER)
    assert repairs.ids == []

    await manager.async_set_disabled_by(home.entry.entry_id, None)
    await repairs.told("event_excluded")
    repairs.ignore("event_excluded")
    await home.unload()
    assert len(repairs.ids) == 1
    await manager.async_remove(home.entry.entry_id)
    assert repairs.ids == []


async def test_a_good_day_tells_nothing(
    home: Home, repairs: Repairs, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await see_some(home, AGENT_LOSSES)
    await an_hour_later(home)
    assert repairs.ids == []
