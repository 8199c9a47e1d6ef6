"""What is too much for a console or for us costs clips, and no Detection."""

import time

from homeassistant.const import Platform
import pytest

from custom_components.protect_narrator.clock import SystemClock
from custom_components.protect_narrator.pipeline import runner
from custom_components.protect_narrator.pipeline.breaker import LOST_IN_A_ROW
from simulator.console import Reply

from .overload import FLOOD, PAUSED
from .playing import heals
from .stage import Stage
from .telling import Notebook, saying

# Longer than any pause.
_LATER_S = 3600.0


@pytest.fixture
def camera_count() -> int:
    """As many as lose their clips before none is asked for."""
    return LOST_IN_A_ROW + 1


async def test_when_every_clip_fails_none_is_asked_for_until_one_comes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook, console = Notebook(PAUSED), stage.console
    await stage.begin()
    console.faults.export = Reply.error(503)
    # One after the other: the last of them is the one that tells.
    for camera in console.cameras[1:]:
        (lost,) = await stage.see(camera)
        assert lost["clip_attempts"] > 0
    assert _downloads(stage) == "paused"

    asked = len(console.requests_to("/video/export"))
    told, beside = await stage.see(stage.camera, stage.neighbour)
    for each in (told, beside):
        assert (each["medium"], each["clip_attempts"]) == ("snapshot", 0)
        assert each["fallbacks"] == ["clip_download_failed:http_error"]
    assert len(console.requests_to("/video/export")) == asked
    seen = ["the console's sensor “Clip downloads” says `paused`", *stage.look()]

    monkeypatch.setattr(SystemClock, "monotonic", lambda _clock: time.monotonic() + _LATER_S)
    after = await stage.must_heal()
    assert _downloads(stage) == "normal"
    assert stage.errors() == []
    await stage.leaves_nothing()
    words = f"{saying(told)}, from the sixth on without a download"
    notebook.write(words, seen, after, beside)


def _downloads(stage: Stage) -> str:
    return stage.home.state(Platform.SENSOR, "clip_downloads", stage.console).state


async def test_what_is_beyond_the_queues_end_is_told_at_once_from_what_protect_says(
    stage: Stage,
) -> None:
    notebook, console = Notebook(FLOOD), stage.console
    await stage.begin()
    stage.patch.setattr(runner, "UNFINISHED_AT_MOST", 2)
    console.faults.export = {each.id: Reply.hang() for each in console.cameras}
    waiting = [each for each in console.cameras if each.id != stage.camera.id][:2]
    events = {each.id: await stage.home.see(each) for each in waiting}
    await console.wait_for(lambda: console.exports_running > 0)
    work = stage.home.entry.runtime_data.runner
    await console.wait_for(lambda: work.depth == len(events))

    (told,) = await stage.see(stage.camera)

    assert (told["medium"], told["fallbacks"]) == ("none", ["queue_full:overload"])
    assert told["agent_id"] is None
    console.faults.unset()
    before = await stage.sightings_of(events)
    assert all(each["fallback_reason"] != "queue_full" for each in before)
    await heals(stage, notebook, told)
