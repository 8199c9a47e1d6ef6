"""Real time for the pipeline."""

import asyncio
from datetime import UTC, datetime
import time


class SystemClock:
    """The pipeline's Clock on this machine."""

    def now(self) -> datetime:
        """Return the wall clock as aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)
