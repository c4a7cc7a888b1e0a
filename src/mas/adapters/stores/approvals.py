"""Statements about approvals."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, tuple_, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import from_us, now_us, optional_moment
from mas.core.approvals import Approval, ApprovalState, Place
from mas.core.calls import StoredCall
from mas.core.values import encode_json

_approval = schema.approval.c
_run = schema.run.c

_RUN = _approval.run == bindparam("run_id")
_TASK = _RUN & (_approval.task == bindparam("task_id"))
_WAITING = _approval.state == "waiting"

_INSERT = insert(schema.approval)
_COUNT = select(func.count()).select_from(schema.approval).where(_RUN)
_BY_STEP = select(schema.approval).where(_TASK, _approval.key == bindparam("step_key"))
_BY_ID = select(schema.approval).where(_RUN, _approval.id == bindparam("approval_id"))
_OF_RUN = select(schema.approval).where(_RUN).order_by(_approval.asked_at, _approval.id)
_PLACE = tuple_(_approval.asked_at, _approval.run, _approval.id)
_ALL_WAITING = (
    select(schema.approval)
    .where(
        _WAITING, tuple_(bindparam("asked_at"), bindparam("run_id"), bindparam("after_id")) < _PLACE
    )
    .order_by(_approval.asked_at, _approval.run, _approval.id)
    .limit(bindparam("most"))
)
_COUNT_WAITING = select(func.count()).select_from(schema.approval).where(_WAITING)
_WAITING_OF_TASK = select(func.count()).select_from(schema.approval).where(_TASK, _WAITING)
_DECIDE = (
    update(schema.approval)
    .where(_RUN, _approval.id == bindparam("approval_id"), _WAITING)
    .values(
        state=bindparam("new_state"),
        comment=bindparam("new_comment"),
        decided_at=bindparam("at"),
    )
)
_WITHDRAW = (
    update(schema.approval)
    .where(_TASK, _WAITING)
    .values(state="withdrawn", decided_at=bindparam("at"))
)


def add(conn: Connection, run_id: str, task_id: str, key: str, call: StoredCall) -> Approval:
    """Store a call that waits for a person. The run's row is locked by the caller, which keeps
    the ids in order."""
    number = int(conn.execute(_COUNT, {"run_id": run_id}).scalar_one()) + 1
    conn.execute(
        _INSERT,
        {
            "run": run_id,
            "id": f"a{number}",
            "task": task_id,
            "key": key,
            "call": encode_json(call, what="A call that waits for approval"),
            "state": "waiting",
            "comment": "",
            "asked_at": now_us(conn),
        },
    )
    found = of_step(conn, run_id, task_id, key)
    assert found is not None  # noqa: S101 - it has just been stored
    return found


def of_step(conn: Connection, run_id: str, task_id: str, key: str) -> Approval | None:
    """The approval of one step; None when it was never asked for."""
    row = conn.execute(_BY_STEP, {"run_id": run_id, "task_id": task_id, "step_key": key}).first()
    return None if row is None else _to_approval(row)


def load(conn: Connection, run_id: str, approval_id: str) -> Approval | None:
    """One approval by its id."""
    row = conn.execute(_BY_ID, {"run_id": run_id, "approval_id": approval_id}).first()
    return None if row is None else _to_approval(row)


def of_run(conn: Connection, run_id: str) -> tuple[Approval, ...]:
    """All approvals of a run, in the order in which they were asked for."""
    return tuple(_to_approval(row) for row in conn.execute(_OF_RUN, {"run_id": run_id}))


def waiting(conn: Connection, *, limit: int, after: Place | None = None) -> tuple[Approval, ...]:
    """What waits for a person over all runs, oldest first; behind a place where one is given."""
    asked_at_us, run_id, after_id = after or (-1, "", "")
    params = {"asked_at": asked_at_us, "run_id": run_id, "after_id": after_id, "most": limit}
    return tuple(_to_approval(row) for row in conn.execute(_ALL_WAITING, params))


def count_waiting(conn: Connection) -> int:
    """How much waits for a person over all runs."""
    return int(conn.execute(_COUNT_WAITING).scalar_one())


def waits(conn: Connection, run_id: str, task_id: str) -> bool:
    """Whether a task has a call that nobody has decided on."""
    params = {"run_id": run_id, "task_id": task_id}
    return bool(conn.execute(_WAITING_OF_TASK, params).scalar_one())


def decide(
    conn: Connection, run_id: str, approval_id: str, *, state: ApprovalState, comment: str
) -> bool:
    """Store a person's answer; False when it was given already."""
    params = {
        "run_id": run_id,
        "approval_id": approval_id,
        "new_state": state,
        "new_comment": comment,
        "at": now_us(conn),
    }
    return conn.execute(_DECIDE, params).rowcount == 1


def withdraw(conn: Connection, run_id: str, task_id: str) -> None:
    """Close what a task asked for, because it has ended."""
    conn.execute(_WITHDRAW, {"run_id": run_id, "task_id": task_id, "at": now_us(conn)})


def _to_approval(row: Row[*tuple[Any, ...]]) -> Approval:
    return Approval(
        run_id=row.run,
        id=row.id,
        task=row.task,
        key=row.key,
        call=msgspec.json.decode(row.call, type=StoredCall),
        state=row.state,
        comment=row.comment,
        asked_at=from_us(row.asked_at),
        decided_at=optional_moment(row.decided_at),
    )
