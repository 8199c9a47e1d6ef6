"""The consoles' processes, as the run talks to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
import json
import sys
from typing import Any

from .town import CONSOLES

# The first run renders its films.
_READY_LIMIT_S = 120
_ANSWER_LIMIT_S = 30
_END_LIMIT_S = 10


class ConsoleElsewhere:
    """One console's process and how to reach it."""

    def __init__(self, process: asyncio.subprocess.Process, reach: dict[str, Any]) -> None:
        """Take what `consoles` has started."""
        self.reach = reach
        self._process = process
        self._asking = asyncio.Lock()

    def tell(self, number: int) -> None:
        """Let the Detection happen, as soon as what was told before has."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"tell {number}\n".encode())

    async def status(self) -> dict[str, Any]:
        """Return how it stands when all that was told has happened."""
        return await self._ask(b"status\n")

    async def account(self) -> dict[str, Any]:
        """Return what was asked of it, all in all."""
        return await self._ask(b"account\n")

    async def _ask(self, question: bytes) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._asking, asyncio.timeout(_ANSWER_LIMIT_S):
            self._process.stdin.write(question)
            answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer


@asynccontextmanager
async def consoles(count: int, seed: int) -> AsyncIterator[tuple[ConsoleElsewhere, ...]]:
    """Start all of them; they end with the context, and with this process whatever ends it."""
    async with AsyncExitStack() as stack:
        yield tuple(
            [
                await stack.enter_async_context(_started(index, count, seed))
                for index in range(CONSOLES)
            ]
        )


@asynccontextmanager
async def _started(index: int, count: int, seed: int) -> AsyncIterator[ConsoleElsewhere]:
    # In a session of its own a Ctrl-C in the terminal does not reach it; its standard input
    # ends when we do.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.console_process",
        *map(str, (index, count, seed)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(_READY_LIMIT_S):
            reach = json.loads(await process.stdout.readline())
        yield ConsoleElsewhere(process, reach)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
