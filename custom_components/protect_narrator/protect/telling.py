"""Calls whoever listens, and is loud about bugs: of theirs, and of our own tasks."""

import asyncio
from collections.abc import Callable

from ..pipeline.blame import cautious_logger
from .access import Ways

_LOGGER = cautious_logger(__name__)


class Telling:
    """What a connection calls in the shell; nothing that is raised there ends anything here."""

    def __init__(self) -> None:
        """Start with nobody."""
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
            self.tell(follower, ways)

    def tell[T](self, listen: Callable[[T], None], what: T) -> None:
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
