"""Whose turn it is where everybody waits."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from custom_components.protect_narrator.pipeline.gate import FRESH, Gate, Turn, turn_of
from custom_components.protect_narrator.pipeline.models import Label, ranked

from .fakes import detection


class Visitor:
    """Somebody who comes to a gate, and stays until told to leave."""

    def __init__(self, gate: Gate, at_most: int, turn: Turn = Turn.SOON) -> None:
        self.is_inside = False
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, at_most, turn))

    async def _visit(self, gate: Gate, at_most: int, turn: Turn) -> None:
        async with gate.place(at_most, turn):
            self.is_inside = True
            await self._leave.wait()
        self.is_inside = False

    async def leave(self) -> None:
        self._leave.set()
        await self.task
        await settled()


async def settled() -> None:
    """Let everybody take the steps that can be taken now."""
    for _ in range(5):
        await asyncio.sleep(0)


async def come(gate: Gate, *at_most: int, turn: Turn = Turn.SOON) -> list[Visitor]:
    visitors = [Visitor(gate, limit, turn) for limit in at_most]
    await settled()
    return visitors


def inside(visitors: list[Visitor]) -> list[bool]:
    return [visitor.is_inside for visitor in visitors]


async def test_no_more_are_let_in_than_are_allowed_and_who_came_first_goes_first() -> None:
    gate = Gate()
    visitors = await come(gate, 2, 2, 2, 2)
    assert (inside(visitors), gate.inside) == ([True, True, False, False], 2)

    await visitors[1].leave()
    assert inside(visitors) == [True, False, True, False]

    for visitor in (visitors[0], visitors[2], visitors[3]):
        await visitor.leave()
    assert gate.inside == 0


async def test_the_earlier_turn_goes_before_who_was_there_before() -> None:
    gate = Gate()
    (first,) = await come(gate, 1)
    waiting = [(await come(gate, 1, turn=turn))[0] for turn in reversed(Turn)]

    order: list[int] = []
    await first.leave()
    for _ in waiting:
        (now,) = (number for number, visitor in enumerate(waiting) if visitor.is_inside)
        order.append(now)
        await waiting[now].leave()
    assert [list(reversed(Turn))[number] for number in order] == list(Turn)


async def test_who_allows_fewer_lets_some_pass_and_then_nobody() -> None:
    gate = Gate()
    (first,) = await come(gate, 2)
    (modest,) = await come(gate, 1)
    others = await come(gate, *[2] * 7)
    for number in range(4):
        assert inside(others) == [each == number for each in range(7)]
        if number < 3:
            await others[number].leave()

    # Four have passed: the next place stays empty until it is his.
    await first.leave()
    assert (modest.is_inside, gate.inside) == (False, 1)
    await others[3].leave()
    # He came in alone; who allows two may join him.
    assert (modest.is_inside, gate.inside) == (True, 2)
    await modest.leave()
    assert inside(others) == [False] * 4 + [True, True, False]
    for other in others[4:]:
        await other.leave()


async def test_an_entry_with_one_call_at_a_time_gets_its_turn_beside_one_that_never_stops() -> None:
    gate = Gate()
    busy = await come(gate, 2, 2, 2)
    (modest,) = await come(gate, 1)
    for _ in range(10):
        if modest.is_inside:
            break
        busy += await come(gate, 2)
        await next(each for each in busy if each.is_inside).leave()
    else:
        pytest.fail("he is kept waiting")
    for visitor in [modest, *busy]:
        await visitor.leave()
    assert gate.inside == 0


async def test_who_holds_up_others_holds_up_nobody_with_an_earlier_turn() -> None:
    gate = Gate()
    (first,) = await come(gate, 2)
    (modest,) = await come(gate, 1)
    for _ in range(4):
        (passing,) = await come(gate, 2)
        await passing.leave()
    (held_up,), (urgent,) = await come(gate, 2), await come(gate, 2, turn=Turn.NOW)
    assert (modest.is_inside, held_up.is_inside, urgent.is_inside) == (False, False, True)
    for visitor in (urgent, first, modest, held_up):
        await visitor.leave()


async def test_what_is_late_leaves_a_place_to_what_is_live() -> None:
    gate = Gate()
    late = await come(gate, 2, 2, turn=Turn.LATE)
    assert inside(late) == [True, False]
    (live,) = await come(gate, 2)
    assert live.is_inside

    await late[0].leave()
    assert inside(late) == [False, False]
    await live.leave()
    assert inside(late) == [False, True]
    await late[1].leave()


async def test_a_limit_of_zero_lets_one_in() -> None:
    (visitor,) = await come(Gate(), 0)

    assert visitor.is_inside
    await visitor.leave()


@pytest.mark.parametrize("after_steps", range(4))
async def test_who_is_cancelled_takes_no_place_with_him(after_steps: int) -> None:
    gate = Gate()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(gate.place(1))
        waiting, behind = await come(gate, 1, 1)
    # The place is free in this very turn: the one is let in, and told to go at any moment.
    for _ in range(after_steps):
        await asyncio.sleep(0)
    waiting.task.cancel()
    await asyncio.wait({waiting.task}, timeout=1)
    await settled()

    assert waiting.task.cancelled()
    assert behind.is_inside
    await behind.leave()
    assert gate.inside == 0


@pytest.mark.parametrize(
    ("changes", "turn"),
    [
        ({}, Turn.SOON),
        ({"labels": ranked([Label.MOTION, Label.PERSON])}, Turn.SOON),
        ({"labels": (Label.AUDIO_SPEECH,)}, Turn.SOON),
        ({"labels": (Label.RING,)}, Turn.NOW),
        ({"labels": (Label.OTHER,), "requested": True}, Turn.NOW),
        ({"labels": (Label.MOTION,)}, Turn.LATER),
        ({"labels": (Label.OTHER,)}, Turn.LATER),
        ({"labels": (Label.RING,), "late": True}, Turn.LATE),
    ],
)
def test_whose_turn_it_is(changes: dict[str, Any], turn: Turn) -> None:
    seen = detection(**changes)
    assert turn_of(seen, seen.end + timedelta(hours=1)) is turn


def test_what_is_found_just_after_its_end_is_as_good_as_live() -> None:
    found = detection(late=True)
    assert turn_of(found, found.end + FRESH) is Turn.SOON
    assert turn_of(found, found.end + FRESH * 1.1) is Turn.LATE
    assert turn_of(found, found.end - timedelta(days=1)) is Turn.LATE
