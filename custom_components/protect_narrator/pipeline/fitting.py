"""A clip that the agent can take: as it is, or cut to its Detection."""

from dataclasses import dataclass
from pathlib import Path
from threading import Event

from .blocking import Decoder
from .case import Case
from .clip import Clip, clip_window, stretch_of
from .errors import NarratorError, StorageError
from .frames import probe
from .models import FallbackDetail
from .ports import Ability, Workspace
from .remux import cut

# A ring or a parcel is a moment: without what surrounds it, a clip of it tells nothing.
_LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class Fitting:
    """A clip within the agent's limits."""

    path: Path
    span_s: tuple[float, float]
    """From when to when it shows what happened, in seconds after the Detection's start."""


async def fitted(
    case: Case, clip: Clip, room: Workspace | StorageError, decoder: Decoder, ability: Ability
) -> Fitting:
    """Return the clip, cut if that is what it takes.

    Raises NarratorError: ``too_large`` when even the Detection alone is beyond the limits, and
    whatever was in the way of cutting.
    """
    start, end = clip_window(case.detection, case.policy)
    lead_s, until_s = stretch_of(case.detection, case.policy)
    length_s = clip.info.duration_s or (end - start).total_seconds()
    decoder = decoder.in_turn(case.turn)
    size = await decoder.run(_size, clip.path)
    most_bytes = size if ability.most_bytes is None else ability.most_bytes
    if size <= most_bytes and _short_enough(length_s, ability):
        return Fitting(clip.path, (-lead_s, length_s - lead_s))
    if isinstance(room, StorageError):
        raise room
    until_s = min(until_s, length_s)
    if until_s - lead_s >= _LEAST_S:
        most_bytes = min(most_bytes, size)
        path = await room.reserve("clip_cut.mp4", most_bytes)
        part = await decoder.run(cut, clip.path, path, lead_s, until_s, most_bytes=most_bytes)
        if part is not None and _short_enough(part.end_s - part.start_s, ability):
            await decoder.run(probe, path)  # what was copied unseen has to be a video still
            return Fitting(path, (part.start_s - lead_s, part.end_s - lead_s))
    raise NarratorError(FallbackDetail.TOO_LARGE, "the clip is beyond the agent's limits")


def _size(_stop: Event, path: Path) -> int:
    return path.stat().st_size


def _short_enough(seconds: float, ability: Ability) -> bool:
    return ability.most_s is None or seconds <= ability.most_s
