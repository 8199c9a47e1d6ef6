"""Looks for what a run must not leave behind: complaints in the log, files in the media folder."""

from collections.abc import Iterator
from pathlib import Path
import re

from .errors import DemoError

# 2026-11-24 08:30:15.123 WARNING (MainThread) [custom_components.protect_narrator] Words
_RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (?P<level>[A-Z]+) \(.*?\) \[(?P<name>.*?)\]"
)
_BAD = {"ERROR", "CRITICAL"}
_LOUD = {"WARNING", *_BAD}
_TRACEBACK = "Traceback (most recent call last)"
_OURS = ("custom_components.protect_narrator", "uiprotect")
_OUR_FRAMES = "custom_components/protect_narrator/"
_BLOCKING = "Detected blocking call"
_SHOWN = 40  # lines of a record; a traceback fits


def complaints(log: str, *, is_quiet: bool) -> list[str]:
    """Return the log records that speak against us, each with its traceback.

    Blocking calls below one of our frames always do; where nothing went wrong (``is_quiet``)
    every record above info that is ours, or in whose traceback we are, does.
    """
    return [
        "\n".join(record.splitlines()[:_SHOWN])
        for level, name, record in _records(log)
        if level in _LOUD and _speaks_against_us(name, record, is_quiet=is_quiet)
    ]


def _speaks_against_us(name: str, record: str, *, is_quiet: bool) -> bool:
    if is_quiet:
        return _is_ours(name, record)
    return _BLOCKING in record and _OUR_FRAMES in record


def errors(log: str) -> list[str]:
    """Return the errors and the tracebacks that are ours, or that we are in.

    None may be where much goes wrong on purpose: that is worth a warning at the most.
    """
    return [
        "\n".join(record.splitlines()[:_SHOWN])
        for level, name, record in _records(log)
        if _is_ours(name, record) and (level in _BAD or _TRACEBACK in record)
    ]


def check_log(path: Path, *, is_quiet: bool) -> None:
    """Raise DemoError with the records that speak against us."""
    found = complaints(path.read_text(errors="replace"), is_quiet=is_quiet)
    if found:
        raise DemoError("Home Assistant's log speaks against us:\n" + "\n".join(found))


def check_media(folder: Path) -> None:
    """Raise DemoError when a file is left in the media folder."""
    left = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    if left:
        raise DemoError(f"left in the media folder: {', '.join(left)}")


def last_words(path: Path) -> str:
    """Return the log's last records above info, ours if there are any, for finding out why."""
    if not path.exists():
        return ""
    records = list(_records(path.read_text(errors="replace")))
    loud = [(name, record) for level, name, record in records if level in _LOUD]
    ours = [(name, record) for name, record in loud if _is_ours(name, record)]
    return "\n".join(record for _, record in (ours or loud)[-3:])


def _is_ours(name: str, record: str) -> bool:
    return name.startswith(_OURS) or _OUR_FRAMES in record


def _records(log: str) -> Iterator[tuple[str, str, str]]:
    """Yield level, logger and whole text of each record; tracebacks belong to theirs."""
    record: list[str] = []
    level = name = ""
    for line in log.splitlines():
        if match := _RECORD.match(line):
            if record:
                yield level, name, "\n".join(record)
            record, level, name = [], match["level"], match["name"]
        record.append(line)
    if record:
        yield level, name, "\n".join(record)
