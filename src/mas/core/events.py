"""Events: everything that happens in a run, typed, numbered from 1 without gaps (R9).

Every change of state is stored together with its event, so the events of a run tell its whole
story (`mas.core.fold`). Values of records are not in them: they name the record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from mas.core.failure import Failure
from mas.core.language import Language
from mas.core.messages import Intent
from mas.core.plan import Risk, TaskSpec
from mas.core.records import RecordKind
from mas.core.run import RunStatus, StopReason
from mas.core.values import JsonValue


class _Body(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """What one kind of event says; `type` in JSON is the name in snake case."""


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class RunQueued(_Body, frozen=True, kw_only=True, tag=_snake):
    """The run is accepted and stored: from now on it is not lost."""

    team: str
    language: Language


class RunPlanning(_Body, frozen=True, kw_only=True, tag=_snake):
    """Somebody has begun to plan it."""


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a watcher needs it to draw the graph."""

    id: str
    role: str
    title: str
    depends_on: tuple[str, ...] = ()
    risk: Risk = "read"


class RunPlanned(_Body, frozen=True, kw_only=True, tag=_snake):
    """The plan is accepted; tasks without dependencies may start."""

    tasks: tuple[PlannedTask, ...]
    reason: str = ""


class RunCancelRequested(_Body, frozen=True, kw_only=True, tag=_snake):
    """A person wants it to stop; it ends when no task is running any more."""


class RunForked(_Body, frozen=True, kw_only=True, tag=_snake):
    """The run is a fork: it begins with finished work of the run `source`, which the next events
    tell like its own."""

    source: str
    after: str = ""
    """The step behind which it goes another way; empty: all that had succeeded is kept."""


class ReopenedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that starts again."""

    id: str
    kept: int = 0
    """How many of its records stay, from the first on; the others are taken out."""


class RunReopened(_Body, frozen=True, kw_only=True, tag=_snake):
    """A person has given tasks a new chance: the run goes on, or begins anew where it has no plan.
    Those that need nothing else may start at once."""

    tasks: tuple[ReopenedTask, ...] = ()


class RunFinished(_Body, frozen=True, kw_only=True, tag=_snake):
    """The last event of a run, unless a person reopens it."""

    status: RunStatus
    stop_reason: StopReason
    partial: bool = False
    failure: Failure | None = None


class TaskStarted(_Body, frozen=True, kw_only=True, tag=_snake):
    """An attempt has begun."""

    task: str
    attempt: int
    worker: str


class TaskRecorded(_Body, frozen=True, kw_only=True, tag=_snake):
    """A step is finished and will never be done again."""

    task: str
    attempt: int
    key: str
    kind: RecordKind
    summary: str = ""
    size_bytes: int = 0
    seconds: float = 0.0


class EffectIntended(_Body, frozen=True, kw_only=True, tag=_snake):
    """An action on the outside world is about to be done."""

    task: str
    attempt: int
    key: str
    summary: str = ""


class TaskSucceeded(_Body, frozen=True, kw_only=True, tag=_snake):
    """The task is done; tasks that waited only for it may start."""

    task: str
    attempt: int
    summary: str = ""


class TaskRetrying(_Body, frozen=True, kw_only=True, tag=_snake):
    """An attempt has failed and another follows after `delay_seconds`."""

    task: str
    attempt: int
    failure: Failure
    delay_seconds: float


class TaskReturned(_Body, frozen=True, kw_only=True, tag=_snake):
    """An attempt has ended unfinished and the task may start again at once.

    `reason`: `shutdown` (its process was asked to stop) or `lost` (its process died).
    """

    task: str
    attempt: int
    reason: str


class TaskFailed(_Body, frozen=True, kw_only=True, tag=_snake):
    """The task has failed for good."""

    task: str
    attempt: int
    failure: Failure
    reported: bool = False
    """Its result is there all the same, and what depends on it goes on."""


class TaskSkipped(_Body, frozen=True, kw_only=True, tag=_snake):
    """The task can never start, because `cause` has not succeeded."""

    task: str
    cause: str


class TaskCancelled(_Body, frozen=True, kw_only=True, tag=_snake):
    """The task was stopped, or taken out of the queue, by a person's cancel."""

    task: str


class TaskAwaiting(_Body, frozen=True, kw_only=True, tag=_snake):
    """An attempt has ended because a call of the task waits for a person."""

    task: str
    attempt: int


class TaskDelegated(_Body, frozen=True, kw_only=True, tag=_snake):
    """An attempt has ended because the task needs results of tasks that it has asked for."""

    task: str
    attempt: int
    needs: tuple[str, ...]


class PlanExtended(_Body, frozen=True, kw_only=True, tag=_snake):
    """Tasks were added to the plan; `by` is the task that wanted them."""

    by: str
    tasks: tuple[PlannedTask, ...]


class ApprovalRequested(_Body, frozen=True, kw_only=True, tag=_snake):
    """A call waits for a person; the approval holds all of it."""

    task: str
    approval: str
    tool: str
    target: str
    risk: Risk
    effect: str = ""
    reason: str = ""


class ApprovalDecided(_Body, frozen=True, kw_only=True, tag=_snake):
    """A person has answered; an approved call is made by the task's next attempt."""

    task: str
    approval: str
    approved: bool
    comment: str = ""


class MessageSent(_Body, frozen=True, kw_only=True, tag=_snake):
    """A message was stored; `content` is its beginning."""

    message: int
    sender: str
    recipient: str
    intent: Intent
    content: str = ""


EventBody: TypeAlias = (
    RunQueued
    | RunPlanning
    | RunPlanned
    | RunCancelRequested
    | RunForked
    | RunReopened
    | RunFinished
    | TaskStarted
    | TaskRecorded
    | EffectIntended
    | TaskSucceeded
    | TaskRetrying
    | TaskReturned
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | TaskAwaiting
    | TaskDelegated
    | PlanExtended
    | ApprovalRequested
    | ApprovalDecided
    | MessageSent
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event. `number` counts from 1 in each run; a watcher resumes after it."""

    run_id: str
    number: int
    at: datetime
    body: EventBody

    @property
    def type(self) -> str:
        """`task_started` for `TaskStarted`, and so on."""
        return event_type(self.body)

    def to_json(self) -> dict[str, JsonValue]:
        """One flat object, as `watch --json` prints it."""
        fields: dict[str, JsonValue] = msgspec.to_builtins(self.body)
        return {"run_id": self.run_id, "number": self.number, "at": self.at.isoformat(), **fields}


def event_type(body: EventBody) -> str:
    """The `type` of an event in JSON and in the journal."""
    return str(body.__struct_config__.tag)


def planned_tasks(tasks: Iterable[TaskSpec]) -> tuple[PlannedTask, ...]:
    """What the events say of tasks."""
    return tuple(
        PlannedTask(
            id=task.id,
            role=task.role,
            title=task.title,
            depends_on=task.depends_on,
            risk=task.risk,
        )
        for task in tasks
    )
