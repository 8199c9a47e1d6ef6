"""What a test asks for that is to hold on every database that Home Assistant stores in.

`database_url` runs a test once on each. A folder whose tests are to have the recorder store there
imports `recorder_db_url`, which takes the place of the test plugin's.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
import os
from pathlib import Path
from typing import NoReturn

import pytest
import pytest_socket

from .servers import MARIADB, POSTGRESQL, Server, UnavailableError, serving

SQLITE = "sqlite"
_KINDS = {kind.name: kind for kind in (MARIADB, POSTGRESQL)}

# Where this is set, as on the public build machine, a database that is missing fails the tests.
_REQUIRED = "DATABASES_REQUIRED"


def leave_out(reason: str) -> NoReturn:
    """End a test for which there is no database: as left out, or as failed where one must be."""
    if os.environ.get(_REQUIRED):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def database_servers() -> Iterator[Callable[[str], Server]]:
    """Start each kind of server when it is first asked for; end them with the tests."""
    running: dict[str, Server] = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack:

        def server(name: str) -> Server:
            if name not in running and name not in missing:
                try:
                    running[name] = stack.enter_context(serving(_KINDS[name]))
                except UnavailableError as err:
                    missing[name] = str(err)
            if name in running:
                return running[name]
            leave_out(missing[name])

        yield server


@pytest.fixture(params=[SQLITE, *_KINDS])
def database_url(
    request: pytest.FixtureRequest,
    database_servers: Callable[[str], Server],
    tmp_path: Path,
) -> Iterator[str]:
    """Return the URL of an empty database, of each kind in turn; drop it afterwards."""
    # Not beyond this machine, but by a path instead of a port, which nobody else can take.
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    if request.param == SQLITE:
        yield f"sqlite:///{tmp_path}/home-assistant_v2.db"
        return
    with database_servers(request.param).database() as url:
        yield url


@pytest.fixture
def recorder_db_url(database_url: str) -> str:
    """Have the recorder store in each database in turn."""
    return database_url
