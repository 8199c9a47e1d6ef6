"""Stills of a scene, for a model to look at."""

from datetime import UTC, datetime, timedelta

from simulator.video import Recorder

START = datetime(2026, 11, 24, 8, 30, 15, tzinfo=UTC)
CAMERA = "Front door"


def picture(*colours: str, second: float = 4, sign: str | None = None) -> bytes:
    """Return a still of so many people who began to cross the picture together at START."""
    recorder = Recorder()
    if sign is not None:
        recorder.put_up(CAMERA, sign)
    for colour in colours:
        recorder.walk(CAMERA, colour, START, START + timedelta(seconds=8))
    return recorder.still(CAMERA, START + timedelta(seconds=second))
