"""The store on a PostgreSQL database: for several machines that share their runs.

Each process has up to four connections that write, two that read beside them, and while somebody
waits for a run one that listens. All of them are made when they are first needed. Through a
connection pooler they need a session each (PgBouncer: `pool_mode = session`).

What can be lost: nothing that was committed, for the server has synced it before it answers
(`synchronous_commit`; where it is set to `off` we set it to `on`). `run` could do with less, were
it only for our own processes, but the death of a *server* process would then lose what `run` has
promised. Several writers share one sync, so the price falls with the load.

Transactions run side by side (READ COMMITTED). What keeps them apart is the row of the run, which
each that changes a run locks first; one that was chosen to yield (deadlock, serialization) is run
again here. Reading ones see one state of the data (REPEATABLE READ).

Time is the database's, so that leases of all machines are compared with one clock. It is taken
when a transaction begins, which may be before it has waited for a row.

Waking: a transaction that has moved the state of a run announces it (NOTIFY) with its commit. That
lets commits wait for each other, so what happens inside an attempt, where nobody's work hangs on
it, is announced right after the commit, without a sync, and together with what comes within
20 ms. A notice can be lost with its connection; whoever waits also looks every five seconds.

When the server goes away, transactions under way raise `Transient` (`store_unreachable`); the next
ones connect again. One whose commit was just being answered may have been kept: whoever goes on
with the run reads what is there.

All tables are in the PostgreSQL schema `mas`, beside whatever else the database holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

from mas.adapters.stores.changes import Hub, Subscription
from mas.adapters.stores.postgres_link import Address, Database, Session
from mas.adapters.stores.postgres_listener import Listener
from mas.adapters.stores.postgres_pool import Pool
from mas.adapters.stores.postgres_schema import prepare
from mas.adapters.stores.store import Interest
from mas.core.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")

WRITERS = 4
"""Most transactions of a process that write at once; the server shares their syncs."""

READERS = 2
"""Most that read at once."""


class PostgresStore:
    """A `Store` on a PostgreSQL database.

    `url` is what libpq takes, `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. `clock` None, the
    ordinary case, is the database's; another one is for tests that move time.

    Raises:
        UserError: The address cannot be understood (`bad_database_url`).
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        database = Database(Address.parse(url))
        self._where = database.where
        self._hub = Hub(on_first=self._begin_listening)
        self._listener = Listener(database, self._hub)
        self._writers = Pool(
            "mas-store-writer",
            size=WRITERS,
            make=lambda: Session(database=database, clock=clock, hub=self._hub),
        )
        self._readers = Pool(
            "mas-store-reader",
            size=READERS,
            make=lambda: Session(database=database, clock=clock, hub=None),
        )

    async def __aenter__(self) -> Self:
        try:
            await self.run(prepare, where=self._where)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._close()

    async def run(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._writers.submit(
            lambda session: session.transact(lambda conn: transaction(conn, *args, **kwargs))
        )

    async def run_durable(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self.run(transaction, *args, **kwargs)

    async def read(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._readers.submit(
            lambda session: session.transact(lambda conn: transaction(conn, *args, **kwargs))
        )

    def changes(
        self, run_id: str, *, interest: Interest = "every"
    ) -> AbstractContextManager[Subscription]:
        return self._hub.subscribed(run_id, interest)

    def _begin_listening(self) -> None:
        self._listener.attend()

    async def _close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._listener.close)
        await self._readers.close()
        await self._writers.close()
