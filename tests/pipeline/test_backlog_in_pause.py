"""What waits until its clip may be asked for has not lost it when its turn comes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline.backlog import Backlog, Way
from custom_components.protect_narrator.pipeline.breaker import LOST_IN_A_ROW, Breaker
from custom_components.protect_narrator.pipeline.models import Detection
from custom_components.protect_narrator.pipeline.runner import Runner

from .fakes import START, FakeWorld, Step, detection, good_clip, media_error

LATER = timedelta(hours=5)
LAST_LOSER = LOST_IN_A_ROW - 1


def found(number: int, camera: int) -> Detection:
    """Return what happened hours ago; the higher the number, the newer."""
    start = START + timedelta(minutes=number)
    return detection(
        camera,
        event_ids=(f"event-{number}",),
        start=start,
        end=start + timedelta(seconds=4),
        late=True,
    )


async def nothing_told(_since: object) -> set[tuple[str, str]]:
    return set()


async def told(
    outside: FakeWorld, breaker: Breaker, late: list[Detection]
) -> tuple[list[Detection], list[int]]:
    """Return them in the order in which they began, and how often the clip of each was tried."""
    outside.clock.advance(LATER.total_seconds())
    runner = Runner(replace(outside.world(), breaker=breaker))
    begun: list[Detection] = []

    def submit(one: Detection) -> asyncio.Task[None] | None:
        begun.append(one)
        return runner.submit(one)

    way = Way(
        told_since=nothing_told,
        submit=submit,
        refuse=runner.refuse,
        drop=lambda _: None,
        narrow=lambda _whole, _rest: None,
        may_begin=runner.may_catch_up,
    )
    backlog = Backlog(way, outside.clock)
    for each in late:
        backlog.add(each)
    sightings = await outside.publisher.wait_for(len(late))
    await backlog.close()
    await runner.close()
    return begun, [each.clip_attempts for each in sightings]


@pytest.mark.parametrize("console", [good_clip, media_error()])
async def test_in_a_pause_of_the_console_none_loses_its_clip_untried(
    outside: FakeWorld, console: Step
) -> None:
    outside.console.clip = [console]
    breaker = Breaker(outside.clock)
    outside.clock.advance(LATER.total_seconds())
    for camera in range(LOST_IN_A_ROW):
        breaker.lost(f"camera-{camera}", media_error())
    outside.clock.advance(-LATER.total_seconds())
    late = [found(1, LAST_LOSER), found(2, 0), found(3, LAST_LOSER), found(4, LAST_LOSER)]

    begun, attempts = await told(outside, breaker, late)

    assert begun[0] == found(2, 0), "another camera than the one that lost last"
    assert all(attempts)


@pytest.mark.parametrize("console", [good_clip, media_error()])
async def test_in_a_camera_s_own_pause_none_loses_its_clip_untried(
    outside: FakeWorld, console: Step
) -> None:
    breaker = Breaker(outside.clock)
    outside.clock.advance(LATER.total_seconds())
    for _ in range(LOST_IN_A_ROW):
        breaker.lost("camera-0", media_error())
    outside.clock.advance(-LATER.total_seconds())
    outside.console.clip = [console]
    late = [found(1, 1), found(2, 0), found(3, 0), found(4, 0)]

    begun, attempts = await told(outside, breaker, late)

    assert begun[0] == found(1, 1)
    assert all(attempts)
