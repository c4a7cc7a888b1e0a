"""Statements about the graph of a run: its tasks as planned, and what each of them needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, insert, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.tasks import met, states
from mas.core.plan import Plan, TaskSpec
from mas.core.run import TaskState
from mas.core.values import JsonValue, decode_json, encode_json

_task = schema.task.c
_edge = schema.edge.c
_RUN: BindParameter[Any] = bindparam("run_id")
_TASK: BindParameter[Any] = bindparam("task_id")
_THIS = (_task.run == _RUN) & (_task.id == _TASK)

_INSERT_TASKS = insert(schema.task)
_INSERT_EDGES = insert(schema.edge)
_EDGES = select(_edge.task, _edge.depends_on).where(_edge.run == _RUN)
_INPUTS = (
    select(_task.id, _task.result)
    .join(schema.edge, (_edge.run == _task.run) & (_edge.depends_on == _task.id))
    .where(_edge.run == _RUN, _edge.task == _TASK)
    .order_by(_task.position)
)
_SET_SPEC = update(schema.task).where(_THIS).values(spec=bindparam("new_spec"))
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


def add_plan(
    conn: Connection, run_id: str, plan: Plan, *, done: Collection[str] = frozenset()
) -> None:
    """Store the tasks of a checked plan; those are ready that need nothing but what is `done`."""
    _insert(conn, run_id, plan.tasks, first=0, done=done)


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
    first = len(states(conn, run_id))
    _insert(conn, run_id, specs, first=first, done=met(conn, run_id))


def add_needs(conn: Connection, run_id: str, spec: TaskSpec, needed: Iterable[str]) -> None:
    """Let a task depend on more tasks; `spec` is how it is planned now."""
    conn.execute(
        _INSERT_EDGES,
        [{"run": run_id, "depends_on": need, "task": spec.id} for need in needed],
    )
    encoded = encode_json(spec, what=f"Task {spec.id}")
    conn.execute(_SET_SPEC, {"run_id": run_id, "task_id": spec.id, "new_spec": encoded})


def edges(conn: Connection, run_id: str) -> Sequence[tuple[str, str]]:
    """(task, needed task) pairs of a run."""
    return [(row.task, row.depends_on) for row in conn.execute(_EDGES, {"run_id": run_id})]


def inputs(conn: Connection, run_id: str, task_id: str) -> Mapping[str, JsonValue]:
    """Results of the tasks that a task depends on, by id, in the plan's order."""
    rows = conn.execute(_INPUTS, {"run_id": run_id, "task_id": task_id})
    return {row.id: None if row.result is None else decode_json(row.result) for row in rows}


def meet(conn: Connection, run_id: str, task_id: str) -> None:
    """Tell the dependents of a task that it is met; those with no other need are ready."""
    conn.execute(_MEET, {"run_id": run_id, "task_id": task_id})
