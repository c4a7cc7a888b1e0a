"""One task with its attempts and all its steps. Pure, but for the values, which are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import msgspec

from mas.app.service import RunDetail
from mas.core.errors import UserError
from mas.core.language import Language, plain
from mas.core.plan import Risk
from mas.core.records import Record
from mas.core.run import Task, TaskState
from mas.core.values import JsonValue
from mas.web.formats import duration, money, number
from mas.web.views.approvals import Answer, answer_of, readable
from mas.web.views.faults import Told, told_failure
from mas.web.views.graph import time_of
from mas.web.views.lanes import StageMark, stage_marks, stage_of
from mas.web.views.names import css_id, task_address
from mas.web.views.statuses import Look, task_look
from mas.web.wording import Wording

SHOWN_CHARACTERS = 6_000
"""Of a value on the page of its task."""
WHOLE_CHARACTERS = 60_000
"""Of the one value that was asked for."""
MOST_STEPS = 300
"""Steps on a page, the newest."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Another task."""

    title: str
    href: str
    look: Look


@dataclass(frozen=True, kw_only=True)
class Step:
    """A finished step. `value` is None where it was not asked for."""

    id: str
    key: str
    name: str
    kind: str
    attempt: int
    summary: str
    at: datetime
    took: str
    usage: str
    size_bytes: int
    value: str | None
    shown: int
    """Characters of the value that are shown."""
    total: int
    href: str
    """The page of the task with this step opened."""
    artifact: str
    """The whole value as JSON."""
    fork: str
    """What `fork` is told to keep this step."""


@dataclass(frozen=True, kw_only=True)
class TaskPage:
    """Everything about a task."""

    id: str
    title: str
    role: str
    look: Look
    asks: bool
    state: TaskState
    attempt: int
    since: datetime | None
    took: str
    goal: str
    criteria: tuple[str, ...]
    risk: Risk
    inputs: str
    limits: str
    needs: tuple[Link, ...]
    needed_by: tuple[Link, ...]
    summary: str
    failure: Told | None
    earlier_failure: bool
    """The failure is that of the attempt before."""
    stages: tuple[StageMark, ...]
    steps: tuple[Step, ...]
    hidden: int
    """Steps that are not shown."""
    answers: tuple[Answer, ...]
    can_retry: bool
    can_fork: bool


def find_task(detail: RunDetail, task_id: str) -> Task:
    """The task of this id.

    Raises:
        UserError: There is none (`unknown_task`).
    """
    for task in detail.tasks:
        if task.id == task_id:
            return task
    raise UserError(
        "There is no such task in this run.",
        hint="The page of the run shows all its tasks.",
        code="unknown_task",
    )


def wanted_values(detail: RunDetail, task: Task, opened: str | None) -> tuple[Record, ...]:
    """The records whose values are shown: stages, and the one that was asked for."""
    records = [one for one in detail.records if one.task == task.id]
    return tuple(
        one
        for one in records[-MOST_STEPS:]
        if (one.kind == "stage" and "/" not in one.key) or one.key == opened
    )


