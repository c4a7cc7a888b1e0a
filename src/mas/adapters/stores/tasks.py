"""Statements about tasks and the edges between them."""

from __future__ import annotations

from collections.abc import Iterable
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
    func,
    or_,
    select,
    update,
)

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import now_us, optional_moment, to_us
from mas.core.failure import Failure
from mas.core.plan import TaskSpec
from mas.core.run import Task, TaskState
from mas.core.values import decode_json, encode_json

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

_LIST = select(schema.task).where(_task.run == _RUN).order_by(_task.position)
_STATES = select(_task.id, _task.state).where(_task.run == _RUN).order_by(_task.position)
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
_REPORT = (
    update(schema.task)
    .where(_OWNED)
    .values(
        state=bindparam("new_state"),
        owner=None,
        result=bindparam("new_result"),
        summary=bindparam("new_summary"),
        failure=bindparam("new_failure"),
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
_ANY_IN = (
    select(_task.id)
    .where(_task.run == _RUN, _task.state.in_(bindparam("any_of", expanding=True)))
    .limit(1)
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
_MET = select(_task.id).where(
    _task.run == _RUN,
    _task.result.is_not(None),
    _task.state.in_((TaskState.SUCCEEDED.value, TaskState.FAILED.value)),
)
_KEEP = update(schema.task).where(_THIS).values(result=bindparam("new_result"))
_FAILURES = select(_task.failures).where(_THIS)
_NEW_LIVES = (
    update(schema.task).where(_task.run == _RUN, ~_task.state.in_(_ENDED)).values(crashes=0)
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


def any_in(conn: Connection, run_id: str, *states: TaskState) -> bool:
    """Whether a task of the run is in one of these states."""
    params = {"run_id": run_id, "any_of": [state.value for state in states]}
    return conn.execute(_ANY_IN, params).first() is not None


def hold(conn: Connection, fence: Fence, *, state: TaskState, unmet: int = 0) -> bool:
    """End an attempt without a failure: its task waits. False when it does not own it."""
    params = {**fence.params(), "new_state": state.value, "new_unmet": unmet}
    return conn.execute(_HOLD, params).rowcount == 1


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


def met(conn: Connection, run_id: str) -> frozenset[str]:
    """The tasks whose dependents may go on: those that have ended with a result."""
    return frozenset(row.id for row in conn.execute(_MET, {"run_id": run_id}))


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


def owned(conn: Connection, fence: Fence) -> bool:
    """Whether the attempt still owns its task."""
    return conn.execute(_IS_OWNED, fence.params()).first() is not None


def start(conn: Connection, run_id: str, task_id: str, *, owner: str) -> None:
    """Begin the next attempt at a ready task."""
    params = {"run_id": run_id, "task_id": task_id, "owner_id": owner, "at": now_us(conn)}
    conn.execute(_START, params)


def report(
    conn: Connection, fence: Fence, *, result: bytes, summary: str, failure: Failure | None
) -> bool:
    """End a task with its result; False when the attempt does not own it any more."""
    state = TaskState.SUCCEEDED if failure is None else TaskState.FAILED
    params = {
        **fence.params(),
        "new_state": state.value,
        "new_failure": None if failure is None else encode_json(failure),
        "new_result": result,
        "new_summary": summary,
        "at": now_us(conn),
    }
    return conn.execute(_REPORT, params).rowcount == 1


def keep(conn: Connection, run_id: str, task_id: str, result: bytes | None) -> None:
    """Let a task that ended without success have a result all the same."""
    if result is not None:
        conn.execute(_KEEP, {"run_id": run_id, "task_id": task_id, "new_result": result})


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
        chances=row.chances,
        result=None if row.result is None else decode_json(row.result),
        summary=row.summary,
        failure=None if row.failure is None else msgspec.json.decode(row.failure, type=Failure),
        not_before=optional_moment(row.not_before),
        started_at=optional_moment(row.started_at),
        finished_at=optional_moment(row.finished_at),
    )
