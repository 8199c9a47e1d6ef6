"""Whether a picture really shows what the truth says about its moment."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from simulator.video.planes import to_rgb

from .film import ScenePainter
from .scene import LabelledScene


def shows(scene: LabelledScene, at_s: float, picture: bytes) -> frozenset[str]:
    """Return which subjects of that second of the clip are seen in an upright picture of any size.

    Somebody is seen when the place where he should be looks more like the scene with him than
    like the same moment without anybody. Raises what Pillow raises for something else than a
    picture.
    """
    at_s = scene.nearest(at_s)
    subjects = scene.subjects_at(at_s)
    if not subjects:
        return frozenset()
    # Noise and rain are left out: what a codec makes of them nobody can foretell.
    clear = ScenePainter(replace(scene, weather=replace(scene.weather, noise=0, rain=0)))
    with_them, without = (
        np.asarray(to_rgb(clear.paint(at_s, empty=empty)), np.float32) for empty in (False, True)
    )
    with Image.open(BytesIO(picture)) as image:
        seen = np.asarray(image.convert("RGB").resize(scene.size), np.float32)
    found = set()
    for subject in subjects:
        left, top, right, bottom = (
            round(edge * length) for edge, length in zip(subject.box, scene.size * 2, strict=True)
        )
        where = (slice(top, bottom), slice(left, right))
        if _difference(seen[where], with_them[where]) < _difference(seen[where], without[where]):
            found.add(subject.name)
    return frozenset(found)


def _difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.mean(np.square(one - other))) if one.size else 0.0
