"""Set-ups that are cut off in the middle leave nothing open."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components import protect_narrator
from custom_components.protect_narrator import (
    assembly,
    async_remove_config_entry_device,
    following,
    switch,
    watchman,
)
from custom_components.protect_narrator.console_access import Sessions, open_sessions, token_folder
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.hidden import HIDDEN_FILE, hidden_ids
from custom_components.protect_narrator.reading import async_require_hidden
from custom_components.protect_narrator.receipts import Receipts
from simulator.console import Console, Reply
from tests.waiting import until

from .flows import our_entry


@pytest.fixture(autouse=True)
async def _home_assistant(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "homeassistant", {})


async def test_platforms_that_fail_take_the_connection_with_them(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(hass.config_entries, "async_forward_entry_setups", fail)
    entry = our_entry(hass, console)

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.runtime_data.sessions.private.closed
    await console.wait_for(lambda: console.open_requests == console.open_websockets == 0)


async def test_a_set_up_that_is_cancelled_between_its_platforms_leaves_none(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def wait(*_: object) -> None:
        begun.set()
        await going_on.wait()

    assert await async_setup_component(hass, DOMAIN, {})
    monkeypatch.setattr(switch, "async_setup_entry", wait)
    entry = our_entry(hass, console)
    setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await begun.wait()
    # Home Assistant would not try again to load a platform whose loading was cancelled.
    await until(lambda: {"event", "image", "sensor"} <= hass.config.components)
    await until(lambda: bool(hass.states.async_entity_ids("sensor")))

    setting_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await setting_up
    going_on.set()  # Home Assistant shields a platform's set-up

    states = [hass.states.get(entity_id) for entity_id in hass.states.async_entity_ids("sensor")]
    assert {state.state for state in states if state} == {"unavailable"}
    monkeypatch.undo()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_bug_after_the_log_in_leaves_no_session_open(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Sessions] = []

    def opening(*args: Any, **others: Any) -> Sessions:
        opened.append(open_sessions(*args, **others))
        return opened[-1]

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(assembly, "open_sessions", opening)
    monkeypatch.setattr(assembly, "policy_from", fail)
    entry = our_entry(hass, console)

    assert not await hass.config_entries.async_setup(entry.entry_id)

    (sessions,) = opened
    assert sessions.private.closed
    assert sessions.public.closed


async def test_a_bug_after_the_entities_were_added_takes_them_away_again(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(protect_narrator, "async_follow", fail)
    entry = our_entry(hass, console)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.sessions.private.closed

    monkeypatch.undo()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "where",
    [
        "require_recording",
        "async_follow_core",
        "async_remove_stale",
        "_follow_core_log_in",
        "_follow_texts",
    ],
)
async def test_a_bug_while_we_begin_to_follow_leaves_nobody_listening_and_no_issue(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    room = watchman if where == "require_recording" else following
    monkeypatch.setattr(room, where, fail)
    entry = our_entry(hass, console)
    assert not await hass.config_entries.async_setup(entry.entry_id)

    assert entry.runtime_data.coordinator._subscribers_to_all == []
    assert entry.runtime_data.coordinator._listeners == {}
    # There is no recorder, which the watchman tells at once.
    assert not ir.async_get(hass).issues


async def test_an_unload_with_a_bug_is_loud_and_the_entry_can_be_set_up_again(
    hass: HomeAssistant,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise RuntimeError("planted")

    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    monkeypatch.setattr(entry.runtime_data.runner, "close", fail)

    assert await hass.config_entries.async_unload(entry.entry_id)

    assert entry.state is ConfigEntryState.NOT_LOADED
    assert ", in fail\nRuntimeError" in caplog.text
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_without_a_recorder_the_user_is_told_that_nothing_is_kept(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)

    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "recorder_off"
    assert not issue.is_fixable

    await hass.config_entries.async_unload(entry.entry_id)
    assert not ir.async_get(hass).issues


async def test_a_device_of_an_entry_that_is_not_loaded_can_be_removed(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "F4E2C6000001")}
    )
    assert await async_remove_config_entry_device(hass, entry, device)


async def test_an_end_that_fails_half_way_keeps_nothing_open(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise RuntimeError("planted")

    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    await console.wait_for(lambda: console.open_websockets > 0)
    runtime = entry.runtime_data
    monkeypatch.setattr(runtime.runner, "close", fail)

    with pytest.raises(RuntimeError, match="planted"):
        await runtime.close()

    assert runtime.sessions.private.closed
    await console.wait_for(lambda: console.open_requests == console.open_websockets == 0)
    monkeypatch.undo()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_counts_begin_anew_at_midnight(
    hass: HomeAssistant, console: Console, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    coordinator = entry.runtime_data.coordinator
    coordinator.async_count_ai_call(None)
    calls = f"sensor.{console.name.lower()}_ai_calls_today"
    state = hass.states.get(calls)
    assert state is not None
    assert state.state == "1"

    freezer.move_to(dt_util.start_of_local_day() + timedelta(days=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    state = hass.states.get(calls)
    assert state is not None
    assert state.state == "0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_set_up_that_is_cancelled_leaves_no_request_open(
    hass: HomeAssistant, console: Console
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    console.faults.bootstrap = Reply.hang()
    entry = our_entry(hass, console)
    setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await console.wait_for(lambda: console.open_requests == 1)

    setting_up.cancel()

    with pytest.raises(asyncio.CancelledError):
        await setting_up
    await console.wait_for(lambda: console.open_requests == 0)


async def test_an_entry_that_is_removed_leaves_no_log_in_token(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    folder = token_folder(hass)
    assert [path for path in folder.rglob("*") if path.is_file()]

    await hass.config_entries.async_remove(entry.entry_id)

    assert not [path for path in folder.rglob("*") if path.is_file()]


async def test_a_ledger_that_cannot_be_read_now_is_tried_again(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Store.async_load

    async def fail(store: Store[Any]) -> object:
        if not store.key.startswith(DOMAIN):
            return await load(store)
        raise HomeAssistantError("planted") from OSError("too many open files")

    entry = our_entry(hass, console)
    with monkeypatch.context() as no_files:
        no_files.setattr(Store, "async_load", fail)
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "memory_unavailable"

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_damaged_list_of_what_was_deleted_is_said_until_it_is_mended(
    hass: HomeAssistant, console: Console, hass_storage: dict[str, Any]
) -> None:
    """To remove the file is what the home is told to do, if it has no other."""
    hass_storage[HIDDEN_FILE] = {
        "version": "one",
        "key": HIDDEN_FILE,
        "data": {"hidden": {"a": 1.0}},
    }
    entry = our_entry(hass, console)

    await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await async_require_hidden(hass)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "deleted_unreadable"
    assert HIDDEN_FILE in (entry.reason or "")
    assert caught.value.translation_key == "deleted_unreadable"
    del hass_storage[HIDDEN_FILE]
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert hidden_ids(hass) == frozenset()
    await hass.config_entries.async_unload(entry.entry_id)


async def silenced_and_unloaded(
    hass: HomeAssistant, console: Console
) -> tuple[ConfigEntry[Any], str]:
    """Return an entry that was unloaded, and the camera that was silenced before."""
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    silenced = console.cameras[0].mac
    entry.runtime_data.coordinator.async_set_describes(silenced, describes=False)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    return entry, silenced


@pytest.mark.parametrize("damage", [{"muted": "nonsense"}, None], ids=["a part", "all"])
async def test_a_camera_that_was_silenced_stays_so_when_the_ledger_is_lost(
    hass: HomeAssistant,
    console: Console,
    hass_storage: dict[str, Any],
    damage: dict[str, Any] | None,
) -> None:
    entry, silenced = await silenced_and_unloaded(hass, console)
    if damage is None:
        del hass_storage[f"{DOMAIN}.{entry.entry_id}"]
    else:
        hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"].update(damage)

    assert await hass.config_entries.async_setup(entry.entry_id)

    assert entry.runtime_data.coordinator.data.muted == {silenced}
    switches = hass.states.async_all("switch")
    assert sorted(switch.state for switch in switches) == ["off", "on", "on"]
    # And from now on the ledger knows it again.
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["muted"] == [silenced]


async def test_what_the_ledger_knows_of_a_switch_is_believed(
    hass: HomeAssistant, console: Console, hass_storage: dict[str, Any]
) -> None:
    entry, _ = await silenced_and_unloaded(hass, console)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["muted"] = []

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.runtime_data.coordinator.data.muted == frozenset()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_that_is_unloaded_while_home_assistant_starts_begins_no_more(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.set_state(CoreState.starting)
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)
    begun: list[Receipts] = []
    work = Receipts._work

    async def note(receipts: Receipts, *args: Any) -> None:
        begun.append(receipts)
        await work(receipts, *args)

    monkeypatch.setattr(Receipts, "_work", note)
    ledger = entry.runtime_data.ledger
    close = ledger.async_close

    async def started() -> None:
        """Have Home Assistant started between our end and what is undone after it."""
        await close()
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)

    monkeypatch.setattr(ledger, "async_close", started)

    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()

    assert begun == []


async def test_a_bug_in_the_receipts_is_told_to_the_user(
    hass: HomeAssistant, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_receipts: Receipts) -> bool:
        raise RuntimeError("planted")

    monkeypatch.setattr(Receipts, "_look", fail)
    entry = our_entry(hass, console)
    await hass.config_entries.async_setup(entry.entry_id)

    try:
        await until(lambda: entry.runtime_data.watchman.facts.bug)
    finally:
        await hass.config_entries.async_unload(entry.entry_id)
