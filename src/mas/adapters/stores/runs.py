"""Statements about runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, bindparam, insert, or_, select, update

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import (
    from_us,
    now_us,
    optional_duration,
    optional_moment,
    to_duration_us,
    to_us,
)
from mas.core.budget import Budget
from mas.core.failure import Failure
from mas.core.plan import Plan
from mas.core.run import Run, RunRequest, RunStatus, RunSummary, StopReason
from mas.core.usage import Usage
from mas.core.values import JsonValue, encode_json

_run = schema.run.c
_OPEN = tuple(status.value for status in RunStatus if not status.ended)

SUMMARY_COLUMNS = (
    _run.id,
    _run.request,
    _run.team,
    _run.language,
    _run.status,
    _run.stop_reason,
    _run.partial,
    _run.failure,
    _run.input_tokens,
    _run.output_tokens,
    _run.cost_micros,
    _run.created_at,
    _run.started_at,
    _run.finished_at,
    _run.cancel_requested_at,
    _run.last_event,
)

_BY_ID: BindParameter[Any] = bindparam("run_id")
_INSERT = insert(schema.run)
_EXISTS = select(_run.id).where(_run.id == _BY_ID)
_HEAD = select(_run.status, _run.cancel_requested_at, _run.started_at, _run.budget_time_us).where(
    _run.id == _BY_ID
)
_LOCKED_HEAD = _HEAD.with_for_update()
_LOAD = select(schema.run).where(_run.id == _BY_ID)
_NEWEST = (
    select(*SUMMARY_COLUMNS)
    .order_by(_run.created_at.desc(), _run.id.desc())
    .limit(bindparam("most"))
)
_NEWEST_OPEN = _NEWEST.where(_run.status.in_(_OPEN))
_POSITION = select(_run.created_at, _run.id).where(_run.id == _BY_ID)
_OLDER = _NEWEST.where(
    or_(
        _run.created_at < bindparam("created_at"),
        (_run.created_at == bindparam("created_at")) & (_run.id < _BY_ID),
    )
)
_START_PLANNING = (
    update(schema.run)
    .where(_run.id == _BY_ID)
    .values(status=RunStatus.PLANNING.value, started_at=bindparam("at"))
)
_ADOPT = (
    update(schema.run)
    .where(_run.id == _BY_ID)
    .values(status=RunStatus.RUNNING.value, plan=bindparam("new_plan"))
)
_SET_PLAN = update(schema.run).where(_run.id == _BY_ID).values(plan=bindparam("new_plan"))
_SET_STATUS = update(schema.run).where(_run.id == _BY_ID).values(status=bindparam("new_status"))
_PLAN = select(_run.plan).where(_run.id == _BY_ID)
_REQUEST_CANCEL = (
    update(schema.run).where(_run.id == _BY_ID).values(cancel_requested_at=bindparam("at"))
)
_FINISH = (
    update(schema.run)
    .where(_run.id == _BY_ID)
    .values(
        status=bindparam("new_status"),
        stop_reason=bindparam("new_reason"),
        partial=bindparam("new_partial"),
        failure=bindparam("new_failure"),
        result=bindparam("new_result"),
        report=bindparam("new_report"),
        finished_at=bindparam("at"),
    )
)
_REOPEN = (
    update(schema.run)
    .where(_run.id == _BY_ID)
    .values(
        status=bindparam("new_status"),
        stop_reason=None,
        partial=False,
        failure=None,
        result=None,
        report=None,
        cancel_requested_at=None,
        started_at=bindparam("new_start"),
        finished_at=None,
    )
)
_ADD_USAGE = (
    update(schema.run)
    .where(_run.id == _BY_ID)
    .values(
        input_tokens=_run.input_tokens + bindparam("more_input"),
        output_tokens=_run.output_tokens + bindparam("more_output"),
        cost_micros=_run.cost_micros + bindparam("more_cost"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Head:
    """What decides whether anything may still happen to a run."""

    status: RunStatus
    cancelling: bool
    deadline: datetime | None = None
    """When the time of the budget is over; None when there is no such limit."""


def exists(conn: Connection, run_id: str) -> bool:
    """Whether there is such a run."""
    return conn.execute(_EXISTS, {"run_id": run_id}).first() is not None


def add(conn: Connection, run_id: str, request: RunRequest, *, created_at: datetime) -> None:
    """Store a new run, queued, with no event yet."""
    row = {
        "id": run_id,
        "request": request.text,
        "team": request.team,
        "language": request.language,
        "options": encode_json(request.options, what="An option of the run"),
        "status": RunStatus.QUEUED.value,
        "partial": False,
        "input_tokens": request.spent.input_tokens,
        "output_tokens": request.spent.output_tokens,
        "cost_micros": request.spent.cost_micros,
        "created_at": to_us(created_at),
        "last_event": 0,
        "budget_tokens": request.budget.tokens,
        "budget_cost_micros": request.budget.cost_micros,
        "budget_time_us": to_duration_us(request.budget.time),
    }
    conn.execute(_INSERT, row)


def head(conn: Connection, run_id: str) -> Head | None:
    """The head of a run as it stands; None when there is no such run."""
    return _to_head(conn.execute(_HEAD, {"run_id": run_id}).first())


def locked_head(conn: Connection, run_id: str) -> Head | None:
    """The head of a run, which nobody else changes until this transaction ends."""
    return _to_head(conn.execute(_LOCKED_HEAD, {"run_id": run_id}).first())


def load(conn: Connection, run_id: str) -> Run | None:
    """A run with its large parts; None when there is no such run."""
    row = conn.execute(_LOAD, {"run_id": run_id}).first()
    if row is None:
        return None
    return Run(
        **_summary_fields(row),
        options=msgspec.json.decode(row.options),
        budget=Budget(
            tokens=row.budget_tokens,
            cost_micros=row.budget_cost_micros,
            time=optional_duration(row.budget_time_us),
        ),
        plan=None if row.plan is None else msgspec.json.decode(row.plan, type=Plan),
        result=None if row.result is None else msgspec.json.decode(row.result),
        report=row.report,
    )


def to_summary(row: Row[*tuple[Any, ...]]) -> RunSummary:
    """The run of a row that holds `SUMMARY_COLUMNS`."""
    return RunSummary(**_summary_fields(row))


def newest(conn: Connection, *, limit: int, before: str | None = None) -> tuple[RunSummary, ...]:
    """Runs, newest first; those older than the run `before` when it is given."""
    if before is None:
        rows = conn.execute(_NEWEST, {"most": limit})
    else:
        position = conn.execute(_POSITION, {"run_id": before}).first()
        if position is None:
            return ()
        rows = conn.execute(
            _OLDER, {"most": limit, "created_at": position.created_at, "run_id": position.id}
        )
    return tuple(to_summary(row) for row in rows)


def unfinished(conn: Connection, *, limit: int) -> tuple[RunSummary, ...]:
    """Runs that have not ended, newest first."""
    rows = conn.execute(_NEWEST_OPEN, {"most": limit})
    return tuple(to_summary(row) for row in rows)


def start_planning(conn: Connection, run_id: str) -> None:
    """Move a run to `planning`; its wall time begins."""
    conn.execute(_START_PLANNING, {"run_id": run_id, "at": now_us(conn)})


def adopt_plan(conn: Connection, run_id: str, plan: Plan) -> None:
    """Give a run its plan and move it to `running`."""
    conn.execute(_ADOPT, {"run_id": run_id, "new_plan": encode_json(plan, what="The plan")})


def plan_of(conn: Connection, run_id: str) -> Plan | None:
    """The plan of a run as it stands."""
    plan = conn.execute(_PLAN, {"run_id": run_id}).scalar()
    return None if plan is None else msgspec.json.decode(plan, type=Plan)


def change_plan(conn: Connection, run_id: str, plan: Plan) -> None:
    """Replace the plan of a run that goes on."""
    conn.execute(_SET_PLAN, {"run_id": run_id, "new_plan": encode_json(plan, what="The plan")})


def set_status(conn: Connection, run_id: str, status: RunStatus) -> None:
    """Move a run that goes on between `running` and `awaiting_approval`."""
    conn.execute(_SET_STATUS, {"run_id": run_id, "new_status": status.value})


def request_cancel(conn: Connection, run_id: str) -> None:
    """Note that a person wants it to stop."""
    conn.execute(_REQUEST_CANCEL, {"run_id": run_id, "at": now_us(conn)})


def finish(
    conn: Connection,
    run_id: str,
    *,
    status: RunStatus,
    stop_reason: StopReason,
    partial: bool,
    failure: Failure | None,
    result: JsonValue = None,
    report: str | None = None,
) -> None:
    """End a run with its answer."""
    values = {
        "run_id": run_id,
        "new_status": status.value,
        "new_reason": stop_reason,
        "new_partial": partial,
        "new_failure": None if failure is None else encode_json(failure),
        **_answered(result, report),
        "at": now_us(conn),
    }
    conn.execute(_FINISH, values)


def reopen(
    conn: Connection, run_id: str, *, status: RunStatus, started_at: datetime | None
) -> None:
    """Let a run that has ended go on: its answer and its end are cleared. Its wall time counts
    from `started_at`."""
    start = None if started_at is None else to_us(started_at)
    conn.execute(_REOPEN, {"run_id": run_id, "new_status": status.value, "new_start": start})


def _answered(result: JsonValue, report: str | None) -> dict[str, object]:
    encoded = None if result is None else encode_json(result, what="The result")
    return {"new_result": encoded, "new_report": report}


def add_usage(conn: Connection, run_id: str, usage: Usage) -> None:
    """Add tokens and cost to what the run has used."""
    conn.execute(
        _ADD_USAGE,
        {
            "run_id": run_id,
            "more_input": usage.input_tokens,
            "more_output": usage.output_tokens,
            "more_cost": usage.cost_micros,
        },
    )


def _to_head(row: Row[*tuple[Any, ...]] | None) -> Head | None:
    if row is None:
        return None
    deadline: datetime | None = None
    if row.started_at is not None and row.budget_time_us is not None:
        deadline = from_us(row.started_at + row.budget_time_us)
    return Head(
        status=RunStatus(row.status),
        cancelling=row.cancel_requested_at is not None,
        deadline=deadline,
    )


def _summary_fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    started, finished = row.started_at, row.finished_at
    took = finished - started if finished is not None and started is not None else 0
    return {
        "id": row.id,
        "request": row.request,
        "team": row.team,
        "language": row.language,
        "status": RunStatus(row.status),
        "stop_reason": row.stop_reason,
        "partial": row.partial,
        "failure": None if row.failure is None else msgspec.json.decode(row.failure, type=Failure),
        "usage": Usage(
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_micros=row.cost_micros,
            time=timedelta(microseconds=took),
        ),
        "created_at": from_us(row.created_at),
        "started_at": optional_moment(started),
        "finished_at": optional_moment(finished),
        "cancel_requested_at": optional_moment(row.cancel_requested_at),
        "last_event": row.last_event,
    }
