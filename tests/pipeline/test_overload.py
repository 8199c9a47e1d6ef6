"""Too much at once: what matters goes first, and what does not fit is told all the same."""

import asyncio
from contextlib import suppress
from dataclasses import replace
import logging
from pathlib import Path
import threading
from zoneinfo import ZoneInfo

import pytest

from custom_components.protect_narrator.pipeline import (
    clip as clip_module,
    overload as overload_module,
    runner as runner_module,
)
from custom_components.protect_narrator.pipeline.breaker import (
    FIRST_PAUSE_S,
    LOST_IN_A_ROW,
    Breaker,
)
from custom_components.protect_narrator.pipeline.case import Stage
from custom_components.protect_narrator.pipeline.errors import NotTakenError
from custom_components.protect_narrator.pipeline.frames import ClipInfo, probe
from custom_components.protect_narrator.pipeline.models import Detection, Label, Policy, Sighting
from custom_components.protect_narrator.pipeline.runner import Runner
from tests.waiting import until

from .fakes import ANSWER, FakeWorld, detection, forever, good_clip, media_error
from .telling import finished, lost

MOST = 3


def motion(number: int, **changes: object) -> Detection:
    return detection(number, labels=(Label.MOTION,), **changes)


def ring(number: int, **changes: object) -> Detection:
    return detection(number, labels=(Label.RING,), **changes)


