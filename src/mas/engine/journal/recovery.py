"""Recovery: what becomes of tasks whose worker is gone, and of those that can never start."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias

from sqlalchemy import Connection

from mas.adapters.stores import approvals, events, graph, records, tasks, workers
from mas.adapters.stores.tasks import Running
from mas.adapters.stores.workers import Worker
from mas.core.events import TaskFailed, TaskReturned, TaskSkipped
from mas.core.failure import Failure
from mas.core.plan import dependents_of, doomed_by
from mas.core.retry import RetryPolicy
from mas.core.run import TaskState

IsDead: TypeAlias = Callable[[Worker], bool]
"""Whether a worker's process is known not to exist any more."""

Held: TypeAlias = tuple[str, int]
"""A task and the number of the attempt at it."""


def take_up(
    conn: Connection,
    run_id: str,
    *,
    is_dead: IsDead,
    retry: RetryPolicy | None = None,
    me: str | None = None,
    holding: Collection[Held] = (),
) -> None:
    """Make tasks ready again whose worker is gone, or which this worker `me` does not hold.

    A worker is gone when its process is known to be dead or its lease is over. A task whose
    process died too often without getting any further fails, by `retry`; None never lets it.
    """
    gone: dict[str, bool] = {}
    for task in tasks.running(conn, run_id):
        if task.owner == me:
            # Left behind by an attempt that could not write its end: nobody died of it.
            if (task.id, task.attempt) not in holding:
                _return(conn, run_id, task, reason="shutdown", crashes=task.crashes)
            continue
        if task.owner not in gone:
            known = workers.load(conn, task.owner)
            gone[task.owner] = known is None or known.expired or is_dead(known.worker)
        if gone[task.owner]:
            _bury(conn, run_id, task, retry=retry)


def return_own(conn: Connection, run_id: str, *, worker_id: str) -> None:
    """Put back every task of a run that a worker owns, because it stops."""
    own = [task for task in tasks.running(conn, run_id) if task.owner == worker_id]
    for task in own:
        _return(conn, run_id, task, reason="shutdown", crashes=task.crashes)


def skip_dependents(conn: Connection, run_id: str, dead: str) -> None:
    """Skip every task that can never start now that `dead` has ended without success."""
    dependents = dependents_of(iter(graph.edges(conn, run_id)))
    if dead not in dependents:
        return
    states = tasks.states(conn, run_id)
    doomed = [
        (name, cause)
        for name, cause in doomed_by(dead, dependents)
        if states[name] is TaskState.WAITING
    ]
    if doomed:
        events.append(
            conn, run_id, *(TaskSkipped(task=name, cause=cause) for name, cause in doomed)
        )
        tasks.end(
            conn,
            run_id,
            [(name, _skipped(cause)) for name, cause in doomed],
            state=TaskState.SKIPPED,
        )


def _return(conn: Connection, run_id: str, task: Running, *, reason: str, crashes: int) -> None:
    events.append(conn, run_id, TaskReturned(task=task.id, attempt=task.attempt, reason=reason))
    tasks.give_back(conn, run_id, task.id, crashes=crashes)


def _bury(conn: Connection, run_id: str, task: Running, *, retry: RetryPolicy | None) -> None:
    further = records.any_of_attempt(conn, run_id, task.id, attempt=task.attempt)
    crashes = 1 if further else task.crashes + 1
    if retry is None or crashes < retry.max_crashes:
        _return(conn, run_id, task, reason="lost", crashes=crashes)
        return
    failure = Failure(
        kind="permanent",
        code="lost_too_often",
        message=f"The process that worked on task {task.id} died {crashes} times in a row "
        "at the same place.",
        hint="Look for what ends it, such as the memory limit of the machine or container.",
    )
    events.append(conn, run_id, TaskFailed(task=task.id, attempt=task.attempt, failure=failure))
    tasks.end(conn, run_id, [(task.id, failure)], state=TaskState.FAILED)
    approvals.withdraw(conn, run_id, task.id)
    skip_dependents(conn, run_id, task.id)


def _skipped(cause: str) -> Failure:
    return Failure(
        kind="permanent",
        code="skipped",
        message=f"Not started, because task {cause} did not succeed.",
    )
