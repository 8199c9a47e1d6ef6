"""What was seen is found again: by automations, and by people as far as they may see it."""

from datetime import datetime, timedelta

from homeassistant.const import Platform
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.records import context_id
from custom_components.protect_narrator.viewer import Viewer
from simulator.console import Reply
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .asking import call, reading, seen, sensor_of, user_who
from .conftest import Home
from .database import sightings_in_database


def ids(answer: dict[str, object]) -> list[str]:
    sightings = answer["sightings"]
    assert isinstance(sightings, list)
    return [each["sighting_id"] for each in sightings]


async def test_an_automation_asks_for_what_was_just_told(home: Home, agent: FakeTaskEntity) -> None:
    """Its own trigger is in the answer, although the recorder stores it seconds later."""
    await home.set_up(agent)
    earlier = (await seen(home, 1))[0]
    hass = home.hass
    asked = "{{ seen.sightings | map(attribute='sighting_id') | list }}"
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": [{"trigger": "event", "event_type": "protect_narrator_sighting"}],
                "actions": [
                    {
                        "action": "protect_narrator.get_sightings",
                        "target": {"entity_id": sensor_of(home, 1)},
                        "data": {"since": "last 24 hours", "label": "person"},
                        "response_variable": "seen",
                    },
                    {"event": "told", "event_data": {"ids": asked}},
                ],
            }
        },
    )
    answers: list[list[str]] = []
    hass.bus.async_listen("told", lambda event: answers.append(event.data["ids"]))

    newest = (await seen(home, 1))[0]
    await until(lambda: answers)

    assert answers == [[newest["sighting_id"], earlier["sighting_id"]]]


async def test_it_is_the_event_as_it_was_fired(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)

    assert (await call(home.hass, "get_sightings"))["sightings"] == [sighting]
    one = await call(home.hass, "get_sighting", sighting_id=sighting["sighting_id"])
    assert one == sighting


async def test_filters_leave_out_what_does_not_match(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    (good,) = await seen(home, 1)
    home.console.faults.export = Reply.error(403)
    (bad,) = await seen(home, 2)
    hass = home.hass

    async def found(**asked: object) -> list[str]:
        return ids(await call(hass, "get_sightings", **asked))

    both = [bad["sighting_id"], good["sighting_id"]]
    assert await found() == await found(fallback_reason=["none", "any"]) == both
    assert await found(fallback_reason="none") == [good["sighting_id"]]
    assert await found(fallback_reason="clip_download_failed") == [bad["sighting_id"]]
    assert await found(label=["animal"]) == []
    assert await found(importance="high", text="RED jacket") == both
    assert await found(text="blue jacket") == await found(plate="X") == await found(face="X") == []
    between = dt_util.as_local(datetime.fromisoformat(bad["start"]))
    assert await found(until=between.isoformat()) == [good["sighting_id"]]
    assert await found(since=between.replace(tzinfo=None).isoformat()) == [bad["sighting_id"]]
    assert await found(since={"hours": 1}, until={"seconds": 0}) == both


async def test_pages_follow_each_other(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    sightings = await seen(home, 1, 2, 1)

    first = await call(home.hass, "get_sightings", limit=2)
    second = await call(home.hass, "get_sightings", limit=2, cursor=first["next"])

    assert [*ids(first), *ids(second)] == [each["sighting_id"] for each in reversed(sightings)]
    assert second["next"] is None


async def test_cameras_are_chosen_by_entity_device_and_area(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    one, _two = await seen(home, 1, 2)
    hass = home.hass
    entity = er.async_get(hass).async_get(sensor_of(home, 1))
    assert entity is not None
    assert entity.device_id is not None
    area = ar.async_get(hass).async_create("Porch")
    dr.async_get(hass).async_update_device(entity.device_id, area_id=area.id)
    switch = home.entity_id(Platform.SWITCH, "describe", home.console.cameras[1].mac)

    for target in (
        {"entity_id": switch},
        {"device_id": entity.device_id},
        {"area_id": [area.id]},
    ):
        assert ids(await call(hass, "get_sightings", **target)) == [one["sighting_id"]], target


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"entity_id": "light.kitchen"}, "camera_not_found"),
        ({"device_id": "none"}, "camera_not_found"),
        ({"area_id": "attic"}, "no_camera_there"),
        ({"cursor": "here"}, "bad_cursor"),
        ({"since": "today", "until": "yesterday"}, "no_period"),
    ],
)
async def test_what_is_asked_wrongly_is_told(
    home: Home, agent: FakeTaskEntity, asked: dict[str, object], key: str
) -> None:
    await home.set_up(agent)

    with pytest.raises(ServiceValidationError) as caught:
        await call(home.hass, "get_sightings", **asked)

    assert caught.value.translation_key == key


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 201},
        {"label": "ghost"},
        {"fallback_reason": ["any", "some"]},
        {"since": "soon"},
        {"text": "x" * 201},
        {"camera": "x"},
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(
    home: Home, agent: FakeTaskEntity, asked: dict[str, object]
) -> None:
    await home.set_up(agent)

    with pytest.raises(probatio.Invalid):
        await call(home.hass, "get_sightings", **asked)


