"""Rows of runs with how each came out. What ended runs have answered is kept in mind."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from fastapi import FastAPI

from mas.app.choices import repository_of, snapshot_of
from mas.app.service import Service
from mas.core.language import Language
from mas.core.overview import WorkingTask
from mas.core.run import RunSummary
from mas.web.views.outcomes import Outcome, outcome_of

MOST_KEPT = 2000


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One row. `since` is set while the run goes on: its time is counted from there."""

    run: RunSummary
    outcome: Outcome
    took: timedelta | None
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Told:
    outcomes: Mapping[Language, Outcome]
    repository: str | None
    snapshot: str | None


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """Rows, and what their runs were about."""

    rows: tuple[RunRow, ...]
    repositories: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()


async def rows_of(
    app: FastAPI, service: Service, runs: Iterable[RunSummary], *, reader: Language, now: datetime
) -> RunRows:
    """The rows of some runs, in the same order."""
    known = _known(app)
    working: dict[str, list[WorkingTask]] | None = None
    rows: list[RunRow] = []
    repositories: dict[str, None] = {}
    snapshots: dict[str, None] = {}
    for run in runs:
        if run.status.ended:
            told = await _told(known, service, run)
            outcome = told.outcomes[reader]
            if told.repository:
                repositories[told.repository] = None
            if told.snapshot:
                snapshots[told.snapshot] = None
        else:
            if working is None:
                working = by_run(await service.working())
            outcome = outcome_of(run, reader=reader, working=working.get(run.id, ()))
        rows.append(to_row(run, outcome, now=now))
    return RunRows(rows=tuple(rows), repositories=tuple(repositories), snapshots=tuple(snapshots))


def to_row(run: RunSummary, outcome: Outcome, *, now: datetime) -> RunRow:
    """A row. A run that has ended took what it took; one that has not begun nothing yet."""
    began = run.started_at or run.created_at
    if not run.status.ended:
        return RunRow(run=run, outcome=outcome, took=max(now - began, timedelta()), since=began)
    took = run.usage.time
    if not took and run.finished_at is not None:
        took = max(run.finished_at - began, timedelta())
    return RunRow(run=run, outcome=outcome, took=took, since=None)


def by_run(working: Mapping[str, Iterable[WorkingTask]]) -> dict[str, list[WorkingTask]]:
    """What is at work, by run instead of by role."""
    found: dict[str, list[WorkingTask]] = {}
    for tasks in working.values():
        for task in tasks:
            found.setdefault(task.run_id, []).append(task)
    return found


async def _told(
    known: OrderedDict[tuple[str, int], _Told], service: Service, run: RunSummary
) -> _Told:
    """What an ended run has to tell. Its last event changes when it is taken up again."""
    key = (run.id, run.last_event)
    if key in known:
        known.move_to_end(key)
        return known[key]
    whole = await service.get(run.id)
    told = _Told(
        outcomes={
            "en": outcome_of(whole, reader="en"),
            "ko": outcome_of(whole, reader="ko"),
        },
        repository=repository_of(whole),
        snapshot=snapshot_of(whole),
    )
    if whole.status.ended:
        known[key] = told
        while len(known) > MOST_KEPT:
            known.popitem(last=False)
    return told


def _known(app: FastAPI) -> OrderedDict[tuple[str, int], _Told]:
    state: Any = app.state
    if not hasattr(state, "page_outcomes"):
        state.page_outcomes = OrderedDict()
    return cast("OrderedDict[tuple[str, int], _Told]", state.page_outcomes)
