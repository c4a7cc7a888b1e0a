"""Folding events: how a run and its tasks stand, from the events alone (R9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from mas.core.errors import Bug
from mas.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    EffectIntended,
    Event,
    MessageSent,
    PlanExtended,
    PlannedTask,
    ReopenedTask,
    RunCancelRequested,
    RunFinished,
    RunForked,
    RunPlanned,
    RunPlanning,
    RunQueued,
    RunReopened,
    TaskAwaiting,
    TaskCancelled,
    TaskDelegated,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.run import RunStatus, StopReason, TaskState


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """A task as a watcher knows it."""

    planned: PlannedTask
    state: TaskState
    attempt: int = 0
    recorded: tuple[str, ...] = ()
    """Keys of its records, in order."""
    met: bool = False
    """Whether what depends on it may go on: it has succeeded, or failed with a result."""


@dataclass(frozen=True, kw_only=True)
class RunView:
    """A run as a watcher knows it after the event `last_event`."""

    status: RunStatus = RunStatus.QUEUED
    stop_reason: StopReason | None = None
    partial: bool = False
    cancelling: bool = False
    tasks: Mapping[str, TaskView] = field(default_factory=dict)
    last_event: int = 0


def fold(events: Iterable[Event], *, view: RunView | None = None) -> RunView:
    """Apply events in order, to nothing or to what was folded before.

    Raises:
        Bug: An event is missing or comes twice.
    """
    view = view or RunView()
    for event in events:
        if event.number != view.last_event + 1:
            raise Bug(
                f"Event {event.number} of run {event.run_id} follows event {view.last_event}.",
                code="event_gap",
            )
        view = replace(_settled(_apply(view, event)), last_event=event.number)
    return view


def _apply(view: RunView, event: Event) -> RunView:
    match event.body:
        case RunQueued():
            return replace(view, status=RunStatus.QUEUED)
        case RunPlanning():
            return replace(view, status=RunStatus.PLANNING)
        case RunPlanned(tasks=tasks):
            return replace(view, status=RunStatus.RUNNING, tasks=_planned(tasks))
        case RunCancelRequested():
            return replace(view, cancelling=True)
        case RunFinished(status=status, stop_reason=reason, partial=partial):
            return replace(view, status=status, stop_reason=reason, partial=partial)
        case EffectIntended() | ApprovalRequested() | MessageSent() | RunForked():
            return view
        case RunReopened(tasks=tasks):
            return _reopened(view, tasks)
        case PlanExtended(tasks=tasks):
            return _released(replace(view, tasks={**view.tasks, **_planned(tasks)}))
        case TaskAwaiting(task=task):
            return _moved(view, task, TaskState.AWAITING)
        case TaskDelegated(task=task, needs=needs):
            return _delegated(view, task, needs)
        case ApprovalDecided(task=task):
            return _answered(view, task)
        case TaskRecorded(task=task, key=key):
            known = view.tasks[task]
            return _with(view, replace(known, recorded=(*known.recorded, key)))
        case TaskStarted(task=task, attempt=attempt):
            started = replace(view.tasks[task], state=TaskState.RUNNING, attempt=attempt)
            return _with(view, started)
        case TaskSucceeded(task=task):
            return _ended(view, task, TaskState.SUCCEEDED)
        case TaskRetrying(task=task) | TaskReturned(task=task):
            return _moved(view, task, TaskState.READY)
        case TaskFailed(task=task, reported=True):
            return _ended(view, task, TaskState.FAILED)
        case TaskFailed(task=task):
            return _moved(view, task, TaskState.FAILED)
        case TaskSkipped(task=task):
            return _moved(view, task, TaskState.SKIPPED)
        case TaskCancelled(task=task):
            return _moved(view, task, TaskState.CANCELLED)


def _settled(view: RunView) -> RunView:
    """A run waits for a person when that is all that any of its tasks can do."""
    if view.status not in (RunStatus.RUNNING, RunStatus.AWAITING_APPROVAL):
        return view
    return replace(view, status=status_of(task.state for task in view.tasks.values()))


def status_of(states: Iterable[TaskState]) -> RunStatus:
    """The status of a run that goes on, by the states of its tasks."""
    found = set(states)
    busy = found & {TaskState.READY, TaskState.RUNNING}
    if TaskState.AWAITING in found and not busy:
        return RunStatus.AWAITING_APPROVAL
    return RunStatus.RUNNING


def _answered(view: RunView, task: str) -> RunView:
    """A task whose attempt has not ended yet finds the answer by itself."""
    if view.tasks[task].state is not TaskState.AWAITING:
        return view
    return _moved(view, task, TaskState.READY)


def _delegated(view: RunView, task: str, needs: tuple[str, ...]) -> RunView:
    known = view.tasks[task]
    planned = msgspec.structs.replace(known.planned, depends_on=(*known.planned.depends_on, *needs))
    return _released(_with(view, replace(known, planned=planned, state=TaskState.WAITING)))


def _planned(tasks: Iterable[PlannedTask]) -> dict[str, TaskView]:
    return {
        task.id: TaskView(
            planned=task, state=TaskState.WAITING if task.depends_on else TaskState.READY
        )
        for task in tasks
    }


def _reopened(view: RunView, reopened: Iterable[ReopenedTask]) -> RunView:
    """All at once: one of them may need another."""
    tasks = dict(view.tasks)
    for one in reopened:
        known = tasks[one.id]
        tasks[one.id] = replace(
            known, state=TaskState.WAITING, met=False, recorded=known.recorded[: one.kept]
        )
    status = RunStatus.RUNNING if tasks else RunStatus.QUEUED
    again = replace(view, status=status, stop_reason=None, partial=False, cancelling=False)
    return _released(replace(again, tasks=tasks))


def _with(view: RunView, task: TaskView) -> RunView:
    return replace(view, tasks={**view.tasks, task.planned.id: task})


def _moved(view: RunView, task: str, state: TaskState) -> RunView:
    return _with(view, replace(view.tasks[task], state=state))


def _ended(view: RunView, task: str, state: TaskState) -> RunView:
    return _released(_with(view, replace(view.tasks[task], state=state, met=True)))


def _released(view: RunView) -> RunView:
    """Tasks whose dependencies are all met are ready without an event of their own."""
    tasks = dict(view.tasks)
    for name, task in view.tasks.items():
        needed = task.planned.depends_on
        if task.state is TaskState.WAITING and all(view.tasks[need].met for need in needed):
            tasks[name] = replace(task, state=TaskState.READY)
    return replace(view, tasks=tasks)
