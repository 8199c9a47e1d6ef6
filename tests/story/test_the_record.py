"""The Sighting as the recorder keeps it, and as people and automations find it there."""

from datetime import UTC, datetime, timedelta
import json

from homeassistant.components.recorder.db_schema import States, StatesMeta
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.const import Platform
from homeassistant.core import State
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import select

from custom_components.protect_narrator.pipeline.models import Label
from custom_components.protect_narrator.publisher import event_data
from simulator.console import Reply
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.shell.sightings import LONGEST
from tests.waiting import until

from .conftest import Home
from .database import sightings_in_database

KEYS = {
    "schema": int,
    "sighting_id": str,
    "revision": int,
    "phase": str,
    "late": bool,
    "requested": bool,
    "protect_event_id": str,
    "protect_event_ids": list,
    "config_entry_id": str,
    "console_id": str,
    "camera_id": str,
    "camera_name": str,
    "device_id": str,
    "labels": list,
    "start": str,
    "end": str,
    "end_estimated": bool,
    "score": int,
    "license_plates": list,
    "faces": list,
    "zones": list,
    "title": str,
    "description": str,
    "importance": str,
    "importance_reason": str,
    "people": int,
    "vehicles": int,
    "animals": int,
    "packages": int,
    "confidence": float,
    "agent_id": str,
    "medium": str,
    "frame_count": int,
    "fallback_reason": str,
    "fallback_detail": str,
    "fallbacks": list,
    "clip_attempts": int,
    "settle_s": float,
    "download_s": float,
    "prepare_s": float,
    "describe_s": float,
    "total_s": float,
    "image": str,
}
MAY_BE_NULL = {
    "device_id",
    "score",
    "importance_reason",
    "people",
    "vehicles",
    "animals",
    "packages",
    "confidence",
    "agent_id",
    "fallback_reason",
    "fallback_detail",
    "image",
}


async def test_sightings_are_found_in_the_database_by_their_fallback_reason(
    home: Home, agent: FakeTaskEntity
) -> None:
    good, bad = home.console.cameras[1:3]
    home.console.faults.export = {bad.id: Reply.error(403)}
    await home.set_up(agent)
    await home.see(good)
    await home.see(bad)
    fired = await home.next_sightings(2)

    # Two are looked at together: which one is told first is nobody's promise.
    fired.sort(key=lambda each: each["start"])
    assert await sightings_in_database(home.hass) == fired
    (lost,) = await sightings_in_database(home.hass, fallback_reason="clip_download_failed")
    assert lost["camera_id"] == bad.id
    assert lost["fallback_detail"] == "no_access"
    (whole,) = await sightings_in_database(home.hass, camera_id=good.id)
    assert whole["fallback_reason"] is None
    assert await sightings_in_database(home.hass, fallback_reason="agent_failed") == []


async def test_a_sighting_is_what_the_contract_says(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    event_id = await home.console.start_detection(camera.id, ("person", "licensePlate"))
    await home.console.update_detection(event_id, license_plate="B AB 123", face="Robin")
    await home.console.end_detection(event_id)
    sighting = await home.next_sighting()

    assert list(sighting) == list(KEYS)
    for key, kind in KEYS.items():
        value = sighting[key]
        assert (value is None and key in MAY_BE_NULL) or type(value) is kind, key
    assert sighting["schema"] == 1
    assert (sighting["revision"], sighting["phase"]) == (1, "final")
    assert sighting["config_entry_id"] == home.entry.entry_id
    assert sighting["console_id"] == home.console.mac.lower()
    assert sighting["protect_event_ids"] == [event_id]
    assert sighting["labels"] == ["person", "face", "license_plate"]
    assert sighting["license_plates"] == ["B AB 123"]
    assert sighting["faces"] == ["Robin"]
    assert datetime.fromisoformat(sighting["start"]).utcoffset() == timedelta()
    assert sighting["start"] < sighting["end"]
    assert sighting["total_s"] > 0
    # A key of that name would let a user's recorder filter drop the record.
    assert "entity_id" not in sighting


def test_the_largest_sighting_there_can_be_fits_into_the_record() -> None:
    data = event_data(LONGEST, config_entry_id="0" * 26, device_id="0" * 32)

    assert len(json.dumps(data, ensure_ascii=False).encode()) < 8 * 1024
    assert data["labels"] == [label.value for label in Label]


async def test_the_entities_changes_are_linked_to_the_sighting(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await until(lambda: home.sightings)
    context = home.sightings[0].context

    assert context.user_id is None
    for platform, key in (
        (Platform.EVENT, "sighting"),
        (Platform.SENSOR, "last_sighting"),
        (Platform.SENSOR, "fallback_reason"),
        (Platform.IMAGE, "last_picture"),
    ):
        assert home.state(platform, key, camera).context is context, key


async def test_the_reason_is_in_the_history_of_its_sensor_and_long_words_are_not(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = Reply.error(403)
    await home.set_up(agent)
    begin = datetime.now(UTC)
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()
    hass = home.hass
    recorder = get_instance(hass)
    await recorder.async_block_till_done()
    reason = home.entity_id(Platform.SENSOR, "fallback_reason", camera.mac)
    words = home.entity_id(Platform.SENSOR, "last_sighting", camera.mac)

    history = await recorder.async_add_executor_job(
        get_significant_states, hass, begin, None, [reason, words]
    )
    last_of = {entity_id: states[-1] for entity_id, states in history.items()}

    last = last_of[reason]
    assert isinstance(last, State)
    assert last.state == "clip_download_failed"
    assert last.attributes["fallback_detail"] == "no_access"
    assert last.attributes["sighting_id"] == sighting["sighting_id"]
    last = last_of[words]
    assert isinstance(last, State)
    assert last.state == sighting["title"]
    assert "description" not in last.attributes
    assert home.state(Platform.SENSOR, "last_sighting", camera).attributes["description"]


async def test_a_title_longer_than_a_state_may_be_is_still_a_state(home: Home) -> None:
    agent = FakeTaskEntity(answer=lambda: {"title": "word " * 200, "description": "d " * 5000})
    await add_agents(home.hass, agent)
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()

    assert len(sighting["title"]) <= 60
    assert len(sighting["description"]) <= 1000
    assert home.state(Platform.SENSOR, "last_sighting", camera).state == sighting["title"]
    hass = home.hass

    def stored() -> list[str | None]:
        query = (
            select(States.state)
            .join(StatesMeta, States.metadata_id == StatesMeta.metadata_id)
            .where(StatesMeta.entity_id.endswith("camera_1_last_sighting"))
            .order_by(States.state_id)
        )
        with session_scope(hass=hass, read_only=True) as session:
            return list(session.execute(query).scalars())

    await get_instance(hass).async_block_till_done()
    assert (await get_instance(hass).async_add_executor_job(stored))[-1] == sighting["title"]
