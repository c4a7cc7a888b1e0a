"""Statements about budgets: what is spent, and what calls under way may still spend (R8)."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from mas.adapters.stores import schema
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.transaction import now, optional_duration, optional_moment
from mas.core.budget import Account, Budget
from mas.core.run import TaskState
from mas.core.usage import Usage

_run = schema.run.c
_task = schema.task.c
_record = schema.record.c
_reservation = schema.reservation.c

_RUN = select(
    _run.budget_tokens,
    _run.budget_cost_micros,
    _run.budget_time_us,
    _run.input_tokens,
    _run.output_tokens,
    _run.cost_micros,
    _run.started_at,
).where(_run.id == bindparam("run_id"))
# A reservation counts while the attempt that made it goes on: nobody has to clear up after a
# process that died.
_PROMISED = (
    select(
        func.coalesce(func.sum(_reservation.input_tokens), 0).label("input_tokens"),
        func.coalesce(func.sum(_reservation.output_tokens), 0).label("output_tokens"),
        func.coalesce(func.sum(_reservation.cost_micros), 0).label("cost_micros"),
    )
    .join(schema.task, (_task.run == _reservation.run) & (_task.id == _reservation.task))
    .where(
        _reservation.run == bindparam("run_id"),
        _task.state == TaskState.RUNNING.value,
        _task.attempt == _reservation.attempt,
    )
)
_PROMISED_TO_TASK = _PROMISED.where(_reservation.task == bindparam("task_id"))
_SPENT_BY_TASK = select(
    func.coalesce(func.sum(_record.input_tokens), 0).label("input_tokens"),
    func.coalesce(func.sum(_record.output_tokens), 0).label("output_tokens"),
    func.coalesce(func.sum(_record.cost_micros), 0).label("cost_micros"),
).where(
    _record.run == bindparam("run_id"),
    _record.task == bindparam("task_id"),
    # What it used before a person gave it a new chance is the run's alone.
    _record.attempt
    > select(_task.earlier_attempts)
    .where(_task.run == bindparam("run_id"), _task.id == bindparam("task_id"))
    .scalar_subquery(),
)
_INSERT = insert(schema.reservation)
_DELETE = delete(schema.reservation).where(
    _reservation.run == bindparam("run_id"),
    _reservation.task == bindparam("task_id"),
    _reservation.key == bindparam("record_key"),
    _reservation.attempt <= bindparam("latest"),
)


def of_run(conn: Connection, run_id: str) -> Account:
    """The account of a run, with the wall time since planning began."""
    row = conn.execute(_RUN, {"run_id": run_id}).one()
    started = optional_moment(row.started_at)
    spent = _usage(row)
    if started is not None:
        spent += Usage(time=now(conn) - started)
    return Account(
        budget=Budget(
            tokens=row.budget_tokens,
            cost_micros=row.budget_cost_micros,
            time=optional_duration(row.budget_time_us),
        ),
        spent=spent,
        reserved=_usage(conn.execute(_PROMISED, {"run_id": run_id}).one()),
    )


def of_task(conn: Connection, fence: Fence, budget: Budget) -> Account:
    """The account of one task, over its attempts since it was given its (last) chance; its time is
    counted elsewhere."""
    this = {"run_id": fence.run_id, "task_id": fence.task_id}
    return Account(
        budget=budget,
        spent=_usage(conn.execute(_SPENT_BY_TASK, this).one()),
        reserved=_usage(conn.execute(_PROMISED_TO_TASK, this).one()),
    )


def promise(conn: Connection, fence: Fence, key: str, most: Usage) -> None:
    """Enter what a call may use; an older promise for the same step is replaced."""
    give_up(conn, fence, key)
    conn.execute(
        _INSERT,
        {
            "run": fence.run_id,
            "task": fence.task_id,
            "key": key,
            "attempt": fence.attempt,
            "input_tokens": most.input_tokens,
            "output_tokens": most.output_tokens,
            "cost_micros": most.cost_micros,
        },
    )


def give_up(conn: Connection, fence: Fence, key: str) -> None:
    """The call is over: nothing is promised to it any more, unless a later attempt makes it."""
    this = {"run_id": fence.run_id, "task_id": fence.task_id, "record_key": key}
    conn.execute(_DELETE, this | {"latest": fence.attempt})


def _usage(row: object) -> Usage:
    return Usage(
        input_tokens=int(row.input_tokens),  # type: ignore[attr-defined]
        output_tokens=int(row.output_tokens),  # type: ignore[attr-defined]
        cost_micros=int(row.cost_micros),  # type: ignore[attr-defined]
    )
