"""Calls whoever listens, and is loud about bugs: of theirs, and of our own tasks."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ..pipeline.blame import cautious_logger
from ..pipeline.models import Detection
from .access import CameraInfo, ConnectionState, Ways

_LOGGER = cautious_logger(__name__)


class Listener(Protocol):
    """Who is told what happens. All calls come in the event loop and must return at once."""

    def knows(self, camera_id: str, event_id: str) -> bool:
        """Say whether that event was dealt with before; then it is told no more."""
        ...

    def on_opened(self, detection: Detection) -> None:
        """Learn of what has begun, with what is known of it: its end is now.

        Told live alone, and again whenever a label is added; ``on_detection`` follows under
        the same ``sighting_id``, unless the connection is closed before.
        """
        ...

    def on_detection(self, detection: Detection) -> None:
        """Take a Detection, once each."""
        ...

    def on_looked(self, when: datetime) -> None:
        """Learn when the console's own lists were compared completely: nothing is missed.

        All Detections that were found by then have been told.
        """
        ...

    def on_state(self, state: ConnectionState) -> None:
        """Learn that the connection has changed."""
        ...

    def on_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Learn that a camera was added, removed or renamed."""
        ...


class Telling:
    """What a connection calls in the shell; nothing that is raised there ends anything here.

    What is told goes to the one ``listener``; while there is none it is told to nobody.
    """

    def __init__(self) -> None:
        """Start with nobody."""
        self.listener: Listener | None = None
        self._followers: list[Callable[[Ways], None]] = []
        self._on_bug: Callable[[], None] | None = None

    def follow_ways(self, follower: Callable[[Ways], None]) -> Callable[[], None]:
        """Tell ``follower`` whenever one of the websockets changes; return how to end that."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def report_bugs(self, on_bug: Callable[[], None]) -> None:
        """Call ``on_bug`` from now on at every bug; it is in the log already."""
        self._on_bug = on_bug

    def tell_ways(self, ways: Ways) -> None:
        """Tell how the websockets are."""
        for follower in tuple(self._followers):
            self._tell(follower, ways)

    def tell_opened(self, detection: Detection) -> None:
        """Tell of what has begun."""
        if self.listener is not None:
            self._tell(self.listener.on_opened, detection)

    def tell_detection(self, detection: Detection) -> None:
        """Tell of a Detection that is over."""
        if self.listener is not None:
            self._tell(self.listener.on_detection, detection)

    def tell_looked(self, when: datetime) -> None:
        """Tell of a complete look."""
        if self.listener is not None:
            self._tell(self.listener.on_looked, when)

    def tell_state(self, state: ConnectionState) -> None:
        """Tell that the connection has changed."""
        if self.listener is not None:
            self._tell(self.listener.on_state, state)

    def tell_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """Tell of the cameras as they are now."""
        if self.listener is not None:
            self._tell(self.listener.on_cameras, cameras)

    def _tell[T](self, listen: Callable[[T], None], what: T) -> None:
        """Call the listener; what it raises is its bug, and must not end what the console tells."""
        try:
            listen(what)
        except Exception:
            _LOGGER.exception("A listener failed by a bug")
            self.bug()

    def taking_in[T](self, take_in: Callable[[T], None]) -> Callable[[T], None]:
        """Return what takes in what the library tells, and goes on after a bug of ours.

        The library would write what is raised into a log of its own, with its message, and
        nobody would learn that nothing of that kind is heard any more.
        """

        def taken_in(what: T) -> None:
            try:
                take_in(what)
            except Exception:
                _LOGGER.exception("What the console told was lost by a bug")
                self.bug()

        return taken_in

    def be_loud(self, task: asyncio.Task[None]) -> None:
        """Log how a task of ours ended, unless it was cancelled or done: it is a bug."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s ended by a bug", task.get_name(), exc_info=error)
            self.bug()

    def bug(self) -> None:
        """Report a bug that was logged."""
        if self._on_bug is not None:
            self._on_bug()
