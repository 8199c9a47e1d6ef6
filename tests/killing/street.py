"""Everything outside of Home Assistant: cameras, a console, a model, and who walks by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from simulator.console import Camera, Console
from simulator.demo.errors import DemoError
from simulator.model import Model
from simulator.video import Recorder, Scene

from .progress import Progress

MODEL = "llava:latest"

# No name is part of another one: the model's questions are told apart by them.
_NAMES = ("Porch", "Driveway", "Garden", "Garage", "Terrace", "Mailbox", "Shed", "Pool")

# The same recording serves every question, so it is longer than any detection here lasts.
_FILM_S = 12
_LIGHT = Scene(320, 180, fps=5)
# Takes a second or so to decode: long enough to be caught at it.
_HEAVY = Scene(1920, 1080, fps=30)

# As fast as uiprotect can: the pace of a real console would add seconds to each round.
_UNHURRIED = 1000

# A question holds its pictures, and those of a round are enough.
_KEPT_CALLS = 50


class Film:
    """The console's recording: one short and small film of a walk, or one that is heavy."""

    def __init__(self) -> None:
        """Render both; takes seconds, in a thread."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        end = start + timedelta(seconds=_FILM_S)
        recorders = Recorder(_LIGHT), Recorder(_HEAVY)
        for recorder in recorders:
            recorder.walk("", "red", start, end)
        self.light, self.heavy = (recorder.clip("", start, end) for recorder in recorders)
        self._still = recorders[0].still("", start + (end - start) / 2)
        self.heavy_at: set[str] = set()
        """Names of the cameras whose recording is heavy now."""

    def clip(self, camera_name: str, _start: datetime, _end: datetime) -> bytes:
        """Return the film, whatever is asked for."""
        return self.heavy if camera_name in self.heavy_at else self.light

    def still(self, _camera_name: str, _at: datetime) -> bytes:
        """Return a picture of it."""
        return self._still


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """What Home Assistant is connected to."""

    console: Console
    model: Model
    film: Film

    @classmethod
    @asynccontextmanager
    async def open(cls, progress: Progress) -> AsyncIterator[Self]:
        """Serve where Home Assistant was told to look, if it was, with what was noticed before.

        Raises DemoError when somebody else has taken a port meanwhile.
        """
        reach = progress.console
        film = await asyncio.to_thread(Film)
        cameras = [Camera.make(number, name) for number, name in enumerate(_NAMES)]
        port = int(reach.get("port", 0))
        console = Console(cameras, film, port=port, public_requests_per_second=_UNHURRIED)
        model = Model(int(reach.get("model_port", 0)), [MODEL], keep_calls=_KEPT_CALLS)
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(model)
                await stack.enter_async_context(console)
            except OSError as err:
                raise DemoError(f"cannot serve where we did before: {err}") from err
            street = cls(console=console, model=model, film=film)
            await street.take_up(progress)
            yield street

    async def take_up(self, progress: Progress) -> None:
        """Be the console of before, or let it be remembered how this one is reached."""
        reach, console = progress.console, self.console
        if reach:
            console.password, console.api_key = reach["password"], reach["api_key"]
        progress.console = {
            "port": str(console.port),
            "password": console.password,
            "api_key": console.api_key,
            "model_port": self.model.url.rpartition(":")[2],
        }
        now = datetime.now(UTC)
        for each in progress.recent(now):
            start = datetime.fromisoformat(each.start)
            each.end = each.end or now.isoformat()
            await console.start_detection(each.camera_id, start=start, event_id=each.event_id)
            await console.end_detection(each.event_id, datetime.fromisoformat(each.end))

    def cameras_of(self, number: int, count: int) -> list[Camera]:
        """Return so many cameras for that round; those of the round before come last."""
        cameras = self.console.cameras
        return [cameras[(number * count + each) % len(cameras)] for each in range(count)]

    def get_well(self) -> None:
        """Let everything work again."""
        self.console.faults.unset()
        self.model.fault = None
        self.film.heavy_at.clear()
