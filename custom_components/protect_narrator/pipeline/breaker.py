"""Lets a console or a camera be whose every export fails, and finds out when it is well again."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
import logging

from .errors import MediaError, NarratorError
from .models import FallbackDetail
from .ports import Clock

_LOGGER = logging.getLogger(__name__)

# So many Detections in a row whose clips are lost are no bad luck: each was tried for minutes.
LOST_IN_A_ROW = 5

# Of those, what one camera may add before all of them pause: a camera whose recordings are
# damaged, and which is busy, would else take the clips of every other one.
MOST_OF_ONE_CAMERA = 3

# How long nothing is asked for then: a restart of Protect takes half a minute, and of a console
# five. What is lost meanwhile are clips, not Detections.
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 300.0


class Downloads(StrEnum):
    """How it is with clips of one console; users see it as a sensor's state."""

    NORMAL = "normal"
    PAUSED = "paused"
    """None is asked for; the next Detection after the pause tests whether one comes."""

    TESTING = "testing"
    """One attempt is under way."""


class DownloadsPausedError(MediaError):
    """No clip is asked for at present, because the last ones did not come."""

    def __init__(self, detail: FallbackDetail) -> None:
        """Name the cause of the pause."""
        super().__init__(detail, "no clip is asked for at present", retriable=False)


class _Pause:
    """The pause of a console, or of one camera: whether there is one, and until when."""

    def __init__(self, clock: Clock, on_change: Callable[[Downloads], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self.state = Downloads.NORMAL
        self.seconds = FIRST_PAUSE_S
        self.until = 0.0
        self._cause: FallbackDetail | None = None

    def require(self, *, later: bool = False) -> None:
        """Raise DownloadsPausedError while it lasts; for some it lasts ``later``, twice as long.

        A test under way does not: whoever comes then waits for its end at the export slot.
        """
        until = self.until + (self.seconds if later else 0.0)
        waits = self.state is Downloads.PAUSED and self._clock.monotonic() < until
        if waits and self._cause is not None:
            raise DownloadsPausedError(self._cause)

    def begin(self, cause: FallbackDetail) -> None:
        """Begin one."""
        self._cause = cause
        self.seconds = FIRST_PAUSE_S
        self._rest()

    def test(self) -> None:
        """Note that an attempt is sent; after a pause it tests."""
        if self.state is Downloads.PAUSED:
            self._set(Downloads.TESTING)

    def failed(self, *, in_trouble: bool) -> None:
        """End a test. What says nothing of the console leaves the next attempt to be one."""
        if self.state is not Downloads.TESTING:
            return
        if in_trouble:
            self.seconds = min(2 * self.seconds, LONGEST_PAUSE_S)
            self._rest()
        else:
            self._set(Downloads.PAUSED)

    def end(self) -> bool:
        """Be well again; say whether that is news."""
        if self.state is Downloads.NORMAL:
            return False
        self._set(Downloads.NORMAL)
        return True

    def _rest(self) -> None:
        self.until = self._clock.monotonic() + self.seconds
        self._set(Downloads.PAUSED)

    def _set(self, state: Downloads) -> None:
        self.state = state
        self._on_change(state)


class Breaker:
    """Counts clips that were lost by a console's own trouble, and pauses when they are many.

    Those of one camera alone pause only that camera; those of several pause all, and then
    another camera than the one that lost last is the first to test. What a console refuses, or
    has not recorded yet, is no trouble: it has answered. Only a body that comes complete proves
    that it is well. Not kept over a restart: the first five would tell again.
    """

    def __init__(
        self, clock: Clock, on_change: Callable[[Downloads], None] = lambda _state: None
    ) -> None:
        """Begin as with a console that is well; ``on_change`` is told each new state of it."""
        self._clock = clock
        self._console = _Pause(clock, on_change)
        self._lost: Counter[str] = Counter()
        """How many each camera has lost since any of them got a clip."""

        self._last_loser = ""
        self._cameras: dict[str, _Pause] = {}
        self._lost_by: Counter[str] = Counter()
        """How many each camera has lost since it got a clip itself."""

    @property
    def state(self) -> Downloads:
        """How it is with the console now; one camera's pause is not told."""
        return self._console.state

    def has_paused(self, camera_id: str) -> bool:
        """Whether that camera has a pause of its own that no clip has ended yet, over or not."""
        return camera_id in self._cameras

    def allows(self, camera_id: str) -> bool:
        """Whether a clip of that camera may be asked for now."""
        try:
            self.require(camera_id)
        except DownloadsPausedError:
            return False
        return True

    def require(self, camera_id: str) -> None:
        """Raise DownloadsPausedError where no clip of that camera may be asked for now."""
        self._console.require(later=camera_id == self._last_loser)
        if (pause := self._cameras.get(camera_id)) is not None:
            pause.require()

    @contextmanager
    def attempt(self, camera_id: str) -> Iterator[None]:
        """Hold while one export is sent, until its body is complete; one at a time.

        Raises DownloadsPausedError at once where none may be sent. Learns how it ends, whatever
        way it does, so that no test outlives it; a body that came closes a pause.
        """
        self.require(camera_id)
        for pause in self._pauses(camera_id):
            pause.test()
        try:
            yield
        except NarratorError as err:
            self._failed(camera_id, in_trouble=_in_trouble(err))
            raise
        except BaseException:
            self._failed(camera_id, in_trouble=False)
            raise
        self._came(camera_id)

    def lost(self, camera_id: str, err: NarratorError) -> None:
        """Note that a Detection is left without its clip, with what its last attempt raised."""
        if not _in_trouble(err) or self._console.state is not Downloads.NORMAL:
            return  # in its pause the console alone is to blame
        self._lost_by[camera_id] += 1
        if camera_id not in self._cameras and self._lost_by[camera_id] >= LOST_IN_A_ROW:
            self._cameras[camera_id] = pause = _Pause(self._clock, lambda _state: None)
            pause.begin(err.detail)
            _tell_pause("one camera", self._lost_by[camera_id], err.detail, pause.seconds)
        self._lost[camera_id] += 1
        self._last_loser = camera_id
        counted = sum(min(lost, MOST_OF_ONE_CAMERA) for lost in self._lost.values())
        if counted >= LOST_IN_A_ROW:
            self._console.begin(err.detail)
            _tell_pause("several cameras", self._lost.total(), err.detail, self._console.seconds)

    def _pauses(self, camera_id: str) -> list[_Pause]:
        own = self._cameras.get(camera_id)
        return [self._console] if own is None else [self._console, own]

    def _came(self, camera_id: str) -> None:
        self._lost.clear()
        del self._lost_by[camera_id]
        own = self._cameras.pop(camera_id, None)
        if self._console.end():
            # What it had failed at was not for its cameras.
            self._lost_by.clear()
            self._cameras.clear()
            _LOGGER.info("The console hands over clips again")
        elif own is not None:
            _LOGGER.info("The console hands over clips of a camera again that it failed at")

    def _failed(self, camera_id: str, *, in_trouble: bool) -> None:
        if in_trouble and self._console.state is Downloads.TESTING:
            self._last_loser = camera_id
        for pause in self._pauses(camera_id):
            pause.failed(in_trouble=in_trouble)


def _tell_pause(whose: str, lost: int, cause: FallbackDetail, seconds: float) -> None:
    _LOGGER.warning(
        "The console failed at the clips of %d Detections of %s in a row (%s): no such clip is "
        "asked for until one comes at a try, the first of them in %.0f s",
        lost,
        whose,
        cause,
        seconds,
    )


def _in_trouble(err: NarratorError) -> bool:
    return isinstance(err, MediaError) and err.trouble
