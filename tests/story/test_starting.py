"""Set-ups that cannot succeed say why; ends of every kind leave nothing behind."""

import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.protect_narrator import ledger as ledger_module
from custom_components.protect_narrator.const import DOMAIN
from simulator.console import Reply
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home


async def fail_to_start(home: Home) -> tuple[ConfigEntryState, str | None, str | None]:
    """Set up; return the entry's state, the key of its message, and the message."""
    entry = home.add_entry("ai_task.anybody")
    await home.hass.config_entries.async_setup(entry.entry_id)
    failed = entry.state, entry.error_reason_translation_key, entry.reason
    # Ends the timer of the next try.
    await home.hass.config_entries.async_unload(entry.entry_id)
    return failed


async def test_a_console_that_is_away_is_tried_again(home: Home) -> None:
    await home.console.go_down()

    state, key, reason = await fail_to_start(home)

    assert state is ConfigEntryState.SETUP_RETRY
    assert key == "cannot_connect"
    assert reason is not None
    assert home.console.host in reason


async def test_a_console_that_is_starting_up_is_tried_again(home: Home) -> None:
    home.console.faults.bootstrap = Reply.html()

    state, key, _ = await fail_to_start(home)

    assert state is ConfigEntryState.SETUP_RETRY
    assert key == "cannot_connect"
    await home.console.wait_for(lambda: home.console.open_requests == 0)


async def test_a_console_that_refuses_the_log_in_asks_the_user(home: Home) -> None:
    entry = home.add_entry("ai_task.anybody")
    home.console.password = "another one"

    await home.hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "invalid_auth"
    (flow,) = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["source"] == "reauth"


async def test_a_media_folder_that_cannot_be_used_is_named_and_costs_no_sighting(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    home.media.rmdir()
    home.media.write_text("no folder")

    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"][0] == "clip_download_failed:storage_error"
    assert sighting["title"] == "Person at Camera 1"
    said = [record for record in caplog.records if str(home.media) in record.getMessage()]
    assert [record.levelname for record in said] == ["WARNING"]


async def test_what_happens_while_home_assistant_starts_waits_until_it_has(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.hass.set_state(CoreState.starting)
    await home.set_up(agent)
    event_id = await home.see(home.console.cameras[1])
    ledger = home.entry.runtime_data.ledger
    await until(lambda: len(ledger.unfinished) == 1)
    assert home.entry.runtime_data.runner.depth == 0

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)

    assert (await home.next_sighting())["protect_event_id"] == event_id
    assert len(agent.asked) == 1


async def test_more_than_may_be_unfinished_while_it_starts_is_told_when_it_has(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 1)
    home.hass.set_state(CoreState.starting)
    await home.set_up(agent)
    ledger = home.entry.runtime_data.ledger
    first = await home.see(home.console.cameras[1])
    await until(lambda: len(ledger.unfinished) == 1)
    others = {await home.see(home.console.cameras[number]) for number in (2, 3)}
    await until(lambda: len(ledger.turned_away) == 2)
    assert home.sightings == []

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)

    told = {each["protect_event_id"]: each for each in await home.next_sightings(3)}
    assert told.keys() == {first, *others}
    assert told[first]["fallback_reason"] is None
    assert {told[each]["fallback_reason"] for each in others} == {"queue_full"}
    assert not len(ledger.turned_away)


async def test_what_found_no_place_is_found_again_when_it_is_ended_before_it_was_told(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 1)
    home.hass.set_state(CoreState.starting)
    await home.set_up(agent)
    ledger = home.entry.runtime_data.ledger
    await home.is_heard()
    first = await home.see(home.console.cameras[1])
    await until(lambda: len(ledger.unfinished) == 1)
    second = await home.see(home.console.cameras[2])
    await until(lambda: len(ledger.turned_away) == 1)
    await home.unload()

    home.hass.set_state(CoreState.running)
    await home.start()

    told = {each["protect_event_id"] for each in await home.next_sightings(2)}
    assert told == {first, second}


async def test_what_finds_no_place_is_told_at_once(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 1)
    home.console.faults.export = Reply.hang_in_body()
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.console.wait_for(lambda: home.console.exports_running == 1)
    second = await home.see(home.console.cameras[2])

    sighting = await home.next_sighting()

    assert sighting["protect_event_id"] == second
    assert sighting["fallback_reason"] == "queue_full"


async def test_the_end_of_home_assistant_ends_everything_of_ours(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = Reply.hang_in_body()
    await home.set_up(agent)
    await home.console.wait_for(lambda: home.console.open_public_websockets > 0)
    await home.see(home.console.cameras[1])
    await home.console.wait_for(lambda: home.console.exports_running == 1)

    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)

    await home.console.wait_for(
        lambda: home.console.open_requests == home.console.open_websockets == 0
    )
    await until(lambda: not home.files_left())
    assert home.sightings == []


async def test_a_removed_entry_is_forgotten(
    home: Home, agent: FakeTaskEntity, hass: HomeAssistant, hass_storage: dict[str, object]
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.next_sighting()
    await home.unload()
    key = f"{DOMAIN}.{home.entry.entry_id}"
    assert key in hass_storage

    await hass.config_entries.async_remove(home.entry.entry_id)

    assert key not in hass_storage


async def test_the_log_names_no_secret(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    home.console.faults.export = [Reply.error(500), Reply.reset(), Reply.error(403)]
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.next_sighting()

    ours = [record for record in caplog.records if DOMAIN in record.name]
    assert ours
    for secret in (home.console.password, home.console.api_key):
        assert not [record for record in ours if secret in record.getMessage()]


async def test_a_good_day_is_a_quiet_one_in_the_log(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> None:
    package = f"custom_components.{DOMAIN}"
    caplog.set_level(logging.DEBUG, package)
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    removed = f"Sighting {sighting['sighting_id']}: clip and pictures removed"
    await until(lambda: removed in caplog.text)

    ours = [record for record in caplog.records if record.name.startswith(package)]
    assert {record.levelname for record in ours} <= {"DEBUG", "INFO"}
