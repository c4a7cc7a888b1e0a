"""Retry by a person: tasks that have ended start again, with all that hung on them (R6).

What becomes of the records of such a task:

- A task that was stopped from outside (cancelled, skipped, something was out of reach) keeps all:
  nothing is wrong with them, and it goes on where it was.
- Any other would come to the same end by the same records. It keeps them up to its last action on
  the outside world, its last delegation and the last tasks it has planned, because none of that
  may happen twice; what it had thought since is taken out, and thought anew. Records up to a
  moment are what a crash at that moment would have left, so it comes back to that place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mas.adapters.stores import budgets, events, reopening, runs, tasks
from mas.adapters.stores.transaction import now
from mas.core.errors import UserError
from mas.core.events import (
    EffectIntended,
    Event,
    MessageSent,
    PlanExtended,
    ReopenedTask,
    RunReopened,
    TaskDelegated,
)
from mas.core.fold import RunView, TaskView, fold
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.engine.journal import waiting
from mas.engine.journal.lifecycle import get, unknown_run

_AGAIN = (TaskState.FAILED, TaskState.SKIPPED, TaskState.CANCELLED)
_SEEDS = (TaskState.FAILED, TaskState.CANCELLED)
ALL_EVENTS = 10_000_000
"""More than a run has."""


@dataclass(frozen=True, kw_only=True)
class _Story:
    """A run as its events tell it."""

    run: Run
    view: RunView
    told: tuple[Event, ...]
    tasks: Mapping[str, Task]


def retry(conn: Connection, run_id: str, task_id: str | None) -> Run:
    """Let a task (None: each that has failed or was cancelled) start again, and the run go on.

    Raises:
        UserError: There is no such run or task, nothing of it has failed (`nothing_to_retry`), it
            is still being worked on (`still_working`), or its budget is used up.
    """
    head = runs.locked_head(conn, run_id)
    if head is None:
        raise unknown_run(run_id)
    run = get(conn, run_id)
    if head.cancelling and not head.status.ended:
        raise _still_working(run_id, "it is being cancelled")
    told = events.after(conn, run_id, 0, limit=ALL_EVENTS)
    known = {task.id: task for task in tasks.of_run(conn, run_id)}
    story = _Story(run=run, view=fold(told), told=told, tasks=known)
    again = _again(story, task_id)
    if head.status.ended:
        _check_budget(conn, run)
    kept = {name: _keep(conn, story, name, again) for name in again}
    events.append(
        conn, run_id, RunReopened(tasks=tuple(ReopenedTask(id=n, kept=kept[n]) for n in again))
    )
    for name in again:
        reopening.reopen(conn, run_id, name, unmet=_unmet(story.view, name, again))
    if head.status.ended:
        status = RunStatus.RUNNING if story.view.tasks else RunStatus.QUEUED
        runs.reopen(conn, run_id, status=status, started_at=_start_of(run, now(conn)))
    waiting.restate(conn, run_id)
    return get(conn, run_id)


def _again(story: _Story, task_id: str | None) -> tuple[str, ...]:
    """The tasks that start again, in the plan's order; none for a run that never had any."""
    run, view = story.run, story.view
    if task_id is not None and task_id not in view.tasks:
        raise UserError(
            f"Run {run.id} has no task {task_id[:100]!r}.",
            hint=f"Its tasks are: {', '.join(view.tasks) or 'none yet'}.",
            code="unknown_task",
        )
    if not view.tasks and run.status in (RunStatus.FAILED, RunStatus.CANCELLED):
        return ()
    wanted = [task_id] if task_id is not None else list(view.tasks)
    states = _SEEDS if task_id is None else _AGAIN
    seeds = [name for name in wanted if view.tasks[name].state in states]
    if not seeds:
        what = f"Task {task_id}" if task_id is not None else f"No task of run {run.id}"
        has = "has not failed" if task_id is not None else "has failed"
        raise UserError(
            f"{what} {has}, so that nothing can be tried again.",
            # Not every team's work can be forked; a new run can be asked for with any.
            hint=f"See its tasks with `mas runs show {run.id}`. For another answer, ask again.",
            code="nothing_to_retry",
        )
    found = _with_what_hangs_on_it(view, _with_what_is_missing(view, seeds))
    for name in found:
        task = view.tasks[name]
        if not task.state.ended and (task.state is not TaskState.WAITING or task.attempt):
            raise _still_working(run.id, f"its task {name} needs the result")
    return tuple(name for name in view.tasks if name in found)


