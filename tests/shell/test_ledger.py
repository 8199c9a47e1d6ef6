"""The ledger: what is unfinished and what was told, over restarts."""

import asyncio
from datetime import date, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.ulid import ulid_now
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.protect_narrator import (
    ledger as ledger_module,
    ledger_file as ledger_file_module,
)
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.ledger import Ledger
from custom_components.protect_narrator.ledger_file import SAVE_DELAY
from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.pipeline.overload import REFUSED_AT_MOST
from custom_components.protect_narrator.pipeline.readiness import Interval
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.stored import MAX_UNFINISHED, Fired
from custom_components.protect_narrator.tally import Tally

from .sightings import START, detection, sighting

ENTRY_ID = "01JDENTRY"
TODAY = Tally(day=date(2026, 11, 24), sightings=7, fallbacks=2, ai_calls=9, skipped=3)


def fired(number: int) -> Fired:
    """Return what was fired of that Detection."""
    data = event_data(sighting(number), config_entry_id="0" * 26, device_id=None)
    return Fired(context_id=ulid_now(), data=data, fired_at=1795000000.123456 + number, run="one")


async def reloaded(hass: HomeAssistant, ledger: Ledger) -> Ledger:
    """Return what a restart finds."""
    await ledger.async_close()
    return await Ledger.async_load(hass, ENTRY_ID)


async def test_a_new_ledger_knows_nothing(hass: HomeAssistant) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    assert ledger.unfinished == ()
    assert ledger.today is None
    assert not ledger.knows(detection())


async def test_what_is_unfinished_survives_a_restart_whole_and_in_order(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    first = detection(
        1,
        labels=(Label.PERSON, Label.LICENSE_PLATE),
        end_estimated=True,
        score=80,
        license_plates=("B AB 123",),
        faces=("Robin",),
        late=True,
        zones=("Porch",),
        best_views=(START + timedelta(seconds=1.5),),
        requested=True,
    )
    second = detection(2, event_ids=("a" * 24, "b" * 24))
    ledger.async_take_in(first)
    ledger.async_take_in(second)

    ledger = await reloaded(hass, ledger)

    assert ledger.unfinished == (first, second)
    assert ledger.knows(first)
    assert ledger.knows(detection(event_ids=("b" * 24,)))
    assert not ledger.knows(detection(3))


async def test_what_finds_no_place_is_known_until_it_is_told_and_no_look_counts_meanwhile(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 2)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_looked(START)
    assert [ledger.async_take_in(detection(number)) for number in range(3)] == [True, True, False]

    assert ledger.unfinished == (detection(0), detection(1))
    assert ledger.turned_away == (detection(2),)
    assert ledger.knows(detection(2))
    assert ledger.context_id_of(detection(2)) is None
    ledger.async_looked(START + timedelta(minutes=5))
    assert ledger.looked_at == START
    assert ledger.async_take_in(detection(1)), "it has its place"

    ledger.async_told(detection(2))
    ledger.async_told(detection(0))
    assert not len(ledger.turned_away)
    assert ledger.knows(detection(2))
    ledger.async_looked(START + timedelta(minutes=10))
    assert ledger.looked_at == START + timedelta(minutes=10)
    assert ledger.async_take_in(detection(4))


async def test_what_found_no_place_and_was_not_told_is_looked_for_after_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 1)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_looked(START)
    for number in range(2):
        ledger.async_take_in(detection(number))
    ledger.async_looked(START + timedelta(minutes=5))

    ledger = await reloaded(hass, ledger)

    assert ledger.looked_at == START
    assert ledger.unfinished == (detection(0),)
    assert not ledger.knows(detection(1))


