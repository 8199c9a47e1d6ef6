"""A stage for faults, with a clock that hurries and a client that comes back at once."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from custom_components.protect_narrator.clock import SystemClock
from custom_components.protect_narrator.protect import login_guard, media
from tests.fake_agents import FakeTaskEntity
from tests.story.conftest import Home

from .stage import Stage

# How much faster the pipeline's pauses pass; that they are long enough is tested with its Clock.
HURRY = 20

# What is waited for of a picture or an event that hangs.
SHORT_LIMIT_S = 0.5

# Log-ins are kept apart for as long, which is less than any two tries are.
LOG_INS_S = 0.05


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch, back_soon: None) -> None:
    """Let pauses between tries pass quickly, and have limits that are short but real."""

    async def sleep(_clock: SystemClock, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    monkeypatch.setattr(login_guard, "PERIOD_S", LOG_INS_S)
    for limit in ("_PICTURE_LIMIT_S", "_EVENT_LIMIT_S"):
        monkeypatch.setattr(media, limit, SHORT_LIMIT_S)


@pytest.fixture
async def stage(
    home: Home, agent: FakeTaskEntity, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[Stage]:
    """A home before anything is set up."""
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(home=home, agent=agent, log=caplog, patch=patch)
        yield stage
        stage.mend()
