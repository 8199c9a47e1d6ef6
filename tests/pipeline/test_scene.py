"""A person walks by on film: the agent is shown where they were, when they were there."""

from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline.clip import clip_window
from custom_components.protect_narrator.pipeline.models import Policy
from custom_components.protect_narrator.pipeline.runner import Runner
from simulator.video import Recorder, Scene, read_still

from .fakes import START, FakeWorld, detection


@pytest.mark.parametrize("codec", ["h264", "hevc"])
async def test_frames_show_the_walker_at_the_moments_that_the_agent_is_told(
    outside: FakeWorld, runner: Runner, codec: str
) -> None:
    seen = detection(end=START + timedelta(seconds=8))
    recorder = Recorder(Scene(codec="hevc" if codec == "hevc" else "h264"))
    recorder.walk(seen.camera_name, "red", seen.start, seen.end)
    outside.console.clip = [recorder.clip(seen.camera_name, *clip_window(seen, Policy()))]
    runner.submit(seen)
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.fallbacks == ()
    readings = [read_still(picture) for picture in outside.describer.seen[0]]
    moments = [(reading.at - START).total_seconds() for reading in readings if reading.at]
    assert len(moments) == Policy().frame_count
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > 4
    told = ", ".join(f"{moment:.1f} s" for moment in moments)
    assert f"taken at {told}" in outside.describer.questions[0].instructions
    assert {reading.colours for reading in readings} == {("red",)}
    places = [reading.figure_x for reading in readings]
    assert places == sorted(places, key=lambda place: place or 0.0)
    assert len(set(places)) == 5
    assert sighting.picture is not None
    assert sighting.picture in outside.describer.seen[0]
