"""Waiting for conditions."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, limit_s: float = 30) -> None:
    """Return as soon as the condition holds; fail when it does not in time.

    Looks every hundredth of a second: for what nothing announces, such as files going.
    """
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
