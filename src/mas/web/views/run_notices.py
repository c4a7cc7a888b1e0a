"""What is out of the ordinary about a run, what still holds, and the next step. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mas.app.service import RunDetail
from mas.core.language import Language, plain
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.web.formats import money, number
from mas.web.views.faults import Told, told_failure
from mas.web.views.names import task_address
from mas.web.wording import Wording

Step = Literal["retry", "again", "doctor", "agents", "none"]


class Detail(NamedTuple):
    """A task, and what went wrong with it."""

    title: str
    href: str
    told: Told | None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice. `css` is that of the box; `details` are the lines that can be opened."""

    css: str
    icon: str
    title: str
    text: str
    hint: str = ""
    hint_language: Language | None = None
    """None: that of the reader."""
    original: str = ""
    """The program's own words, in English, where the title lacks their values."""
    anchor: str = ""
    """The part of the page that the hint leads to; empty: none."""
    title_language: Language | None = None
    """None: that of the reader."""
    details: tuple[Detail, ...] = ()
    """The tasks that it is about."""
    step: Step = "none"
    retry: bool = False
    """Whether trying again may help."""


def notices_of(detail: RunDetail, language: Language) -> tuple[Notice, ...]:
    """The notices of a run, the most pressing first."""
    t = Wording(language)
    found = [
        _ended(detail, t),
        _partial(detail, t),
        _stopping(detail.run, detail.tasks, t),
        *_stuck(detail, t),
        _retrying(detail.tasks, t),
    ]
    return tuple(notice for notice in found if notice is not None)


def _ended(detail: RunDetail, t: Wording) -> Notice | None:
    run = detail.run
    if run.status is RunStatus.CANCELLED:
        return Notice(
            css="is-note",
            icon="stop",
            title=t("notice.cancelled"),
            text=_kept(detail.tasks, t),
            step="retry",
            retry=True,
        )
    if run.status is not RunStatus.FAILED:
        return None
    told = told_failure(run.failure, t.language, limit=400) if run.failure else None
    if run.stop_reason == "budget":
        return Notice(
            css="",
            icon="stop",
            title=t("notice.budget", limit=_limits(run, t)),
            text=f"{_kept(detail.tasks, t)} {t('notice.budget.next')}",
            hint=told.hint if told else "",
            hint_language=told.hint_language if told else None,
            step="again",
            retry=_is_left(run),
        )
    blocked = run.stop_reason == "blocked"
    return Notice(
        css="" if blocked else "is-bad",
        icon="stuck" if blocked else "bad",
        title=(told and told.sentence) or t("notice.failed"),
        title_language=told.language if told and told.sentence else None,
        text=_kept(detail.tasks, t),
        hint=told.hint if told else "",
        hint_language=told.hint_language if told else None,
        original=told.original if told else "",
        anchor="work" if run.failure and run.failure.code == "all_failed" else "",
        details=_failed_tasks(detail.tasks, t),
        step="doctor" if run.failure and run.failure.kind in ("user", "bug") else "retry",
        retry=True,
    )


def _partial(detail: RunDetail, t: Wording) -> Notice | None:
    if not detail.run.partial or detail.run.status is not RunStatus.SUCCEEDED:
        return None
    return Notice(
        css="",
        icon="stuck",
        title=t("notice.partial"),
        text=_kept(detail.tasks, t),
        details=_failed_tasks(detail.tasks, t),
        step="retry",
        retry=True,
    )


def _stopping(run: Run, tasks: Sequence[Task], t: Wording) -> Notice | None:
    if run.cancel_requested_at is None or run.status.ended:
        return None
    running = sum(task.state is TaskState.RUNNING for task in tasks)
    return Notice(
        css="is-note",
        icon="stop",
        title=t("notice.stopping"),
        text=t("notice.stopping.tasks", count=running),
    )


def _stuck(detail: RunDetail, t: Wording) -> list[Notice]:
    """Agents that went round in circles and have begun anew."""
    wiped: dict[str, int] = {}
    for record in detail.records:
        if record.kind == "action" and record.key.rpartition("/")[2].startswith("wipe."):
            wiped[record.task] = wiped.get(record.task, 0) + 1
    return [
        Notice(
            css="",
            icon="stuck",
            title=t("notice.stuck", role=plain(task.role, limit=60)),
            text=t("notice.stuck.text", title=plain(task.spec.title, limit=160)),
            step="agents",
        )
        for task in detail.tasks
        if task.id in wiped and task.state in (TaskState.RUNNING, TaskState.AWAITING)
    ]


def _retrying(tasks: Sequence[Task], t: Wording) -> Notice | None:
    waits = [task for task in tasks if task.state is TaskState.READY and task.failure is not None]
    if not waits:
        return None
    return Notice(
        css="",
        icon="stuck",
        title=t("notice.retrying", count=len(waits)),
        text="",
        details=_lines(waits, t),
    )


def _kept(tasks: Sequence[Task], t: Wording) -> str:
    """How much is done and stays, and what was not."""
    done = sum(task.state is TaskState.SUCCEEDED for task in tasks)
    skipped = sum(task.state is TaskState.SKIPPED for task in tasks)
    told = [t("notice.kept", done=done, total=len(tasks))] if done else []
    return " ".join([*told, t("notice.skipped", count=skipped)] if skipped else told)


def _failed_tasks(tasks: Sequence[Task], t: Wording) -> tuple[Detail, ...]:
    return _lines([task for task in tasks if task.state is TaskState.FAILED], t)


def _lines(tasks: Sequence[Task], t: Wording) -> tuple[Detail, ...]:
    return tuple(
        Detail(
            title=plain(task.spec.title, limit=160),
            href=task_address(task.run_id, task.id),
            told=told_failure(task.failure, t.language, limit=400) if task.failure else None,
        )
        for task in tasks
    )


def _is_left(run: Run) -> bool:
    """Whether anything of the budget is left, so that a smaller step may fit."""
    used, most = run.usage, run.budget
    pairs = (
        (used.tokens, most.tokens),
        (used.cost_micros, most.cost_micros),
        (used.time, most.time),
    )
    return all(limit is None or spent < limit for spent, limit in pairs)  # type: ignore[operator]


def _limits(run: Run, t: Wording) -> str:
    parts = []
    if run.budget.cost_micros is not None:
        parts.append(money(run.budget.cost_micros))
    if run.budget.tokens is not None:
        parts.append(t("notice.tokens", count=number(run.budget.tokens)))
    if run.budget.time is not None:
        parts.append(t("notice.minutes", count=f"{run.budget.time.total_seconds() / 60:g}"))
    return ", ".join(parts)
