"""A run as its page shows it first: request, answer, how it stands, what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mas.app.choices import repository_of
from mas.app.service import RunDetail
from mas.core.language import Language, detect_language, plain
from mas.core.overview import WorkingTask
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.web.formats import duration, money
from mas.web.views.names import run_address
from mas.web.views.outcomes import Outcome, first_sentence, outcome_of
from mas.web.views.statuses import Look, run_look
from mas.web.wording import Wording

_HEADLINE = 180
"""Characters of a request that stand as the heading; the rest can be opened."""

_ENDED_BADLY = (TaskState.FAILED, TaskState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """An earlier request of the conversation, and what came of it."""

    run_id: str
    href: str
    request: str
    request_language: Language
    answer: str
    answer_language: Language


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something about the run, as `name value`."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class Head:
    """What stands at the top of the page."""

    id: str
    title: str
    request: str
    """All of it, where the title is a part only; else empty."""
    request_language: Language
    answer: Outcome
    look: Look
    tasks: str
    """`7 of 14 tasks done, 2 running`."""
    since: datetime | None
    took: str
    cost: str
    started_at: datetime
    facts: tuple[Fact, ...]
    before: tuple[Turn, ...]
    ended: bool
    stopping: bool
    can_cancel: bool
    running: int
    can_retry: int
    """Tasks that could start again."""
    can_fork: bool
    finished: int
    """Tasks that a fork keeps."""
    can_roll_back: bool


def head_of(detail: RunDetail, *, language: Language, now: datetime) -> Head:
    """The top of a run's page."""
    run, t = detail.run, Wording(language)
    title = plain(run.request, limit=_HEADLINE)
    whole = run.request.strip()
    running = sum(task.state is TaskState.RUNNING for task in detail.tasks)
    finished = sum(task.state is TaskState.SUCCEEDED for task in detail.tasks)
    bad = sum(task.state in _ENDED_BADLY for task in detail.tasks)
    began = run.started_at or run.created_at
    took = run.usage.time or max((run.finished_at or now) - began, timedelta())
    ended = run.status.ended
    never_planned = ended and not detail.tasks and run.status is not RunStatus.SUCCEEDED
    return Head(
        id=run.id,
        title=title,
        request="" if title == " ".join(whole.split()) and "\n" not in whole else whole,
        request_language=detect_language(run.request),
        answer=outcome_of(run, reader=language, working=_working(detail.tasks)),
        look=run_look(run),
        tasks=_tasks(detail.tasks, t),
        since=None if ended else began,
        took=duration(took, language),
        cost=money(run.usage.cost_micros) if run.usage.cost_micros else "",
        started_at=began,
        facts=tuple(_facts(run, t)),
        before=earlier_turns(run),
        ended=ended,
        stopping=run.cancel_requested_at is not None and not ended,
        can_cancel=not ended and run.cancel_requested_at is None,
        running=running,
        can_retry=(bad or int(never_planned)) if ended else 0,
        can_fork=run.plan is not None,
        finished=finished,
        can_roll_back=ended and run.team != "decide" and bool(detail.tasks),
    )


def _working(tasks: Sequence[Task]) -> list[WorkingTask]:
    return [
        WorkingTask(
            run_id=task.run_id,
            id=task.id,
            role=task.role,
            title=task.spec.title,
            state=task.state,
            started_at=task.started_at,
        )
        for task in tasks
        if task.state in (TaskState.RUNNING, TaskState.AWAITING)
    ]


def _tasks(tasks: Sequence[Task], t: Wording) -> str:
    if not tasks:
        return ""
    counts = {state: sum(task.state is state for task in tasks) for state in TaskState}
    parts = [t("run.tasks.done", done=counts[TaskState.SUCCEEDED], total=len(tasks))]
    for state in (TaskState.RUNNING, TaskState.AWAITING, TaskState.FAILED, TaskState.SKIPPED):
        if counts[state]:
            parts.append(t(f"run.tasks.{state}", count=counts[state]))
    return ", ".join(parts)


def _facts(run: Run, t: Wording) -> list[Fact]:
    facts = [Fact(name=t("run.fact.team"), value=run.team)]
    cluster = run.options.get("cluster_name") or run.options.get("cluster")
    if isinstance(cluster, str) and cluster and run.team in ("decide", "operate", "agent"):
        facts.append(Fact(name=t("run.fact.cluster"), value=plain(cluster, limit=80), code=True))
    repository = repository_of(run)
    if repository:
        facts.append(Fact(name=t("run.fact.repo"), value=plain(repository, limit=120), code=True))
    model = run.options.get("model")
    if isinstance(model, str) and model:
        facts.append(Fact(name=t("run.fact.model"), value=plain(model, limit=80), code=True))
    if run.options.get("dry_run") is True:
        facts.append(Fact(name=t("run.fact.dry"), value=""))
    if run.options.get("preapproved") == "write":
        facts.append(Fact(name=t("run.fact.preapproved"), value=""))
    return facts


def earlier_turns(run: Run) -> tuple[Turn, ...]:
    """What was asked and answered before, in a run that goes on after another one."""
    context: Any = run.options.get("context")
    if not isinstance(context, Mapping) or not isinstance(context.get("run_id"), str):
        return ()
    asked = str(context.get("request") or "")
    said = first_sentence(str(context.get("report") or ""))
    return (
        Turn(
            run_id=context["run_id"],
            href=run_address(context["run_id"]),
            request=plain(asked, limit=300),
            request_language=detect_language(asked),
            answer=said,
            answer_language=detect_language(said),
        ),
    )
