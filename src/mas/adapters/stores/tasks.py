"""Statements about tasks and the edges between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Integer,
    Row,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import now_us, optional_moment, to_us
from mas.core.failure import Failure
from mas.core.plan import Plan, TaskSpec
from mas.core.run import Task, TaskState
from mas.core.values import JsonValue, decode_json, encode_json

_task = schema.task.c
_edge = schema.edge.c
_ENDED = tuple(state.value for state in TaskState if state.ended)

_RUN: BindParameter[Any] = bindparam("run_id")
_TASK: BindParameter[Any] = bindparam("task_id")
_THIS = (_task.run == _RUN) & (_task.id == _TASK)
# The fence: an attempt writes only while it still owns the task.
_OWNED = (
    _THIS
    & (_task.state == TaskState.RUNNING.value)
    & (_task.owner == bindparam("owner_id"))
    & (_task.attempt == bindparam("attempt_no"))
)

_INSERT_TASKS = insert(schema.task)
_INSERT_EDGES = insert(schema.edge)
_LIST = select(schema.task).where(_task.run == _RUN).order_by(_task.position)
_STATES = select(_task.id, _task.state).where(_task.run == _RUN).order_by(_task.position)
_EDGES = select(_edge.task, _edge.depends_on).where(_edge.run == _RUN)
_RUNNING = select(_task.id, _task.role, _task.attempt, _task.owner, _task.crashes).where(
    _task.run == _RUN, _task.state == TaskState.RUNNING.value
)
_RUNNING_BY_ROLE = (
    select(_task.role, func.count().label("running"))
    .where(_task.state == TaskState.RUNNING.value)
    .group_by(_task.role)
)
_READY = (
    select(schema.task)
    .where(
        _task.run == _RUN,
        _task.state == TaskState.READY.value,
        or_(_task.not_before.is_(None), _task.not_before <= bindparam("at")),
    )
    .order_by(_task.position)
    .with_for_update(skip_locked=True)
)
_NEXT_TIMER = select(func.min(_task.not_before)).where(
    _task.run == _RUN,
    _task.state == TaskState.READY.value,
    _task.not_before > bindparam("at"),
)
_OPEN = (
    select(func.count()).select_from(schema.task).where(_task.run == _RUN, ~_task.state.in_(_ENDED))
)
_INPUTS = (
    select(_task.id, _task.result)
    .join(schema.edge, (_edge.run == _task.run) & (_edge.depends_on == _task.id))
    .where(_edge.run == _RUN, _edge.task == _TASK)
    .order_by(_task.position)
)
_OWNED_BY = select(func.count().label("owned"), func.max(_task.crashes).label("crashes")).where(
    _task.owner == bindparam("owner_id")
)
_IS_OWNED = select(_task.id).where(_OWNED)
_START = (
    update(schema.task)
    .where(_THIS)
    .values(
        state=TaskState.RUNNING.value,
        owner=bindparam("owner_id"),
        attempt=_task.attempt + 1,
        not_before=None,
        started_at=bindparam("at"),
    )
)
_SUCCEED = (
    update(schema.task)
    .where(_OWNED)
    .values(
        state=TaskState.SUCCEEDED.value,
        owner=None,
        result=bindparam("new_result"),
        summary=bindparam("new_summary"),
        failure=None,
        finished_at=bindparam("at"),
    )
)
_END = (
    update(schema.task)
    .where(_THIS)
    .values(
        state=bindparam("new_state"),
        owner=None,
        failure=bindparam("new_failure"),
        finished_at=bindparam("at"),
    )
)
_GIVE_BACK = (
    update(schema.task)
    .where(_THIS)
    .values(
        state=TaskState.READY.value,
        owner=None,
        not_before=bindparam("not_before_us"),
        failures=_task.failures + bindparam("more_failures"),
        crashes=func.coalesce(bindparam("new_crashes", type_=Integer), _task.crashes),
        failure=bindparam("new_failure"),
    )
)
_HOLD = (
    update(schema.task)
    .where(_OWNED)
    .values(state=bindparam("new_state"), owner=None, unmet=bindparam("new_unmet"))
)
_RELEASE_HELD = (
    update(schema.task)
    .where(_THIS, _task.state == TaskState.AWAITING.value)
    .values(state=TaskState.READY.value)
)
_SET_SPEC = update(schema.task).where(_THIS).values(spec=bindparam("new_spec"))
_FAILURES = select(_task.failures).where(_THIS)
_NEW_LIVES = (
    update(schema.task).where(_task.run == _RUN, ~_task.state.in_(_ENDED)).values(crashes=0)
)
_MEET = (
    update(schema.task)
    .where(
        _task.run == _RUN,
        _task.state == TaskState.WAITING.value,
        _task.id.in_(select(_edge.task).where(_edge.run == _RUN, _edge.depends_on == _TASK)),
    )
    .values(
        unmet=_task.unmet - 1,
        state=case((_task.unmet == 1, TaskState.READY.value), else_=_task.state),
    )
)


@dataclass(frozen=True, kw_only=True)
class Fence:
    """Which attempt writes. Its writes are refused once it does not own the task any more."""

    run_id: str
    task_id: str
    attempt: int
    owner: str

    def params(self) -> dict[str, object]:
        """Bind values of the fence."""
        return {
            "run_id": self.run_id,
            "task_id": self.task_id,
            "attempt_no": self.attempt,
            "owner_id": self.owner,
        }


@dataclass(frozen=True, kw_only=True)
class Running:
    """A task that somebody works on."""

    id: str
    role: str
    attempt: int
    owner: str
    crashes: int


def add_plan(conn: Connection, run_id: str, plan: Plan) -> None:
    """Store the tasks of a checked plan; those without dependencies are ready."""
    _insert(conn, run_id, plan.tasks, first=0, done=frozenset())


def _insert(
    conn: Connection, run_id: str, specs: Sequence[TaskSpec], *, first: int, done: Collection[str]
) -> None:
    unmet = {spec.id: sum(need not in done for need in spec.depends_on) for spec in specs}
    tasks = [
        {
            "run": run_id,
            "id": spec.id,
            "position": position,
            "role": spec.role,
            "spec": encode_json(spec, what=f"Task {spec.id}"),
            "state": (TaskState.WAITING if unmet[spec.id] else TaskState.READY).value,
            "unmet": unmet[spec.id],
            "attempt": 0,
            "failures": 0,
            "crashes": 0,
            "summary": "",
        }
        for position, spec in enumerate(specs, start=first)
    ]
    conn.execute(_INSERT_TASKS, tasks)
    edges = [
        {"run": run_id, "depends_on": needed, "task": spec.id}
        for spec in specs
        for needed in spec.depends_on
    ]
    if edges:
        conn.execute(_INSERT_EDGES, edges)


def extend(conn: Connection, run_id: str, specs: Sequence[TaskSpec]) -> None:
    """Add tasks to a run that goes on, behind those that it has; the plan was checked before."""
    known = states(conn, run_id)
    done = {name for name, state in known.items() if state is TaskState.SUCCEEDED}
    _insert(conn, run_id, specs, first=len(known), done=done)


def hold(conn: Connection, fence: Fence, *, state: TaskState, unmet: int = 0) -> bool:
    """End an attempt without a failure: its task waits. False when it does not own it."""
    params = {**fence.params(), "new_state": state.value, "new_unmet": unmet}
    return conn.execute(_HOLD, params).rowcount == 1


def add_needs(conn: Connection, run_id: str, spec: TaskSpec, needed: Iterable[str]) -> None:
    """Let a task depend on more tasks; `spec` is how it is planned now."""
    conn.execute(
        _INSERT_EDGES,
        [{"run": run_id, "depends_on": need, "task": spec.id} for need in needed],
    )
    encoded = encode_json(spec, what=f"Task {spec.id}")
    conn.execute(_SET_SPEC, {"run_id": run_id, "task_id": spec.id, "new_spec": encoded})


def let_go(conn: Connection, run_id: str, task_id: str) -> bool:
    """Make a task that waits for a person ready again; False when it does not wait."""
    params = {"run_id": run_id, "task_id": task_id}
    return conn.execute(_RELEASE_HELD, params).rowcount == 1


def of_run(conn: Connection, run_id: str) -> tuple[Task, ...]:
    """All tasks of a run, in the plan's order."""
    return tuple(_to_task(row) for row in conn.execute(_LIST, {"run_id": run_id}))


