"""Turns that transactions take where no row of theirs keeps them apart."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

_LOCK = select(func.pg_advisory_xact_lock(bindparam("topic")))

CLAIMING = 0x4D415322
"""Counting what runs over all runs, and starting more of it."""

CLEARING = 0x4D415323
"""Removing rows that are over, in whatever order."""

AUDITING = 0x4D415324
"""Numbering the rows of the audit log; taken last of all."""


def take_turn_at(conn: Connection, topic: int) -> None:
    """Wait until no other transaction is about this topic; the turn ends with the transaction.

    On SQLite, where one transaction at a time writes, there is nothing to wait for. Topics are
    taken after the row of the run, never before it.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"topic": topic})
