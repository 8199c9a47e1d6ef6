"""What was logged that must not be: bugs, forgotten tasks, blocking calls of ours."""

from collections import Counter
import logging
from pathlib import Path
from typing import override

_OURS = "custom_components.protect_narrator"
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
        error = record.levelno >= logging.ERROR and (ours or record.name in _LOOP)
        if error or (record.name in _DETECTORS and "protect_narrator" in record.getMessage()):
            self.count += 1
            if len(self.kept) < _MOST_KEPT:
                self.kept.append(f"{record.name}: {record.getMessage()}")


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