@pytest.fixture(autouse=True)
def few(outside: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have room for three, who wait for the console until a test lets them go on."""
    monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", MOST)
    outside.console.refreshed = forever


async def waiting(outside: FakeWorld, count: int) -> None:
    """Return when so many have asked the console and wait for it."""
    await until(lambda: outside.console.calls.count("refresh") >= count)


def refused(sighting: Sighting) -> bool:
    return lost(sighting) == ["queue_full:overload"]


async def test_a_ring_takes_the_place_of_the_newest_motion_which_is_told_all_the_same(
    outside: FakeWorld, runner: Runner
) -> None:
    for number in range(MOST):
        runner.submit(motion(number))
    await waiting(outside, MOST)
    runner.submit(ring(9))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.detection == motion(2)
    assert refused(sighting)
    await waiting(outside, MOST + 1)
    assert runner.depth == MOST


async def test_a_place_is_made_even_before_anybody_has_begun(
    outside: FakeWorld, runner: Runner
) -> None:
    for number in range(MOST):
        runner.submit(motion(number))
    runner.submit(ring(9))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.detection == motion(2)
    assert refused(sighting)


async def test_what_matters_no_more_takes_nobody_s_place(
    outside: FakeWorld, runner: Runner
) -> None:
    for number in range(MOST):
        runner.submit(detection(number))
    for newcomer in (motion(7), detection(8)):
        runner.submit(newcomer)
    told = await outside.publisher.wait_for(2)

    assert [sighting.detection for sighting in told] == [motion(7), detection(8)]
    assert all(map(refused, told))


async def test_motion_gives_way_before_people_do(outside: FakeWorld, runner: Runner) -> None:
    for each in (motion(0), detection(1), detection(2)):
        runner.submit(each)
    await waiting(outside, MOST)
    for newcomer in (ring(7), ring(8), ring(9)):
        runner.submit(newcomer)
    told = await outside.publisher.wait_for(3)

    assert [sighting.detection for sighting in told] == [motion(0), detection(2), detection(1)]


async def test_who_was_shown_something_gives_way_to_nobody(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.refreshed = None
    outside.policy = replace(outside.policy, ai_at_once=8)
    outside.describer.answers = [forever]
    for number in range(MOST):
        runner.submit(motion(number))
    await until(lambda: outside.describer.asked_now == MOST)
    runner.submit(ring(9))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.detection == ring(9)
    assert refused(sighting)


async def test_who_waits_for_his_first_attempt_gives_way_and_leaves_nothing(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.refreshed = None
    outside.console.clip = [forever]
    for number in range(MOST):
        runner.submit(motion(number))
    await until(lambda: len(outside.archive.made) == MOST and outside.console.open_now)
    runner.submit(detection(9))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.detection == motion(2)
    assert refused(sighting)
    assert len(outside.archive.left()) < MOST + 1


async def test_who_waits_for_a_slow_agent_gives_way_after_those_who_wait_for_the_console(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.refreshed = None
    outside.policy = replace(outside.policy, ai_at_once=1)
    outside.describer.answers = [forever]
    for number in range(2):
        runner.submit(motion(number))
    await until(lambda: all(each.stage is Stage.DESCRIBE for each in runner._unfinished.values()))
    outside.console.refreshed = forever
    runner.submit(motion(2))
    for number in (7, 8, 9):
        runner.submit(ring(number))
    told = await outside.publisher.wait_for(3)

    # One is being looked at, and gives his place to nobody.
    assert [sighting.detection for sighting in told[:2]] == [ring(9), motion(2)]
    assert told[2].detection in (motion(0), motion(1))
    assert all(map(refused, told))
    assert outside.describer.asked_now == 1
    await until(lambda: len({path.parent for path in outside.archive.left()}) == 2)


async def test_who_waits_for_a_slow_decoder_gives_way(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def slow(stop: threading.Event, path: Path) -> ClipInfo:
        assert may_end.wait(30)
        return probe(stop, path)

    monkeypatch.setattr(clip_module, "probe", slow)
    outside.console.refreshed = None
    for number in range(MOST):
        runner.submit(motion(number))
    await until(lambda: all(each.clip_attempts for each in runner._unfinished.values()))
    outside.console.refreshed = forever
    runner.submit(detection(9))
    (sighting,) = await outside.publisher.wait_for(1)
    may_end.set()

    assert sighting.detection == motion(2)
    assert refused(sighting)


async def test_what_is_found_late_takes_no_live_one_s_place_and_gives_its_own(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.clock.advance(3600)
    late = ring(2, late=True)
    for each in (motion(0), motion(1), late):
        runner.submit(each)
    runner.submit(ring(8, late=True))
    runner.submit(motion(9))
    told = await outside.publisher.wait_for(2)

    assert [sighting.detection for sighting in told] == [ring(8, late=True), late]


async def test_what_somebody_asks_for_finds_a_place(outside: FakeWorld, runner: Runner) -> None:
    for number in range(MOST):
        runner.submit(detection(number))
    await waiting(outside, MOST)
    outside.console.refreshed = None

    assert not refused(await runner.describe(motion(9, late=True), revision=2))
    (first, _) = outside.publisher.sightings
    assert refused(first)


async def test_what_somebody_asks_for_pushes_aside_nobody_who_rings(
    outside: FakeWorld, runner: Runner
) -> None:
    for number in range(MOST):
        runner.submit(ring(number))
    await waiting(outside, MOST)

    with pytest.raises(NotTakenError):
        await runner.describe(detection(9))


async def test_a_cancellation_that_was_swallowed_tells_nothing_twice(
    outside: FakeWorld, runner: Runner
) -> None:
    async def stubborn() -> Detection:
        with suppress(asyncio.CancelledError):
            await forever()
        return motion(0)

    outside.console.refreshed = stubborn
    runner.submit(motion(0))
    await waiting(outside, 1)
    outside.console.refreshed = forever
    for number in range(1, MOST):
        runner.submit(ring(number))
    runner.submit(ring(9))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.description.title == ANSWER["title"]
    await until(lambda: not runner._giving_way)
    assert outside.publisher.sightings == [sighting]


async def test_closing_ends_who_gives_way_and_tells_nothing(
    outside: FakeWorld, runner: Runner
) -> None:
    tasks = asyncio.all_tasks()
    for number in range(MOST):
        runner.submit(motion(number))
    runner.submit(ring(8))
    runner.submit(motion(9))
    await runner.close()

    assert asyncio.all_tasks() == tasks
    assert outside.publisher.sightings == []


async def test_a_thousand_at_once_are_told_once_each_in_the_order_of_their_turns(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", 50)
    outside.console.refreshed = None
    outside.policy = Policy(frame_count=1)
    outside.console.clip = [good_clip()]
    kinds = [ring if n % 100 == 0 else detection if n % 50 == 1 else motion for n in range(1000)]
    everything = [kind(number) for number, kind in enumerate(kinds)]
    for each in everything:
        runner.submit(each)
    told = await outside.publisher.wait_for(1000)
    await finished(runner)

    assert len(told) == len({sighting.sighting_id for sighting in told}) == 1000
    described = [each.detection.labels[0] for each in told if not refused(each)]
    assert described.count(Label.RING) == 10
    assert described.count(Label.PERSON) == 20
    assert described.count(Label.MOTION) == 20


async def test_a_flood_is_said_once_and_so_is_that_it_is_over(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tasks = [runner.submit(detection(number)) for number in range(10)]
    await outside.publisher.wait_for(10 - MOST)
    assert caplog.text.count("without being looked at") == 1
    for task in tasks[:MOST]:
        assert task is not None
        task.cancel()
    await finished(runner)

    assert "7 Detections were told without being looked at" in caplog.text
    assert caplog.text.count("without being looked at") == 2


async def test_a_bug_at_one_of_a_flood_costs_only_that_one(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.publisher.fault = KeyError("a typo")
    for number in range(MOST + 2):
        runner.submit(detection(number))
    await outside.publisher.wait_for(2)

    assert f"Sighting {detection(MOST).sighting_id}: lost to a bug" in caplog.text


async def test_what_is_refused_is_told_and_after_closing_it_is_not(
    outside: FakeWorld, runner: Runner
) -> None:
    runner.refuse(detection())
    (sighting,) = await outside.publisher.wait_for(1)
    assert refused(sighting)
    await runner.close()
    runner.refuse(detection(1))
    await asyncio.sleep(0)
    assert outside.publisher.sightings == [sighting]


async def test_what_is_refused_is_told_in_the_user_s_own_time(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.policy = Policy(time_zone=ZoneInfo("Europe/Berlin"))
    runner.refuse(detection())
    (sighting,) = await outside.publisher.wait_for(1)

    assert refused(sighting)
    assert "2026-03-01 13:00:00 to 13:00:04 (4 s)" in sighting.description.description


async def test_a_thousand_that_are_refused_at_once_have_no_text_of_the_user_s_rendered(
    outside: FakeWorld,
) -> None:
    def render(_detection: Detection) -> Policy:
        raise AssertionError("no agent is asked")

    read: list[str] = []

    def plain(detection: Detection) -> Policy:
        read.append(detection.sighting_id)
        return Policy(time_zone=ZoneInfo("Europe/Berlin"))

    runner = Runner(replace(outside.world(), policy=render, plain_policy=plain))
    for number in range(1000):
        runner.refuse(detection(number))
    assert read == [], "nothing is read where it would hold up whoever refuses"
    told = await outside.publisher.wait_for(1000)
    await runner.close()

    assert read == [each.sighting_id for each in told]
    assert {"13:00:00" in each.description.description for each in told} == {True}


async def test_a_policy_that_cannot_be_read_costs_what_is_refused_only_the_time_zone(
    outside: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(_detection: Detection) -> Policy:
        raise KeyError("a typo")

    bugs: list[str] = []
    world = replace(outside.world(), policy=unreadable)
    runner = Runner(world, on_bug=lambda: bugs.append("bug"))
    runner.refuse(detection())
    (sighting,) = await outside.publisher.wait_for(1)
    await runner.close()

    assert refused(sighting)
    assert "12:00:04 UTC" in sighting.description.description
    assert f"Sighting {sighting.sighting_id}: a bug at its policy" in caplog.text
    assert bugs == ["bug"]


async def test_a_cancellation_that_leaks_out_of_publishing_costs_only_that_one(
    outside: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    bugs: list[str] = []
    runner = Runner(outside.world(), on_bug=lambda: bugs.append("bug"))

    async def leak() -> None:
        outside.publisher.fault = None
        raise asyncio.CancelledError

    outside.publisher.fault = leak
    for number in range(3):
        runner.refuse(detection(number))
    await until(lambda: runner._overload._task is None)
    await runner.close()

    assert len(outside.publisher.sightings) >= 2
    assert f"Sighting {detection(0).sighting_id}: lost to a bug" in caplog.text
    assert bugs == ["bug"]


async def test_what_ends_before_its_first_step_does_not_end_telling(
    outside: FakeWorld, runner: Runner
) -> None:
    runner.refuse(detection(0))
    task = runner._overload._task
    assert task is not None
    task.cancel()
    await asyncio.wait([task])
    runner.refuse(detection(1))
    await outside.publisher.wait_for(2)


async def test_more_than_can_be_told_is_left_to_the_ledger(
    outside: FakeWorld,
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(overload_module, "REFUSED_AT_MOST", 2)
    for number in range(5):
        runner.refuse(detection(number))
    told = await outside.publisher.wait_for(2)
    await until(lambda: runner._overload._task is None)

    assert [sighting.detection for sighting in told] == [detection(0), detection(1)]
    assert outside.publisher.sightings == told
    assert caplog.text.count("the rest waits for the next start") == 1


@pytest.mark.parametrize("how", ["gives way", "is refused"])
async def test_what_is_to_be_told_as_it_is_cannot_be_asked_for(
    outside: FakeWorld, runner: Runner, how: str
) -> None:
    for number in range(MOST):
        runner.submit(motion(number))
    await waiting(outside, MOST)
    if how == "gives way":
        runner.submit(ring(9))
    else:
        runner.submit(motion(8))
    with pytest.raises(NotTakenError):
        await runner.describe(motion(2 if how == "gives way" else 8))
    (sighting,) = await outside.publisher.wait_for(1)
    assert refused(sighting)


async def test_what_is_being_told_as_it_is_cannot_be_asked_for(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.console.refreshed = None
    out = asyncio.Event()
    outside.publisher.fault = out.wait
    runner.refuse(detection())
    await outside.publisher.wait_for(1)

    with pytest.raises(NotTakenError, match="already"):
        await runner.describe(detection(), revision=2)
    out.set()
    await until(lambda: runner._overload._task is None)

    assert (await runner.describe(detection(), revision=2)).revision == 2


async def test_nothing_is_caught_up_on_while_no_clip_is_asked_for(outside: FakeWorld) -> None:
    breaker = Breaker(outside.clock)
    runner = Runner(replace(outside.world(), breaker=breaker))

    def may_catch_up() -> bool:
        return runner.may_catch_up("camera 0")

    assert may_catch_up()
    for number in range(LOST_IN_A_ROW):
        breaker.lost(f"camera {number}", media_error())
    assert not may_catch_up()
    outside.clock.advance(FIRST_PAUSE_S)
    assert may_catch_up()
    # One of them is enough to find out.
    runner.submit(detection(0, late=True))
    assert not may_catch_up()
    await runner.close()
    with breaker.attempt("camera 0"):
        assert may_catch_up(), "whoever comes now waits for the end of the test"
    assert may_catch_up()


async def test_of_the_camera_that_lost_last_nothing_is_caught_up_on_before_it_may_be_asked(
    outside: FakeWorld,
) -> None:
    breaker = Breaker(outside.clock)
    runner = Runner(replace(outside.world(), breaker=breaker))
    for number in range(LOST_IN_A_ROW):
        breaker.lost(f"camera-{number}", media_error())
    last = f"camera-{LOST_IN_A_ROW - 1}"
    outside.clock.advance(FIRST_PAUSE_S)
    assert runner.may_catch_up("camera-0")
    assert not runner.may_catch_up(last)
    outside.clock.advance(FIRST_PAUSE_S)
    assert runner.may_catch_up(last)


async def test_of_a_camera_that_pauses_alone_one_is_caught_up_on_at_the_end_of_its_pause(
    outside: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "UNFINISHED_AT_MOST", 4)
    breaker = Breaker(outside.clock)
    runner = Runner(replace(outside.world(), breaker=breaker))
    for _ in range(LOST_IN_A_ROW):
        breaker.lost("camera-0", media_error())
    assert not runner.may_catch_up("camera-0")
    assert runner.may_catch_up("camera-1")
    outside.clock.advance(FIRST_PAUSE_S)
    assert runner.may_catch_up("camera-0")
    # One of them is enough to find out.
    runner.submit(detection(0, late=True))
    assert not runner.may_catch_up("camera-0")
    assert runner.may_catch_up("camera-1")
    await runner.close()
