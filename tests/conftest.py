"""What every test shares: our integration is loadable, and loopback is the only network."""

from asyncio.constants import DEBUG_STACK_DEPTH
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import traceback

import hypothesis
import pytest
import pytest_socket

# Imported first, so that Home Assistant's loader finds this package under the name
# custom_components and not the folder that the test plugin brings along.
import custom_components.protect_narrator  # noqa: F401 - the import is the point
from custom_components.protect_narrator import abilities
from custom_components.protect_narrator.pipeline.ports import Ability
from custom_components.protect_narrator.protect import login_guard
from tests.databases.fixtures import database_servers, database_url  # noqa: F401 - fixtures
from tests.fake_agents import PLATFORM
from tests.reliability import fresh

# A busy machine exceeds any limit of time for an example; what hangs is the job of what runs us.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget what earlier runs have seen, before pytest-xdist starts its workers.

    Not beside the stories themselves: of a whole run, pytest would not find it there in time.
    """
    fresh.begin(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out and why, such as a database: a letter among thousands says nothing."""
    told = [report.longrepr for report in terminalreporter.stats.get("skipped", ())]
    reasons = Counter(each[-1] if isinstance(each, tuple) else str(each) for each in told)
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"LEFT OUT, {tests} tests: {reason}", yellow=True, bold=True)


@pytest.fixture(autouse=True, scope="session")
def _short_stacks() -> Iterator[None]:
    """Let asyncio, which debugs in every test, take down ten steps of a stack as for a handle.

    Of a future and a task it takes down the whole stack, most of which is pytest's own, and that
    costs a tenth of a story. Nothing but the end of "created at" becomes shorter.
    """
    with pytest.MonkeyPatch.context() as patch:
        # The function itself is held by asyncio since it was imported.
        patch.setattr(traceback.extract_stack, "__defaults__", (None, DEBUG_STACK_DEPTH))
        yield


@pytest.fixture(autouse=True)
def _our_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load custom integrations, in every test that has one."""
    names = request.fixturenames
    if "home" in names or "recorder_mock" in names:
        # The recorder has to be there before Home Assistant is.
        request.getfixturevalue("recorder_mock")
    if "async_test_recorder" in names:
        request.getfixturevalue("async_test_recorder")
    if "home" in names or "hass" in names:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def _known_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the fake agents in the table of those that take pictures only, like most real ones.

    Agents of any other name are agents that nobody knows.
    """
    monkeypatch.setitem(abilities.PLATFORMS, PLATFORM, Ability(takes_clip=False))


@pytest.fixture(autouse=True)
def _hasty_log_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let log-ins follow each other at once, where a test is not about that."""
    monkeypatch.setattr(login_guard, "SPACING_S", 0.0)


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give each test a folder of its own, so that no log-in token outlives it."""
    folder = tmp_path / "config"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def loopback(socket_enabled: None) -> Iterator[None]:
    """Allow sockets, but to this machine alone."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost"])
    yield
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
