"""How runs and all that belongs to them look in JSON (U3).

The shapes are also what `/openapi.json` says of them. Names of fields are those of
`mas runs show --json` where both tell the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

from mas.app.service import RunDetail
from mas.core.approvals import Approval, ApprovalState
from mas.core.failure import Failure, FailureKind
from mas.core.language import Language
from mas.core.messages import Intent, Message
from mas.core.plan import Plan, Risk, TaskLimits
from mas.core.records import Record, RecordKind
from mas.core.run import Run, RunStatus, RunSummary, StopReason, Task, TaskState
from mas.core.usage import MICROS_PER_USD, Usage


class Shape(BaseModel):
    """Something in an answer; the docstrings of its fields describe them."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Used(Shape):
    """What was used up."""

    input_tokens: int
    output_tokens: int
    cost_usd: float
    seconds: float
    """Wall time; 0 before the end of a run."""


class Failed(Shape):
    """Why something failed."""

    kind: FailureKind
    code: str
    """Stable."""
    message: str
    hint: str


class RunItem(Shape):
    """A run in a list. Times are in UTC, null: not yet."""

    run_id: str
    request: str
    team: str
    language: Language
    status: RunStatus
    stop_reason: StopReason | None
    partial: bool
    """Some tasks succeeded and some did not."""
    failure: Failed | None
    usage: Used
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    last_event: int
    """Number of the latest event."""


class RunList(Shape):
    """Runs, the newest first. `next` is `before` of the page that follows; null: there is none."""

    items: list[RunItem]
    next: str | None


class LimitsOf(Shape):
    """What a run or task may use; null is no limit."""

    tokens: int | None
    usd: float | None
    seconds: float | None


class PlannedItem(Shape):
    """A task as it was planned."""

    id: str
    role: str
    title: str
    goal: str
    inputs: dict[str, Any]
    depends_on: list[str]
    success_criteria: list[str]
    risk: Risk
    limits: LimitsOf | None


class PlanItem(Shape):
    """The tasks of a run, and why these."""

    reason: str
    tasks: list[PlannedItem]


class RecordItem(Shape):
    """A finished step of a task; its value is the artifact `records/TASK/KEY`."""

    key: str
    kind: RecordKind
    attempt: int
    summary: str
    size_bytes: int
    usage: Used
    at: datetime


class TaskItem(Shape):
    """A task as it stands, with its finished steps."""

    id: str
    role: str
    title: str
    depends_on: list[str]
    state: TaskState
    attempt: int
    """How often it has been started."""
    summary: str
    failure: Failed | None
    started_at: datetime | None
    """Of the latest attempt."""
    finished_at: datetime | None
    records: list[RecordItem]


class ApprovalItem(Shape):
    """A call that a person is, or was, asked about: exactly what is made when it is approved."""

    run_id: str
    approval: str
    task: str
    state: ApprovalState
    tool: str
    arguments: dict[str, Any]
    risk: Risk
    target: str
    """What it acts on."""
    effect: str
    reason: str
    """Why it is asked for."""
    comment: str
    asked_at: datetime
    decided_at: datetime | None


class MessageItem(Shape):
    """A message between agents, or of a person."""

    number: int
    sender: str
    recipient: str
    intent: Intent
    content: str
    at: datetime


class RunWhole(RunItem):
    """A run with all that belongs to it but the values of its steps."""

    cluster: str | None
    """The cluster that it is about."""
    budget: LimitsOf
    plan: PlanItem | None
    tasks: list[TaskItem]
    approvals: list[ApprovalItem]
    messages: list[MessageItem]
    result: Any
    """The team's answer; null before the end."""
    report: str | None
    """Markdown in the language of the run."""


def used(usage: Usage) -> Used:
    return Used.model_construct(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd,
        seconds=round(usage.time.total_seconds(), 3),
    )


def failed(failure: Failure | None) -> Failed | None:
    if failure is None:
        return None
    return Failed(kind=failure.kind, code=failure.code, message=failure.message, hint=failure.hint)