def states(conn: Connection, run_id: str) -> dict[str, TaskState]:
    """The state of each task of a run, in the plan's order."""
    rows = conn.execute(_STATES, {"run_id": run_id})
    return {row.id: TaskState(row.state) for row in rows}


def edges(conn: Connection, run_id: str) -> Sequence[tuple[str, str]]:
    """(task, needed task) pairs of a run."""
    return [(row.task, row.depends_on) for row in conn.execute(_EDGES, {"run_id": run_id})]


def running(conn: Connection, run_id: str) -> tuple[Running, ...]:
    """The tasks of a run that somebody works on, or worked on when he died."""
    return tuple(
        Running(id=row.id, role=row.role, attempt=row.attempt, owner=row.owner, crashes=row.crashes)
        for row in conn.execute(_RUNNING, {"run_id": run_id})
    )


def running_by_role(conn: Connection) -> dict[str, int]:
    """How many tasks of each role run, over all runs and processes."""
    rows = conn.execute(_RUNNING_BY_ROLE)
    return {row.role: row.running for row in rows}


def owned_by(conn: Connection, owner: str) -> tuple[int, int]:
    """How many tasks a worker owns over all runs, and the most deaths that one of them has seen."""
    row = conn.execute(_OWNED_BY, {"owner_id": owner}).one()
    return row.owned, row.crashes or 0


