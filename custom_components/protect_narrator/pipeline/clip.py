"""The clip: when to ask for it, how often, and whether what came is good."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from pathlib import Path
import random

from .blocking import Decoder
from .breaker import Breaker
from .case import Case, Stage
from .errors import ClipUnreadableError, MediaError, NarratorError, StorageError
from .frames import ClipInfo, probe
from .gate import Gate
from .models import Detection, FallbackDetail, FallbackReason, Policy
from .ports import Clock, Console, Workspace
from .readiness import Lesson, Readiness

_LOGGER = logging.getLogger(__name__)

# No computed wait is longer: wrong clocks and time zones have stalled other tools for ten
# hours (unifi-protect-backup#248).
_LONGEST_WAIT_S = 60.0

# What was told live ends no later than that: nobody is told of an end that is still to come.
_WRONG_CLOCK = timedelta(minutes=1)

# How often an end that moved on is waited for: together with the clamp above no Detection
# settles for more than three minutes.
_SETTLE_ROUNDS = 3

# For one question to the console about an event: its answer is a few kilobytes.
_REFRESH_LIMIT_S = 15.0

# A console needs a moment: fewer tries lose clips that are only late (core#132524).
_LEAST_TRIES = 3
_FIRST_PAUSE_S = 1.0

# Detections that failed together should not come back together; a quarter spreads twelve of
# them over the length of one export.
_JITTER = 0.25

# The console's own deadline comes first; this one frees the slot when it does not.
_GRACE_S = 5.0

# Keyframes are 5 s apart and a clip may begin at the next one: shorter is not ready yet. Of a
# long clip a fifth is more than that.
_ENOUGH = 0.8
_KEYFRAMES_S = 5.0

# Missing more than this, a clip was perhaps not all written yet. Half of what is asked for
# after a Detection: none of the Detection is lost, and no clip ends to the very frame.
_HARMLESS_S = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A verified clip on disk; its first frame shows the start of its window."""

    path: Path
    info: ClipInfo


def clip_window(detection: Detection, policy: Policy) -> tuple[datetime, datetime]:
    """Return start and end of what to ask for: the Detection's first part, and a little more.

    What somebody asked for is just that.
    """
    if detection.requested:
        return detection.start, detection.end
    end = min(max(detection.end, detection.start), detection.start + policy.clip_longest)
    return detection.start - policy.clip_before, end + policy.clip_after


def stretch_of(detection: Detection, policy: Policy) -> tuple[float, float]:
    """Return from when to when the Detection lasts, in seconds of its clip."""
    start, end = clip_window(detection, policy)
    first_s = (detection.start - start).total_seconds()
    after = timedelta(0) if detection.requested else policy.clip_after
    return first_s, (end - after - start).total_seconds()


async def settle(case: Case, console: Console, readiness: Readiness) -> None:
    """Wait until the recording should be there, then ask the console for the truth.

    Where the console says that the Detection went on for longer, its new end is waited for
    too. A console that cannot be asked costs nothing: what is known stays.
    """
    begin_s = case.policy.settle.total_seconds()
    patience_s = readiness.wait_s(begin_s) if case.policy.learn_settle else begin_s
    for _ in range(_SETTLE_ROUNDS):
        _, end = clip_window(case.detection, case.policy)
        now = case.clock.now()
        wait_s = (end - now).total_seconds() + patience_s
        if case.detection.late or case.detection.end - now > _WRONG_CLOCK:
            # It had ended before it was found or told, whatever the clocks say.
            wait_s = min(wait_s, case.policy.clip_after.total_seconds() + patience_s)
        await case.clock.sleep(min(max(wait_s, 0.0), _LONGEST_WAIT_S))
        if case.detection.requested:
            return  # the console knows no such event
        try:
            async with asyncio.timeout(_REFRESH_LIMIT_S):
                case.detection = await console.refresh(case.detection)
        except (MediaError, TimeoutError) as err:
            _LOGGER.debug("Sighting %s: not refreshed: %s", case.sighting_id, err)
            return
        if clip_window(case.detection, case.policy)[1] <= end:
            return


class _Patience:
    """How long one clip is tried for: its own attempts and pauses, not waits for the slot."""

    def __init__(self, deadline_s: float, rand: Callable[[], float]) -> None:
        self._left_s = deadline_s
        self._rand = rand
        self._tries = 0

    def spend(self, seconds: float) -> None:
        """Count one attempt."""
        self._tries += 1
        self._left_s -= seconds

    def pause(self, asked_s: float = 0.0) -> float | None:
        """Return the seconds to wait before the next try, None when there is none.

        A console that asks for longer gets it, within the clip's own time.
        """
        nominal = _FIRST_PAUSE_S * 2.0 ** (self._tries - 1)
        pause = min(nominal * (1 + _JITTER * self._rand()), _LONGEST_WAIT_S)
        if self._tries >= _LEAST_TRIES and pause >= self._left_s:
            return None
        pause = max(pause, min(asked_s, _LONGEST_WAIT_S, self._left_s))
        self._left_s -= pause
        return pause


