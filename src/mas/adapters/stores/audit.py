"""Statements about the audit log: rows are added and read, nothing else (U3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import from_us, now_us
from mas.adapters.stores.turns import AUDITING, take_turn_at
from mas.core.audit import AuditEntry, AuditNote

_audit = schema.audit.c

_INSERT = insert(schema.audit)
_LAST = select(func.max(_audit.number))
_NEWEST = select(schema.audit).order_by(_audit.number.desc()).limit(bindparam("most"))
_BEFORE = _audit.number < bindparam("before")
_RUN = _audit.run == bindparam("run_id")


def add(conn: Connection, note: AuditNote) -> int:
    """Add a row and return its number. The last thing that a transaction does: from here on no
    other one can add a row until it has ended."""
    take_turn_at(conn, AUDITING)
    number = int(conn.execute(_LAST).scalar() or 0) + 1
    conn.execute(
        _INSERT,
        {
            "number": number,
            "at": now_us(conn),
            "actor": note.actor,
            "role": note.role,
            "origin": note.origin,
            "action": note.action,
            "run": note.run_id,
            "subject": note.subject,
            "detail": note.detail,
        },
    )
    return number


def newest(
    conn: Connection, *, limit: int, before: int | None = None, run_id: str | None = None
) -> tuple[AuditEntry, ...]:
    """Rows, newest first: those before a number, and of one run, where that is given."""
    wanted = _NEWEST
    if before is not None:
        wanted = wanted.where(_BEFORE)
    if run_id is not None:
        wanted = wanted.where(_RUN)
    params: dict[str, object] = {"most": limit, "before": before, "run_id": run_id}
    known = {name: value for name, value in params.items() if value is not None}
    return tuple(_to_entry(row) for row in conn.execute(wanted, known))


def _to_entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry(
        number=row.number,
        at=from_us(row.at),
        actor=row.actor,
        role=row.role,
        origin=row.origin,
        action=row.action,
        run_id=row.run,
        subject=row.subject,
        detail=row.detail,
    )
