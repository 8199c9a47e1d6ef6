"""Lets a console be that fails at every export, and finds out when it is well again."""

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


class Breaker:
    """Counts clips that were lost by a console's own trouble, and pauses when they are many.

    What a console refuses, or has not recorded yet, is none: it has answered. Only a clip that
    comes proves that it is well. Not kept over a restart: the first five would tell again.
    """

    def __init__(
        self, clock: Clock, on_change: Callable[[Downloads], None] = lambda _state: None
    ) -> None:
        """Begin as with a console that is well; ``on_change`` is told each new state."""
        self._clock = clock
        self._on_change = on_change
        self._state = Downloads.NORMAL
        self._lost = 0
        self._cause: FallbackDetail | None = None
        self._pause_s = FIRST_PAUSE_S
        self._until = 0.0

    @property
    def state(self) -> Downloads:
        """How it is now."""
        return self._state

    @property
    def allows(self) -> bool:
        """Whether a clip may be asked for now."""
        match self._state:
            case Downloads.NORMAL:
                return True
            case Downloads.PAUSED:
                return self._clock.monotonic() >= self._until
            case Downloads.TESTING:
                return False

    def require(self) -> None:
        """Raise DownloadsPausedError where no clip may be asked for now."""
        if self._cause is not None and not self.allows:
            raise DownloadsPausedError(self._cause)

    def begin(self) -> None:
        """Note that an export is about to be sent; raise DownloadsPausedError where none may."""
        self.require()
        if self._state is Downloads.PAUSED:
            self._set(Downloads.TESTING)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Learn how one attempt ends, whatever way it does; a clip that came closes a pause."""
        try:
            yield
        except DownloadsPausedError:
            raise
        except NarratorError as err:
            self._failed(in_trouble=_in_trouble(err))
            raise
        except BaseException:
            self._failed(in_trouble=False)
            raise
        self._came()

    def lost(self, err: NarratorError) -> None:
        """Note that a Detection is left without its clip, with what its last attempt raised."""
        if self._state is not Downloads.NORMAL or not _in_trouble(err):
            return
        self._lost += 1
        if self._lost < LOST_IN_A_ROW:
            return
        self._cause = err.detail
        self._pause_s = FIRST_PAUSE_S
        _LOGGER.warning(
            "The console failed at the clips of %d Detections in a row (%s): no clip is asked for "
            "until one comes at a try, the first of them in %.0f s",
            self._lost,
            err.detail,
            self._pause_s,
        )
        self._pause()

    def _came(self) -> None:
        self._lost = 0
        if self._cause is not None:
            _LOGGER.info("The console hands over clips again")
            self._cause = None
            self._set(Downloads.NORMAL)

    def _failed(self, *, in_trouble: bool) -> None:
        """End a test. What says nothing of the console leaves the next attempt to be one."""
        if self._state is not Downloads.TESTING:
            return
        if in_trouble:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._pause()
        else:
            self._set(Downloads.PAUSED)

    def _pause(self) -> None:
        self._until = self._clock.monotonic() + self._pause_s
        self._set(Downloads.PAUSED)

    def _set(self, state: Downloads) -> None:
        self._state = state
        self._on_change(state)


def _in_trouble(err: NarratorError) -> bool:
    return isinstance(err, MediaError) and err.trouble
