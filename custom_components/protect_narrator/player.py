"""Who watches a clip of a console: one viewer at a time, and each has an end.

Beside the analysis, which has its own slot: heavy load hung or crashed real consoles
(unifi-protect-backup#95, #202, #229), so two exports at a time are the most.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# The longest clip that the options allow takes five minutes to watch, and may be stopped now and
# then; who watches for longer asks again.
LONGEST_S = 900.0

# For a viewer to leave when the console is let go of. His every wait can be cancelled.
_LEAVING_S = 5.0


class TakenError(Exception):
    """Somebody else watches, or the console is let go of."""


class EndedError(Exception):
    """The viewer was ended: by his own next request, with the entry, or after so long."""


class _Seat:
    """One viewer's place."""

    def __init__(self, viewer: str) -> None:
        self.viewer = viewer
        self.limit = asyncio.timeout(LONGEST_S)

    def end(self) -> None:
        """End what he does now; it raises TimeoutError there."""
        if not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time())


class Player:
    """The one place for viewers of a console's clips."""

    def __init__(self) -> None:
        """Begin with a free place."""
        self._newest: _Seat | None = None
        self._playing = asyncio.Lock()
        self._closed = False

    @asynccontextmanager
    async def place(self, viewer: str) -> AsyncIterator[None]:
        """Hold the place while the context lasts, for ``LONGEST_S`` at the most.

        A browser seeks with a new request, often before it gives up the one before: so the same
        viewer's newest one ends his earlier one, and begins when that is over. Raises TakenError
        at once where another viewer watches, and EndedError out of whatever was done within.
        """
        earlier = self._newest
        if self._closed or (earlier is not None and earlier.viewer != viewer):
            raise TakenError
        mine = self._newest = _Seat(viewer)
        try:
            async with mine.limit:
                if earlier is not None:
                    earlier.end()
                async with self._playing:
                    yield
        except TimeoutError as err:
            if mine.limit.expired():
                raise EndedError from err
            raise
        finally:
            if self._newest is mine:
                self._newest = None

    async def close(self) -> None:
        """Let nobody in any more, end who watches, and wait until he has left."""
        self._closed = True
        if self._newest is not None:
            self._newest.end()
        try:
            async with asyncio.timeout(_LEAVING_S), self._playing:
                return
        except TimeoutError:
            return  # his task was cancelled, and holds nothing of ours but its connection