def task_page(
    detail: RunDetail,
    task: Task,
    values: Mapping[str, JsonValue],
    *,
    opened: str | None,
    mask: Callable[[str], str],
    language: Language,
    now: datetime,
) -> TaskPage:
    """The page of a task.

    Args:
        detail: Its run.
        task: The task.
        values: Those of `wanted_values`, by key.
        opened: Key of the step that was asked for.
        mask: Takes secrets out of values.
        language: Of the reader.
        now: For what still goes on.
    """
    t = Wording(language)
    records = [one for one in detail.records if one.task == task.id]
    took = time_of(task, now=now)
    going_on = task.state in (TaskState.RUNNING, TaskState.AWAITING)
    spec = task.spec
    return TaskPage(
        id=task.id,
        title=plain(spec.title, limit=300) or task.id,
        role=plain(task.role, limit=60),
        look=task_look(task.state),
        asks=task.state is TaskState.AWAITING,
        state=task.state,
        attempt=task.attempt,
        since=task.started_at if going_on else None,
        took="" if took is None else duration(took, language),
        goal=spec.goal if spec.goal.strip() != spec.title.strip() else "",
        criteria=spec.success_criteria,
        risk=spec.risk,
        inputs=mask(readable(dict(spec.inputs))) if spec.inputs else "",
        limits=_limits(task, t, language),
        needs=_links(detail, lambda one: one.id in spec.depends_on),
        needed_by=_links(detail, lambda one: task.id in one.spec.depends_on),
        summary=plain(task.summary, limit=500),
        failure=told_failure(task.failure, language, limit=1000) if task.failure else None,
        earlier_failure=task.failure is not None and not task.state.ended,
        stages=stage_marks(task, records, t) if task.attempt else (),
        steps=tuple(
            _step(one, values, opened=opened, mask=mask, language=language)
            for one in records[-MOST_STEPS:]
        ),
        hidden=max(len(records) - MOST_STEPS, 0),
        answers=tuple(
            answer_of(one, None)
            for one in detail.approvals
            if one.task == task.id and one.state != "waiting"
        ),
        can_retry=task.state in (TaskState.FAILED, TaskState.SKIPPED, TaskState.CANCELLED),
        can_fork=task.state is TaskState.SUCCEEDED,
    )


def _links(detail: RunDetail, fits: Callable[[Task], bool]) -> tuple[Link, ...]:
    return tuple(_link(one) for one in detail.tasks if fits(one))


def _link(task: Task) -> Link:
    return Link(
        title=plain(task.spec.title, limit=160) or task.id,
        href=task_address(task.run_id, task.id),
        look=task_look(task.state),
    )


def _limits(task: Task, t: Wording, language: Language) -> str:
    limits = task.spec.limits
    if limits is None:
        return ""
    parts = []
    if limits.seconds is not None:
        parts.append(duration(limits.seconds, language))
    if limits.tokens is not None:
        parts.append(t("notice.tokens", count=number(limits.tokens)))
    if limits.cost_usd is not None:
        parts.append(f"${limits.cost_usd:g}")
    return ", ".join(parts)


def _step(
    record: Record,
    values: Mapping[str, JsonValue],
    *,
    opened: str | None,
    mask: Callable[[str], str],
    language: Language,
) -> Step:
    t = Wording(language)
    address = task_address(record.run_id, record.task)
    known = stage_of(record.key) if record.kind == "stage" else None
    name = t(f"lane.stage.{known[0]}") if known else t(f"task.kind.{record.kind}")
    if known and known[1] > 1:
        name = t("task.round", name=name, round=known[1])
    most = WHOLE_CHARACTERS if record.key == opened else SHOWN_CHARACTERS
    text = mask(readable_record(values[record.key])) if record.key in values else None
    return Step(
        id=css_id("step", record.key),
        key=record.key,
        name=name,
        kind=record.kind,
        attempt=record.attempt,
        summary=plain(record.summary, limit=500),
        at=record.at,
        took=duration(record.took, language),
        usage=_usage(record, t),
        size_bytes=record.size_bytes,
        value=None if text is None else text[:most],
        shown=0 if text is None else min(len(text), most),
        total=0 if text is None else len(text),
        href=f"{address}?step={quote(record.key, safe='')}#{css_id('step', record.key)}",
        artifact=f"/api/runs/{quote(record.run_id, safe='')}/artifacts/records/"
        + quote(f"{record.task}/{record.key}"),
        fork=f"{record.task}/{record.key}",
    )


def _usage(record: Record, t: Wording) -> str:
    if not record.usage.tokens:
        return ""
    tokens = t("notice.tokens", count=number(record.usage.tokens))
    return f"{tokens}, {money(record.usage.cost_micros)}" if record.usage.cost_micros else tokens


def readable_record(value: JsonValue) -> str:
    """A value of a record: JSON with line breaks in texts kept as they are read."""
    return readable(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
