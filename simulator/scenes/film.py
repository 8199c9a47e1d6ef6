"""Renders labelled scenes."""

from collections.abc import Iterator
from math import exp, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from simulator.video import encode_clip
from simulator.video.figure import pose_at
from simulator.video.planes import BLACK, NEUTRAL, WHITE, Plane, even, planes

from . import shapes
from .backdrops import backdrop
from .scene import ASPECTS, Bush, LabelledScene, Mover, Weather

EDITION = 1
"""Goes up with every change of what is drawn, so that no cache shows an old picture."""

_MARGIN = 64  # pixels by which grain is shifted from frame to frame
_CLOUDS_S = 20.0
_SWITCH_S, _SWITCH_GAIN = 0.4, 1.2  # how long and how strongly a switch overexposes
_FLASH_S, _FLASH_GAIN = 0.35, 1.0
_INFRARED_GAIN = 0.72  # of daylight: the lamps reach less far
_DUSK = 0.5  # of daylight: below it there is no colour
_FOCUS_LOST = 7.0  # pixels of 720p, radius
_DROPS, _STREAK = 6, 46  # prepared pictures of rain; steps of luma that a streak is brighter


def render(scene: LabelledScene) -> bytes:
    """Return the scene as MP4; blocking, some seconds."""
    return encode_clip(
        scene.camera,
        _as_encoded(scene),
        scene.seconds,
        times_s=scene.times_s if scene.irregular else None,
        rotation=scene.rotation,
    )


def _as_encoded(scene: LabelledScene) -> Iterator[Plane]:
    painter = ScenePainter(scene)
    width, height = scene.size
    for at_s in scene.times_s:
        frame = painter.paint(at_s)
        if scene.rotation == 90:
            # A player turns it counterclockwise, so it lies clockwise in the file.
            turned = [np.rot90(plane, -1) for plane in planes(frame, width, height)]
            frame = np.concatenate([plane.reshape(-1, height) for plane in turned])
        yield frame


class ScenePainter:
    """Paints the upright frames of one scene."""

    def __init__(self, scene: LabelledScene) -> None:
        """Prepare what all frames share."""
        self._scene = scene
        self._width, self._height = scene.size
        self._background = backdrop(scene.backdrop, self._width, self._height)
        self._noise = _noise(self._width, self._height, scene.weather.noise)
        self._rain = _rain(self._width, self._height, scene.weather.rain)

    def paint(self, at_s: float, *, empty: bool = False) -> Plane:
        """Return the frame as yuv420p; ``empty`` leaves the subjects out, and nothing else."""
        scene, weather = self._scene, self._scene.weather
        frame = self._background.copy()
        for number, bush in enumerate(weather.bushes):
            self._put_bush(frame, bush, number, at_s)
        for mover in () if empty else scene.movers:
            self._put(frame, mover, at_s)
        luma, chroma_u, chroma_v = planes(frame, self._width, self._height)
        if (gain := _gain(weather, at_s)) != 1:
            steps = BLACK + (np.arange(256) - BLACK) * gain
            luma[:] = np.clip(steps, 0, WHITE).astype(np.uint8)[luma]
        if _is_infrared(weather, at_s):
            chroma_u[:] = chroma_v[:] = NEUTRAL
        if weather.is_unfocused(at_s):
            soft = ImageFilter.GaussianBlur(_FOCUS_LOST * self._height / 720)
            luma[:] = np.asarray(Image.fromarray(luma).filter(soft))
        self._put_grain(luma, at_s)
        return frame

    def _put(self, frame: Plane, mover: Mover, at_s: float) -> None:
        if (place := mover.where(at_s)) is None:
            return
        left, top, _, _ = self._scene.box_of(mover, place)
        high = max(4, even(mover.height * place.nearness * self._height))
        wide = max(4, even(high * ASPECTS[mover.shape]))
        smear = even(self._scene.smear(mover, at_s) * self._height / 2)
        pose = pose_at(at_s) if mover.pace(at_s) else 0
        sprite = shapes.mover(mover.shape, mover.colour, pose, (wide, high), smear)
        x, y = even(left * self._width) - smear, even(top * self._height)
        sprite.put(frame, self._width, self._height, x, y)

    def _put_bush(self, frame: Plane, bush: Bush, number: int, at_s: float) -> None:
        sprite = shapes.leaves(even(bush.size * self._height), number)
        turn = 2 * pi * at_s / bush.period_s + number
        x = bush.x + bush.swing * (sin(turn) + 0.4 * sin(2.3 * turn)) / 1.4
        y = bush.y + bush.swing * 0.4 * sin(1.4 * turn)
        sprite.put(
            frame,
            self._width,
            self._height,
            even(x * self._width - sprite.size[0] / 2),
            even(y * self._height - sprite.size[1] / 2),
        )

    def _put_grain(self, luma: Plane, at_s: float) -> None:
        """Add noise and rain, always the same ones for the same moment."""
        if self._noise is None and not self._rain:
            return
        random = np.random.default_rng(round(at_s * 1000))
        grain = np.zeros(luma.shape, np.int16)
        for plane in (self._noise, *self._rain[random.integers(_DROPS) :][:1]):
            if plane is not None:
                down, right = random.integers(0, _MARGIN, 2)
                grain += plane[down : down + self._height, right : right + self._width]
        grain += luma
        luma[:] = np.clip(grain, 0, 255)


def _is_infrared(weather: Weather, at_s: float) -> bool:
    switched = sum(switch_s <= at_s for switch_s in weather.switches_s) % 2 == 1
    return (weather.light < _DUSK) != switched


def _gain(weather: Weather, at_s: float) -> float:
    """Return by how much the luma is multiplied at that time."""
    gain = weather.light
    gain *= 1 + weather.clouds * sin(2 * pi * at_s / _CLOUDS_S)
    gain *= 1 + weather.flicker * sin(2 * pi * 3.7 * at_s) * sin(2 * pi * 0.9 * at_s)
    if weather.switches_s and _is_infrared(weather, at_s):
        gain *= _INFRARED_GAIN
    for moments_s, lasts_s, strength in (
        (weather.switches_s, _SWITCH_S, _SWITCH_GAIN),
        (weather.flashes_s, _FLASH_S, _FLASH_GAIN),
    ):
        for moment_s in moments_s:
            if at_s >= moment_s:
                gain *= 1 + strength * exp((moment_s - at_s) / lasts_s)
    return gain


def _noise(width: int, height: int, sigma: float) -> NDArray[np.int16] | None:
    if not sigma:
        return None
    shape = (height + _MARGIN, width + _MARGIN)
    steps = np.random.default_rng(1).standard_normal(shape, np.float32) * sigma
    return np.rint(np.clip(steps, -4 * sigma, 4 * sigma)).astype(np.int16)


def _rain(width: int, height: int, streaks: int) -> list[NDArray[np.int16]]:
    if not streaks:
        return []
    random = np.random.default_rng(2)
    pictures = []
    for _ in range(_DROPS):
        picture = Image.new("L", (width + _MARGIN, height + _MARGIN))
        draw = ImageDraw.Draw(picture)
        for _ in range(streaks):
            x, y = random.uniform(0, picture.width), random.uniform(0, picture.height)
            long = height * random.uniform(0.03, 0.09)
            draw.line(
                (x, y, x + long * 0.12, y + long),
                fill=int(random.integers(_STREAK // 2, _STREAK)),
                width=max(1, height // 540),
            )
        pictures.append(np.asarray(picture, np.int16))
    return pictures
