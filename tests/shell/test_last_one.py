"""Which Sighting of a camera is the last one."""

from datetime import timedelta

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.coordinator import NarratorCoordinator, Published
from custom_components.protect_narrator.sensor import LastSightingSensor

from .sightings import sighting
from .test_coordinator import CAMERA, CONSOLE


@pytest.fixture
def sensor(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> LastSightingSensor:
    """A sensor whose state nobody reads."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    monkeypatch.setattr(LastSightingSensor, "async_write_ha_state", lambda _self: None)
    sensor = LastSightingSensor(NarratorCoordinator(hass, entry, CONSOLE), CAMERA)
    sensor.hass = hass
    return sensor


def shown_after(sensor: LastSightingSensor, *ended_ago_s: float) -> str:
    """Return which of these is shown at last, by its place."""
    now = dt_util.utcnow()
    ids = []
    for number, ago_s in enumerate(ended_ago_s):
        end = now - timedelta(seconds=ago_s)
        told = sighting(number, start=end - timedelta(seconds=4), end=end)
        ids.append(told.sighting_id)
        sensor._async_on_published(Published(told, Context()))
    assert sensor.extra_state_attributes is not None
    return ["first", "second"][ids.index(sensor.extra_state_attributes["sighting_id"])]


def test_what_was_found_late_is_not_the_last(sensor: LastSightingSensor) -> None:
    assert shown_after(sensor, 10, 60) == "first"


def test_what_came_later_is_the_last(sensor: LastSightingSensor) -> None:
    assert shown_after(sensor, 60, 10) == "second"


def test_what_ended_in_times_to_come_keeps_nothing_from_being_shown(
    sensor: LastSightingSensor,
) -> None:
    assert shown_after(sensor, -100_000, 10) == "second"
