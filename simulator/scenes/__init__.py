"""Clips in which it is known who is seen where at every second.

>>> scene = SCENES[0]
>>> clip = render(scene)
>>> [subject.name for subject in scene.subjects_at(10.0)]
['somebody']
>>> hits(scene, evenly_spread(scene, 5)).found
False

Rendering blocks: call it in a thread.
"""

from .film import EDITION, ScenePainter, render
from .library import SCENES
from .proof import shows
from .scene import Box, Kind, LabelledScene, Mover, Point, Shape, Subject, Weather
from .truth import Hits, evenly_spread, hits

__all__ = [
    "EDITION",
    "SCENES",
    "Box",
    "Hits",
    "Kind",
    "LabelledScene",
    "Mover",
    "Point",
    "ScenePainter",
    "Shape",
    "Subject",
    "Weather",
    "evenly_spread",
    "hits",
    "render",
    "shows",
]
