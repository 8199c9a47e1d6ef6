"""Bugs are loud, and cost words but never the Sighting.

The one place where something of ours is patched: a bug has to be planted to be found.
"""

from collections.abc import Callable
from typing import Any

from homeassistant.const import Platform
import pytest

from tests.fake_agents import FakeTaskEntity

from .conftest import Home

PACKAGE = "custom_components.protect_narrator"

# As code of our package, which is how a mistake of ours is told from an agent's.
_OURS: dict[str, Any] = {"__name__": f"{PACKAGE}.somewhere"}
exec("def bug(*_, **__):\n    raise TypeError('planted')", _OURS)  # noqa: S102 - fixed text


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what replaces one function of ours by one that has a bug."""
    return lambda where: monkeypatch.setattr(f"{PACKAGE}.{where}", _OURS["bug"])


@pytest.mark.parametrize(
    ("where", "stage"),
    [
        ("pipeline.clip.clip_window", "settle"),
        ("pipeline.clip.probe", "clip"),
        ("pipeline.evidence.look_for", "evidence"),
        ("pipeline.describe.question", "describe"),
        ("describer._structure", "describe"),
        ("pipeline.describe.parse_answer", "describe"),
    ],
)
async def test_a_bug_of_ours_is_an_internal_error_with_a_traceback_and_still_a_sighting(
    home: Home,
    agent: FakeTaskEntity,
    plant: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    where: str,
    stage: str,
) -> None:
    await home.set_up(agent)
    plant(where)
    camera = home.console.cameras[1]

    await home.see(camera)
    sighting = await home.next_sighting()

    assert sighting["fallbacks"] == ["internal_error:bug"]
    assert sighting["title"] == "Person at Camera 1"
    assert home.state(Platform.SENSOR, "fallback_reason", camera).state == "internal_error"
    (record,) = [
        record
        for record in caplog.records
        if record.getMessage().startswith(f"Sighting {sighting['sighting_id']}: a bug at {stage}\n")
    ]
    assert record.levelname == "ERROR"
    assert "Traceback" in record.getMessage()
    assert ", in bug\n" in record.getMessage()
    await home.is_clean()


@pytest.mark.parametrize("where", ["image.LastPicture._async_show", "sensor.ConsoleSensor._shows"])
async def test_a_bug_in_one_entity_takes_no_sighting_from_the_others_or_the_ledger(
    home: Home,
    agent: FakeTaskEntity,
    plant: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    await home.set_up(agent)
    plant(where)
    camera = home.console.cameras[1]

    await home.see(camera)
    sighting = await home.next_sighting()

    for platform, key in (
        (Platform.EVENT, "sighting"),
        (Platform.SENSOR, "last_sighting"),
        (Platform.SENSOR, "fallback_reason"),
    ):
        attributes = home.state(platform, key, camera).attributes
        assert attributes["sighting_id"] == sighting["sighting_id"]
    assert ", in bug\n" in caplog.text
    monkeypatch.undo()
    await home.unload()
    await home.start()
    await home.nothing_more_is_told(home.console.cameras[2])
