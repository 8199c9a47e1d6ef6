"""What the pipeline's tests share."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.runner import Runner

from .fakes import FakeWorld, detection


@pytest.fixture
def outside(tmp_path: Path) -> FakeWorld:
    """Return a world in which everything works."""
    return FakeWorld(tmp_path)


@pytest.fixture
async def runner(outside: FakeWorld) -> AsyncIterator[Runner]:
    """Return a runner that is closed, whatever happens."""
    runner = Runner(outside.world())
    yield runner
    async with asyncio.timeout(20):
        await runner.close()


@pytest.fixture
def case(outside: FakeWorld) -> Case:
    """Return a Detection on its way."""
    return Case(detection=detection(), clock=outside.clock, policy=outside.policy)
