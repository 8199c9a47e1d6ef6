"""What was logged that must not be: bugs, forgotten tasks, blocking calls of ours."""

from collections import Counter
import logging
from pathlib import Path
import traceback
from typing import override

_OURS = "custom_components.protect_narrator"
_OUR_FILES = "/custom_components/protect_narrator/"

# The library logs what our callbacks raise, and goes on.
_LIBRARY = "uiprotect"
# Where the event loop's own complaints end up, and what Home Assistant detects about others.
_LOOP = {"asyncio", "homeassistant"}
_DETECTORS = {"homeassistant.util.loop", "homeassistant.helpers.frame"}
_MOST_KEPT = 20

# What is logged while modules are imported would be printed, because nobody listens yet.
logging.getLogger().addHandler(logging.NullHandler())


class Complaints(logging.Handler):
    """Counts them, and keeps the first few."""

    def __init__(self) -> None:
        """Hear everything from a warning up."""
        super().__init__(logging.WARNING)
        self.kept: list[str] = []
        self.count = 0
        self.lines: Counter[str] = Counter()
        """Of ours, by level."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Count what is a complaint."""
        ours = record.name.startswith(_OURS)
        if ours:
            self.lines[record.levelname.lower()] += 1
        is_of_interest = ours or record.name in _LOOP or _was_raised_by_us(record)
        error = record.levelno >= logging.ERROR and is_of_interest
        if error or (record.name in _DETECTORS and "protect_narrator" in record.getMessage()):
            self.count += 1
            if len(self.kept) < _MOST_KEPT:
                self.kept.append(f"{record.name}: {record.getMessage()}")


def _was_raised_by_us(record: logging.LogRecord) -> bool:
    """Say whether the library logs an exception that came through our code."""
    if not record.name.startswith(_LIBRARY) or not record.exc_info:
        return False
    frames = traceback.extract_tb(record.exc_info[2])
    return any(_OUR_FILES in frame.filename for frame in frames)


def listen(log: Path) -> Complaints:
    """Send every warning to that file, and complaints to what is returned."""
    complaints = Complaints()
    file = logging.FileHandler(log)
    file.setLevel(logging.WARNING)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.addHandler(file)
    root.addHandler(complaints)
    logging.captureWarnings(True)
    return complaints
