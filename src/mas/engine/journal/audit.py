"""The audit log in the transactions that it tells of (U3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection

from mas.adapters.stores import audit
from mas.core.audit import AuditNote

P = ParamSpec("P")
T = TypeVar("T")

NoteOf: TypeAlias = Callable[[T], Iterable[AuditNote]]
"""What is written down about an outcome."""


def nothing(_: object) -> tuple[AuditNote, ...]:
    """Nothing is written down: what no person has done."""
    return ()


def audited(
    conn: Connection,
    inner: Callable[Concatenate[Connection, P], T],
    notes_of: NoteOf[T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Do something and write down who has done it, both or neither. What has come of it says what
    is written."""
    outcome = inner(conn, *args, **kwargs)
    for note in notes_of(outcome):
        audit.add(conn, note)
    return outcome


def add(conn: Connection, note: AuditNote) -> int:
    """Write down what leaves no other trace in the journal."""
    return audit.add(conn, note)
