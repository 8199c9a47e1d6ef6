"""Threads that block: few, told to stop, and waited for as long as there is hope."""

import asyncio
from collections.abc import Iterator
import logging
from threading import Event

import pytest

from custom_components.protect_narrator.pipeline import blocking
from custom_components.protect_narrator.pipeline.blocking import Crew, Decoder, StuckError
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from tests.waiting import until


class Work:
    """Something that blocks until the test or the stop flag lets it end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = Event()
        self.stopped = False
        self.ended = False
        self._loop = asyncio.get_running_loop()

    def __call__(self, stop: Event) -> None:
        self._loop.call_soon_threadsafe(self.begun.set)
        while not self.let_go.wait(0.001) and not stop.is_set():
            pass
        self.stopped = stop.is_set()
        self.let_go.wait(5)
        self.ended = True


async def test_it_hands_over_arguments_and_result() -> None:
    def add(stop: Event, one: int, *, other: int) -> int:
        assert not stop.is_set()
        return one + other

    assert await Decoder().run(add, 1, other=2) == 3


async def test_it_raises_what_the_function_raises() -> None:
    def fail(_stop: Event) -> None:
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        await Decoder().run(fail)


async def test_who_is_cancelled_waits_for_the_thread_however_often() -> None:
    work = Work()
    task = asyncio.create_task(Decoder().run(work))
    await work.begun.wait()

    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    work.let_go.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.ended


async def test_a_cancelled_thread_is_told_to_stop_and_its_error_is_nobodys_concern(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(stop: Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert stop.wait(5)
        raise ValueError("stopped")

    task = asyncio.create_task(Decoder().run(work))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    # A busy machine has asyncio say that something took long.
    assert not [each for each in caplog.records if each.levelno > logging.WARNING]


async def test_what_takes_too_long_is_told_to_stop() -> None:
    def work(stop: Event) -> bool:
        return stop.wait(5)

    assert await Decoder(limit_s=0.01).run(work)


async def test_no_more_threads_run_than_allowed() -> None:
    decoder, first, second = Decoder(at_once=1), Work(), Work()
    tasks = [asyncio.create_task(decoder.run(work)) for work in (first, second)]
    await first.begun.wait()
    await asyncio.sleep(0)
    assert not second.begun.is_set()

    first.let_go.set()
    await second.begun.wait()
    second.let_go.set()
    await asyncio.gather(*tasks)
    assert first.ended
    assert second.ended


async def test_a_thread_that_does_not_stop_keeps_its_place_and_no_other_piles_up_behind_it() -> (
    None
):
    decoder = Decoder(at_once=1, limit_s=0)
    stubborn, next_one = Work(), Work()
    next_one.let_go.set()
    first = asyncio.create_task(decoder.run(stubborn))
    await stubborn.begun.wait()
    first.cancel()
    second = asyncio.create_task(decoder.run(next_one))
    await asyncio.sleep(0)
    assert not next_one.begun.is_set()

    stubborn.let_go.set()
    await second
    assert first.cancelled()
    assert stubborn.ended
    assert next_one.ended


class Hanging:
    """Something that does not come back before the test lets it."""

    def __init__(self) -> None:
        self.let_go = Event()
        self.times = 0

    def __call__(self, *_: object) -> str:
        self.times += 1
        assert self.let_go.wait(5)
        return "back"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr(blocking, "_FAREWELL_S", 0.3)
    hanging = Hanging()
    yield hanging
    hanging.let_go.set()


async def test_what_does_not_end_is_let_go_of_and_no_more_is_begun_until_it_does(
    hanging: Hanging,
) -> None:
    crew = Crew(at_once=1, most_stuck=1)
    waiting = [asyncio.create_task(crew.run(hanging, limit_s=0)) for _ in range(3)]

    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [StuckError] * 3
    assert hanging.times == 1
    assert await crew.run(lambda: "closed", limit_s=1, must=True) == "closed"

    hanging.let_go.set()
    await until(lambda: not crew._stuck)
    assert await crew.run(hanging, limit_s=1) == "back"


async def test_who_is_cancelled_does_not_wait_for_ever_for_what_hangs(hanging: Hanging) -> None:
    crew = Crew(at_once=1, most_stuck=1)
    task = asyncio.create_task(crew.run(hanging, limit_s=60))
    await until(lambda: hanging.times == 1)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_while_it_is_let_go_of_is_cancelled(hanging: Hanging) -> None:
    crew = Crew(at_once=1, most_stuck=1)
    told = asyncio.Event()
    task = asyncio.create_task(crew.run(hanging, limit_s=0, stop=told.set))
    await told.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_clip_that_hangs_a_decoder_leaves_the_others_until_all_hang(
    hanging: Hanging,
) -> None:
    decoder = Decoder(at_once=2, limit_s=0)

    with pytest.raises(ClipUnreadableError, match="hangs"):
        await decoder.run(hanging)
    assert await decoder.run(lambda _stop: "decoded") == "decoded"
    with pytest.raises(ClipUnreadableError, match="hangs"):
        await decoder.run(hanging)
    with pytest.raises(ClipUnreadableError) as refused:
        await decoder.run(hanging)

    assert refused.value.detail is FallbackDetail.TIMEOUT
    assert hanging.times == 2
