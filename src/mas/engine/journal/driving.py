"""Transactions of who drives a run: begin, and leave."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from mas.adapters.stores import drivers, workers
from mas.adapters.stores.workers import Worker


def begin_driving(conn: Connection, run_id: str, worker: Worker, *, lease: timedelta) -> None:
    """Take a lease, and note that its worker carries the run on."""
    workers.renew(conn, worker, lease=lease)
    drivers.forget_unknown(conn)
    drivers.begin(conn, run_id, worker.id)


def keep_driving(conn: Connection, run_id: str, worker: Worker, *, lease: timedelta) -> None:
    """Renew the lease, and note again that its worker carries the run on: of one that was held up
    for too long, others have forgotten it."""
    workers.renew(conn, worker, lease=lease)
    drivers.begin(conn, run_id, worker.id)


def leave(conn: Connection, worker: Worker) -> None:
    """A worker ends in order: it drives nothing any more."""
    drivers.end_all(conn, worker.id)
    workers.remove(conn, worker.id)
