"""How the tools answer: the structured output, whose JSON schemas clients are told.

Whatever a run, a cluster or a model has said is a value here and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

from mas.core.approvals import Approval
from mas.core.decision import Decision
from mas.core.events import Event
from mas.core.failure import Failure
from mas.core.run import Run, RunStatus, RunSummary, Task

MOST_REPORT = 20_000
"""Characters of a report in an answer; the resource has all of it."""
MOST_REQUEST = 500
"""Characters of a request in a list."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class FailureShown(_Shape):
    """Why something has failed, and what to do."""

    code: str
    message: str
    hint: str


class TaskShown(_Shape):
    """A task of a run as it stands."""

    id: str
    title: str
    role: str
    """The agent that does it."""
    state: str
    """`waiting`, `ready`, `running`, `awaiting` (a person), `succeeded`, `failed`, `skipped`,
    `cancelled`."""
    summary: str
    failure: FailureShown | None


class WaitingCall(_Shape):
    """A call that is made only when a person approves it."""

    approval: str
    """What the tool `approve` wants as `approval`."""
    task: str
    tool: str
    arguments: dict[str, Any]
    risk: str
    target: str
    effect: str
    reason: str


class UsageShown(_Shape):
    """What a run has used so far."""

    input_tokens: int
    output_tokens: int
    cost_usd: float
    seconds: float


class RunShown(_Shape):
    """A run as it stands."""

    run_id: str
    status: str
    """`queued`, `planning`, `running`, `awaiting_approval`, `succeeded`, `failed`, `cancelled`."""
    ended: bool
    stop_reason: str | None
    partial: bool
    """Some tasks have succeeded and some have not."""
    team: str
    language: str
    request: str
    created_at: datetime
    finished_at: datetime | None
    last_event: int
    """Number of the newest event; `run_events` reads on after a number."""
    tasks: list[TaskShown]
    waiting: list[WaitingCall]
    """What a person has to answer before the run goes on."""
    usage: UsageShown
    failure: FailureShown | None
    report: str | None
    """Markdown, there when the run has ended; cut where it is long."""
    report_uri: str | None
    """The resource with the whole report."""
    next_step: str
    """What to do now."""


class EvidenceShown(_Shape):
    """One value that was read, and where."""

    id: str
    object: str
    field: str
    value: str
    read_at: str


class ReasonShown(_Shape):
    """A reason of a verdict with all that carries it."""

    kind: str
    stance: str
    """`for` or `against`."""
    text: str
    evidence: list[EvidenceShown]


class Decided(_Shape):
    """A decision. Without `verdict` it has not been reached (yet): `next_step` says what to do."""

    run_id: str
    status: str
    ended: bool
    verdict: str | None
    """`recommend`, `do_not_recommend`, `already_installed`, `undetermined`."""
    tool: str | None
    """The tool that was judged."""
    reasons: list[ReasonShown]
    alternatives: list[str]
    what_would_change: str | None
    """The smallest change that would turn the verdict."""
    conclusion: str | None
    failure: FailureShown | None
    report_uri: str | None
    next_step: str


class EventShown(BaseModel):
    """One event; further fields belong to its type."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    number: int
    at: str
    type: str
    """Such as `task_started`, `task_succeeded`, `approval_requested`, `run_finished`."""


class EventsShown(_Shape):
    """Events of a run in order."""

    run_id: str
    events: list[EventShown]
    next_after: int
    """`after` for the next page."""
    more: bool
    """There are more events already."""
    ended: bool
    """The run has ended; without `more` nothing will follow."""


class RunLine(_Shape):
    """A run in a list."""

    run_id: str
    status: str
    team: str
    request: str
    created_at: datetime
    finished_at: datetime | None
    partial: bool


class RunsShown(_Shape):
    """Runs, newest first."""

    runs: list[RunLine]
    next: str | None
    """`before` for the next page; null: that was the last."""


class Answered(_Shape):
    """An approval after it was answered."""

    run_id: str
    approval: str
    state: str
    """`approved` or `rejected`."""
    tool: str
    target: str
    comment: str
    next_step: str


def report_uri(run: Run) -> str | None:
    """The address of a run's report; None: it has none."""
    return f"mas://runs/{run.id}/report" if run.report else None


def run_shown(run: Run, tasks: tuple[Task, ...], waiting: tuple[Approval, ...]) -> RunShown:
    """A run with its tasks and what it waits for."""
    report = run.report
    if report is not None and len(report) > MOST_REPORT:
        report = f"{report[:MOST_REPORT]}\n\n[Cut here; the resource has all of it.]"
    return RunShown(
        run_id=run.id,
        status=run.status.value,
        ended=run.status.ended,
        stop_reason=run.stop_reason,
        partial=run.partial,
        team=run.team,
        language=run.language,
        request=_cut(run.request),
        created_at=run.created_at,
        finished_at=run.finished_at,
        last_event=run.last_event,
        tasks=[_task(task) for task in tasks],
        waiting=[_waiting(approval) for approval in waiting],
        usage=UsageShown.model_validate(run.usage.to_json()),
        failure=_failure(run.failure),
        report=report,
        report_uri=report_uri(run),
        next_step=next_step(run, waiting),
    )