async def test_a_user_finds_what_the_cameras_saw_that_he_may_read(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    one, two = await seen(home, 1, 2)
    hass = home.hass
    guest = user_who(hass, reading(sensor_of(home, 1)))

    assert ids(await call(hass, "get_sightings", guest)) == [one["sighting_id"]]
    assert await call(hass, "get_sighting", guest, sighting_id=one["sighting_id"]) == one
    assert (await call(hass, "summarize", guest))["by_camera"] == {"Camera 1": 1}
    for asked in (
        {"entity_id": sensor_of(home, 2)},
        {"entity_id": [sensor_of(home, 1), sensor_of(home, 2)]},
        {"entity_id": "light.is_not_there"},
        {"device_id": two["device_id"]},
        {"area_id": "attic"},
    ):
        with pytest.raises(Unauthorized):
            await call(hass, "get_sightings", guest, **asked)
    for unknown in (two["sighting_id"], "0" * 32, "no id"):
        with pytest.raises(Unauthorized):
            await call(hass, "get_sighting", guest, sighting_id=unknown)


async def test_who_may_read_nothing_finds_nothing(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    await seen(home, 1)

    nobody = user_who(home.hass, {})

    assert await call(home.hass, "get_sightings", nobody) == {"sightings": [], "next": None}


async def test_of_a_camera_that_is_gone_only_who_may_read_everything_finds_anything(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    sightings = await seen(home, 1, 2)
    gone = home.console.cameras[1]
    sensor = sensor_of(home, 1)
    allowed = reading(sensor, sensor_of(home, 2))
    await home.console.remove_camera(gone.id)
    coordinator = home.entry.runtime_data.coordinator
    await until(lambda: gone.mac not in coordinator.data.cameras)
    hass = home.hass
    # As it is ten minutes later.
    er.async_get(hass).async_remove(sensor)

    everybody = user_who(hass, {"entities": True})
    guest = user_who(hass, allowed)

    newest_first = [each["sighting_id"] for each in reversed(sightings)]
    assert ids(await call(hass, "get_sightings", everybody)) == newest_first
    assert ids(await call(hass, "get_sightings", guest)) == newest_first[:1]
    with pytest.raises(Unauthorized):
        await call(hass, "get_sighting", guest, sighting_id=newest_first[1])


async def test_they_are_found_while_the_console_is_not_set_up(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await call(home.hass, "get_sightings")
    guest = user_who(home.hass, reading(sensor_of(home, 1)))
    await home.unload()

    assert ids(await call(home.hass, "get_sightings", guest)) == [sighting["sighting_id"]]


async def test_without_an_answer_of_the_recorder_it_is_said(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(agent)
    recorder = home.hass.data.pop(DATA_INSTANCE)
    with pytest.raises(HomeAssistantError) as caught:
        await call(home.hass, "get_sightings")
    home.hass.data[DATA_INSTANCE] = recorder

    assert caught.value.translation_key == "no_history"


async def test_where_nothing_is_recorded_nobody_is_told_that_nothing_was_seen(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.set_up(agent)
    (sighting,) = await seen(home, 1)
    await sightings_in_database(home.hass)
    recorder = home.hass.data[DATA_INSTANCE]

    async def why_not(action: str) -> str | None:
        with pytest.raises(HomeAssistantError) as caught:
            await call(home.hass, action, since="yesterday", until="today")
        return caught.value.translation_key

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "exclude_event_types", {EVENT_SIGHTING})
        assert await why_not("get_sightings") == "nothing_found_event_excluded"
        assert await why_not("summarize") == "nothing_found_event_excluded"
        # What is there is told: older ones may be, beside which nothing was found.
        assert ids(await call(home.hass, "get_sightings")) == [sighting["sighting_id"]]
    monkeypatch.setattr(recorder, "enabled", False)
    assert await why_not("get_sightings") == "nothing_found_recorder_off"


async def test_yesterday_ends_when_today_begins(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    await seen(home, 1)

    assert ids(await call(home.hass, "get_sightings", since="yesterday", until="today")) == []
    midnight = dt_util.start_of_local_day() - timedelta(days=1)
    answer = await call(home.hass, "summarize", since="yesterday", until="today")
    assert datetime.fromisoformat(answer["since"]) == midnight


async def test_what_a_user_finds_he_may_read_by_its_id_too(
    home: Home, agent: FakeTaskEntity
) -> None:
    """Also of a camera whose console has another address by now, as after a repair."""
    await home.set_up(agent)
    (one,) = await seen(home, 1)
    other = {**one, "sighting_id": "a" * 32, "console_id": "f4e2c6ffffff", "device_id": None}
    context = Context(id=context_id(other["sighting_id"], other["revision"]))
    home.hass.bus.async_fire(EVENT_SIGHTING, other, context=context)
    await sightings_in_database(home.hass)
    guest = user_who(home.hass, reading(sensor_of(home, 1)))

    found = (await call(home.hass, "get_sightings", guest))["sightings"]

    assert {each["sighting_id"] for each in found} == {one["sighting_id"], "a" * 32}
    for each in found:
        sighting_id = each["sighting_id"]
        assert await call(home.hass, "get_sighting", guest, sighting_id=sighting_id) == each
        assert Viewer(home.hass, guest).may_see(each)
