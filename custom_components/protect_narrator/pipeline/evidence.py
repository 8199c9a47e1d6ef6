"""The ladder of what the AI can be shown: clip, frames, snapshot, nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
from pathlib import Path

from .blocking import Decoder
from .case import Case, Stage
from .choosing import Look
from .clip import Clip, clip_window, stretch_of
from .errors import ClipUnreadableError, MediaError, NarratorError, StorageError
from .fitting import Fitting, fitted
from .frames import ClipInfo, choose
from .models import (
    Detection,
    Evidence,
    FallbackDetail,
    FallbackReason,
    MediaFile,
    Medium,
    Policy,
)
from .pictures import as_jpeg
from .ports import Ability, Console, Workspace

_LOGGER = logging.getLogger(__name__)

_JPEG = "image/jpeg"
_MP4 = "video/mp4"

# For one still from the console, its own polling for a thumbnail included.
_STILL_LIMIT_S = 20.0

# Waiting, and trying for a clip in vain, take five minutes at the most by default. What the
# camera sees long after is another scene, and would be told as this one.
_LIVE_TELLS = timedelta(minutes=5)

# A ring or a parcel is a moment and not a stretch: what surrounds it tells the story.
_MOMENT_S = 1.0


type Room = Workspace | StorageError
"""Where files for the AI are put, or why there is no such place."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The evidence with what must be said about it."""

    evidence: Evidence
    moments_s: tuple[float, ...] = ()
    """Seconds after the Detection's start at which each frame was taken; empty otherwise."""

    span_s: tuple[float, float] | None = None
    """From when to when a clip shows it, in seconds after the Detection's start: a clip may have
    been cut to the Detection. None for pictures."""


_NOTHING = Exhibit(Evidence(medium=Medium.NONE))

