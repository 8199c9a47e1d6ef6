"""MariaDB and PostgreSQL, each on a socket in a folder of its own, with nothing kept safe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
from uuid import uuid4

import sqlalchemy as sa

from .keeper import Order

_ROOT = Path(__file__).parents[2]

# The first time the servers' packages are fetched; the script has a limit for that itself.
_FETCH_LIMIT_S = 1800


# The names of servers that `script/test` has looked for in vain: no worker waits for that again.
_MISSING = "DATABASES_MISSING"


class UnavailableError(Exception):
    """The server is not installed and could not be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server."""

    name: str
    order: Callable[[str, str], Order]
    """From the path of the program and the libraries that it needs."""

    url: str
    """Of one database, for SQLAlchemy."""

    administration: str
    """The database that is always there."""

    create: str
    drop: str


def _mariadb(server: str, libraries: str) -> Order:
    common = (
        "{program}/mariadbd",
        "--no-defaults",
        "--basedir={home}",
        "--datadir={folder}/data",
        "--tmpdir={folder}",
        "--pid-file={folder}/pid",
        # Whoever may enter the folder may do anything.
        "--skip-grant-tables",
        "--skip-networking",
        "--innodb-log-file-size=8M",
        "--innodb-buffer-pool-size=32M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-flush-method=nosync",
        "--skip-innodb-doublewrite",
        # A database for each test: its tables need no files of their own, on the disk at once.
        # Releases differ in what they know of this.
        "--loose-innodb-file-per-table=0",
        "--loose-sync-frm=0",
    )
    # Newer releases name the folder and the file after themselves.
    tables = "{home}/share/m*/m*_system_tables.sql"
    return Order(
        name="mariadb",
        server=server,
        libraries=libraries,
        init=(*common, "--bootstrap"),
        init_text="create database mysql;\nuse mysql;\n",
        init_sql=(tables,),
        serve=(*common, "--socket={folder}/socket"),
        socket="socket",
        ready_file=None,
    )


def _postgresql(server: str, libraries: str) -> Order:
    settings = (
        "listen_addresses=",
        "unix_socket_directories={folder}",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "jit=off",
        "shared_buffers=32MB",
    )
    return Order(
        name="postgresql",
        server=server,
        libraries=libraries,
        # Letters are told apart and compared as in the homes that use it, not as in ASCII.
        init=(
            *("{program}/initdb", "--pgdata={folder}/data", "--username=narrator"),
            *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ),
        init_text="",
        init_sql=(),
        serve=(
            *("{program}/postgres", "-D", "{folder}/data"),
            *(part for setting in settings for part in ("-c", setting)),
        ),
        socket=".s.PGSQL.5432",
        ready_file="data/postmaster.pid",
    )


# A database is created as Home Assistant's documentation tells its users to.
MARIADB = Kind(
    name="mariadb",
    order=_mariadb,
    url="mysql+pymysql://narrator@localhost/{database}?unix_socket={folder}/socket&charset=utf8mb4",
    administration="mysql",
    create="CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    drop="DROP DATABASE {database}",
)
POSTGRESQL = Kind(
    name="postgresql",
    order=_postgresql,
    url="postgresql://narrator@/{database}?host={folder}",
    administration="postgres",
    create="CREATE DATABASE {database} ENCODING 'utf8' TEMPLATE template0",
    # What is still connected is a test that has gone wrong already.
    drop="DROP DATABASE {database} WITH (FORCE)",
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    kind: Kind
    folder: Path

    def url(self, database: str) -> str:
        """Return how a database of it is reached."""
        return self.kind.url.format(folder=self.folder, database=database)

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database and return its URL; drop it with the context."""
        name = f"narrator_{uuid4().hex}"
        self._tell(self.kind.create.format(database=name))
        try:
            yield self.url(name)
        finally:
            self._tell(self.kind.drop.format(database=name))

    def _tell(self, words: str) -> None:
        # PostgreSQL makes no database within a transaction.
        engine = sa.create_engine(
            self.url(self.kind.administration),
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
        )
        with engine.connect() as connection:
            connection.execute(sa.text(words))
        engine.dispose()


@contextmanager
def serving(kind: Kind) -> Iterator[Server]:
    """Run a server while the context lasts, or this process.

    Raises UnavailableError where there is none to be had, RuntimeError where it does not start.
    """
    server, libraries = _programs(kind)
    keeper = subprocess.Popen(  # noqa: S603 - our own module
        [
            sys.executable,
            "-m",
            "tests.databases.keeper",
            json.dumps(asdict(kind.order(server, libraries))),
        ],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Not to be interrupted together with the tests: their end is what it waits for.
        start_new_session=True,
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        told = json.loads(keeper.stdout.readline() or '{"error": "its keeper has died"}')
        if "error" in told:
            raise RuntimeError(told["error"])
        yield Server(kind, Path(told["folder"]))
    finally:
        keeper.stdin.close()
        keeper.wait()
        keeper.stdout.close()


def _programs(kind: Kind) -> tuple[str, str]:
    """Return the path of the server, and the libraries that it needs."""
    if kind.name in os.environ.get(_MISSING, "").split():
        raise UnavailableError(f"{kind.name} was not to be had before the tests began")
    done = subprocess.run(  # noqa: S603 - our own script
        [_ROOT / "script" / "databases", kind.name],
        capture_output=True,
        text=True,
        timeout=_FETCH_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(done.stderr.strip().split("\n")[-1])
    server, libraries = done.stdout.split("\n")[:2]
    return server, libraries