def _with_what_is_missing(view: RunView, seeds: Iterable[str]) -> set[str]:
    """The tasks and all without whose results they could never start."""
    found: set[str] = set()
    open_ = list(seeds)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            needed = view.tasks[name].planned.depends_on
            open_ += [n for n in needed if view.tasks[n].state.ended and not view.tasks[n].met]
    return found


def _with_what_hangs_on_it(view: RunView, found: set[str]) -> set[str]:
    """The tasks and all that use their results. One that could not start all the same, because
    something else that it needs has failed, stays as it is."""
    while True:
        more = {
            name
            for name, task in view.tasks.items()
            if name not in found
            and found.intersection(task.planned.depends_on)
            and all(need in found or _coming(view.tasks[need]) for need in task.planned.depends_on)
        }
        if not more:
            return found
        found |= more


def _coming(task: TaskView) -> bool:
    return task.met or not task.state.ended


def _unmet(view: RunView, name: str, again: tuple[str, ...]) -> int:
    needed = view.tasks[name].planned.depends_on
    return sum(need in again or not view.tasks[need].met for need in needed)


def _keep(conn: Connection, story: _Story, name: str, again: tuple[str, ...]) -> int:
    """Take out what the task must not find again; returns how many of its records are left."""
    run_id = story.run.id
    whole = _stopped_from_outside(story, name, again)
    cut = story.run.last_event if whole else _last_done(conn, story, name)
    kept = reopening.keep_until(conn, run_id, name, cut)
    reopening.set_approvals_aside(conn, run_id, name, keep_approved=whole)
    later = [
        event.body.message
        for event in story.told
        if event.number > cut and isinstance(event.body, MessageSent) and event.body.sender == name
    ]
    reopening.free_messages(conn, run_id, name, said_later=later)
    return kept


def _stopped_from_outside(story: _Story, name: str, again: tuple[str, ...]) -> bool:
    view, task = story.view.tasks[name], story.tasks[name]
    if view.met or set(again).intersection(view.planned.depends_on):
        return False
    if view.state is TaskState.FAILED:
        return task.failure is not None and task.failure.kind == "transient"
    return True


def _last_done(conn: Connection, story: _Story, name: str) -> int:
    """The number of the last event of a task that must not happen twice."""
    last = reopening.last_effect(conn, story.run.id, name)
    for event in story.told:
        match event.body:
            case EffectIntended(task=task) | TaskDelegated(task=task) | PlanExtended(by=task):
                if task == name:
                    last = max(last, event.number)
            case _:
                pass
    return last


def _start_of(run: Run, at: datetime) -> datetime | None:
    """From when the wall time counts: not while the run had ended, and from now on where its time
    was used up."""
    if run.started_at is None or run.finished_at is None:
        return None
    start = run.started_at + (at - run.finished_at)
    limit = run.budget.time
    return at if limit is not None and start + limit <= at else start


def _check_budget(conn: Connection, run: Run) -> None:
    account = budgets.of_run(conn, run.id)
    tokens, cost = run.budget.tokens, run.budget.cost_micros
    spent = account.spent
    if (tokens is not None and spent.tokens >= tokens) or (
        cost is not None and spent.cost_micros >= cost
    ):
        raise UserError(
            f"The budget of run {run.id} is used up.",
            hint=f"A fork has a budget of its own and keeps what is done: mas runs fork {run.id}",
            code="budget_used_up",
        )


def _still_working(run_id: str, why: str) -> UserError:
    return UserError(
        f"Run {run_id} is still worked on: {why}.",
        hint=f"Wait until it has ended: mas runs watch {run_id}",
        code="still_working",
    )
