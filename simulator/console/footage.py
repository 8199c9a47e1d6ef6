"""Pictures and clips out of the recording, made in threads of our own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from io import BytesIO

from PIL import Image

from simulator.video import blank_clip

from .models import Recording

# The development machines have two cores; more threads would only compete with the tests.
_THREADS = 2


class Footage:
    """Renders the recording off the event loop; owns its threads, so that none is left behind."""

    def __init__(self, recording: Recording) -> None:
        """Take what was filmed."""
        self._recording = recording
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="simulated-console")
        self._running: set[Future[bytes]] = set()

    async def clip(self, camera_name: str, start: datetime, end: datetime) -> bytes:
        """Return the recording of [start, end) as MP4."""
        return await self._run(lambda: self._recording.clip(camera_name, start, end))

    async def blank(self, seconds: float) -> bytes:
        """Return a sound MP4 of that length in which everything is black."""
        return await self._run(lambda: blank_clip(seconds))

    async def still(
        self,
        camera_name: str,
        at: datetime,
        width: int | None = None,
        height: int | None = None,
    ) -> bytes:
        """Return the moment as JPEG, scaled to the width or height that is asked, if any."""

        def render() -> bytes:
            jpeg = self._recording.still(camera_name, at)
            return jpeg if width is None and height is None else _scaled(jpeg, width, height)

        return await self._run(render)

    async def close(self) -> None:
        """Wait for what is being rendered, and end the threads."""
        for future in tuple(self._running):
            # Whoever asked has had the exception, or is not there any more.
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.wrap_future(future)
        self._pool.shutdown()

    async def _run(self, render: Callable[[], bytes]) -> bytes:
        future = self._pool.submit(render)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)


def _scaled(jpeg: bytes, width: int | None, height: int | None) -> bytes:
    """Return the picture in the asked size; with one side given, in its own proportions."""
    with Image.open(BytesIO(jpeg)) as picture:
        own_width, own_height = picture.size
        wanted = (
            width or round(own_width * (height or own_height) / own_height),
            height or round(own_height * (width or own_width) / own_width),
        )
        out = BytesIO()
        picture.resize(wanted).save(out, "JPEG", quality=85)
    return out.getvalue()
