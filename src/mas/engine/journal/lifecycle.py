"""Transactions over a whole run: accept, plan, cancel, finish."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from mas.adapters.stores import approvals, events, graph, idempotency, lessons, runs, tasks
from mas.adapters.stores.transaction import now
from mas.core.errors import UserError
from mas.core.events import (
    RunCancelRequested,
    RunFinished,
    RunPlanned,
    RunPlanning,
    RunQueued,
    TaskCancelled,
    TaskFailed,
    planned_tasks,
)
from mas.core.failure import Failure, FailureKind
from mas.core.ids import run_id as make_run_id
from mas.core.plan import Plan
from mas.core.run import Run, RunRequest, RunResult, RunStatus, StopReason, TaskState
from mas.engine.journal.messages import deliver_earlier
from mas.engine.journal.recovery import IsDead, skip_dependents, take_up
from mas.engine.journal.waiting import restate

_BEFORE_TASKS = (RunStatus.QUEUED, RunStatus.PLANNING)
_STOP_REASONS: dict[FailureKind, StopReason] = {
    "budget": "budget",
    "refused": "rejected",
    "blocked": "blocked",
}


_IDLE = (TaskState.WAITING, TaskState.READY, TaskState.AWAITING)


def get(conn: Connection, run_id: str) -> Run:
    """The run with all that belongs to it.

    Raises:
        UserError: There is no such run.
    """
    run = runs.load(conn, run_id)
    if run is None:
        raise unknown_run(run_id)
    return run


def head(conn: Connection, run_id: str) -> runs.Head:
    """Where a run stands.

    Raises:
        UserError: There is no such run.
    """
    found = runs.head(conn, run_id)
    if found is None:
        raise unknown_run(run_id)
    return found


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The run of a request. `made` False: it was made before, for the same key."""

    run: Run
    made: bool = True


def accept(
    conn: Connection,
    request: RunRequest,
    *,
    token: Callable[[], str],
    key: idempotency.Key | None = None,
) -> Accepted:
    """Store a request as a new run; `token` gives eight hex digits of chance. With a `key` that
    was used before nothing is stored, and the run of then is returned.

    Raises:
        UserError: The key was used for another request (`idempotency_conflict`).
    """
    created_at = now(conn)
    run_id = make_run_id(created_at, token())
    while runs.exists(conn, run_id):
        run_id = make_run_id(created_at, token())
    if (before := claim_key(conn, key, run_id)) is not None:
        return Accepted(run=before, made=False)
    runs.add(conn, run_id, request, created_at=created_at)
    events.append(conn, run_id, RunQueued(team=request.team, language=request.language))
    return Accepted(run=get(conn, run_id))


def claim_key(conn: Connection, key: idempotency.Key | None, run_id: str) -> Run | None:
    """Enter a key, if there is one, for a run that is about to be made; returns the run that was
    made for it before.

    Raises:
        UserError: It was made for another request (`idempotency_conflict`).
    """
    if key is None:
        return None
    used = idempotency.claim(conn, key, run_id)
    if used is not None:
        return _of_key(conn, key, used)
    idempotency.forget_old(conn)
    return None


def accepted_before(conn: Connection, key: idempotency.Key) -> Run | None:
    """The run that was made for a key; None: there is none.

    Raises:
        UserError: It was made for another request (`idempotency_conflict`).
    """
    used = idempotency.find(conn, key.key_hash)
    return None if used is None else _of_key(conn, key, used)


def _of_key(conn: Connection, key: idempotency.Key, used: idempotency.Used) -> Run:
    if used.request_digest != key.request_digest:
        raise UserError(
            "This idempotency key was used for another request.",
            hint="Give each request a key of its own, and send a key again only with the same one.",
            code="idempotency_conflict",
        )
    return get(conn, used.run_id)


def begin_planning(conn: Connection, run_id: str) -> Run:
    """Move a queued run to planning; a run that is further stays as it is."""
    if _locked(conn, run_id).status is RunStatus.QUEUED:
        events.append(conn, run_id, RunPlanning())
        runs.start_planning(conn, run_id)
    return get(conn, run_id)


def adopt_plan(conn: Connection, run_id: str, plan: Plan) -> Run:
    """Give a run its checked plan. Where another process was quicker, its plan stands."""
    if _locked(conn, run_id).status is RunStatus.PLANNING:
        planned = planned_tasks(plan.tasks)
        events.append(conn, run_id, RunPlanned(tasks=planned, reason=plan.reason))
        runs.adopt_plan(conn, run_id, plan)
        graph.add_plan(conn, run_id, plan)
        deliver_earlier(conn, run_id, plan.tasks)
    return get(conn, run_id)


def fail_planning(conn: Connection, run_id: str, failure: Failure) -> Run:
    """End a run that has no plan; one that has got a plan meanwhile goes on."""
    if _locked(conn, run_id).status in _BEFORE_TASKS:
        _finish(conn, run_id, status=RunStatus.FAILED, failure=failure, partial=False)
    return get(conn, run_id)