_UNLIMITED = Ability(takes_clip=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Climbs down for one case. Every rung that is lost is recorded there, once."""

    case: Case
    console: Console
    decoder: Decoder

    async def prepare(
        self, clip: Clip | None, workspace: Room, *, whole: bool, ability: Ability = _UNLIMITED
    ) -> Exhibit:
        """Return the best that there is; ``whole`` shows a clip as it is, not as frames.

        A clip beyond the limits of the agent's ``ability`` is cut to the Detection.
        """
        self.case.enter(Stage.EVIDENCE)
        try:
            if clip is not None:
                try:
                    film = await self._film(clip, workspace, ability) if whole else None
                    return await self._of_clip(clip, workspace, film)
                except ClipUnreadableError as err:
                    self.case.lose(FallbackReason.CLIP_UNREADABLE, err)
            if (picture := await self.photograph()) is not None:
                return await self._snapshot(picture, workspace)
        except StorageError as err:
            self.case.lose(FallbackReason.SNAPSHOT_UNAVAILABLE, err)
        return _NOTHING

    async def photograph(self) -> bytes | None:
        """Return a still of the Detection, kept in the case; None after recording its loss.

        The order is by what they show: the subject has left by the time of the last
        (core#147702). Of three losses the last one's cause is recorded.
        """
        self.case.enter(Stage.EVIDENCE)
        detection = self.case.detection
        middle = detection.start + (detection.end - detection.start) / 2
        stills: list[Callable[[], Awaitable[bytes]]] = [
            partial(self.console.recorded_snapshot, detection.camera_id, middle)
        ]
        if self.case.clock.now() - detection.end < _LIVE_TELLS:
            stills.append(partial(self.console.live_snapshot, detection.camera_id))
        if not detection.requested:
            stills.insert(0, partial(self.console.event_thumbnail, detection))
        try:
            self.case.picture = await self.first_of(stills, limit_s=_STILL_LIMIT_S)
        except MediaError as err:
            self.case.lose(FallbackReason.SNAPSHOT_UNAVAILABLE, err)
            return None
        return self.case.picture

    async def first_of(
        self, stills: Sequence[Callable[[], Awaitable[bytes]]], *, limit_s: float
    ) -> bytes:
        """Return the first still that can be had within its time; raise the last MediaError."""
        *better, last = stills
        for still in better:
            try:
                return await self._developed(still, limit_s)
            except MediaError as err:
                _LOGGER.debug("Sighting %s: a still less: %s", self.case.sighting_id, err)
        return await self._developed(last, limit_s)

    async def _developed(self, still: Callable[[], Awaitable[bytes]], limit_s: float) -> bytes:
        """Return the console's picture as a small sound JPEG; raise MediaError.

        A console that wants to be asked later is, once, where that is within the limit.
        """
        try:
            async with asyncio.timeout(limit_s):
                try:
                    data = await still()
                except MediaError as err:
                    if err.retry_after_s is None or err.retry_after_s >= limit_s:
                        raise
                    await self.case.clock.sleep(err.retry_after_s)
                    data = await still()
        except TimeoutError as err:
            raise MediaError(FallbackDetail.TIMEOUT, "no picture in time") from err
        decoder = self.decoder.in_turn(self.case.turn)
        try:
            return await decoder.run(as_jpeg, data, self.case.policy.frame_max_side)
        except ClipUnreadableError as err:
            raise MediaError(err.detail, "the picture is not decoded in time") from err

    async def _film(self, clip: Clip, workspace: Room, ability: Ability) -> Fitting | None:
        """Return the clip as the agent can take it; None after recording why it cannot."""
        try:
            return await fitted(self.case, clip, workspace, self.decoder, ability)
        except NarratorError as err:
            self.case.lose(FallbackReason.AGENT_REJECTED_CLIP, err)
            return None

    async def _of_clip(self, clip: Clip, workspace: Room, film: Fitting | None) -> Exhibit:
        """Show the film, or frames of the clip; raise ClipUnreadableError or StorageError.

        A frame is taken even when a film is shown: people want a picture too.
        """
        policy, detection = self.case.policy, self.case.detection
        look = look_for(clip.info, detection, policy, 1 if film else policy.frame_count)
        strip = await self.decoder.in_turn(self.case.turn).run(choose, clip.path, look)
        frames = strip.frames
        if strip.cut_short is not None:
            _LOGGER.warning(
                "Sighting %s: %d of %d frames at %s: %s",
                self.case.sighting_id,
                len(frames),
                look.count,
                self.case.stage,
                strip.cut_short,
            )
        self.case.picture = strip.best.jpeg
        if film is not None:
            shown = Evidence(medium=Medium.CLIP, files=(MediaFile(film.path, _MP4),))
            return Exhibit(shown, span_s=film.span_s)
        files = [
            MediaFile(await _written(workspace, f"frame_{number:02}.jpg", frame.jpeg), _JPEG)
            for number, frame in enumerate(frames, start=1)
        ]
        lead_s, _ = stretch_of(detection, policy)
        return Exhibit(
            Evidence(medium=Medium.FRAMES, files=tuple(files)),
            tuple(frame.at_s - lead_s for frame in frames),
        )

    async def _snapshot(self, picture: bytes, workspace: Room) -> Exhibit:
        """Show the one picture there is; raise StorageError."""
        return Exhibit(await written_still(workspace, picture))


async def written_still(workspace: Room, picture: bytes) -> Evidence:
    """Return one picture as evidence; raise StorageError."""
    file = MediaFile(await _written(workspace, "snapshot.jpg", picture), _JPEG)
    return Evidence(medium=Medium.SNAPSHOT, files=(file,))


async def _written(workspace: Room, name: str, data: bytes) -> Path:
    """Return the new file; raise StorageError."""
    if isinstance(workspace, StorageError):
        raise workspace
    return await workspace.write(name, data)


def look_for(info: ClipInfo, detection: Detection, policy: Policy, count: int) -> Look:
    """Return what is to be found in the clip: ``count`` frames that tell the Detection.

    Only what the clip holds counts. Where that is but a moment, the whole clip is looked at.
    """
    start, end = clip_window(detection, policy)
    asked_s = (end - start).total_seconds()
    length_s = min(info.duration_s or asked_s, asked_s)
    first_s, last_s = stretch_of(detection, policy)
    last_s = min(last_s, length_s)
    if last_s - first_s < _MOMENT_S:
        first_s, last_s = 0.0, length_s
    views_s = ((view - start).total_seconds() for view in detection.best_views)
    held_s = [at_s for at_s in views_s if 0 <= at_s <= length_s]
    return Look(
        count=count,
        first_s=first_s,
        last_s=last_s,
        best_s=_spread(held_s, max(1, count // 2)),
        max_side=policy.frame_max_side,
    )


def _spread(moments_s: Sequence[float], most: int) -> tuple[float, ...]:
    """Return at most so many of the moments, evenly spread.

    Protect tells a view of each thing it saw: the rest of the frames is for what else happened.
    """
    if len(moments_s) <= most:
        return tuple(moments_s)
    return tuple(moments_s[(2 * part + 1) * len(moments_s) // (2 * most)] for part in range(most))
