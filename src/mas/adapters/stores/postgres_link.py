"""One connection to PostgreSQL, and the transactions that a thread runs on it."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, LiteralString, TypeVar

import psycopg
import sqlalchemy
from psycopg.adapt import Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from mas.adapters.stores import faults_postgres as faults
from mas.adapters.stores import transaction
from mas.adapters.stores.changes import Hub
from mas.core.errors import Bug
from mas.core.ports import Clock

T = TypeVar("T")

SCHEMA = "mas"
"""The PostgreSQL schema of all our tables: the database may hold other programs' tables too."""

CHANNEL = "mas_changes"
"""Where a run that has changed is announced, as `<run id> state` or `<run id> inside`."""

TRIES = 5
"""How often a transaction is run that others have stood in the way of."""

HINT_SECONDS = 0.02
"""How long an announcement that no work hangs on may wait for more of its kind."""

_DEFAULTS = {
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "fallback_application_name": "mas",
    # A server whose machine is gone says nothing: it is given up after half a minute.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}

# A process that was stopped or cut off in the midst of a transaction holds the row of its run:
# the server ends such a transaction, or nobody else could go on with that run.
_SETTINGS: LiteralString = """
    set search_path to mas;
    set client_min_messages to warning;
    set lock_timeout to '10s';
    set idle_in_transaction_session_timeout to '10s';
    select set_config('synchronous_commit', 'on', false)
        where current_setting('synchronous_commit') = 'off'
"""
_NOW: LiteralString = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"
_BEGIN_WRITING: LiteralString = f"begin isolation level read committed; {_NOW}"
_BEGIN_READING: LiteralString = f"begin isolation level repeatable read read only; {_NOW}"
_NOTIFY: LiteralString = "select pg_notify(%s, %s)"

_Error = (psycopg.Error, SQLAlchemyError)


@dataclass(frozen=True, kw_only=True)
class Address:
    """How the server is reached, and the words for it that may be shown."""

    conninfo: str
    where: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an address; what it does not say comes from libpq's own defaults.

        Raises:
            UserError: It is none (`bad_database_url`).
        """
        try:
            said = conninfo_to_dict(url)
            conninfo = make_conninfo(url, **{k: v for k, v in _DEFAULTS.items() if k not in said})
        except psycopg.Error:
            # The text of this error quotes the address, and with it the password.
            raise faults.bad_url("libpq does not accept it") from None
        host = str(said.get("host") or said.get("hostaddr") or "localhost")
        name = said.get("dbname") or said.get("user") or "postgres"
        port = said.get("port") or 5432
        return cls(conninfo=conninfo, where=f"{name} on {host}:{port}")


class _Text(Dumper):
    """Text as this server takes it: no zero sign and no half of a pair, which others do take.

    Such signs come with the output of tools and with requests; no run is to end by them.
    """

    def dump(self, obj: str) -> bytes:
        return obj.replace("\0", "\ufffd").encode("utf-8", "replace")


class Database:
    """Makes connections to one database and knows which of them are this process's own."""

    def __init__(self, address: Address) -> None:
        self.where = address.where
        self.pids: set[int] = set()
        """Numbers that the server gives to our connections: their announcements are no news."""
        self._conninfo = address.conninfo
        self._engine: Engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=self.connect,
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection with our settings, which begins transactions only where it is told to."""
        raw = psycopg.connect(self._conninfo, autocommit=True)
        try:
            raw.adapters.register_dumper(str, _Text)
            raw.execute(_SETTINGS, prepare=False)
        except BaseException:
            raw.close()
            raise
        return raw

    def link(self) -> Link:
        """A connection for transactions."""
        conn = self._engine.connect()
        raw = conn.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 - it comes from `connect`
        self.pids.add(raw.info.backend_pid)
        return Link(conn=conn, raw=raw, pid=raw.info.backend_pid)

    def drop(self, link: Link) -> None:
        """Close a connection, whatever state it is in."""
        self.pids.discard(link.pid)
        link.raw.close()
        with contextlib.suppress(*_Error):
            link.conn.invalidate()
            link.conn.close()


@dataclass(frozen=True, kw_only=True)
class Link:
    """SQLAlchemy's connection, and psycopg's underneath it."""

    conn: Connection
    raw: psycopg.Connection[tuple[Any, ...]]
    pid: int

    def begin(self, statement: LiteralString) -> datetime:
        """Begin a transaction and return the database's time, in one round trip."""
        self.conn.begin()
        cursor = self.raw.execute(statement, prepare=False)
        cursor.nextset()
        row = cursor.fetchone()
        assert row is not None  # noqa: S101 - the second statement gives one row
        return transaction.from_us(row[0])

    def notify(self, run_id: str, what: Literal["state", "inside"]) -> None:
        self.raw.execute(_NOTIFY, (CHANNEL, f"{run_id} {what}"))

    def commit(self) -> None:
        if self.raw.info.transaction_status is TransactionStatus.INERROR:
            # The server would answer this commit by undoing everything, without an error.
            raise Bug("A transaction went on after a statement had failed.", code="store_bug")
        self.conn.commit()


@dataclass(kw_only=True)
class Session:
    """Runs transactions in one thread. `hub` None makes it a reading one.

    It connects when it is first needed, and again after whatever has gone wrong with the
    connection: one that has seen a fault is not used again.
    """

    database: Database
    clock: Clock | None
    hub: Hub | None
    _link: Link | None = None
    _hints: set[str] = field(default_factory=set)
    _hints_due: float = 0.0

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run a function in one transaction; again when others have stood in its way."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._once(work)
            except _Error as exc:
                if tries == TRIES or not faults.collided(exc):
                    raise faults.translate(exc, self.database.where) from exc
            time.sleep(random.uniform(0, 0.01) * tries)  # noqa: S311 - two must not meet again

    def idle(self) -> float | None:
        """Announce what may be announced late; seconds until there is something to announce."""
        if not self._hints:
            return None
        left = self._hints_due - time.monotonic()
        if left > 0:
            return left
        hints, self._hints = self._hints, set()
        try:
            if self._link is not None:
                for run_id in sorted(hints):
                    self._link.notify(run_id, "inside")
        except psycopg.Error:
            self._drop()  # whoever watches elsewhere looks for himself now and then
        return None

    def close(self) -> None:
        self._hints_due = 0.0
        self.idle()
        self._drop()

    def _once(self, work: Callable[[Connection], T]) -> T:
        link = self._begun()
        try:
            value = work(link.conn)
            touched = dict(transaction.touched(link.conn)) if self.hub is not None else {}
            for run_id in sorted(run for run, state in touched.items() if state):
                link.notify(run_id, "state")
            link.commit()
        except BaseException as exc:
            if isinstance(exc, _Error) and not faults.collided(exc):
                self._drop()
            else:
                self._roll_back(link)
            raise
        self._tell(touched)
        return value

    def _begun(self) -> Link:
        """A connection within a transaction that has just begun."""
        begin = _BEGIN_WRITING if self.hub is not None else _BEGIN_READING
        if self._link is not None:
            try:
                return self._with_time(self._link, begin)
            except psycopg.OperationalError:
                # The server was away since the last transaction: nothing of this one is done yet.
                self._drop()
        self._link = self.database.link()
        try:
            return self._with_time(self._link, begin)
        except psycopg.Error:
            self._drop()
            raise

    def _with_time(self, link: Link, begin: LiteralString) -> Link:
        at = link.begin(begin)
        transaction.begin(link.conn, at=at if self.clock is None else self.clock.now())
        return link

    def _tell(self, touched: dict[str, bool]) -> None:
        if self.hub is None:
            return
        self.hub.wake(touched)
        inside = {run for run, state in touched.items() if not state}
        if inside and not self._hints:
            self._hints_due = time.monotonic() + HINT_SECONDS
        self._hints |= inside

    def _roll_back(self, link: Link) -> None:
        try:
            link.conn.rollback()
        except _Error:
            self._drop()

    def _drop(self) -> None:
        if self._link is not None:
            self.database.drop(self._link)
            self._link = None
