"""Statements about records and the ledger of effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, insert, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import from_us, now_us
from mas.core.records import Record, RecordKind
from mas.core.usage import Usage
from mas.core.values import JsonValue, decode_json

_record = schema.record.c
_effect = schema.effect.c
_MICROSECOND = timedelta(microseconds=1)

_INSERT = insert(schema.record)
_OF_TASK = (_record.run == bindparam("run_id")) & (_record.task == bindparam("task_id"))
_KEYS = select(_record.key).where(_OF_TASK)
_VALUE = select(_record.value).where(_OF_TASK, _record.key == bindparam("record_key"))
_BY_ATTEMPT = select(_record.key).where(_OF_TASK, _record.attempt == bindparam("attempt_no"))
_LIST = (
    select(*(column for column in schema.record.c if column.key != "value"))
    .where(_record.run == bindparam("run_id"))
    .order_by(_record.event)
)
_LIST_OF_TASK = _LIST.where(_record.task == bindparam("task_id"))

_THIS_EFFECT = (
    (_effect.run == bindparam("run_id"))
    & (_effect.task == bindparam("task_id"))
    & (_effect.key == bindparam("record_key"))
)
_INTENT = select(_effect.idempotency_key, _effect.settled_at).where(_THIS_EFFECT)
_INTEND = insert(schema.effect)
_SETTLE = update(schema.effect).where(_THIS_EFFECT).values(settled_at=bindparam("at"))


_ORDER = select(_record.task, _record.key, _record.event).where(_record.run == bindparam("run_id"))
_LEDGER = (
    select(_effect.task, _effect.key, _effect.intent, _effect.settled_at)
    .where(_effect.run == bindparam("run_id"))
    .order_by(_effect.intended_at, _effect.task, _effect.key)
)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An action on the outside world as the ledger has it."""

    task: str
    key: str
    intent: JsonValue
    settled: bool
    """False: it is not known whether it was done."""


@dataclass(frozen=True, kw_only=True)
class NewRecord:
    """A finished step that is about to be stored."""

    key: str
    kind: RecordKind
    value: bytes
    summary: str
    usage: Usage
    took: timedelta


def add(
    conn: Connection, run_id: str, task_id: str, record: NewRecord, *, attempt: int, event: int
) -> None:
    """Store a record; `event` is the number of the event that tells of it."""
    conn.execute(
        _INSERT,
        {
            "run": run_id,
            "task": task_id,
            "key": record.key,
            "kind": record.kind,
            "attempt": attempt,
            "event": event,
            "summary": record.summary,
            "size_bytes": len(record.value),
            "input_tokens": record.usage.input_tokens,
            "output_tokens": record.usage.output_tokens,
            "cost_micros": record.usage.cost_micros,
            "at": now_us(conn),
            "took_us": record.took // _MICROSECOND,
            "value": record.value,
        },
    )


def keys(conn: Connection, run_id: str, task_id: str) -> frozenset[str]:
    """The keys of all records of a task."""
    return frozenset(conn.execute(_KEYS, {"run_id": run_id, "task_id": task_id}).scalars())


def value(conn: Connection, run_id: str, task_id: str, key: str) -> bytes | None:
    """The stored value of a record, as JSON; None when there is no such record."""
    found: bytes | None = conn.execute(
        _VALUE, {"run_id": run_id, "task_id": task_id, "record_key": key}
    ).scalar()
    return found


def any_of_attempt(conn: Connection, run_id: str, task_id: str, *, attempt: int) -> bool:
    """Whether an attempt has recorded anything."""
    row = conn.execute(
        _BY_ATTEMPT, {"run_id": run_id, "task_id": task_id, "attempt_no": attempt}
    ).first()
    return row is not None


def of_run(conn: Connection, run_id: str, *, task_id: str | None = None) -> tuple[Record, ...]:
    """Records without their values, in the order in which they were made."""
    if task_id is None:
        rows = conn.execute(_LIST, {"run_id": run_id})
    else:
        rows = conn.execute(_LIST_OF_TASK, {"run_id": run_id, "task_id": task_id})
    return tuple(
        Record(
            run_id=row.run,
            task=row.task,
            key=row.key,
            kind=row.kind,
            attempt=row.attempt,
            summary=row.summary,
            size_bytes=row.size_bytes,
            usage=Usage(
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                cost_micros=row.cost_micros,
            ),
            at=from_us(row.at),
            took=row.took_us * _MICROSECOND,
        )
        for row in rows
    )


def order_of(conn: Connection, run_id: str) -> Mapping[tuple[str, str], int]:
    """The number of the event of each record, by task and key."""
    rows = conn.execute(_ORDER, {"run_id": run_id})
    return {(row.task, row.key): row.event for row in rows}


def effects_of(conn: Connection, run_id: str) -> tuple[Effect, ...]:
    """The ledger of a run: all actions on the outside world, in the order of their intents."""
    return tuple(
        Effect(
            task=row.task,
            key=row.key,
            intent=decode_json(row.intent),
            settled=row.settled_at is not None,
        )
        for row in conn.execute(_LEDGER, {"run_id": run_id})
    )


def intended(conn: Connection, run_id: str, task_id: str, key: str) -> bool:
    """Whether the ledger holds an intent for this action, settled or not."""
    params = {"run_id": run_id, "task_id": task_id, "record_key": key}
    return conn.execute(_INTENT, params).first() is not None


def intend(
    conn: Connection,
    run_id: str,
    task_id: str,
    key: str,
    *,
    idempotency_key: str,
    intent: bytes,
    attempt: int,
) -> None:
    """Enter an action on the outside world that is about to be done."""
    conn.execute(
        _INTEND,
        {
            "run": run_id,
            "task": task_id,
            "key": key,
            "idempotency_key": idempotency_key,
            "intent": intent,
            "attempt": attempt,
            "intended_at": now_us(conn),
        },
    )


def settle(conn: Connection, run_id: str, task_id: str, key: str) -> None:
    """Note that the outcome of an intended action is known; the record holds it."""
    conn.execute(
        _SETTLE,
        {"run_id": run_id, "task_id": task_id, "record_key": key, "at": now_us(conn)},
    )
