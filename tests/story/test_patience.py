"""A console that takes its time is soon asked at the right moment."""

from homeassistant.const import Platform

from custom_components.protect_narrator.const import CONF_LEARN_SETTLE
from tests.fake_agents import FakeTaskEntity

from .conftest import Home

# Far more than passes before the first question, on a busy machine too; within a clip's deadline.
LAG_S = 2.2


async def attempts(home: Home) -> int:
    """Let somebody walk past, and return how often the clip was asked for."""
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert sighting["fallback_reason"] is None
    attempts: int = sighting["clip_attempts"]
    return attempts


def learnt(home: Home) -> str:
    return home.state(Platform.SENSOR, "ready_after", home.console).state


async def test_a_slow_console_is_asked_once_when_it_is_known(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.recording_lag = LAG_S
    await home.set_up(agent)
    assert learnt(home) == "unknown"
    # One that is late may be a chance, two are a habit.
    assert min([await attempts(home) for _ in range(2)]) > 1

    assert [await attempts(home) for _ in range(2)] == [1, 1]
    sensor = home.state(Platform.SENSOR, "ready_after", home.console)
    assert LAG_S / 2 < float(sensor.state) < LAG_S + 3
    assert sensor.attributes["unit_of_measurement"] == "s"
    exports = home.console.requests_to("video/export")
    assert [request.status for request in exports[-2:]] == [200, 200]

    before = learnt(home)
    await home.unload()
    await home.start()
    assert learnt(home) == before
    assert await attempts(home) == 1


async def test_who_does_not_want_it_is_served_as_before(home: Home, agent: FakeTaskEntity) -> None:
    home.console.faults.recording_lag = LAG_S
    await home.set_up(agent, {CONF_LEARN_SETTLE: False})

    assert min([await attempts(home) for _ in range(4)]) > 1


async def test_a_fast_console_is_not_waited_for(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    assert {await attempts(home) for _ in range(3)} == {1}
    assert float(learnt(home)) < 0.5
