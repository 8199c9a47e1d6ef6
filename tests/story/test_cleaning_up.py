"""Whatever the end of an analysis: no file is left, no request is open, nothing is told twice."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from custom_components.protect_narrator.const import (
    CONF_CLIP_DEADLINE,
    CONF_DESCRIBE_TIMEOUT,
    CONF_SETTLE,
    CONF_SHOW,
)
from simulator.console import Reply
from tests.fake_agents import GOOD_ANSWER, FakeTaskEntity
from tests.waiting import until

from .conftest import SHORT_WAITS, Home


@pytest.mark.parametrize("show", ["clip", "frames"])
async def test_nothing_is_left_after_a_success(
    home: Home, agent: FakeTaskEntity, show: str
) -> None:
    await home.set_up(agent, {CONF_SHOW: show})

    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["fallback_reason"] is None

    await home.is_clean()
    assert not any(path.exists() for path in agent.asked[0].paths)


async def test_the_clip_is_private_while_the_agent_looks(home: Home, agent: FakeTaskEntity) -> None:
    modes: list[tuple[int, int]] = []

    def look() -> object:
        (path,) = agent.asked[-1].paths
        modes.append((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777))
        return GOOD_ANSWER

    agent.answer = look
    await home.set_up(agent, {CONF_SHOW: "clip"})

    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["fallback_reason"] is None

    assert modes == [(0o600, 0o700)]


@pytest.mark.parametrize("show", ["clip", "frames"])
async def test_nothing_is_left_after_a_failure_of_the_agent(
    home: Home, agent: FakeTaskEntity, show: str
) -> None:
    agent.answer = lambda: "nonsense"
    await home.set_up(agent, {CONF_SHOW: show})

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallbacks"][-1] == "agent_failed:agent_unusable_answer"
    await home.is_clean()


async def test_nothing_is_left_after_a_download_that_failed(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.console.faults.export = [Reply.reset_in_body(), Reply.error(403)]
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    assert (await home.next_sighting())["fallback_reason"] == "clip_download_failed"

    await home.is_clean()


async def test_nothing_is_left_after_an_agent_that_was_cancelled(
    home: Home, agent: FakeTaskEntity
) -> None:
    def cancelled() -> object:
        raise asyncio.CancelledError

    agent.answer = cancelled
    await home.set_up(agent)

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()
    assert sighting["fallbacks"] == ["agent_failed:agent_error"]
    assert sighting["title"] == "Person at Camera 1"

    await home.is_clean()


@dataclass(frozen=True)
class Halt:
    """Where an analysis is held up, and how to see that it is there."""

    options: dict[str, float]
    arrived: Callable[[Home, FakeTaskEntity], bool]
    export: Reply | None = None
    agent_hangs: bool = False


HALTS = {
    "settling": Halt({CONF_SETTLE: 60}, lambda home, _: home.entry.runtime_data.runner.depth == 1),
    "asking for the clip": Halt(
        {CONF_CLIP_DEADLINE: 60}, lambda home, _: home.console.exports_running == 1, Reply.hang()
    ),
    "downloading": Halt(
        {CONF_CLIP_DEADLINE: 60},
        lambda home, _: any(path.suffix == ".part" for path in home.files_left()),
        Reply.hang_in_body(),
    ),
    "backing off": Halt(
        {CONF_CLIP_DEADLINE: 60},
        lambda home, _: len(home.console.requests_to("video/export")) == 2,
        Reply.error(500),
    ),
    "describing": Halt(
        {CONF_DESCRIBE_TIMEOUT: 60}, lambda _, agent: len(agent.asked) == 1, agent_hangs=True
    ),
}


@pytest.mark.parametrize("where", HALTS)
async def test_an_unload_leaves_nothing_and_what_it_cut_off_is_told_once_afterwards(
    home: Home, agent: FakeTaskEntity, never: asyncio.Future[object], where: str
) -> None:
    halt = HALTS[where]
    home.console.faults.export = halt.export
    if halt.agent_hangs:
        agent.answer = lambda: never
    await home.set_up(agent, halt.options)
    event_id = await home.see(home.console.cameras[1])
    await until(lambda: halt.arrived(home, agent))

    await home.unload()

    assert home.files_left() == []
    assert home.sightings == []
    await home.console.wait_for(
        lambda: home.console.open_requests == home.console.open_websockets == 0
    )

    home.console.faults.unset()
    agent.answer = lambda: GOOD_ANSWER
    await home.start(SHORT_WAITS)
    sighting = await home.next_sighting()
    assert sighting["protect_event_id"] == event_id
    assert sighting["fallback_reason"] is None
    await home.is_clean()

    await home.unload()
    await home.start()
    await home.nothing_more_is_told(home.console.cameras[2])


async def test_what_was_told_is_not_told_again_after_a_restart(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.see(home.console.cameras[1])
    await home.next_sighting()

    await home.unload()
    await home.start()

    await home.nothing_more_is_told(home.console.cameras[1])
    assert len(agent.asked) == 2


async def test_what_happens_while_we_are_away_is_told_late(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent)
    await home.unload()
    event_id = await home.see(home.console.cameras[1])

    await home.start()
    sighting = await home.next_sighting()

    assert sighting["protect_event_id"] == event_id
    assert sighting["late"] is True


async def test_what_a_killed_home_assistant_left_behind_is_swept_at_the_start(
    home: Home, agent: FakeTaskEntity
) -> None:
    orphan = home.media / "protect_narrator" / ".clips" / ("0" * 32)
    orphan.mkdir(parents=True)
    (orphan / "clip.mp4").write_bytes(b"of a night when the power went")
    (orphan.parent / "stray.part").write_bytes(b"half")
    somebody_elses = home.media / "holiday.mp4"
    somebody_elses.write_bytes(b"sun")

    await home.set_up(agent)

    assert home.files_left() == [somebody_elses]
