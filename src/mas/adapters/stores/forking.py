"""Statements that copy finished work of one run into another (R6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, literal, select, update

from mas.adapters.stores import schema

_task = schema.task.c
_record = schema.record.c
_approval = schema.approval.c

_FROM: BindParameter[Any] = bindparam("from_run")
_TO: BindParameter[Any] = bindparam("to_run")
_TASK: BindParameter[Any] = bindparam("task_id")
_KEY: BindParameter[Any] = bindparam("record_key")

# What a record has cost was paid by the run that made it. Attempt 0 has never been: the copy was
# there before the first one.
_COPY_RECORD = insert(schema.record).from_select(
    [column.key for column in schema.record.c],
    select(
        _TO,
        _record.task,
        _record.key,
        _record.kind,
        literal(0),
        bindparam("event_number"),
        _record.summary,
        _record.size_bytes,
        literal(0),
        literal(0),
        literal(0),
        _record.at,
        _record.took_us,
        _record.value,
    ).where(_record.run == _FROM, _record.task == _TASK, _record.key == _KEY),
)
_ENDED = select(
    _task.state, _task.result, _task.summary, _task.failure, _task.started_at, _task.finished_at
).where(_task.run == _FROM, _task.id == _TASK)
_SET_ENDED = (
    update(schema.task)
    .where(_task.run == _TO, _task.id == _TASK)
    .values(
        state=bindparam("new_state"),
        unmet=0,
        result=bindparam("new_result"),
        summary=bindparam("new_summary"),
        failure=bindparam("new_failure"),
        started_at=bindparam("new_start"),
        finished_at=bindparam("new_end"),
    )
)
_APPROVED = (
    select(schema.approval)
    .where(_approval.run == _FROM, _approval.task == _TASK, _approval.state == "approved")
    .order_by(_approval.asked_at, _approval.id)
)
_ADD_APPROVAL = insert(schema.approval)
_KEYS = select(_record.key).where(_record.run == _TO, _record.task == _TASK)


def copy_record(
    conn: Connection, source: str, run_id: str, task_id: str, key: str, *, event: int
) -> None:
    """Copy a record; `event` is the number of the event that tells of the copy."""
    conn.execute(
        _COPY_RECORD,
        {
            "from_run": source,
            "to_run": run_id,
            "task_id": task_id,
            "record_key": key,
            "event_number": event,
        },
    )


def copy_end(conn: Connection, source: str, run_id: str, task_id: str) -> None:
    """Let a task have ended as it has ended in the other run."""
    row = conn.execute(_ENDED, {"from_run": source, "task_id": task_id}).one()
    conn.execute(
        _SET_ENDED,
        {
            "to_run": run_id,
            "task_id": task_id,
            "new_state": row.state,
            "new_result": row.result,
            "new_summary": row.summary,
            "new_failure": row.failure,
            "new_start": row.started_at,
            "new_end": row.finished_at,
        },
    )


def copy_answers(conn: Connection, source: str, run_id: str, task_id: str, *, first: int) -> int:
    """Copy the approvals of the steps of a task that were copied, so that nobody is asked for what
    was done; returns the next free number of an approval."""
    keys = set(conn.execute(_KEYS, {"to_run": run_id, "task_id": task_id}).scalars())
    number = first
    for row in conn.execute(_APPROVED, {"from_run": source, "task_id": task_id}).all():
        if row.key in keys:
            values = {**row._mapping, "run": run_id, "id": f"a{number}"}
            conn.execute(_ADD_APPROVAL, values)
            number += 1
    return number
