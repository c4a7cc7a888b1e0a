"""Statements over all runs: filtered pages, what is unfinished, how many there are, who works."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    func,
    literal,
    select,
    tuple_,
)

from mas.adapters.stores import schema
from mas.adapters.stores.runs import SUMMARY_COLUMNS, to_summary
from mas.adapters.stores.transaction import optional_moment
from mas.core.overview import Counts, WorkingTask
from mas.core.plan import TaskSpec
from mas.core.run import RunFilter, RunStatus, RunSummary, TaskState

LONGEST_TEXT = 500
"""Characters of a text that is looked for; what is longer is in no request that is found."""

_run = schema.run.c
_task = schema.task.c
_OPEN = tuple(status.value for status in RunStatus if not status.ended)
_AT_WORK = (TaskState.RUNNING.value, TaskState.AWAITING.value)

_PAGE = select(*SUMMARY_COLUMNS).order_by(_run.created_at.desc(), _run.id.desc())
_POSITION = select(_run.created_at, _run.id).where(_run.id == bindparam("run_id"))
_RUNS = select(_run.team, _run.status, func.count().label("runs")).group_by(_run.team, _run.status)
_OF_OPEN = (
    select(_task.role, _task.state)
    .join(schema.run, _run.id == _task.run)
    .where(_run.status.in_(_OPEN))
)
_TASKS = _OF_OPEN.add_columns(func.count().label("tasks")).group_by(_task.role, _task.state)
_WORKING = (
    _OF_OPEN.add_columns(_task.run, _task.id, _task.spec, _task.started_at)
    .where(_task.state.in_(_AT_WORK))
    .order_by(_run.created_at, _run.id, _task.position)
)


def page(
    conn: Connection, filters: RunFilter, *, limit: int, before: str | None = None
) -> tuple[RunSummary, ...] | None:
    """Runs that fit, newest first, those older than the run `before`; None: there is none such."""
    wanted = _PAGE.where(*_fitting(filters)).limit(limit)
    if before is not None:
        position = conn.execute(_POSITION, {"run_id": before}).first()
        if position is None:
            return None
        here = tuple_(literal(position.created_at), literal(position.id))
        wanted = wanted.where(tuple_(_run.created_at, _run.id) < here)
    return tuple(to_summary(row) for row in conn.execute(wanted))


def counts(conn: Connection) -> Counts:
    """How many runs there are, and tasks of those that have not ended."""
    return Counts(
        runs={(row.team, RunStatus(row.status)): row.runs for row in conn.execute(_RUNS)},
        tasks={(row.role, TaskState(row.state)): row.tasks for row in conn.execute(_TASKS)},
    )


def working(conn: Connection) -> tuple[WorkingTask, ...]:
    """The tasks at which somebody works or that wait for a person, the oldest runs first."""
    return tuple(
        WorkingTask(
            run_id=row.run,
            id=row.id,
            role=row.role,
            title=msgspec.json.decode(row.spec, type=TaskSpec).title,
            state=TaskState(row.state),
            started_at=optional_moment(row.started_at),
        )
        for row in conn.execute(_WORKING)
    )


def _fitting(filters: RunFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.team is not None:
        found.append(_run.team == filters.team)
    if filters.statuses:
        found.append(_run.status.in_([status.value for status in filters.statuses]))
    if filters.text:
        # Lowered by the database on both sides: letters beyond ASCII are a matter of its locale.
        part = filters.text[:LONGEST_TEXT].replace("\0", "\ufffd")
        for sign in ("/", "%", "_"):
            part = part.replace(sign, f"/{sign}")
        pattern = func.lower(literal(f"%{part}%"))
        found.append(func.lower(_run.request).like(pattern, escape="/"))
    return found
