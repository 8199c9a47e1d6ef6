"""Who may ask the agent now: a few at once, and those first who cannot wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Somebody in front of the gate."""

    at_most: int
    let_in: asyncio.Future[None]


class Gate:
    """Lets callers in while fewer than each of them allows are inside; one for all consoles."""

    def __init__(self) -> None:
        """Start with nobody inside."""
        self._inside = 0
        self._urgent: list[_Waiting] = []
        self._others: list[_Waiting] = []

    @property
    def inside(self) -> int:
        """How many are inside now."""
        return self._inside

    @asynccontextmanager
    async def place(self, at_most: int, *, urgent: bool = False) -> AsyncIterator[None]:
        """Wait until fewer than ``at_most`` are inside; hold a place while the context lasts.

        Who came first goes first; the urgent go before all others.
        """
        queue = self._urgent if urgent else self._others
        waiting = _Waiting(max(at_most, 1), asyncio.get_running_loop().create_future())
        queue.append(waiting)
        self._let_in()
        try:
            await waiting.let_in
            yield
        finally:
            if waiting in queue:
                queue.remove(waiting)
            else:
                self._inside -= 1
            self._let_in()

    def _let_in(self) -> None:
        """Let in who may; somebody who allows fewer keeps nobody behind him out."""
        for queue in (self._urgent, self._others):
            for waiting in tuple(queue):
                if self._inside < waiting.at_most:
                    queue.remove(waiting)
                    self._inside += 1
                    # Cancelled in this very turn of the loop: it will leave its place again.
                    if not waiting.let_in.done():
                        waiting.let_in.set_result(None)