async def test_more_than_can_be_remembered_are_looked_for_after_a_restart(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_UNFINISHED", 1)
    monkeypatch.setattr(ledger_module, "MOST_TURNED_AWAY", 1)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    for number in range(5):
        ledger.async_take_in(detection(number))
    assert (ledger.unfinished, ledger.turned_away) == ((detection(0),), (detection(1),))
    assert caplog.text.count("the next start looks for the rest") == 1

    for number in range(2):
        ledger.async_told(detection(number))
    ledger.async_looked(START)
    assert ledger.looked_at is None
    assert not ledger.knows(detection(4))


async def test_as_many_as_are_taken_in_are_read_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    for number in range(MAX_UNFINISHED + 5):
        ledger.async_take_in(detection(number))

    ledger = await reloaded(hass, ledger)

    assert ledger.unfinished == tuple(detection(number) for number in range(MAX_UNFINISHED))
    assert "cannot be read" not in caplog.text


def test_all_that_is_untold_can_be_told_without_being_looked_at() -> None:
    assert REFUSED_AT_MOST == MAX_UNFINISHED + ledger_module.MOST_TURNED_AWAY


async def test_what_was_told_is_known_and_not_unfinished(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    ledger.async_told(detection(1))
    ledger.async_keep(TODAY, frozenset({"F4E2C6000001"}))

    ledger = await reloaded(hass, ledger)

    assert ledger.unfinished == ()
    assert ledger.knows(detection(1))
    assert ledger.today == TODAY
    assert ledger.muted == {"F4E2C6000001"}


async def test_the_same_event_on_another_camera_is_another_one(hass: HomeAssistant) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_told(detection(1))
    assert not ledger.knows(detection(1, camera_id="65f0c0de0000000000000002"))


async def test_one_detection_is_on_disk_at_once(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    await ledger.async_kept(detection(1))

    assert len(hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["unfinished"]) == 1


async def test_what_is_not_unfinished_is_not_waited_for(hass: HomeAssistant) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)

    await ledger.async_kept(detection(1))


async def test_a_burst_is_written_twice(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    key = f"{DOMAIN}.{ENTRY_ID}"
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(0))
    await ledger.async_kept(detection(0))
    for number in range(1, 100):
        ledger.async_take_in(detection(number))
        await asyncio.sleep(0)
    assert len(hass_storage[key]["data"]["unfinished"]) == 1

    freezer.tick(timedelta(seconds=SAVE_DELAY))
    async_fire_time_changed(hass)
    await ledger.async_kept(detection(99))

    assert len(hass_storage[key]["data"]["unfinished"]) == 100


async def test_it_is_written_soon_even_when_detections_do_not_stop_coming(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    for number in range(4):
        ledger.async_take_in(detection(number))
        freezer.tick(timedelta(seconds=SAVE_DELAY / 2))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)

    assert len(hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["unfinished"]) >= 2
    await ledger.async_close()


async def test_a_disk_that_fails_keeps_nobody_waiting_and_is_said_once(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise OSError("planted")

    ledger = await Ledger.async_load(hass, ENTRY_ID)
    monkeypatch.setattr(Store, "async_save", fail)
    for number in range(2):
        ledger.async_take_in(detection(number))
        await ledger.async_kept(detection(number))

    assert caplog.text.count("cannot be written to disk: planted") == 1
    assert len(ledger.unfinished) == 2
    monkeypatch.undo()
    assert (await reloaded(hass, ledger)).unfinished == (detection(0), detection(1))


async def test_a_disk_that_hangs_is_waited_for_no_longer_than_a_moment(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = asyncio.Event()

    async def hang(*_: object) -> None:
        await done.wait()

    monkeypatch.setattr(ledger_file_module, "WRITTEN_LIMIT_S", 0.01)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    with monkeypatch.context() as hanging:
        hanging.setattr(Store, "async_save", hang)
        ledger.async_take_in(detection(1))
        await ledger.async_kept(detection(1))

    assert "cannot be written to disk: it takes longer than" in caplog.text
    done.set()
    await ledger.async_close()


async def test_after_the_end_nothing_is_written(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    await ledger.async_close()
    ledger.async_take_in(detection(2))
    await ledger.async_kept(detection(2))

    assert len(hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["unfinished"]) == 1


async def test_a_detection_keeps_the_context_of_its_event_over_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    context_id = ledger.context_id_of(detection(1))
    assert context_id is not None
    assert ledger.left_over == {}

    ledger = await reloaded(hass, ledger)
    ledger.async_take_in(detection(2))

    assert ledger.context_id_of(detection(1)) == context_id
    assert ledger.left_over == {context_id: detection(1)}
    assert ledger.context_id_of(detection(3)) is None


async def test_what_was_fired_survives_a_restart_until_it_is_stored(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    first, second = fired(1), fired(2)
    ledger.async_fired(first, detection(1))
    ledger.async_fired(second, None)

    ledger = await reloaded(hass, ledger)

    assert ledger.fired == (first, second)
    assert ledger.unfinished == ()
    assert ledger.knows(detection(1))
    assert not ledger.knows(detection(2))
    ledger.async_stored([first.context_id, ulid_now()])
    assert (await reloaded(hass, ledger)).fired == (second,)


async def test_no_more_is_waited_for_than_memory_has_room_for(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_FIRED", 2)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    all_fired = [fired(number) for number in range(4)]
    for one in all_fired:
        ledger.async_fired(one, None)

    assert ledger.fired == tuple(all_fired[2:])
    assert caplog.text.count("are not waited for any more") == 1
    await ledger.async_close()


async def test_what_was_passed_over_is_known_and_waits_for_the_next_write(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_pass_over(detection(1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert f"{DOMAIN}.{ENTRY_ID}" not in hass_storage
    assert ledger.unfinished == ()

    assert (await reloaded(hass, ledger)).knows(detection(1))


async def test_what_the_user_has_silenced_is_written_without_waiting_for_a_detection(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_keep(TODAY, frozenset({"F4E2C6000001"}))

    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["muted"] == ["F4E2C6000001"]


@pytest.mark.parametrize(
    "damage", [{"labels": ["unheard-of"]}, {"start": "yesterday"}, {"faces": None}, None]
)
async def test_a_detection_that_cannot_be_read_is_said_and_keeps_no_other(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    damage: dict[str, Any] | None,
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    ledger.async_take_in(detection(2))
    await ledger.async_close()
    stored = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["unfinished"]
    stored[0] = {} if damage is None else stored[0] | damage

    ledger = await Ledger.async_load(hass, ENTRY_ID)

    assert ledger.unfinished == (detection(2),)
    assert "cannot be read" in caplog.text


async def test_what_an_earlier_version_has_written_is_read(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_take_in(detection(1))
    await ledger.async_close()
    whole = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]
    whole["minor_version"] = 1
    del whole["data"]["fired"]
    (stored,) = whole["data"]["unfinished"]
    for key in ("zones", "best_views", "requested", "context_id"):
        del stored[key]

    ledger = await Ledger.async_load(hass, ENTRY_ID)

    assert ledger.unfinished == (detection(1),)
    # It is on disk before anything can be fired with it.
    (on_disk,) = hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["unfinished"]
    assert on_disk["context_id"] == ledger.context_id_of(detection(1))
    assert hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["minor_version"] == 2


async def test_only_the_latest_are_remembered(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_DONE", 2)
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    for number in range(3):
        ledger.async_told(detection(number))

    for known in (ledger, await reloaded(hass, ledger)):
        assert [known.knows(detection(number)) for number in range(3)] == [False, True, True]


async def test_a_removed_entry_leaves_no_file(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_told(detection(1))
    await ledger.async_close()
    assert f"{DOMAIN}.{ENTRY_ID}" in hass_storage

    await Ledger.async_delete(hass, ENTRY_ID)

    assert f"{DOMAIN}.{ENTRY_ID}" not in hass_storage


async def test_what_was_learnt_of_an_agent_is_written_soon_and_survives_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.experience.learn("ai_task.seer", "v1", takes_clip=False)

    await hass.async_block_till_done(wait_background_tasks=True)

    ledger = await Ledger.async_load(hass, ENTRY_ID)
    assert ledger.experience.takes_clip("ai_task.seer", "v1") is False
    assert ledger.experience.takes_clip("ai_task.seer", "v2") is None


async def test_a_call_that_was_paid_for_is_written_without_waiting_for_a_detection(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_keep(TODAY, frozenset())

    await hass.async_block_till_done(wait_background_tasks=True)

    assert hass_storage[f"{DOMAIN}.{ENTRY_ID}"]["data"]["today"]["ai_calls"] == 9


async def test_what_was_learnt_of_the_console_survives_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    learnt = (Interval(None, 7.5), Interval(18.5, 20.5))
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    ledger.async_keep(TODAY, frozenset(), learnt)

    assert (await reloaded(hass, ledger)).ready == learnt


@pytest.mark.parametrize(
    "ready", [None, 7.5, [7.5], [[1]], [[None, None]], [[5, 4]], [["a", "b"]], {"a": 1}]
)
async def test_what_was_learnt_and_cannot_be_read_is_learnt_again(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    ready: object,
) -> None:
    key = f"{DOMAIN}.{ENTRY_ID}"
    data = {"ready": ready, "muted": ["F4E2C6000001"]}
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": data}

    ledger = await Ledger.async_load(hass, ENTRY_ID)

    assert ledger.ready == ()
    assert ledger.muted == {"F4E2C6000001"}
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    "stored",
    [{}, {"abilities": {"ai_task.seer": {}}}, {"today": {"day": "tomorrow"}}, {"today": {}}],
)
async def test_a_ledger_that_holds_less_than_ours_is_taken_for_what_it_holds(
    hass: HomeAssistant, hass_storage: dict[str, Any], stored: dict[str, Any]
) -> None:
    key = f"{DOMAIN}.{ENTRY_ID}"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": stored}

    ledger = await Ledger.async_load(hass, ENTRY_ID)

    assert (ledger.unfinished, ledger.today, ledger.muted) == ((), None, frozenset())
    assert ledger.experience.takes_clip("ai_task.seer", "v1") is None


async def test_when_it_looked_and_when_it_heard_survive_a_restart(hass: HomeAssistant) -> None:
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    assert ledger.looked_at is None
    assert ledger.heard_at is None
    ledger.async_looked(START)
    ledger.async_heard(START + timedelta(seconds=5))

    ledger = await reloaded(hass, ledger)

    assert ledger.looked_at == START
    assert ledger.heard_at == START + timedelta(seconds=5)


@pytest.mark.parametrize("damage", ["soon", "2026-11-24T12:00:00", 7], ids=str)
async def test_a_moment_that_cannot_be_read_is_none(
    hass: HomeAssistant, hass_storage: dict[str, Any], damage: object
) -> None:
    hass_storage[f"{DOMAIN}.{ENTRY_ID}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{ENTRY_ID}",
        "data": {"looked_at": damage},
    }

    assert (await Ledger.async_load(hass, ENTRY_ID)).looked_at is None
