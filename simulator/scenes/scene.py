"""What is filmed in a labelled scene, and the truth about each of its moments.

Times are seconds of the clip. Places and sizes are shares of the upright picture: 0, 0 is its
upper left corner, 1, 1 its lower right one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

import numpy as np

from simulator.video import Scene as Camera

type Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_BLUR_SEEN = 0.12  # of the mover's height: what smears further has lost its face or its plate
_GAP_S = 0.7  # the longest silence of a camera whose frame rate varies
_STEPS = (0.4, 1.8)  # of the nominal step, as such a camera makes them


class Kind(StrEnum):
    """What a scene is about."""

    GLIMPSE = "glimpse"
    WALKER = "walker"
    DISTANT = "distant"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    STANDER = "stander"
    TWO = "two"
    NIGHT = "night"
    RAIN = "rain"
    TREE = "tree"
    LIGHT = "light"
    BLUR = "blur"
    STILL = "still"


class Shape(StrEnum):
    """What a mover looks like."""

    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"


ASPECTS = {Shape.PERSON: 0.35, Shape.VEHICLE: 2.1, Shape.ANIMAL: 1.5}
"""Width of a mover in its heights."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a mover is at some time."""

    at_s: float
    x: float
    """Of its middle; beyond 0 and 1 it is outside."""

    feet: float = 0.86
    nearness: float = 1.0
    """What its height is multiplied by."""


@dataclass(frozen=True, slots=True)
class Mover:
    """A subject. It is there from its first to its last point and moves evenly between them."""

    name: str
    shape: Shape
    height: float
    way: tuple[Point, ...]
    colour: tuple[int, int, int] = (150, 58, 52)

    def __post_init__(self) -> None:
        """Refuse a way on which nobody can go."""
        times = [point.at_s for point in self.way]
        if len(times) < 2 or any(later <= sooner for sooner, later in pairwise(times)):
            raise ValueError(f"{self.name} goes no way: {times}")

    def where(self, at_s: float) -> Point | None:
        """Return its place at that time, None while it is not there."""
        for sooner, later in pairwise(self.way):
            if sooner.at_s <= at_s <= later.at_s:
                part = (at_s - sooner.at_s) / (later.at_s - sooner.at_s)
                return Point(
                    at_s,
                    sooner.x + (later.x - sooner.x) * part,
                    sooner.feet + (later.feet - sooner.feet) * part,
                    sooner.nearness + (later.nearness - sooner.nearness) * part,
                )
        return None

    def pace(self, at_s: float) -> float:
        """Return how much of the picture's width it crosses in a second."""
        for sooner, later in pairwise(self.way):
            if sooner.at_s <= at_s < later.at_s:
                return abs(later.x - sooner.x) / (later.at_s - sooner.at_s)
        return 0.0


@dataclass(frozen=True, slots=True)
class Bush:
    """Leaves in the wind: they move, and are no subject."""

    x: float
    y: float
    size: float
    """Its height, of the picture's."""

    swing: float
    """How far it swings to each side, of the picture's width."""

    period_s: float = 1.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What changes the picture and is no subject."""

    noise: float = 1.5
    """Standard deviation of the sensor's noise in steps of luma."""

    light: float = 1.0
    """How bright it is; below 0.5 the camera films in infrared, without colour."""

    shutter_s: float = 1 / 60
    bushes: tuple[Bush, ...] = ()
    rain: int = 0
    """Streaks in a picture."""

    clouds: float = 0.0
    """How much the brightness drifts up and down within 20 s."""

    flicker: float = 0.0
    """How much the light flickers several times a second."""

    switches_s: tuple[float, ...] = ()
    """When the camera switches to infrared and back, overexposed for a moment."""

    flashes_s: tuple[float, ...] = ()
    """When headlights sweep over the scene."""

    unfocused_s: tuple[tuple[float, float], ...] = ()
    """Stretches in which the lens searches for its focus."""

    def is_unfocused(self, at_s: float) -> bool:
        """Return whether the whole picture is out of focus."""
        return any(first <= at_s <= last for first, last in self.unfocused_s)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody or something in the picture."""

    name: str
    box: Box
    """What of it is inside the picture."""

    inside: float
    """How much of it that is, 0-1."""

    blurred: bool


@dataclass(frozen=True, kw_only=True)
class LabelledScene:
    """A clip that can be rendered, and what can truly be seen in it."""

    name: str
    kind: Kind
    seconds: float
    detection: tuple[float, float]
    """From and to when Protect has flagged it."""

    backdrop: str = "house"
    movers: tuple[Mover, ...] = ()
    weather: Weather = field(default_factory=Weather)
    camera: Camera = field(default_factory=lambda: Camera(1280, 720, 10))
    """Size as encoded, frame rate, codec, sound and bitrate."""

    irregular: bool = False
    """Whether the time between frames varies, now and then up to 0.7 s."""

    rotation: int = 0
    """By how many degrees, counterclockwise, a player turns the encoded picture: 0 or 90."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels."""
        width, height = self.camera.width, self.camera.height
        return (height, width) if self.rotation == 90 else (width, height)

    @cached_property
    def times_s(self) -> tuple[float, ...]:
        """When each frame is shown, in whole milliseconds from 0."""
        step = 1 / self.camera.fps
        if not self.irregular:
            return tuple(
                round(number * step, 3) for number in range(round(self.seconds * self.camera.fps))
            )
        random = np.random.default_rng(len(self.name))
        times = [0.0]
        while times[-1] < self.seconds:
            pause = _GAP_S if random.random() < 0.03 else step * random.uniform(*_STEPS)
            times.append(round(times[-1] + pause, 3))
        return tuple(times[:-1])

    def nearest(self, at_s: float) -> float:
        """Return the time of the frame that is nearest to that time."""
        return min(self.times_s, key=lambda time_s: abs(time_s - at_s))

    def subjects_at(self, at_s: float) -> tuple[Subject, ...]:
        """Return everybody who is at least partly inside the picture at that second."""
        if not 0 <= at_s <= self.seconds:
            return ()
        found = (self._subject(mover, at_s) for mover in self.movers)
        return tuple(subject for subject in found if subject is not None)

    def _subject(self, mover: Mover, at_s: float) -> Subject | None:
        if (place := mover.where(at_s)) is None:
            return None
        left, top, right, bottom = self.box_of(mover, place)
        seen = (max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0))
        wide, high = seen[2] - seen[0], seen[3] - seen[1]
        if wide <= 0 or high <= 0:
            return None
        inside = wide * high / ((right - left) * (bottom - top))
        blurred = self.smear(mover, at_s) > _BLUR_SEEN * mover.height * place.nearness
        return Subject(mover.name, seen, inside, blurred or self.weather.is_unfocused(at_s))

    def box_of(self, mover: Mover, place: Point) -> Box:
        """Return where all of the mover is, also what is outside the picture."""
        width, height = self.size
        high = mover.height * place.nearness
        wide = high * ASPECTS[mover.shape] * height / width
        return (place.x - wide / 2, place.feet - high, place.x + wide / 2, place.feet)

    def smear(self, mover: Mover, at_s: float) -> float:
        """Return how far its own pace smears the mover, as a share of the picture's height."""
        width, height = self.size
        return mover.pace(at_s) * self.weather.shutter_s * width / height