def finish(conn: Connection, run_id: str, answer: RunResult | None, failure: Failure | None) -> Run:
    """End a run whose tasks have all ended, with the team's answer; `failure` is the team's own.

    One that a person wants to stop ends as cancelled, with what there is of an answer. Does
    nothing when the run has ended already, or has got something to do again.
    """
    current = _locked(conn, run_id)
    if not current.status.under_way or tasks.count_open(conn, run_id):
        return get(conn, run_id)
    ended = tasks.of_run(conn, run_id)
    done = [task for task in ended if task.state is TaskState.SUCCEEDED]
    if current.cancelling:
        _finish(
            conn,
            run_id,
            status=RunStatus.CANCELLED,
            failure=None,
            partial=bool(done),
            answer=answer,
        )
        return get(conn, run_id)
    whole = len(done) == len(ended)
    succeeded = whole
    if answer is not None and answer.succeeded is not None:
        succeeded = answer.succeeded
    if failure is None and answer is not None:
        failure = answer.failure
    if failure is None:
        failures = [task.failure for task in ended if task.state is TaskState.FAILED]
        failure = _most_telling(failure for failure in failures if failure is not None)
    else:
        succeeded = False
    if answer is not None:
        _learn(conn, answer, succeeded=succeeded)
    _finish(
        conn,
        run_id,
        status=RunStatus.SUCCEEDED if succeeded else RunStatus.FAILED,
        failure=failure,
        partial=bool(done) and not whole,
        answer=answer,
    )
    return get(conn, run_id)


def _most_telling(failures: Iterable[Failure]) -> Failure | None:
    """The failure that stands for a run: what stopped it as a whole before what failed alone."""
    order = {"budget": 0, "refused": 1}
    return min(failures, key=lambda failure: order.get(failure.kind, 2), default=None)


def _learn(conn: Connection, answer: RunResult, *, succeeded: bool) -> None:
    """Count the lessons that the run was offered, and keep what it has taught."""
    if answer.lessons_used:
        lessons.count_lessons(conn, answer.lessons_used, succeeded=succeeded)
    if succeeded and answer.lessons:
        lessons.add_lessons(conn, answer.lessons)


def request_cancel(conn: Connection, run_id: str, *, is_dead: IsDead) -> Run:
    """Note a person's wish to stop, and end every task that nobody works on.

    A run that has no tasks yet ends at once; any other is for `finish`, once its last task has
    ended. A run that has ended stays as it is.
    """
    current = _locked(conn, run_id)
    if current.status.ended:
        return get(conn, run_id)
    if not current.cancelling:
        events.append(conn, run_id, RunCancelRequested())
        runs.request_cancel(conn, run_id)
    take_up(conn, run_id, is_dead=is_dead)
    settle_cancel(conn, run_id)
    if not current.status.under_way:
        _finish(conn, run_id, status=RunStatus.CANCELLED, failure=None, partial=False)
    return get(conn, run_id)


def settle_cancel(conn: Connection, run_id: str) -> None:
    """Take what nobody works on out of the queue, with all that it has asked a person for."""
    states = tasks.states(conn, run_id)
    idle = [name for name, state in states.items() if state in _IDLE]
    if not idle:
        return
    events.append(conn, run_id, *(TaskCancelled(task=name) for name in idle))
    tasks.end(conn, run_id, [(name, None) for name in idle], state=TaskState.CANCELLED)
    for name in idle:
        # Also of a task that is ready: its process may have died between asking and waiting.
        approvals.withdraw(conn, run_id, name)
    restate(conn, run_id)


def out_of_time(conn: Connection, run_id: str, failure: Failure) -> None:
    """End every task that nobody works on, because the run's time is used up."""
    states = tasks.states(conn, run_id)
    idle = [name for name in states if states[name] in (TaskState.READY, TaskState.AWAITING)]
    for name in idle:
        events.append(conn, run_id, TaskFailed(task=name, attempt=0, failure=failure))
        tasks.end(conn, run_id, [(name, failure)], state=TaskState.FAILED)
        approvals.withdraw(conn, run_id, name)
        skip_dependents(conn, run_id, name)


def revive(conn: Connection, run_id: str) -> Run:
    """A person goes on with a run: processes that died before do not count any more."""
    if not _locked(conn, run_id).status.ended:
        tasks.give_new_lives(conn, run_id)
    return get(conn, run_id)


def unknown_run(run_id: str) -> UserError:
    """The error for an id that no run has."""
    return UserError(f"There is no run {run_id!r}.", hint="See: mas runs list", code="unknown_run")


def _locked(conn: Connection, run_id: str) -> runs.Head:
    head = runs.locked_head(conn, run_id)
    if head is None:
        raise unknown_run(run_id)
    return head


def _finish(
    conn: Connection,
    run_id: str,
    *,
    status: RunStatus,
    failure: Failure | None,
    partial: bool,
    answer: RunResult | None = None,
) -> None:
    reason: StopReason = "done"
    if status is RunStatus.CANCELLED:
        reason = "cancelled"
    elif status is RunStatus.FAILED:
        reason = "error" if failure is None else _STOP_REASONS.get(failure.kind, "error")
    events.append(
        conn,
        run_id,
        RunFinished(status=status, stop_reason=reason, partial=partial, failure=failure),
    )
    runs.finish(
        conn,
        run_id,
        status=status,
        stop_reason=reason,
        partial=partial,
        failure=failure,
        result=None if answer is None else answer.result,
        report=None if answer is None else answer.report,
    )
