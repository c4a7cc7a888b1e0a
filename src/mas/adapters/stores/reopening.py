"""Statements for tasks that start again: what they keep, and what is taken out (R6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from mas.adapters.stores import schema
from mas.core.run import TaskState

_task = schema.task.c
_record = schema.record.c
_approval = schema.approval.c
_message = schema.message.c
_delivery = schema.delivery.c
_effect = schema.effect.c
_reservation = schema.reservation.c

_RUN: BindParameter[Any] = bindparam("run_id")
_TASK: BindParameter[Any] = bindparam("task_id")
_AFTER: BindParameter[Any] = bindparam("after_event")

_REOPEN = (
    update(schema.task)
    .where(_task.run == _RUN, _task.id == _TASK)
    .values(
        state=bindparam("new_state"),
        unmet=bindparam("new_unmet"),
        owner=None,
        failures=0,
        crashes=0,
        not_before=None,
        result=None,
        summary="",
        failure=None,
        finished_at=None,
        chances=_task.chances + 1,
        earlier_attempts=_task.attempt,
    )
)
_OF_TASK = (_record.run == _RUN) & (_record.task == _TASK)
_DROP_RECORDS = delete(schema.record).where(_OF_TASK, _record.event > _AFTER)
_COUNT_RECORDS = select(func.count()).select_from(schema.record).where(_OF_TASK)
_EFFECTS = select(_record.event).where(
    _OF_TASK,
    _record.key.in_(select(_effect.key).where(_effect.run == _RUN, _effect.task == _TASK)),
)
_KEYS = select(_record.key).where(_OF_TASK)
_BEGUN = select(_effect.key).where(_effect.run == _RUN, _effect.task == _TASK).union(_KEYS)
_DROP_RESERVATIONS = delete(schema.reservation).where(
    _reservation.run == _RUN, _reservation.task == _TASK
)
_APPROVALS = select(_approval.id, _approval.key, _approval.state).where(
    _approval.run == _RUN, _approval.task == _TASK
)
_SET_ASIDE = (
    update(schema.approval)
    .where(_approval.run == _RUN, _approval.id == bindparam("approval_id"))
    .values(key=bindparam("new_key"))
)
# The message stays said; its step may say another one.
_FREE_MESSAGES = (
    update(schema.message)
    .where(
        _message.run == _RUN,
        _message.sender == _TASK,
        _message.number.in_(bindparam("numbers", expanding=True)),
    )
    .values(key=None)
)
_READ = select(_delivery.number, _delivery.read_by).where(
    _delivery.run == _RUN, _delivery.task == _TASK, _delivery.read_by.is_not(None)
)
_UNREAD = (
    update(schema.delivery)
    .where(
        _delivery.run == _RUN,
        _delivery.task == _TASK,
        _delivery.number == bindparam("message_number"),
    )
    .values(read_by=None)
)


def reopen(conn: Connection, run_id: str, task_id: str, *, unmet: int) -> None:
    """Let a task that has ended start again, as soon as `unmet` tasks that it needs have ended."""
    state = TaskState.WAITING if unmet else TaskState.READY
    conn.execute(
        _REOPEN,
        {"run_id": run_id, "task_id": task_id, "new_state": state.value, "new_unmet": unmet},
    )


def last_effect(conn: Connection, run_id: str, task_id: str) -> int:
    """The number of the event of the last action whose outcome is recorded; 0: there is none."""
    found = conn.execute(_EFFECTS, {"run_id": run_id, "task_id": task_id}).scalars()
    return max(found, default=0)


def keep_until(conn: Connection, run_id: str, task_id: str, event: int) -> int:
    """Take out the records behind an event, and return how many are left."""
    params = {"run_id": run_id, "task_id": task_id}
    conn.execute(_DROP_RECORDS, {**params, "after_event": event})
    conn.execute(_DROP_RESERVATIONS, params)
    return int(conn.execute(_COUNT_RECORDS, params).scalar_one())


def set_approvals_aside(
    conn: Connection, run_id: str, task_id: str, *, keep_approved: bool
) -> None:
    """Let a task ask again for what it has not done: answers stay with the steps that acted on
    them, whatever came of it, and with `keep_approved` also those that said yes."""
    params = {"run_id": run_id, "task_id": task_id}
    begun = set(conn.execute(_BEGUN, params).scalars())
    for row in conn.execute(_APPROVALS, params).all():
        if row.key in begun or (keep_approved and row.state == "approved") or "@" in row.key:
            continue
        new_key = f"{row.key}@{row.id}"
        conn.execute(_SET_ASIDE, {"run_id": run_id, "approval_id": row.id, "new_key": new_key})


def free_messages(conn: Connection, run_id: str, task_id: str, *, said_later: list[int]) -> None:
    """Let steps that are done again say something new, and read what they had read."""
    params = {"run_id": run_id, "task_id": task_id}
    if said_later:
        conn.execute(_FREE_MESSAGES, {**params, "numbers": said_later})
    kept = set(conn.execute(_KEYS, params).scalars())
    for row in conn.execute(_READ, params).all():
        if not any(key == row.read_by or key.startswith(f"{row.read_by}/") for key in kept):
            conn.execute(_UNREAD, {**params, "message_number": row.number})
