"""Statements about messages and whom they go to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import from_us, now_us
from mas.core.messages import Intent, Message

_message = schema.message.c
_delivery = schema.delivery.c

_RUN = _message.run == bindparam("run_id")
_INSERT = insert(schema.message)
_DELIVER = insert(schema.delivery)
_COUNT = select(func.count()).select_from(schema.message).where(_RUN)
_SENT = select(_message.number).where(
    _RUN, _message.sender == bindparam("from_task"), _message.key == bindparam("step_key")
)
_OF_RUN = select(schema.message).where(_RUN).order_by(_message.number)
_TO_TASK = (_delivery.run == bindparam("run_id")) & (_delivery.task == bindparam("task_id"))
_UNREAD = (
    select(_delivery.number).where(_TO_TASK, _delivery.read_by.is_(None)).order_by(_delivery.number)
)
_TAKE = (
    update(schema.delivery)
    .where(_TO_TASK, _delivery.read_by.is_(None))
    .values(read_by=bindparam("step_key"))
)
_TAKEN = (
    select(schema.message)
    .join(
        schema.delivery,
        (_delivery.run == _message.run) & (_delivery.number == _message.number),
    )
    .where(_TO_TASK, _delivery.read_by == bindparam("step_key"))
    .order_by(_message.number)
)


def add(
    conn: Connection,
    run_id: str,
    *,
    sender: str,
    key: str | None,
    recipient: str,
    intent: Intent,
    content: str,
) -> int:
    """Store a message and return its number. The run's row is locked by the caller."""
    number = int(conn.execute(_COUNT, {"run_id": run_id}).scalar_one()) + 1
    conn.execute(
        _INSERT,
        {
            "run": run_id,
            "number": number,
            "sender": sender,
            "key": key,
            "recipient": recipient,
            "intent": intent,
            "content": content,
            "at": now_us(conn),
        },
    )
    return number


def sent(conn: Connection, run_id: str, task_id: str, key: str) -> bool:
    """Whether a step of a task has sent its message already."""
    params = {"run_id": run_id, "from_task": task_id, "step_key": key}
    return conn.execute(_SENT, params).first() is not None


def deliver(conn: Connection, run_id: str, number: int, task_ids: Collection[str]) -> None:
    """Put a message into the inboxes of tasks."""
    rows = [{"run": run_id, "number": number, "task": task_id} for task_id in task_ids]
    if rows:
        conn.execute(_DELIVER, rows)


def unread(conn: Connection, run_id: str, task_id: str) -> bool:
    """Whether a task has messages that none of its steps has taken."""
    return conn.execute(_UNREAD, {"run_id": run_id, "task_id": task_id}).first() is not None


def take(conn: Connection, run_id: str, task_id: str, key: str) -> None:
    """Give all unread messages of a task to one of its steps."""
    conn.execute(_TAKE, {"run_id": run_id, "task_id": task_id, "step_key": key})


def taken(conn: Connection, run_id: str, task_id: str, key: str) -> tuple[Message, ...]:
    """The messages that a step has taken, in order."""
    rows = conn.execute(_TAKEN, {"run_id": run_id, "task_id": task_id, "step_key": key})
    return tuple(_to_message(row) for row in rows)


def of_run(conn: Connection, run_id: str) -> tuple[Message, ...]:
    """All messages of a run, in order."""
    return tuple(_to_message(row) for row in conn.execute(_OF_RUN, {"run_id": run_id}))


def _to_message(row: Row[*tuple[Any, ...]]) -> Message:
    return Message(
        number=row.number,
        sender=row.sender,
        recipient=row.recipient,
        intent=row.intent,
        content=row.content,
        at=from_us(row.at).isoformat(),
    )
