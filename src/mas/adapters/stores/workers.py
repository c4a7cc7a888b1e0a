"""Statements about workers: the processes that own running tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import now, now_us, to_us

_worker = schema.worker.c
_task = schema.task.c

_RENEW = (
    update(schema.worker)
    .where(_worker.id == bindparam("worker_id"))
    .values(lease_until=bindparam("until"))
)
_INSERT = insert(schema.worker)
_LOAD = select(schema.worker).where(_worker.id == bindparam("worker_id"))
# A worker that owns something is kept, whatever its lease says: its tasks are not taken up yet.
_OWNS = select(_task.owner).where(_task.owner == _worker.id).exists()
_REMOVE = delete(schema.worker).where(_worker.id == bindparam("worker_id"), ~_OWNS)
_FORGET = delete(schema.worker).where(_worker.lease_until < bindparam("at"), ~_OWNS)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A process that does tasks.

    `machine` names the machine since its last start together with the process name space: two
    workers with the same one can look at each other's processes. `process_started` tells apart
    two processes that had the same `pid` after each other.
    """

    id: str
    machine: str
    pid: int
    process_started: str


@dataclass(frozen=True, kw_only=True)
class Leased:
    """A worker, and whether its lease is over by the database's clock."""

    worker: Worker
    expired: bool


def renew(conn: Connection, worker: Worker, *, lease: timedelta) -> None:
    """Say that a worker lives, for as long as `lease`; its first call makes it known."""
    until = to_us(now(conn) + lease)
    if conn.execute(_RENEW, {"worker_id": worker.id, "until": until}).rowcount == 0:
        conn.execute(_FORGET, {"at": now_us(conn)})
        conn.execute(
            _INSERT,
            {
                "id": worker.id,
                "machine": worker.machine,
                "pid": worker.pid,
                "process_started": worker.process_started,
                "lease_until": until,
            },
        )


def load(conn: Connection, worker_id: str) -> Leased | None:
    """A worker by its id; None when it is not known."""
    row = conn.execute(_LOAD, {"worker_id": worker_id}).first()
    if row is None:
        return None
    return to_leased(row, now_us(conn))


def to_leased(row: Row[*tuple[Any, ...]], at: int) -> Leased:
    """The worker of a row that holds all of its columns, at a moment."""
    known = Worker(id=row.id, machine=row.machine, pid=row.pid, process_started=row.process_started)
    return Leased(worker=known, expired=row.lease_until < at)


def remove(conn: Connection, worker_id: str) -> None:
    """Forget a worker that has ended in order; one that still owns tasks is kept."""
    conn.execute(_REMOVE, {"worker_id": worker_id})
