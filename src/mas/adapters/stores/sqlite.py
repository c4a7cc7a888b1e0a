"""The store on one SQLite file: for one machine, without any server.

Two connections in two threads: one writes, one reads beside it (write-ahead log). What a kill can
lose, and what a loss of power can lose:

- A process that dies at any moment loses nothing that was committed. SQLite writes a commit to
  the log with one system call per page, and the operating system keeps it.
- A loss of power can lose the newest commits, never their order and never the file, back to the
  last durable one (`run_durable`): a run that was accepted, the intent and the outcome of an
  action on the outside world, a cancel, the end of a run. What is lost is at most steps that
  change nothing outside; they are done again. Syncing every commit would cost a disk's flush
  per step and would buy no more than that.

The file belongs to its user alone (0600, a new folder 0700) and must be on a local disk: the
write-ahead log needs memory that all its processes share.

Opening: folder, file, is it ours, log mode, schema. Closing: what is queued is finished, the
reader closes, the writer closes last and empties the log into the file.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Literal, ParamSpec, Self, TypeVar

import sqlalchemy
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from mas.adapters.stores import faults, transaction
from mas.adapters.stores.changes import Hub, Subscription
from mas.adapters.stores.lane import Lane
from mas.adapters.stores.migrations import VERSION, migrate
from mas.adapters.stores.store import Interest
from mas.core.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")

APPLICATION_ID = 0x4D415321
"""Marks the file as ours, so that no other program's database is ever written to."""

POLL_SECONDS = 0.1
"""How often other processes' commits are looked for while somebody waits."""

BUSY_SECONDS = 10.0
"""How long a transaction waits for another process's; ours take milliseconds."""

LOG_PAGES = 4000
"""Pages (16 MiB) that the log holds before they are moved into the file, which costs two syncs."""

_MEMORY = ":memory:"