def decided(run: Run, waiting: tuple[Approval, ...]) -> Decided:
    """The decision of a run; without one what there is of it."""
    decision = _decision(run)
    return Decided(
        run_id=run.id,
        status=run.status.value,
        ended=run.status.ended,
        verdict=decision.verdict if decision else None,
        tool=decision.tool.name if decision else None,
        reasons=_reasons(decision) if decision else [],
        alternatives=[one.text for one in decision.alternatives] if decision else [],
        what_would_change=decision.counterfactual if decision else None,
        conclusion=conclusion(run.report) if decision and run.report else None,
        failure=_failure(run.failure),
        report_uri=report_uri(run),
        next_step=next_step(run, waiting),
    )


def conclusion(report: str) -> str:
    """The last section of a report, which is its conclusion."""
    _, _, section = report.rpartition("\n## ")
    return section.partition("\n")[2].strip()


def events_shown(run: RunSummary, events: tuple[Event, ...], after: int) -> EventsShown:
    """A page of the events behind `after`; `run` was read before them."""
    last = events[-1].number if events else after
    shown = [{k: v for k, v in event.to_json().items() if k != "run_id"} for event in events]
    return EventsShown(
        run_id=run.id,
        events=[EventShown.model_validate(one) for one in shown],
        next_after=last,
        more=last < run.last_event,
        ended=run.status.ended,
    )


def run_line(run: RunSummary) -> RunLine:
    """A run for a list."""
    return RunLine(
        run_id=run.id,
        status=run.status.value,
        team=run.team,
        request=_cut(run.request),
        created_at=run.created_at,
        finished_at=run.finished_at,
        partial=run.partial,
    )


def answered(approval: Approval) -> Answered:
    """An approval that a person has answered."""
    return Answered(
        run_id=approval.run_id,
        approval=approval.id,
        state=approval.state,
        tool=approval.call.call.tool,
        target=approval.call.target,
        comment=approval.comment,
        next_step=f"The run goes on; see run_status with run_id {approval.run_id}.",
    )


def next_step(run: Run, waiting: tuple[Approval, ...]) -> str:
    """What whoever has asked may do now."""
    if run.status is RunStatus.SUCCEEDED:
        return "Done: read the report."
    if run.status is RunStatus.CANCELLED:
        return "The run was cancelled; ask again for a new one."
    if run.status is RunStatus.FAILED:
        return (run.failure.hint if run.failure else "") or "See run_events for what happened."
    if waiting:
        names = ", ".join(f"{one.id} ({one.call.call.tool})" for one in waiting)
        return f"A person has to decide: {names}. Show the call and answer it with approve."
    return f"The run goes on by itself; ask run_status with run_id {run.id} again later."


def _decision(run: Run) -> Decision | None:
    """The decision in a run's result; None: there is none, or it is a dry run's plan."""
    result = run.result
    if not isinstance(result, Mapping) or "verdict" not in result:
        return None
    try:
        return msgspec.convert(result, Decision, strict=False)
    except msgspec.ValidationError:
        return None


def _reasons(decision: Decision) -> list[ReasonShown]:
    return [
        ReasonShown(
            kind=reason.kind,
            stance=reason.stance,
            text=reason.text,
            evidence=[
                EvidenceShown(
                    id=name,
                    object=found.object,
                    field=found.field,
                    value=found.value,
                    read_at=found.read_at,
                )
                for name in reason.evidence
                if (found := decision.evidence.get(name)) is not None
            ],
        )
        for reason in decision.reasons
    ]


def _task(task: Task) -> TaskShown:
    return TaskShown(
        id=task.id,
        title=task.spec.title,
        role=task.role,
        state=task.state.value,
        summary=task.summary,
        failure=_failure(task.failure),
    )


def _waiting(approval: Approval) -> WaitingCall:
    call = approval.call
    return WaitingCall(
        approval=approval.id,
        task=approval.task,
        tool=call.call.tool,
        arguments=msgspec.to_builtins(call.call.arguments),
        risk=call.risk,
        target=call.target,
        effect=call.effect,
        reason=call.reason,
    )


def _failure(failure: Failure | None) -> FailureShown | None:
    if failure is None:
        return None
    return FailureShown(code=failure.code, message=failure.message, hint=failure.hint)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_REQUEST else f"{text[:MOST_REQUEST]}…"
