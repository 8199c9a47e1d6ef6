"""What happens in front of the cameras, and who notices it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle

from simulator.console import Camera, Console
from simulator.model import Model
from simulator.video import COLOURS, Recorder, Scene

_NAMES = (
    *("Front door", "Driveway", "Garden", "Back door", "Garage", "Terrace"),
    *("Side gate", "Mailbox", "Shed", "Pool", "Street", "Roof"),
)
IN_VIEW = _NAMES[:3]
"""The cameras that detections happen at, and that the dashboard shows."""

# Keyframes are five seconds apart: a recording can be exported that much later.
_RECORDING_LAG = 5.0
# Seconds; the clip of it is five seconds longer.
_DETECTION = 8.0
# Seconds from its end to its Sighting, and some: settling, transfer and words take twelve.
_UNTIL_TOLD = 20.0


def make_console(recorder: Recorder) -> Console:
    """Return a console with twelve cameras, as slow to record as a real one."""
    cameras = [
        Camera.make(number, name, is_doorbell=number == 0) for number, name in enumerate(_NAMES)
    ]
    console = Console(cameras, recorder, name="Demo console")
    console.faults.recording_lag = _RECORDING_LAG
    return console


def make_recorder() -> Recorder:
    """Return cameras that film in 720p; real ones film more frames, which costs more CPU."""
    return Recorder(Scene(1280, 720, fps=10))


@dataclass(frozen=True, slots=True)
class Seen:
    """A detection that has happened, and what can be told of it."""

    event_id: str
    colour: str


@dataclass(slots=True)
class World:
    """Everything outside of Home Assistant."""

    recorder: Recorder
    console: Console
    model: Model | None
    """None where somebody's own Ollama server is asked."""

    _turns: cycle[tuple[Camera, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Let red walk by the first camera, and then the other colours by the next ones."""
        cameras = cycle(self.console.cameras[: len(IN_VIEW)])
        colours = ("red", "blue", "green", "yellow")
        # As many turns as both have in common, so that each meets each.
        turns = len(IN_VIEW) * len(colours)
        pairs = zip(cameras, cycle(colours), strict=False)
        self._turns = cycle([pair for pair, _ in zip(pairs, range(turns), strict=False)])

    async def detection(self) -> Seen:
        """Let somebody walk by the next camera; return when it is over."""
        camera, colour = next(self._turns)
        return await self.walk_by(camera, colour)

    async def twelve_detections(self) -> list[Seen]:
        """Let somebody walk by each camera at the same time."""
        pairs = zip(self.console.cameras, cycle(COLOURS), strict=False)
        return await asyncio.gather(*(self.walk_by(camera, colour) for camera, colour in pairs))

    async def walk_by(self, camera: Camera, colour: str) -> Seen:
        """Let somebody of that colour walk by: filmed, noticed, and over when this returns."""
        seen = await self.step_in(camera, colour)
        await asyncio.sleep(_DETECTION)
        await self.console.end_detection(seen.event_id)
        return seen

    async def step_in(self, camera: Camera, colour: str) -> Seen:
        """Let somebody step in front of the camera; the detection is to be ended later."""
        start = datetime.now(UTC)
        self.recorder.walk(camera.name, colour, start, start + timedelta(seconds=_DETECTION))
        return Seen(await self.console.start_detection(camera.id, ("person",), start), colour)

    async def one_visit_in_three_events(self) -> list[Seen]:
        """Let somebody bring a parcel, which a zone, a line and a loitering zone tell."""
        camera, colour = next(self._turns)
        seen = await self.step_in(camera, colour)
        await asyncio.sleep(_DETECTION / 4)
        line = await self.console.start_detection(camera.id, event_type="smartDetectLine")
        await asyncio.sleep(_DETECTION / 4)
        await self.console.end_detection(line)
        loiter = await self.console.start_detection(
            camera.id, ("person", "package"), event_type="smartDetectLoiterZone"
        )
        await asyncio.sleep(_DETECTION / 2)
        await self.console.end_detection(seen.event_id)
        await self.console.end_detection(loiter)
        return [seen, Seen(line, colour), Seen(loiter, colour)]

    async def two_visits_and_a_ring(self) -> list[Seen]:
        """Let somebody walk by, and when that was told, somebody else, while a third one rings."""
        doorbell, *others = self.console.cameras
        (first, red), (second, blue) = zip(others[:2], ("red", "blue"), strict=True)
        seen = [await self.walk_by(first, red)]
        await asyncio.sleep(_UNTIL_TOLD)
        start = datetime.now(UTC)
        self.recorder.walk(doorbell.name, "green", start, start + timedelta(seconds=_DETECTION))
        seen.append(Seen(await self.console.ring(doorbell.id), "green"))
        return [*seen, await self.walk_by(second, blue)]

    def put_up(self, words: str) -> None:
        """Put up a sign with these words in front of every camera in view."""
        for camera in IN_VIEW:
            self.recorder.put_up(camera, words)

    async def detection_with_restart(self) -> Seen:
        """Let the console restart while somebody walks by: it never tells the end."""
        camera, colour = next(self._turns)
        seen = await self.step_in(camera, colour)
        await asyncio.sleep(_DETECTION / 2)
        await self.console.go_down()
        await asyncio.sleep(_DETECTION / 2)
        await self.console.end_detection(seen.event_id)
        await self.console.come_up()
        return seen
