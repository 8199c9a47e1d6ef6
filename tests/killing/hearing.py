"""What Home Assistant says on its own event stream."""

import asyncio
from time import monotonic

from simulator.demo.client import Client

EVENT = "protect_narrator_sighting"


class Heard:
    """When a Sighting was told first, by Protect's ids of what it tells of."""

    def __init__(self) -> None:
        """Start with silence."""
        self._at: dict[str, float] = {}
        self._news = asyncio.Event()

    async def listen(self, client: Client) -> None:
        """Take down what is fired, until Home Assistant is gone."""
        async for event in client.events(EVENT):
            for event_id in event["data"]["protect_event_ids"]:
                self._at.setdefault(event_id, monotonic())
            self._news.set()
            self._news = asyncio.Event()

    def at(self, event_id: str) -> float | None:
        """Return when it was told, as ``time.monotonic()``; None when it was not yet."""
        return self._at.get(event_id)

    async def wait_for(self, event_id: str) -> None:
        """Return when it was told."""
        while event_id not in self._at:
            await self._news.wait()
