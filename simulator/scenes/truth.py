"""What is right: what a choice of moments shows of a scene."""

from collections.abc import Iterable
from dataclasses import dataclass

from .scene import Box, LabelledScene

_HALF_INSIDE = 0.5  # of a subject has to be in the picture for it to count as seen
_SAME_PLACE = 0.5  # of the two boxes' area is common: nothing new is seen of who is there

# A ring or a parcel is a moment and not a stretch: what surrounds it tells the story.
_MOMENT_S = 1.0


@dataclass(frozen=True, slots=True)
class Hits:
    """What the frames at some moments show."""

    subjects: frozenset[str]
    """Whoever is in the scene."""

    seen: frozenset[str]
    """Who is, at least by half, in one of the frames."""

    sharp: frozenset[str]
    """Who is also sharp in one of them."""

    frames_with_subject: int
    positions: int
    """In how many clearly different places the subjects were seen, all together."""

    @property
    def found(self) -> bool:
        """Whether everybody was seen; also true where there is nobody."""
        return self.seen == self.subjects

    @property
    def is_sharp(self) -> bool:
        """Whether everybody was seen sharp."""
        return self.sharp == self.subjects

    @property
    def found_any(self) -> bool:
        """Whether somebody was seen."""
        return bool(self.seen)


def hits(scene: LabelledScene, moments_s: Iterable[float]) -> Hits:
    """Return what the frames nearest to these seconds of the clip show."""
    seen: set[str] = set()
    sharp: set[str] = set()
    places: dict[str, list[Box]] = {}
    frames = 0
    for at_s in sorted({scene.nearest(moment_s) for moment_s in moments_s}):
        shown = [each for each in scene.subjects_at(at_s) if each.inside >= _HALF_INSIDE]
        frames += bool(shown)
        for subject in shown:
            seen.add(subject.name)
            if not subject.blurred:
                sharp.add(subject.name)
            known = places.setdefault(subject.name, [])
            if all(_common(subject.box, other) < _SAME_PLACE for other in known):
                known.append(subject.box)
    return Hits(
        frozenset(mover.name for mover in scene.movers),
        frozenset(seen),
        frozenset(sharp),
        frames,
        sum(map(len, places.values())),
    )


def evenly_spread(scene: LabelledScene, count: int) -> tuple[float, ...]:
    """Return the middles of ``count`` equal parts of the detection, in seconds of the clip."""
    first, last = scene.detection
    last = min(last, scene.seconds)
    if last - first < _MOMENT_S:
        first, last = 0.0, scene.seconds
    return tuple(first + (last - first) * (part + 0.5) / count for part in range(count))


def _common(one: Box, other: Box) -> float:
    """Return the share of the two boxes' united area that both cover."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