class SqliteStore:
    """A `Store` on one file; `path` None keeps everything in memory, for tests."""

    def __init__(self, path: Path | None, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._hub = Hub(on_first=self._begin_looking)
        self._writer = Lane("mas-store-writer", self._open_writer)
        # A database in memory is known to one connection only.
        self._reader = self._writer if path is None else Lane("mas-store-reader", self._open_reader)

    async def __aenter__(self) -> Self:
        await self._writer.open()
        if self._reader is not self._writer:
            try:
                await self._reader.open()
            except BaseException:
                await self._writer.close()
                raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._reader.close()
        await self._writer.close()

    async def run(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._writer.submit(lambda conn: transaction(conn, *args, **kwargs))

    async def run_durable(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._writer.submit(
            lambda conn: transaction(conn, *args, **kwargs), durable=True
        )

    async def read(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._reader.submit(lambda conn: transaction(conn, *args, **kwargs))

    def changes(
        self, run_id: str, *, interest: Interest = "every"
    ) -> AbstractContextManager[Subscription]:
        return self._hub.subscribed(run_id, interest)

    def _begin_looking(self) -> None:
        self._writer.nudge()

    def _open_writer(self) -> _SqliteSession:
        if self._path is not None:
            _make_file(self._path)
        return _SqliteSession.open(self._path, clock=self._clock, hub=self._hub)

    def _open_reader(self) -> _SqliteSession:
        return _SqliteSession.open(self._path, clock=self._clock, hub=None)


def _make_file(path: Path) -> None:
    """Create folder and file with narrow rights; what is there already keeps its folder's."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            _check_usable(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as exc:
        raise faults.unwritable(str(path), exc) from exc


def _check_usable(path: Path) -> None:
    """Refuse a file that cannot be written, without opening it.

    Closing any descriptor of the file drops every lock that SQLite holds on it in this process:
    another process could then remove the write-ahead log under a store that is open here.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


class _SqliteSession:
    """One connection, used in its lane's thread only. `hub` None makes it a reading one."""

    def __init__(
        self,
        conn: Connection,
        raw: sqlite3.Connection,
        where: str,
        *,
        clock: Clock,
        hub: Hub | None,
    ) -> None:
        self._conn = conn
        self._raw = raw
        self._where = where
        self._clock = clock
        self._hub = hub
        self._durable = False
        self._seen: int | None = None
        self._look_at = 0.0

    @classmethod
    def open(cls, path: Path | None, *, clock: Clock, hub: Hub | None) -> Self:
        where = str(path) if path is not None else _MEMORY
        raw: sqlite3.Connection | None = None
        try:
            raw = _connect(where)
            if hub is not None:
                _prepare_file(raw, where)
            conn = _wrap(raw, writes=hub is not None)
            if hub is not None:
                _bring_forward(conn, raw, where)
        except (sqlite3.Error, SQLAlchemyError) as exc:
            if raw is not None:
                raw.close()
            raise faults.translate(exc, where) from exc
        except BaseException:
            if raw is not None:
                raw.close()
            raise
        return cls(conn, raw, where, clock=clock, hub=hub)

    def transact(self, works: Sequence[Callable[[Connection], T]], *, durable: bool) -> list[T]:
        try:
            self._set_durable(durable)
            with self._conn.begin():
                # After the wait for the lock, which may be long.
                transaction.begin(self._conn, at=self._clock.now())
                values = [work(self._conn) for work in works]
        except (sqlite3.Error, SQLAlchemyError) as exc:
            raise faults.translate(exc, self._where) from exc
        if self._hub is not None:
            self._hub.wake(transaction.touched(self._conn))
        return values

    def idle(self) -> float | None:
        """Look for commits of other processes while somebody waits."""
        if self._hub is None or not self._hub.watched:
            self._seen = None
            return None
        now = time.monotonic()
        if self._seen is not None and now < self._look_at:
            return self._look_at - now
        self._look_at = now + POLL_SECONDS
        try:
            # Does not move with this connection's own commits.
            (version,) = self._raw.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            version = -1  # whoever waits looks for himself, and is told what is wrong
        if version != self._seen:
            self._seen = version
            self._hub.wake_all()
        return POLL_SECONDS

    def close(self) -> None:
        self._conn.close()
        self._raw.close()

    def _set_durable(self, durable: bool) -> None:
        """FULL syncs the log at the commit, and with it all that was written before."""
        if durable != self._durable:
            self._raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable


def _connect(where: str) -> sqlite3.Connection:
    raw = sqlite3.connect(where, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=256)
    raw.execute("PRAGMA foreign_keys=ON")
    # SQLite's own knows the letters of ASCII only.
    raw.create_function("lower", 1, _lower, deterministic=True)
    raw.execute("PRAGMA synchronous=NORMAL")
    raw.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    return raw


def _lower(value: str | bytes | float | None) -> str | bytes | float | None:
    return value.lower() if isinstance(value, str) else value


def _prepare_file(raw: sqlite3.Connection, where: str) -> None:
    """Refuse what is not ours before anything is written, then turn the write-ahead log on."""
    _check_ours(raw, where)
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as exc:
            # SQLite does not wait by itself here, where two processes make the file at once.
            if exc.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _check_ours(raw: sqlite3.Connection, where: str) -> int:
    """Return the schema's version; 0 is an empty file."""
    with _one_moment(raw):
        (application,) = raw.execute("PRAGMA application_id").fetchone()
        (version,) = raw.execute("PRAGMA user_version").fetchone()
        (objects,) = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or objects):
        raise faults.not_ours(where)
    if version > VERSION:
        raise faults.too_new(where, version=version, known=VERSION)
    return int(version)


@contextmanager
def _one_moment(raw: sqlite3.Connection) -> Iterator[None]:
    """Read of the file as it was at one moment: another process may be filling it just now."""
    if raw.in_transaction:
        yield
        return
    raw.execute("BEGIN")
    try:
        yield
    finally:
        raw.execute("ROLLBACK")


def _bring_forward(conn: Connection, raw: sqlite3.Connection, where: str) -> None:
    if _check_ours(raw, where) == VERSION:
        return
    with conn.begin():
        # Asked again under the lock: another process may just have done it.
        version = migrate(conn, _check_ours(raw, where))
        raw.execute(f"PRAGMA application_id={APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version={version}")


def _wrap(raw: sqlite3.Connection, *, writes: bool) -> Connection:
    """A SQLAlchemy connection over `raw` whose transactions begin as they should.

    IMMEDIATE takes the write lock at once: a transaction that reads first and writes later could
    otherwise find that another process has written in between.
    """
    engine = sqlalchemy.create_engine("sqlite://", creator=lambda: raw, poolclass=NullPool)
    begin: Literal["BEGIN IMMEDIATE", "BEGIN"] = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    conn = engine.connect()
    if not writes:
        raw.execute("PRAGMA query_only=ON")
    return conn
