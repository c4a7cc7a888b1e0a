"""Transactions of one attempt at a task. Each is refused once the attempt lost the task."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from mas.adapters.stores import approvals, budgets, events, graph, records, runs, tasks
from mas.adapters.stores.records import NewRecord
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.transaction import now
from mas.core.budget import NO_BUDGET, Budget
from mas.core.errors import BudgetReached
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
from mas.core.plan import BadPlan, TaskSpec
from mas.core.run import TaskState
from mas.core.usage import NOTHING, Usage
from mas.engine.journal.fencing import Superseded, check
from mas.engine.journal.recovery import skip_dependents
from mas.engine.journal.waiting import extend, restate_after_work


def reserve(
    conn: Connection, fence: Fence, key: str, most: Usage, *, own: Budget
) -> BudgetReached | None:
    """Promise a call what it may use at most, out of the run's budget and the task's `own`.

    Returns why it may not be made, and promises nothing then. The run's row is locked: two calls
    never promise the same amount, whichever processes they are in.
    """
    runs.locked_head(conn, fence.run_id)
    check(conn, fence)
    budgets.give_up(conn, fence, key)
    try:
        budgets.of_run(conn, fence.run_id).reserve(most)
        if own != NO_BUDGET:
            budgets.of_task(conn, fence, own).reserve(most)
    except BudgetReached as reached:
        return reached
    budgets.promise(conn, fence, key, most)
    return None


def give_up_reservation(conn: Connection, fence: Fence, key: str) -> None:
    """The call has failed and has used nothing that is known."""
    budgets.give_up(conn, fence, key)


def record(conn: Connection, fence: Fence, new: NewRecord, *, reserved: bool = False) -> None:
    """Store a finished step and its event; with `reserved`, its promise is settled."""
    number = _record_event(conn, fence, new)
    check(conn, fence)
    if reserved:
        budgets.give_up(conn, fence, new.key)
    records.add(conn, fence.run_id, fence.task_id, new, attempt=fence.attempt, event=number)
    if new.usage != NOTHING:
        runs.add_usage(conn, fence.run_id, new.usage)


def intend(
    conn: Connection, fence: Fence, key: str, *, idempotency_key: str, intent: bytes, summary: str
) -> bool:
    """Enter an action that is about to be done; True when an earlier attempt had entered it."""
    runs.locked_head(conn, fence.run_id)
    check(conn, fence)
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


def report(
    conn: Connection,
    fence: Fence,
    *,
    result: bytes,
    summary: str,
    failure: Failure | None = None,
    more: Sequence[TaskSpec] = (),
    roles: Collection[str] = (),
) -> BadPlan | None:
    """End the task with its result; tasks that waited only for it are ready.

    With a `failure` the task counts as failed, and its dependents go on all the same. `more` is
    added to the plan. Returns what is wrong with it, and nothing has happened then.
    """
    if more:
        # Locked before it is read: two tasks that extend the plan at once would lose one's part.
        runs.locked_head(conn, fence.run_id)
        check(conn, fence)
        plan = runs.plan_of(conn, fence.run_id)
        assert plan is not None  # noqa: S101 - a task runs only in a planned run
        problem = extend(conn, fence.run_id, plan, more, by=fence.task_id, roles=roles)
        if problem is not None:
            return problem
    name, attempt = fence.task_id, fence.attempt
    events.append(
        conn,
        fence.run_id,
        TaskSucceeded(task=name, attempt=attempt, summary=summary)
        if failure is None
        else TaskFailed(task=name, attempt=attempt, failure=failure, reported=True),
    )
    if not tasks.report(conn, fence, result=result, summary=summary, failure=failure):
        raise Superseded(fence.task_id)
    # An earlier attempt may have died over a question that this one did not have to ask.
    approvals.withdraw(conn, fence.run_id, fence.task_id)
    graph.meet(conn, fence.run_id, fence.task_id)
    restate_after_work(conn, fence.run_id)
    return None


def fail(
    conn: Connection,
    fence: Fence,
    failure: Failure,
    *,
    delay: Callable[[int], timedelta | None],
    left: bytes | None = None,
) -> timedelta | None:
    """End the attempt with a failure; returns the delay of the next one, None when there is none.
    Then `left` stands as its result.

    `delay` says, for the number of failures so far, how long to wait; None gives the task up.
    """
    run_id, task_id = fence.run_id, fence.task_id
    runs.locked_head(conn, run_id)
    check(conn, fence)
    wait = delay(tasks.failures(conn, run_id, task_id) + 1)
    if wait is None:
        events.append(
            conn, run_id, TaskFailed(task=task_id, attempt=fence.attempt, failure=failure)
        )
        tasks.end(conn, run_id, [(task_id, failure)], state=TaskState.FAILED)
        tasks.keep(conn, run_id, task_id, left)
        approvals.withdraw(conn, run_id, task_id)
        skip_dependents(conn, run_id, task_id)
        restate_after_work(conn, run_id)
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
    check(conn, fence)
    tasks.give_back(conn, fence.run_id, fence.task_id)


def stop(conn: Connection, fence: Fence, *, left: bytes | None = None) -> None:
    """End the task because a person has cancelled the run; `left` stands as its result."""
    events.append(conn, fence.run_id, TaskCancelled(task=fence.task_id))
    check(conn, fence)
    tasks.end(conn, fence.run_id, [(fence.task_id, None)], state=TaskState.CANCELLED)
    approvals.withdraw(conn, fence.run_id, fence.task_id)
    tasks.keep(conn, fence.run_id, fence.task_id, left)


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