class ClipFetcher:
    """Fetches clips from one console, one export at a time.

    Heavy load hung or crashed real consoles (unifi-protect-backup#95, #202, #229), so there
    is one slot, held for one attempt and never while backing off.
    """

    def __init__(
        self,
        console: Console,
        clock: Clock,
        decoder: Decoder,
        readiness: Readiness,
        *,
        breaker: Breaker | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        """Teach ``readiness`` by every clip; ``rand`` returns 0-1 and spreads the pauses.

        ``breaker`` says whether the console may be asked at all.
        """
        self._console = console
        self._clock = clock
        self._decoder = decoder
        self._readiness = readiness
        self._breaker = breaker or Breaker(clock)
        self._rand = rand
        self._slot = Gate()
        self._not_before = 0.0
        """Monotonic seconds: the console wants to be left alone till then, by everybody."""

    async def fetch(self, case: Case, workspace: Workspace) -> Clip | None:
        """Return the Detection's clip, or None after recording in ``case`` why there is none.

        The last attempt decides the reason: ``clip_download_failed`` when its body did not
        come complete, ``clip_unreadable`` when it came and was no video. A clip that is too
        short is asked for again and used when nothing better came after it, as is one that
        does not tell how long it is.
        """
        case.enter(Stage.CLIP)
        start, end = clip_window(case.detection, case.policy)
        asked_s = (end - start).total_seconds()
        patience = _Patience(case.policy.clip_deadline.total_seconds(), self._rand)
        lesson = Lesson(end)
        kept: Clip | None = None
        while True:
            try:
                path = await self._download(case, workspace, patience, lesson)
                kept = None  # this body has replaced the one that was kept
                info = await self._decoder.in_turn(case.turn).run(probe, path)
            except (MediaError, StorageError, ClipUnreadableError) as err:
                lost: NarratorError = err
            else:
                kept = Clip(path, info)
                if info.duration_s >= max(_ENOUGH * asked_s, asked_s - _KEYFRAMES_S):
                    self._learn(case, lesson, whole=info.duration_s >= asked_s - _HARMLESS_S)
                    return kept
                lost = ClipUnreadableError(FallbackDetail.TRUNCATED, "shorter than asked for")
            _LOGGER.debug("Sighting %s: try %d: %s", case.sighting_id, case.clip_attempts, lost)
            lesson.in_vain(early=_is_early(lost))
            may_try = _may_pass(lost) and self._breaker.allows(case.detection.camera_id)
            pause = patience.pause(_asked_s(lost)) if may_try else None
            if pause is None:
                break
            await self._clock.sleep(pause)
        if kept is None:
            case.lose(_reason(lost), lost)
            self._breaker.lost(case.detection.camera_id, lost)
        return kept

    def _learn(self, case: Case, lesson: Lesson, *, whole: bool) -> None:
        """Learn from a clip that came. One that never came was not late but lost."""
        if not case.detection.late and (interval := lesson.ready()) is not None:
            begin_s = case.policy.settle.total_seconds()
            self._readiness.learn(interval, begin_s, whole=whole)

    async def _download(
        self, case: Case, workspace: Workspace, patience: _Patience, lesson: Lesson
    ) -> Path:
        """Make one attempt in the slot; raise MediaError or StorageError."""
        camera_id = case.detection.camera_id
        self._breaker.require(camera_id)  # or it does not even wait for the slot
        while True:
            async with self._slot.place(1, case.turn):
                wait_s = self._not_before - self._clock.monotonic()
                if wait_s <= 0:
                    return await self._attempt(case, workspace, patience, lesson)
            # As long as a console wants that, its breaker ends it: each who asks gives up once.
            await self._clock.sleep(min(wait_s, _LONGEST_WAIT_S))

    async def _attempt(
        self, case: Case, workspace: Workspace, patience: _Patience, lesson: Lesson
    ) -> Path:
        """Ask once, within the slot, and learn how it ends."""
        began = self._clock.monotonic()
        with self._breaker.attempt(case.detection.camera_id):
            case.clip_attempts += 1
            lesson.asked(self._clock.now())
            try:
                return await self._export(case, workspace)
            except MediaError as err:
                if (asked_s := _asked_s(err)) > 0:
                    asked_s = min(asked_s, _LONGEST_WAIT_S)
                    self._not_before = self._clock.monotonic() + asked_s
                raise
            finally:
                patience.spend(self._clock.monotonic() - began)

    async def _export(self, case: Case, workspace: Workspace) -> Path:
        """Ask for the clip, once, and return its complete body."""
        start, end = clip_window(case.detection, case.policy)
        limit_s = case.policy.clip_deadline.total_seconds()
        try:
            async with (
                asyncio.timeout(limit_s + _GRACE_S),
                self._console.open_clip(
                    case.detection.camera_id, start, end, time_limit=limit_s
                ) as chunks,
            ):
                return await workspace.receive("clip.mp4", chunks, limit=case.policy.clip_max_bytes)
        except TimeoutError as err:
            raise MediaError(
                FallbackDetail.TIMEOUT, "the export did not end", trouble=True
            ) from err


def _may_pass(error: NarratorError) -> bool:
    """Say whether the same request may succeed later."""
    match error:
        case StorageError() | MediaError(retriable=False):
            return False
        case ClipUnreadableError(detail=FallbackDetail.TIMEOUT):
            return False  # the same recording takes as long again, and a decoder from others
        case _:
            return error.detail is not FallbackDetail.TOO_LARGE


def _asked_s(error: NarratorError) -> float:
    """Return the seconds that the console wants to be left alone."""
    return error.retry_after_s or 0.0 if isinstance(error, MediaError) else 0.0


def _is_early(error: NarratorError) -> bool:
    """Say whether that is what a recording looks like that is not written yet.

    Published in parts, it comes short or as a body that is no video (core#132524).
    """
    match error:
        case MediaError():
            return error.early
        case ClipUnreadableError():
            return error.detail in {FallbackDetail.UNDECODABLE, FallbackDetail.TRUNCATED}
        case _:
            return False


def _reason(error: NarratorError) -> FallbackReason:
    """Return which rung was lost with that last attempt."""
    if isinstance(error, ClipUnreadableError):
        return FallbackReason.CLIP_UNREADABLE
    return FallbackReason.CLIP_DOWNLOAD_FAILED
