"""The store: runs plain functions of a connection as transactions, and wakes who waits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Concatenate, Literal, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

P = ParamSpec("P")
T = TypeVar("T")

Interest = Literal["every", "state"]
"""every: each event of the run. state: not what happens inside an attempt (start, steps)."""


class Changes(Protocol):
    """Tells when a run has changed, in this process or another one on the same database."""

    async def wait(self) -> None:
        """Return when something was committed since the last return; at once if it was before.

        May return without a change; whoever waits looks for himself.
        """
        ...

    def wake(self) -> None:
        """Make `wait` return although nothing has changed; from any thread."""
        ...


class Store(Protocol):
    """Transactions over the journal.

    A transaction is a function of a connection: it commits when the function returns and leaves
    no trace when it raises. Functions run in the store's own threads, on PostgreSQL side by side:
    what is not under the row of its run needs a lock (`turns`). They do nothing but talk to the
    connection, and may be run again after a failure beside them. A cancelled caller
    gets its `CancelledError` after a function that had begun has ended; one that had not begun
    never runs.

    Every implementation passes tests/contract/test_store.py.

    Raises, from every method:
        Transient: The database is busy, the disk is full or does not answer.
        UserError: The database may not be written or is not a database of MAS.
    """

    async def run(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a writing transaction. Once it returns, no death of a process loses it."""
        ...

    async def run_durable(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same, and no loss of power loses it, nor anything that was committed before it."""
        ...

    async def read(
        self,
        transaction: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a transaction that only reads, beside the writing ones, on one state of the data."""
        ...

    def changes(
        self, run_id: str, *, interest: Interest = "every"
    ) -> AbstractContextManager[Changes]:
        """Watch one run, from entering the context to leaving it."""
        ...
