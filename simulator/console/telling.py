"""How an event becomes frames on the websockets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
import json
import secrets

from .models import Channel, Event, Json, changes
from .state import State
from .wire import private_frame

type _Frame = Callable[[], Awaitable[None]]


class Teller:
    """Tells everybody who listens what has happened, as Protect words it.

    An event is added whole and then updated by what has changed.
    """

    def __init__(self, state: State) -> None:
        """Tell of that console."""
        self._state = state
        self._held: dict[Channel, _Frame] = {}

    async def event(self, before: Event | None, after: Event) -> None:
        """Tell that the event has become so; ``before`` is None for a new one."""
        private, public = (
            self._item(before, after, channel) for channel in (Channel.PRIVATE, Channel.PUBLIC)
        )
        action = "add" if before is None else "update"
        for _ in range(2 if before is None and self._state.faults.repeat_adds else 1):
            if private:
                await self.private(action, "event", private[0], private[1])
            if public:
                await self.public(action, {"id": public[0], "modelKey": "event", **public[1]})

    async def born_closed(self, event: Event) -> None:
        """Tell of an event that is over when it is first told, as Protect does with packages.

        The public socket gets one ``update`` with start and end, the private one a model that
        uiprotect does not know [uiprotect#875], and an ``update`` of an event it never saw.
        """
        seen = self._state.seen(event, Channel.PRIVATE)
        item = seen.as_private()
        await self.private(
            "add", "smartDetectObject", secrets.token_hex(12), {"event": seen.id, **item}
        )
        await self.private("update", "event", seen.id, item)
        await self.public("update", self._state.seen(event, Channel.PUBLIC).as_public())

    async def private(self, action: str, model_key: str, item_id: str, data: Json) -> None:
        """Send any frame to the private websockets."""
        self._state.update_id = secrets.token_hex(12)
        frame = private_frame(action, model_key, item_id, self._state.update_id, data)
        await self._send(Channel.PRIVATE, lambda: self._state.private.send(frame))

    async def public(self, action: str, item: Json) -> None:
        """Send any frame to the public websocket for its kind: events, or devices."""
        sockets = self._state.public_devices
        if item["modelKey"] == "event":
            sockets = self._state.public_events
        frame = json.dumps({"type": action, "item": item})
        await self._send(Channel.PUBLIC, lambda: sockets.send(frame))

    def _item(
        self, before: Event | None, after: Event, channel: Channel
    ) -> tuple[str, Json] | None:
        """Return the id and what is to be told there: all, the difference, or nothing."""
        shown = self._state.seen(after, channel)
        now = shown.as_private() if channel is Channel.PRIVATE else shown.as_public()
        if before is None:
            return shown.id, now
        old = replace(self._state.seen(before, channel), id=shown.id)
        then = old.as_private() if channel is Channel.PRIVATE else old.as_public()
        difference = changes(then, now)
        return (shown.id, difference) if difference else None

    async def _send(self, channel: Channel, frame: _Frame) -> None:
        if self._state.faults.repeat_frames:
            await frame()
        held = self._held.pop(channel, None)
        if held is None and self._state.faults.reorder:
            self._held[channel] = frame
            return
        await frame()
        if held is not None:
            await held()
