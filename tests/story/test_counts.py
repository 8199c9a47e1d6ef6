"""How many Sightings of what there were today, for each camera."""

from datetime import timedelta

from homeassistant.components.recorder.statistics import list_statistic_ids
from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.protect_narrator import coordinator as coordinator_module
from custom_components.protect_narrator.const import CONF_LABELS, DOMAIN
from custom_components.protect_narrator.kinds import Kind
from simulator.console import Camera
from tests.fake_agents import FakeTaskEntity
from tests.waiting import until

from .conftest import Home

ENABLED = {"sightings", "people", "vehicles", "animals", "packages"}


@pytest.fixture(autouse=True)
async def _at_noon(home: Home) -> None:
    """Keep midnight away from what is counted, wherever these tests run."""
    away = 12 - dt_util.utcnow().hour
    sign = "-" if away >= 0 else "+"  # POSIX says it the other way round
    await home.hass.config.async_set_time_zone(f"Etc/GMT{sign}{abs(away)}" if away else "UTC")


def numbers(home: Home, camera: Camera) -> dict[str, str]:
    """Return what the camera's enabled sensors count, but for nothing."""
    shown = {
        kind.value: home.hass.states.get(entity_id)
        for kind, entity_id in sensors(home, camera).items()
    }
    return {kind: state.state for kind, state in shown.items() if state and state.state != "0"}


def sensors(home: Home, camera: Camera) -> dict[Kind, str]:
    """Return the ids of the camera's sensors that there are, disabled ones too."""
    registry = er.async_get(home.hass)
    found = {
        kind: registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{camera.mac}_{kind}_today")
        for kind in Kind
    }
    return {kind: entity_id for kind, entity_id in found.items() if entity_id}


def enabled(home: Home, camera: Camera) -> set[str]:
    """Return the kinds that are counted by a sensor which is not disabled."""
    registry = er.async_get(home.hass)
    return {
        kind.value
        for kind, entity_id in sensors(home, camera).items()
        if not registry.entities[entity_id].disabled
    }


def pass_midnight(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next day begin; a clock that stands still would stop the console as well."""
    midnight = dt_util.start_of_local_day() + timedelta(days=1)
    monkeypatch.setattr(coordinator_module, "_local_day", midnight.date)
    async_fire_time_changed(home.hass, midnight)


async def test_each_kind_is_counted_for_its_camera_and_still_after_a_restart(
    home: Home, agent: FakeTaskEntity
) -> None:
    door, yard = home.console.cameras[1:3]
    await home.set_up(agent, {CONF_LABELS: ["person", "vehicle"]})
    await home.console.detect(door.id, ("person", "face"))
    await home.console.detect(yard.id, ("person", "vehicle"))
    await home.next_sightings(2)

    seen = {"sightings": "1", "people": "1"}
    await until(lambda: numbers(home, door) == seen)
    await until(lambda: numbers(home, yard) == {**seen, "vehicles": "1"})
    await home.unload()
    await home.start()
    assert numbers(home, door) == seen
    await home.console.detect(door.id, ("person",))
    await until(lambda: numbers(home, door) == {"sightings": "2", "people": "2"})
    assert numbers(home, yard) == {**seen, "vehicles": "1"}


async def test_they_begin_anew_at_midnight(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = home.console.cameras[1]
    await home.set_up(agent)
    await home.see(camera)
    await until(lambda: numbers(home, camera) == {"sightings": "1", "people": "1"})

    pass_midnight(home, monkeypatch)
    await until(lambda: not numbers(home, camera))
    assert home.state(Platform.SENSOR, "people_today", camera).state == "0"


async def test_a_camera_has_sensors_for_what_it_can_tell(home: Home, agent: FakeTaskEntity) -> None:
    plain = Camera(id="65f0c0de00000000000000aa", name="Old", mac="F4E2C60000AA",
                   smart_types=(), audio_types=())  # fmt: skip
    await home.console.add_camera(plain)
    await home.set_up(agent)
    doorbell, other = home.console.cameras[:2]

    assert enabled(home, doorbell) == ENABLED | {"rings"}
    assert enabled(home, other) == ENABLED
    assert sensors(home, other).keys() == set(Kind) - {Kind.RINGS}
    assert sensors(home, plain).keys() == {Kind.ANY, Kind.MOTION}
    assert enabled(home, plain) == {"sightings"}


async def test_what_a_camera_turns_out_to_tell_gets_its_sensor_and_keeps_it(
    home: Home, agent: FakeTaskEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Camera(id="65f0c0de00000000000000aa", name="Old", mac="F4E2C60000AA",
                   smart_types=(), audio_types=())  # fmt: skip
    await home.console.add_camera(plain)
    await home.set_up(agent)
    await home.console.detect(plain.id, ("person",))
    await until(lambda: numbers(home, plain) == {"sightings": "1", "people": "1"})

    pass_midnight(home, monkeypatch)
    await until(lambda: not numbers(home, plain))
    await home.unload()
    await home.start()
    assert home.state(Platform.SENSOR, "people_today", plain).state == "0"


async def test_they_are_numbers_for_long_term_statistics(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await until(lambda: numbers(home, camera) != {})

    instance = get_instance(home.hass)
    listed = await instance.async_add_executor_job(list_statistic_ids, home.hass)
    by_id = {each["statistic_id"]: each for each in listed}
    for kind in (Kind.ANY, Kind.PEOPLE):
        statistic = by_id[sensors(home, camera)[kind]]
        assert statistic["has_sum"]
        assert statistic["statistics_unit_of_measurement"] == "sightings"


async def test_numbers_are_known_while_the_console_is_away(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    camera = home.console.cameras[1]
    await home.see(camera)
    await until(lambda: numbers(home, camera) == {"sightings": "1", "people": "1"})
    home.entry.runtime_data.coordinator.async_set_connected(False)
    await home.hass.async_block_till_done(wait_background_tasks=False)
    assert home.state(Platform.SENSOR, "last_sighting", camera).state == "unavailable"
    assert numbers(home, camera) == {"sightings": "1", "people": "1"}
