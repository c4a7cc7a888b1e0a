"""Statements about drivers: which workers carry which runs on."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, select, text

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import now_us
from mas.adapters.stores.workers import Leased, to_leased

_driver = schema.driver.c
_run = schema.run.c
_task = schema.task.c
_worker = schema.worker.c

_BEGIN = text("insert into driver (run, worker) values (:run, :worker) on conflict do nothing")
_END = delete(schema.driver).where(
    _driver.run == bindparam("run_id"), _driver.worker == bindparam("worker_id")
)
_END_ALL = delete(schema.driver).where(_driver.worker == bindparam("worker_id"))
_FORGET = delete(schema.driver).where(_driver.worker.not_in(select(_worker.id)))
_DRIVES = select(_driver.run, schema.worker).join(schema.worker, _worker.id == _driver.worker)
# Who owns a task of a run is at it, whatever else is known.
_OWNS = (
    select(_task.run, schema.worker)
    .join(schema.worker, _worker.id == _task.owner)
    .where(_task.owner.is_not(None))
)


def begin(conn: Connection, run_id: str, worker_id: str) -> None:
    """Note that a worker carries a run on, from now on."""
    conn.execute(_BEGIN, {"run": run_id, "worker": worker_id})


def end(conn: Connection, run_id: str, worker_id: str) -> None:
    """The worker carries the run on no longer."""
    conn.execute(_END, {"run_id": run_id, "worker_id": worker_id})


def end_all(conn: Connection, worker_id: str) -> None:
    """The worker carries nothing on any more."""
    conn.execute(_END_ALL, {"worker_id": worker_id})


def forget_unknown(conn: Connection) -> None:
    """Remove what workers have left that are forgotten themselves."""
    conn.execute(_FORGET)


def at_work(conn: Connection) -> tuple[tuple[str, Leased], ...]:
    """(run, worker) of all who carry a run on or own one of its tasks, dead ones among them."""
    at = now_us(conn)
    return tuple(
        (row.run, to_leased(row, at)) for wanted in (_DRIVES, _OWNS) for row in conn.execute(wanted)
    )
