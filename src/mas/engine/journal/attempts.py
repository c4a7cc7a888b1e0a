"""Transactions of one attempt at a task. Each is refused once the attempt lost the task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection

from mas.adapters.stores import events, records, runs, tasks
from mas.adapters.stores.records import NewRecord
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.transaction import now
from mas.core.events import (
    EffectIntended,
    TaskCancelled,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSucceeded,
)
from mas.core.failure import Failure
from mas.core.run import TaskState
from mas.core.usage import NOTHING
from mas.engine.journal.recovery import skip_dependents


class Superseded(Exception):
    """The attempt does not own its task any more: its process was taken for dead."""


def record(conn: Connection, fence: Fence, new: NewRecord) -> None:
    """Store a finished step and its event."""
    number = _record_event(conn, fence, new)
    _check(conn, fence)
    records.add(conn, fence.run_id, fence.task_id, new, attempt=fence.attempt, event=number)
    if new.usage != NOTHING:
        runs.add_usage(conn, fence.run_id, new.usage)


def intend(
    conn: Connection, fence: Fence, key: str, *, idempotency_key: str, intent: bytes, summary: str
) -> bool:
    """Enter an action that is about to be done; True when an earlier attempt had entered it."""
    runs.locked_head(conn, fence.run_id)
    _check(conn, fence)
    if records.intended(conn, fence.run_id, fence.task_id, key):
        return True
    events.append(
        conn,
        fence.run_id,
        EffectIntended(task=fence.task_id, attempt=fence.attempt, key=key, summary=summary),
    )
    records.intend(
        conn,
        fence.run_id,
        fence.task_id,
        key,
        idempotency_key=idempotency_key,
        intent=intent,
        attempt=fence.attempt,
    )
    return False


def settle(conn: Connection, fence: Fence, new: NewRecord) -> None:
    """Store the outcome of an intended action as a record."""
    record(conn, fence, new)
    records.settle(conn, fence.run_id, fence.task_id, new.key)


def succeed(conn: Connection, fence: Fence, *, result: bytes, summary: str) -> None:
    """End the task with its result; tasks that waited only for it are ready."""
    events.append(
        conn,
        fence.run_id,
        TaskSucceeded(task=fence.task_id, attempt=fence.attempt, summary=summary),
    )
    if not tasks.succeed(conn, fence, result=result, summary=summary):
        raise Superseded(fence.task_id)
    tasks.meet(conn, fence.run_id, fence.task_id)


def fail(
    conn: Connection,
    fence: Fence,
    failure: Failure,
    *,
    delay: Callable[[int], timedelta | None],
) -> timedelta | None:
    """End the attempt with a failure; returns the delay of the next one, None when there is none.

    `delay` says, for the number of failures so far, how long to wait; None gives the task up.
    """
    run_id, task_id = fence.run_id, fence.task_id
    runs.locked_head(conn, run_id)
    _check(conn, fence)
    wait = delay(tasks.failures(conn, run_id, task_id) + 1)
    if wait is None:
        events.append(
            conn, run_id, TaskFailed(task=task_id, attempt=fence.attempt, failure=failure)
        )
        tasks.end(conn, run_id, [(task_id, failure)], state=TaskState.FAILED)
        skip_dependents(conn, run_id, task_id)
        return None
    events.append(
        conn,
        run_id,
        TaskRetrying(
            task=task_id,
            attempt=fence.attempt,
            failure=failure,
            delay_seconds=wait.total_seconds(),
        ),
    )
    tasks.give_back(conn, run_id, task_id, crashes=0, failure=failure, not_before=now(conn) + wait)
    return wait


def release(conn: Connection, fence: Fence) -> None:
    """Put the task back: its process is asked to stop, and nothing is held against the task."""
    events.append(
        conn,
        fence.run_id,
        TaskReturned(task=fence.task_id, attempt=fence.attempt, reason="shutdown"),
    )
    _check(conn, fence)
    tasks.give_back(conn, fence.run_id, fence.task_id)


def stop(conn: Connection, fence: Fence) -> None:
    """End the task because a person has cancelled the run."""
    events.append(conn, fence.run_id, TaskCancelled(task=fence.task_id))
    _check(conn, fence)
    tasks.end(conn, fence.run_id, [(fence.task_id, None)], state=TaskState.CANCELLED)


def _record_event(conn: Connection, fence: Fence, new: NewRecord) -> int:
    body = TaskRecorded(
        task=fence.task_id,
        attempt=fence.attempt,
        key=new.key,
        kind=new.kind,
        summary=new.summary,
        size_bytes=len(new.value),
        seconds=round(new.took.total_seconds(), 6),
    )
    return events.append(conn, fence.run_id, body)


def _check(conn: Connection, fence: Fence) -> None:
    if not tasks.owned(conn, fence):
        raise Superseded(fence.task_id)
