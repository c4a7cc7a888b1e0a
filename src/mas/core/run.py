"""Runs and tasks as they stand: plain data, read from the journal (R1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from mas.core.budget import NO_BUDGET, Budget
from mas.core.failure import Failure
from mas.core.language import Language
from mas.core.lessons import NewLesson
from mas.core.plan import Plan, TaskSpec
from mas.core.usage import NOTHING, Usage
from mas.core.values import JsonObject, JsonValue

StopReason = Literal["done", "error", "cancelled", "budget", "rejected", "blocked"]


class RunStatus(StrEnum):
    """Where a run stands. `awaiting_approval` is a running run in which every open task waits."""

    QUEUED = "queued"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to a run with this status."""
        return self in _ENDED_RUNS

    @property
    def under_way(self) -> bool:
        """Whether the run has a plan and has not ended."""
        return self in (RunStatus.RUNNING, RunStatus.AWAITING_APPROVAL)


_ENDED_RUNS = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    """Needs results that are not there yet."""
    READY = "ready"
    """May start: now, or at `not_before`."""
    RUNNING = "running"
    AWAITING = "awaiting"
    """Needs a person's answer, and no worker until it comes."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Can never start, because a task that it needs has not succeeded."""
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the task will not be worked on again."""
        return self not in _OPEN_TASKS


_OPEN_TASKS = frozenset({TaskState.WAITING, TaskState.READY, TaskState.RUNNING, TaskState.AWAITING})


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a person asks for. `options` belong to the team and are stored as they are."""

    text: str
    team: str
    language: Language = "en"
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    budget: Budget = NO_BUDGET
    spent: Usage = NOTHING
    """What was used before the run was made, to choose its team."""


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A run without its large parts, for lists. Times are in UTC; None has not happened yet."""

    id: str
    request: str
    team: str
    language: Language
    status: RunStatus
    stop_reason: StopReason | None = None
    partial: bool = False
    """True when some tasks succeeded and some did not."""
    failure: Failure | None = None
    """Why the run failed, or the first failed task of a partial one."""
    usage: Usage = NOTHING
    """`usage.time` is the wall time from the start of planning to the end, 0 before the end."""
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    last_event: int = 0


@dataclass(frozen=True, kw_only=True)
class Run(RunSummary):
    """A run with everything that belongs to it but its tasks, records and events."""

    options: JsonObject = field(default_factory=dict)
    budget: Budget = NO_BUDGET
    plan: Plan | None = None
    result: JsonValue = None
    report: str | None = None
    """Markdown, in the language of the request."""


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; what is left out does not matter."""

    team: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    """Any of them; none named: any at all."""
    text: str | None = None
    """A part of the request, whatever its case."""


ALL_RUNS = RunFilter()


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """Some runs of a list, newest first."""

    runs: tuple[RunSummary, ...]
    next: str | None = None
    """Where the next page begins; None: there is none."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a run as it stands."""

    run_id: str
    spec: TaskSpec
    state: TaskState
    attempt: int = 0
    """How often it has been started; 0 has never been."""
    crashes: int = 0
    """How often in a row the process that worked on it has died without getting any further."""
    chances: int = 0
    """How often a person has let it start again after it had ended."""
    result: JsonValue = None
    summary: str = ""
    failure: Failure | None = None
    """Why it failed or was skipped, or why the attempt before this one failed."""
    not_before: datetime | None = None
    started_at: datetime | None = None
    """Start of the latest attempt."""
    finished_at: datetime | None = None

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def role(self) -> str:
        return self.spec.role


@dataclass(frozen=True, kw_only=True)
class TaskOutcome:
    """What a task gives when it succeeds. `result` flows to the tasks that depend on it."""

    result: JsonValue
    summary: str = ""
    """One line for people."""
    failure: Failure | None = None
    """Set when the work was done to its end and has failed all the same: the task counts as failed,
    its result stays, and the tasks that depend on it go on with that result."""
    extend: tuple[TaskSpec, ...] = ()
    """Tasks to add to the plan as this one succeeds; they may depend on any task of the run."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A team's answer to a request.

    `succeeded` None means: the run has succeeded when every task has. A team that can answer
    with less than all its tasks says so itself; with `failure` it gives what there is, and the
    run fails for that reason.
    """

    result: JsonValue
    report: str
    succeeded: bool | None = None
    failure: Failure | None = None
    lessons: tuple[NewLesson, ...] = ()
    """What the run has taught; stored when it has succeeded."""
    lessons_used: tuple[str, ...] = ()
    """Ids of the lessons that were offered; counted by how the run has ended."""
