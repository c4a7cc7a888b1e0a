"""Transactions of tasks that wait: for a person's answer, or for tasks they have asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from mas.adapters.stores import approvals, events, graph, runs, tasks
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.transaction import now
from mas.core.approvals import Approval, ApprovalState
from mas.core.calls import StoredCall
from mas.core.errors import UserError
from mas.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    PlanExtended,
    TaskAwaiting,
    TaskDelegated,
    TaskReturned,
    planned_tasks,
)
from mas.core.fold import status_of
from mas.core.plan import BadPlan, Plan, TaskSpec, check_plan
from mas.core.run import TaskState
from mas.core.values import JsonValue
from mas.engine.journal import messages
from mas.engine.journal.fencing import Superseded, check
from mas.engine.journal.recovery import skip_dependents


def ask(conn: Connection, fence: Fence, key: str, call: StoredCall) -> Approval:
    """Store a call that needs a person, or find what has become of it."""
    runs.locked_head(conn, fence.run_id)
    check(conn, fence)
    found = approvals.of_step(conn, fence.run_id, fence.task_id, key)
    if found is not None:
        return found
    approval = approvals.add(conn, fence.run_id, fence.task_id, key, call)
    events.append(
        conn,
        fence.run_id,
        ApprovalRequested(
            task=fence.task_id,
            approval=approval.id,
            tool=call.call.tool,
            target=call.target,
            risk=call.risk,
            effect=call.effect,
            reason=call.reason,
        ),
    )
    return approval


def hold(conn: Connection, fence: Fence) -> None:
    """Let the task wait for its person without a worker; when the answer has just come, let it
    start again at once."""
    runs.locked_head(conn, fence.run_id)
    if approvals.waits(conn, fence.run_id, fence.task_id):
        body: TaskAwaiting | TaskReturned = TaskAwaiting(task=fence.task_id, attempt=fence.attempt)
        state = TaskState.AWAITING
    else:
        body = TaskReturned(task=fence.task_id, attempt=fence.attempt, reason="answered")
        state = TaskState.READY
    events.append(conn, fence.run_id, body)
    if not tasks.hold(conn, fence, state=state):
        raise Superseded(fence.task_id)
    restate(conn, fence.run_id)


def decide(
    conn: Connection, run_id: str, approval_id: str, *, approved: bool, comment: str
) -> Approval:
    """Store a person's answer and let the task go on.

    Raises:
        UserError: There is no such approval (`unknown_approval`), it is answered or withdrawn
            already, or its run has ended or is being cancelled (`approval_closed`).
    """
    head = runs.locked_head(conn, run_id)
    found = approvals.load(conn, run_id, approval_id)
    if found is None:
        raise UserError(
            f"Run {run_id} has no approval {approval_id!r}.",
            hint=f"See what waits: mas runs show {run_id}",
            code="unknown_approval",
        )
    if found.state == "waiting" and head is not None and (head.status.ended or head.cancelling):
        raise UserError(
            f"Run {run_id} {'has ended' if head.status.ended else 'is being cancelled'}, "
            f"and nothing comes of approval {approval_id} any more.",
            hint=f"See how it stands: mas runs show {run_id}",
            code="approval_closed",
        )
    state: ApprovalState = "approved" if approved else "rejected"
    if not approvals.decide(conn, run_id, approval_id, state=state, comment=comment):
        raise UserError(
            f"Approval {approval_id} of run {run_id} is {found.state} already.",
            hint=f"See what waits: mas runs show {run_id}",
            code="approval_closed",
        )
    events.append(
        conn,
        run_id,
        ApprovalDecided(task=found.task, approval=approval_id, approved=approved, comment=comment),
    )
    if not approvals.waits(conn, run_id, found.task):
        tasks.let_go(conn, run_id, found.task)
    restate(conn, run_id)
    return replace(found, state=state, comment=comment, decided_at=now(conn))


def delegate(
    conn: Connection, fence: Fence, specs: Sequence[TaskSpec], *, roles: Collection[str]
) -> tuple[BadPlan | None, Mapping[str, JsonValue] | None]:
    """Add tasks that this one needs, once, and give their results as soon as they are there.

    Returns what is wrong with the tasks, and the results; neither while they are worked on: then
    the task waits and the attempt is over.
    """
    runs.locked_head(conn, fence.run_id)
    check(conn, fence)
    names = [spec.id for spec in specs]
    known = tasks.states(conn, fence.run_id)
    if tasks.met(conn, fence.run_id).issuperset(names):
        given = graph.inputs(conn, fence.run_id, fence.task_id)
        return None, {name: given[name] for name in names}
    new = [spec for spec in specs if spec.id not in known]
    plan = runs.plan_of(conn, fence.run_id)
    assert plan is not None  # noqa: S101 - a task runs only in a planned run
    own = next(spec for spec in plan.tasks if spec.id == fence.task_id)
    added = tuple(name for name in names if name not in own.depends_on)
    own = msgspec.structs.replace(own, depends_on=(*own.depends_on, *added))
    changed = tuple(own if spec.id == own.id else spec for spec in plan.tasks)
    problem = extend(
        conn,
        fence.run_id,
        Plan(tasks=changed, reason=plan.reason),
        new,
        by=fence.task_id,
        roles=roles,
    )
    if problem is not None:
        return problem, None
    if added:
        graph.add_needs(conn, fence.run_id, own, added)
    events.append(
        conn,
        fence.run_id,
        TaskDelegated(task=fence.task_id, attempt=fence.attempt, needs=added),
    )
    states = tasks.states(conn, fence.run_id)
    met = tasks.met(conn, fence.run_id)
    unmet = sum(name not in met for name in own.depends_on)
    if not tasks.hold(conn, fence, state=TaskState.WAITING, unmet=unmet):
        raise Superseded(fence.task_id)
    _skip_behind_dead(conn, fence.run_id, own.depends_on, states)
    restate(conn, fence.run_id)
    return None, None


def extend(
    conn: Connection,
    run_id: str,
    plan: Plan,
    new: Sequence[TaskSpec],
    *,
    by: str,
    roles: Collection[str],
) -> BadPlan | None:
    """Add tasks to a plan that goes on; returns what is wrong with them, and adds none then."""
    longer = msgspec.structs.replace(plan, tasks=(*plan.tasks, *new))
    try:
        check_plan(longer, roles=roles)
    except BadPlan as problem:
        return problem
    runs.change_plan(conn, run_id, longer)
    if new:
        events.append(conn, run_id, PlanExtended(by=by, tasks=planned_tasks(new)))
        graph.extend(conn, run_id, new)
        messages.deliver_earlier(conn, run_id, new)
        states = tasks.states(conn, run_id)
        _skip_behind_dead(conn, run_id, {need for spec in new for need in spec.depends_on}, states)
    return None


def restate(conn: Connection, run_id: str) -> None:
    """Let a run that goes on say whether all it can do is wait for a person."""
    head = runs.head(conn, run_id)
    if head is None or not head.status.under_way:
        return
    status = status_of(tasks.states(conn, run_id).values())
    if status is not head.status:
        runs.set_status(conn, run_id, status)


def restate_after_work(conn: Connection, run_id: str) -> None:
    """The same once a task has ended: then only others that wait can have changed the answer."""
    if tasks.any_in(conn, run_id, TaskState.AWAITING):
        restate(conn, run_id)


def _skip_behind_dead(
    conn: Connection, run_id: str, needed: Collection[str], states: Mapping[str, TaskState]
) -> None:
    """Who needs a task that has ended without success will never start."""
    met = tasks.met(conn, run_id)
    for name in needed:
        if states[name].ended and name not in met:
            skip_dependents(conn, run_id, name)
