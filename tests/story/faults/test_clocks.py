"""Clocks that are wrong, or jump, hold nothing up: waits are clamped, and limits are monotonic."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
import sys
import time
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from .fault import Fault
from .house import CONSOLE_AHEAD, CONSOLE_BEHIND, JUMP_AHEAD, JUMP_BACK
from .playing import heals, is_well
from .stage import PACKAGE, Stage
from .telling import Notebook

SIX_HOURS = timedelta(hours=6)


@pytest.mark.parametrize(
    ("fault", "ahead"),
    [(CONSOLE_AHEAD, SIX_HOURS), (CONSOLE_BEHIND, -SIX_HOURS)],
    ids=lambda value: value.slug if isinstance(value, Fault) else "",
)
async def test_a_console_whose_clock_is_wrong_is_told_of_as_it_happens(
    stage: Stage, fault: Fault, ahead: timedelta
) -> None:
    notebook = Notebook(fault)
    stage.console.faults.clock_ahead = ahead
    await stage.begin()
    told, beside = await stage.see(stage.camera, stage.neighbour)

    is_well(told, beside)
    assert (told["late"], beside["late"]) == (False, False)
    seen_at = datetime.fromisoformat(told["end"])
    assert abs(seen_at - stage.console.now()) < timedelta(minutes=5)
    assert told["total_s"] >= 0
    await heals(stage, notebook, told, beside)


class _Jumped:
    """Stands for the ``datetime`` of a module on a machine whose wall clock has jumped."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + self._by

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime, name)


def jump(patch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let Home Assistant's wall clock jump; monotonic time, and the console's, go on."""
    jumped = _Jumped(by)
    for name, module in tuple(sys.modules.items()):
        if name.startswith(PACKAGE) and vars(module).get("datetime") is datetime:
            patch.setattr(module, "datetime", jumped)
    utcnow: Callable[[], datetime] = lambda: jumped.now(UTC)  # noqa: E731 - as in Home Assistant
    patch.setattr(dt_util, "utcnow", utcnow)
    real_time = time.time
    patch.setattr(time, "time", lambda: real_time() + by.total_seconds())


@pytest.mark.parametrize(
    ("fault", "by"),
    [(JUMP_AHEAD, SIX_HOURS), (JUMP_BACK, -SIX_HOURS)],
    ids=lambda value: value.slug if isinstance(value, Fault) else "",
)
async def test_a_clock_that_jumps_during_a_detection_holds_nothing_up(
    stage: Stage, fault: Fault, by: timedelta
) -> None:
    notebook = Notebook(fault)
    await stage.begin()
    console, camera = stage.console, stage.camera
    end = console.now()
    stage.home.film.walk(camera.name, "red", end - timedelta(seconds=2), end)
    event_id = await console.start_detection(camera.id, start=end - timedelta(seconds=2))
    jump(stage.patch, by)
    await console.end_detection(event_id)
    beside = await stage.home.see(stage.neighbour)
    told, other = await stage.sightings_of({camera.id: event_id, stage.neighbour.id: beside})

    is_well(told, other)
    assert (told["late"], told["end_estimated"]) == (False, False)
    # It goes on with the clock as it is now.
    await stage.see(camera)
    await heals(stage, notebook, told, other)