def _summary(run: RunSummary) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "request": run.request,
        "team": run.team,
        "language": run.language,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "partial": run.partial,
        "failure": failed(run.failure),
        "usage": used(run.usage),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "cancel_requested_at": run.cancel_requested_at,
        "last_event": run.last_event,
    }


def run_item(run: RunSummary) -> RunItem:
    """A run in a list. What comes from the journal is not checked once more."""
    return RunItem.model_construct(**_summary(run))


def run_whole(detail: RunDetail) -> RunWhole:
    """A run with all that belongs to it."""
    run = detail.run
    cluster = run.options.get("cluster_name")
    of_task: dict[str, list[RecordItem]] = {}
    for record in detail.records:
        of_task.setdefault(record.task, []).append(_record(record))
    return RunWhole(
        **_summary(run),
        cluster=str(cluster) if cluster else None,
        budget=_budget(run),
        plan=None if run.plan is None else _plan(run.plan),
        tasks=[_task(task, of_task.get(task.id, [])) for task in detail.tasks],
        approvals=approval_items(detail.approvals),
        messages=[_message(message) for message in detail.messages],
        result=msgspec.to_builtins(run.result),
        report=run.report,
    )


def approval_items(approvals: Iterable[Approval]) -> list[ApprovalItem]:
    """Approvals in their order."""
    return [approval_item(approval) for approval in approvals]


def approval_item(approval: Approval) -> ApprovalItem:
    """An approval with the exact call."""
    stored = approval.call
    return ApprovalItem(
        run_id=approval.run_id,
        approval=approval.id,
        task=approval.task,
        state=approval.state,
        tool=stored.call.tool,
        arguments=msgspec.to_builtins(stored.call.arguments),
        risk=stored.risk,
        target=stored.target,
        effect=stored.effect,
        reason=stored.reason,
        comment=approval.comment,
        asked_at=approval.asked_at,
        decided_at=approval.decided_at,
    )


def _budget(run: Run) -> LimitsOf:
    budget = run.budget
    return LimitsOf(
        tokens=budget.tokens,
        usd=None if budget.cost_micros is None else budget.cost_micros / MICROS_PER_USD,
        seconds=None if budget.time is None else budget.time.total_seconds(),
    )


def _plan(plan: Plan) -> PlanItem:
    return PlanItem(
        reason=plan.reason,
        tasks=[
            PlannedItem(
                id=task.id,
                role=task.role,
                title=task.title,
                goal=task.goal,
                inputs=msgspec.to_builtins(task.inputs),
                depends_on=list(task.depends_on),
                success_criteria=list(task.success_criteria),
                risk=task.risk,
                limits=_limits(task.limits),
            )
            for task in plan.tasks
        ],
    )


def _limits(limits: TaskLimits | None) -> LimitsOf | None:
    if limits is None:
        return None
    return LimitsOf(tokens=limits.tokens, usd=limits.cost_usd, seconds=limits.seconds)


def _task(task: Task, records: list[RecordItem]) -> TaskItem:
    return TaskItem(
        id=task.id,
        role=task.role,
        title=task.spec.title,
        depends_on=list(task.spec.depends_on),
        state=task.state,
        attempt=task.attempt,
        summary=task.summary,
        failure=failed(task.failure),
        started_at=task.started_at,
        finished_at=task.finished_at,
        records=records,
    )


def _record(record: Record) -> RecordItem:
    usage = Usage(
        input_tokens=record.usage.input_tokens,
        output_tokens=record.usage.output_tokens,
        cost_micros=record.usage.cost_micros,
        time=record.took,
    )
    return RecordItem(
        key=record.key,
        kind=record.kind,
        attempt=record.attempt,
        summary=record.summary,
        size_bytes=record.size_bytes,
        usage=used(usage),
        at=record.at,
    )


def _message(message: Message) -> MessageItem:
    return MessageItem(
        number=message.number,
        sender=message.sender,
        recipient=message.recipient,
        intent=message.intent,
        content=message.content,
        at=datetime.fromisoformat(message.at),
    )
