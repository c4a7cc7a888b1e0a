"""Statements about events."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import from_us, now_us, touch
from mas.core.errors import Bug
from mas.core.events import (
    ApprovalRequested,
    EffectIntended,
    Event,
    EventBody,
    MessageSent,
    TaskRecorded,
    TaskStarted,
    event_type,
)
from mas.core.values import encode_json

_run = schema.run.c
_event = schema.event.c

_TAKE_NUMBERS = (
    update(schema.run)
    .where(_run.id == bindparam("run_id"))
    .values(last_event=_run.last_event + bindparam("count"))
    .returning(_run.last_event)
)
_INSERT = insert(schema.event)
_AFTER = (
    select(_event.number, _event.at, _event.body)
    .where(_event.run == bindparam("run_id"), _event.number > bindparam("after"))
    .order_by(_event.number)
    .limit(bindparam("most"))
)

# What happens inside an attempt: nobody can start anything because of it.
_INSIDE = (TaskStarted, TaskRecorded, EffectIntended, ApprovalRequested, MessageSent)

_DECODER: msgspec.json.Decoder[EventBody] = msgspec.json.Decoder(EventBody)


def append(conn: Connection, run_id: str, *bodies: EventBody) -> int:
    """Add events to a run and return the number of the last one.

    Taking the numbers locks the run's row until the transaction ends; that is what keeps them
    without gaps and in the order of the commits. So it is the first thing a transaction does
    that changes a task.
    """
    last = conn.execute(_TAKE_NUMBERS, {"run_id": run_id, "count": len(bodies)}).scalar()
    if last is None:
        raise Bug(f"There is no run {run_id} to add an event to.", code="unknown_run")
    at = now_us(conn)
    rows = [
        {
            "run": run_id,
            "number": number,
            "at": at,
            "type": event_type(body),
            "body": encode_json(body),
        }
        for number, body in enumerate(bodies, start=last - len(bodies) + 1)
    ]
    conn.execute(_INSERT, rows)
    touch(conn, run_id, state=not all(isinstance(body, _INSIDE) for body in bodies))
    return int(last)


def after(conn: Connection, run_id: str, number: int, *, limit: int) -> tuple[Event, ...]:
    """The next events of a run after `number`, at most `limit`, in order."""
    rows = conn.execute(_AFTER, {"run_id": run_id, "after": number, "most": limit})
    return tuple(
        Event(run_id=run_id, number=row.number, at=from_us(row.at), body=_DECODER.decode(row.body))
        for row in rows
    )