def ready(conn: Connection, run_id: str) -> tuple[Task, ...]:
    """The tasks of a run that may start now, in the plan's order."""
    rows = conn.execute(_READY, {"run_id": run_id, "at": now_us(conn)})
    return tuple(_to_task(row) for row in rows)


def next_timer(conn: Connection, run_id: str) -> datetime | None:
    """When the next task that waits for its retry may start; None when none waits."""
    earliest = conn.execute(_NEXT_TIMER, {"run_id": run_id, "at": now_us(conn)}).scalar()
    return optional_moment(earliest)


def count_open(conn: Connection, run_id: str) -> int:
    """How many tasks of a run have not ended."""
    return int(conn.execute(_OPEN, {"run_id": run_id}).scalar_one())


def inputs(conn: Connection, run_id: str, task_id: str) -> Mapping[str, JsonValue]:
    """Results of the tasks that a task depends on, by id, in the plan's order."""
    rows = conn.execute(_INPUTS, {"run_id": run_id, "task_id": task_id})
    return {row.id: None if row.result is None else decode_json(row.result) for row in rows}


def owned(conn: Connection, fence: Fence) -> bool:
    """Whether the attempt still owns its task."""
    return conn.execute(_IS_OWNED, fence.params()).first() is not None


def start(conn: Connection, run_id: str, task_id: str, *, owner: str) -> None:
    """Begin the next attempt at a ready task."""
    params = {"run_id": run_id, "task_id": task_id, "owner_id": owner, "at": now_us(conn)}
    conn.execute(_START, params)


def succeed(conn: Connection, fence: Fence, *, result: bytes, summary: str) -> bool:
    """End a task with its result; False when the attempt does not own it any more."""
    params = {
        **fence.params(),
        "new_result": result,
        "new_summary": summary,
        "at": now_us(conn),
    }
    return conn.execute(_SUCCEED, params).rowcount == 1


def meet(conn: Connection, run_id: str, task_id: str) -> None:
    """Tell the dependents of a task that it has succeeded; those with no other need are ready."""
    conn.execute(_MEET, {"run_id": run_id, "task_id": task_id})


def end(
    conn: Connection,
    run_id: str,
    ended: Iterable[tuple[str, Failure | None]],
    *,
    state: TaskState,
) -> None:
    """End tasks without success: failed, skipped or cancelled."""
    at = now_us(conn)
    rows = [
        {
            "run_id": run_id,
            "task_id": task_id,
            "new_state": state.value,
            "new_failure": None if failure is None else encode_json(failure),
            "at": at,
        }
        for task_id, failure in ended
    ]
    if rows:
        conn.execute(_END, rows)


def failures(conn: Connection, run_id: str, task_id: str) -> int:
    """How often attempts at a task have failed so far."""
    return int(conn.execute(_FAILURES, {"run_id": run_id, "task_id": task_id}).scalar_one())


def give_back(
    conn: Connection,
    run_id: str,
    task_id: str,
    *,
    crashes: int | None = None,
    failure: Failure | None = None,
    not_before: datetime | None = None,
) -> None:
    """Make a running task ready again; with a `failure`, which is counted, from `not_before`.

    `crashes` is how often in a row its process has now died; None leaves that as it is.
    """
    params = {
        "run_id": run_id,
        "task_id": task_id,
        "not_before_us": None if not_before is None else to_us(not_before),
        "more_failures": 0 if failure is None else 1,
        "new_crashes": crashes,
        "new_failure": None if failure is None else encode_json(failure),
    }
    conn.execute(_GIVE_BACK, params)


def give_new_lives(conn: Connection, run_id: str) -> None:
    """Forget how often the processes of open tasks have died."""
    conn.execute(_NEW_LIVES, {"run_id": run_id})


def _to_task(row: Row[*tuple[Any, ...]]) -> Task:
    return Task(
        run_id=row.run,
        spec=msgspec.json.decode(row.spec, type=TaskSpec),
        state=TaskState(row.state),
        attempt=row.attempt,
        crashes=row.crashes,
        result=None if row.result is None else decode_json(row.result),
        summary=row.summary,
        failure=None if row.failure is None else msgspec.json.decode(row.failure, type=Failure),
        not_before=optional_moment(row.not_before),
        started_at=optional_moment(row.started_at),
        finished_at=optional_moment(row.finished_at),
    )
