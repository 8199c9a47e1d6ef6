"""What an agent can be shown: known, tried out, overruled, and within its limits."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import av
from homeassistant.components.ai_task.const import DATA_PREFERENCES
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.protect_narrator import abilities
from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_AI_AT_ONCE,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_SHOW,
)
from custom_components.protect_narrator.pipeline.case import Stage
from custom_components.protect_narrator.pipeline.ports import Ability
from simulator.video import read_still
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity, add_agents
from tests.waiting import until

from .conftest import SMALL, Home

CLIP = ("clip", 0)
FRAMES = ("frames", 5)
REJECTED = ["agent_rejected_clip:agent_error"]


class PickyEntity(FakeTaskEntity):
    """Takes no videos."""

    def __init__(self, name: str = "Picky") -> None:
        super().__init__(name, self.look)

    def look(self) -> object:
        if "video/mp4" in self.shown_last():
            raise RuntimeError("only pictures")
        return GOOD_ANSWER

    def shown_last(self) -> list[str]:
        """Return the MIME types of what it was shown last."""
        return [mime_type for mime_type, _ in self.asked[-1].attachments]


async def add_strangers(home: Home, *agents: FakeTaskEntity) -> MockConfigEntry:
    """Add agents of a platform that is in no table."""
    return await add_agents(home.hass, *agents, platform="strange_ai")


async def tell(home: Home) -> tuple[tuple[str, int], list[str]]:
    """Let somebody walk by; return what the agent was shown in the end, and what was lost."""
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert sighting["title"] == "A courier rings"
    return (sighting["medium"], sighting["frame_count"]), sighting["fallbacks"]


async def test_an_unknown_agent_that_takes_video_is_shown_clips_ever_after(home: Home) -> None:
    agent = FakeTaskEntity()
    await add_strangers(home, agent)
    await home.set_up(agent)

    assert await tell(home) == (CLIP, [])
    await home.unload()
    await home.start()
    assert home.entry.runtime_data.ledger.experience.as_stored().keys() == {agent.entity_id}
    assert await tell(home) == (CLIP, [])
    await home.is_clean()


async def test_an_unknown_agent_that_refuses_video_is_not_tried_again(home: Home) -> None:
    agent = PickyEntity()
    await add_strangers(home, agent)
    await home.set_up(agent)

    assert await tell(home) == (FRAMES, REJECTED)
    assert len(agent.asked) == 2
    assert await tell(home) == (FRAMES, [])
    await home.unload()
    await home.start()
    assert await tell(home) == (FRAMES, [])
    assert len(agent.asked) == 4


async def test_an_unknown_agent_that_is_down_is_not_taken_for_one_that_refuses(home: Home) -> None:
    agent = FakeTaskEntity()
    await add_strangers(home, agent)
    await home.set_up(agent)

    def down() -> object:
        raise RuntimeError("no connection")

    agent.answer = down
    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert sighting["fallbacks"] == [*REJECTED, "agent_failed:agent_error"]

    agent.answer = lambda: GOOD_ANSWER
    assert await tell(home) == (CLIP, [])


async def test_what_was_prepared_for_one_agent_is_asked_of_that_one_whichever_is_preferred_then(
    home: Home,
) -> None:
    watching, picky = FakeTaskEntity("Watching"), PickyEntity()
    await add_strangers(home, watching, picky)
    prefer = home.hass.data[DATA_PREFERENCES].async_set_preferences
    prefer(gen_data_entity_id=watching.entity_id)
    answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    watching.answer = lambda: asyncio.shield(answer)
    await home.set_up(None, {CONF_AI_AT_ONCE: 1})
    for camera in home.console.cameras[:2]:
        await home.see(camera)
    cases = home.entry.runtime_data.runner._unfinished
    await until(lambda: [each.stage for each in cases.values()] == [Stage.DESCRIBE] * 2)

    prefer(gen_data_entity_id=picky.entity_id)
    answer.set_result(GOOD_ANSWER)
    told = await home.next_sightings(2)

    assert {(each["agent_id"], each["medium"]) for each in told} == {(watching.entity_id, "clip")}
    assert [each["fallbacks"] for each in told] == [[], []]
    assert (len(watching.asked), picky.asked) == (2, [])
    learnt = home.entry.runtime_data.ledger.experience.as_stored()
    assert learnt.keys() == {watching.entity_id}
    assert (await tell(home))[0] == FRAMES


async def test_an_agent_that_has_changed_is_tried_anew(home: Home) -> None:
    agent = PickyEntity()
    entry = await add_strangers(home, agent)
    await home.set_up(agent)
    assert await tell(home) == (FRAMES, REJECTED)

    home.hass.config_entries.async_update_entry(entry, options={"model": "one that sees more"})
    agent.answer = lambda: GOOD_ANSWER

    assert await tell(home) == (CLIP, [])


async def test_another_agent_is_tried_for_itself(home: Home) -> None:
    picky, open_minded = PickyEntity(), FakeTaskEntity()
    await add_strangers(home, picky, open_minded)
    await home.set_up(picky)
    assert await tell(home) == (FRAMES, REJECTED)

    await home.unload()
    await home.start({CONF_AGENT_ID: open_minded.entity_id})

    assert await tell(home) == (CLIP, [])


async def test_the_user_overrules_what_was_learnt(home: Home) -> None:
    agent = PickyEntity()
    await add_strangers(home, agent)
    await home.set_up(agent)
    assert await tell(home) == (FRAMES, REJECTED)

    await home.unload()
    await home.start({CONF_SHOW: "clip"})

    assert await tell(home) == (FRAMES, REJECTED)
    assert await tell(home) == (FRAMES, REJECTED)


@pytest.mark.parametrize(("show", "shown"), [("frames", FRAMES), ("snapshot", ("snapshot", 1))])
async def test_who_wants_pictures_has_nothing_tried(
    home: Home, show: str, shown: tuple[str, int]
) -> None:
    agent = PickyEntity()
    await add_strangers(home, agent)
    await home.set_up(agent, {CONF_SHOW: show})

    assert await tell(home) == (shown, [])
    assert len(agent.asked) == 1


async def test_for_a_snapshot_no_recording_is_asked_for(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, {CONF_SHOW: "snapshot"})
    camera = home.console.cameras[1]
    await home.see(camera)
    sighting = await home.next_sighting()

    assert home.console.requests_to("video/export") == []
    assert (sighting["medium"], sighting["frame_count"]) == ("snapshot", 1)
    assert (sighting["fallback_reason"], sighting["clip_attempts"]) == (None, 0)
    ((mime_type, picture),) = agent.asked[0].attachments
    assert mime_type == "image/jpeg"
    assert read_still(picture).camera_name == camera.name
    await home.is_clean()


LEAD = {CONF_CLIP_BEFORE: 12, CONF_CLIP_AFTER: 6}


FILMGOER = "filmgoer"


def limit(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    """Have a platform in the table whose agents take clips up to some limit."""
    ability = Ability(takes_clip=True, **limits)
    monkeypatch.setitem(abilities.PLATFORMS, FILMGOER, ability)


def moments_in(clip: bytes) -> list[datetime]:
    """Return when its pictures were taken, as they say themselves."""
    moments = []
    with av.open(BytesIO(clip), "r") as container:
        for frame in container.decode(video=0):
            still = BytesIO()
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(still, "JPEG", quality=95)
            at = read_still(still.getvalue()).at
            assert at is not None
            moments.append(at)
    return moments


async def test_a_clip_that_is_too_large_is_cut_to_the_detection(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, most_s=10.0)
    agent = FakeTaskEntity()
    await add_agents(home.hass, agent, platform=FILMGOER)
    await home.set_up(agent, LEAD)

    assert await tell(home) == (CLIP, [])

    ((mime_type, clip),) = agent.asked[0].attachments
    assert mime_type == "video/mp4"
    (export,) = home.console.requests_to("video/export")
    since, until = (
        datetime.fromtimestamp(int(export.query[key]) / 1000, UTC) for key in ("start", "end")
    )
    whole = await home.hass.async_add_executor_job(
        home.film.clip, home.console.cameras[1].name, since, until
    )
    assert len(clip) < len(whole)
    start, end = since + timedelta(seconds=12), until - timedelta(seconds=6)
    first, *_, last = await home.hass.async_add_executor_job(moments_in, clip)
    assert start - timedelta(seconds=SMALL.keyframe_s) <= first <= start
    assert abs(last - end) <= timedelta(seconds=2 / SMALL.fps)
    await home.is_clean()


async def test_of_a_detection_that_is_too_large_frames_are_shown(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, most_bytes=2000)
    agent = FakeTaskEntity()
    await add_agents(home.hass, agent, platform=FILMGOER)
    await home.set_up(agent, LEAD)

    assert await tell(home) == (FRAMES, ["agent_rejected_clip:too_large"])
    assert len(agent.asked) == 1
    await home.is_clean()
