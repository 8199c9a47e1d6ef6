"""Who may ask the agent now."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from custom_components.protect_narrator.pipeline.gate import Gate


class Visitor:
    """Somebody who comes to a gate, and stays until told to leave."""

    def __init__(self, gate: Gate, at_most: int, *, urgent: bool = False) -> None:
        self.is_inside = False
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, at_most, urgent=urgent))

    async def _visit(self, gate: Gate, at_most: int, *, urgent: bool) -> None:
        async with gate.place(at_most, urgent=urgent):
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


async def come(gate: Gate, *at_most: int, urgent: bool = False) -> list[Visitor]:
    visitors = [Visitor(gate, limit, urgent=urgent) for limit in at_most]
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


async def test_who_is_urgent_goes_before_who_was_there_before() -> None:
    gate = Gate()
    (first,), (patient,) = await come(gate, 1), await come(gate, 1)
    (urgent,) = await come(gate, 1, urgent=True)

    await first.leave()
    assert (patient.is_inside, urgent.is_inside) == (False, True)

    await urgent.leave()
    await patient.leave()


async def test_who_allows_fewer_keeps_nobody_behind_him_out() -> None:
    gate = Gate()
    visitors = await come(gate, 2, 1, 2)
    assert inside(visitors) == [True, False, True]

    await visitors[0].leave()
    assert inside(visitors) == [False, False, True]
    await visitors[2].leave()
    assert inside(visitors) == [False, True, False]
    await visitors[1].leave()


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
