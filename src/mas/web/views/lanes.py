"""What each agent of a run is at: its five stages, its current action, its time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mas.app.service import RunDetail
from mas.core.approvals import Approval
from mas.core.language import Language, plain
from mas.core.records import Record
from mas.core.run import Run, Task, TaskState
from mas.core.stages import STAGES, StageName
from mas.web.formats import duration
from mas.web.views.faults import told_failure
from mas.web.views.names import css_id, task_address
from mas.web.views.statuses import Look, task_look
from mas.web.views.time_axis import Fold, Span, TimeAxis
from mas.web.views.work_spans import WAITING, TaskSpan, TaskWork, time_of_work
from mas.web.wording import Wording

StageCss = Literal["done", "cur", "fail", ""]

_TALL = 20
_LONGEST = 200
_IDLE = Look(kind="off", word="status.idle")


@dataclass(frozen=True, kw_only=True)
class StageMark:
    """One of the five letters."""

    letter: str
    css: StageCss


@dataclass(frozen=True, kw_only=True)
class StageLine:
    """What a stage has said."""

    name: str
    text: str
    took: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A time of work or waiting, as a rectangle on an axis of `time_axis.WIDTH` by 20."""

    x: float
    y: float
    width: float
    height: float
    css: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One agent."""

    id: str
    who: str
    subject: str
    """The task it is at, or the last one."""
    href: str
    look: Look
    asks: bool
    stages: tuple[StageMark, ...]
    """None for work that is not done in stages."""
    stages_label: str
    doing: str
    is_code: bool
    """Whether `doing` is a call rather than a sentence."""
    since: datetime | None
    took: str
    bars: tuple[Bar, ...]
    folds: tuple[float, ...]
    """Where time without work is folded."""
    lines: tuple[StageLine, ...]
    others: int
    """Further tasks that it is at."""
    task: str
    """Id of the task it works on now, for live text; empty: none."""


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """All agents, in the order in which the plan names them."""

    lanes: tuple[Lane, ...]
    start: datetime | None
    end: datetime | None
    folds: tuple[Fold, ...]


def lanes_of(detail: RunDetail, *, language: Language, now: datetime) -> Lanes:
    """The lanes of a run."""
    records: dict[str, list[Record]] = {}
    for record in detail.records:
        records.setdefault(record.task, []).append(record)
    work = {
        task.id: TaskWork(task, records.get(task.id, ()), detail.approvals) for task in detail.tasks
    }
    agents: dict[str, list[Task]] = {}
    for task in detail.tasks:
        agents.setdefault(agent_of(detail.run, task), []).append(task)
    spans = {name: one.spans(now) for name, one in work.items()}
    start = detail.run.started_at or detail.run.created_at
    end = detail.run.finished_at or now
    busy = (
        Span(start=one.start, end=one.end)
        for known in spans.values()
        for one in known
        if one.css != WAITING
    )
    axis = TimeAxis(Span(start=start, end=end), busy)
    made = tuple(
        _lane(detail.run, name, tasks, work, language=language, now=now, axis=axis, spans=spans)
        for name, tasks in agents.items()
    )
    return Lanes(
        lanes=made,
        start=detail.run.started_at,
        end=detail.run.finished_at,
        folds=axis.folds,
    )


def agent_of(run: Run, task: Task) -> str:
    """Who works on a task: its role; of the many coders of `fanout` the one with its number."""
    number = task.spec.inputs.get("agent") if run.team == "fanout" else None
    return f"agent-{number}" if isinstance(number, int) else task.role


def _lane(
    run: Run,
    name: str,
    tasks: Sequence[Task],
    work: Mapping[str, TaskWork],
    *,
    language: Language,
    now: datetime,
    axis: TimeAxis,
    spans: Mapping[str, Sequence[TaskSpan]],
) -> Lane:
    t = Wording(language)
    at_work = [one for one in tasks if one.state in (TaskState.AWAITING, TaskState.RUNNING)]
    # What waits for a person goes before everything else.
    at_work.sort(key=lambda one: one.state is not TaskState.AWAITING)
    task = at_work[0] if at_work else _telling(tasks)
    known = work[task.id] if task is not None else None
    staged = _staged(run, task, tasks, work)
    marks = () if staged is None else stage_marks(staged.task, staged.records, t)
    doing, is_code = _doing(known, at_work=bool(at_work), t=t)
    bars = [span for one in tasks for span in spans[one.id]]
    since = _ticks_from(at_work, bars)
    took = time_of_work(bars) if since is None else max(now - since, timedelta())
    told = staged or known
    return Lane(
        id=css_id("lane", name),
        who=plain(name, limit=60),
        subject=plain(task.spec.title, limit=_LONGEST) if task is not None else t("lane.none"),
        href=task_address(task.run_id, task.id) if task is not None else "",
        look=_look(task, tasks, at_work=bool(at_work)),
        asks=bool(at_work) and at_work[0].state is TaskState.AWAITING,
        stages=marks,
        stages_label=_label(marks, t),
        doing=doing,
        is_code=is_code,
        since=since,
        took=duration(took, language) if took else "–",
        bars=_bars(bars, axis),
        folds=tuple(round(fold.x, 1) for fold in axis.folds),
        lines=stage_lines(told.records, language) if told is not None else (),
        others=max(len(at_work) - 1, 0),
        task=task.id if task is not None and task.state is TaskState.RUNNING else "",
    )


def _telling(tasks: Sequence[Task]) -> Task | None:
    """The task that tells how an agent stands that is at none: when all have ended, one that
    failed, else a coder's own work; before that the last one that was begun. None: nothing was."""
    begun = [one for one in tasks if one.started_at is not None]
    over = all(one.state.ended for one in tasks)
    if over:
        failed = (one for one in tasks if one.state is TaskState.FAILED)
        own = (one for one in begun if _is_coding(one))
        found = next(failed, None) or next(own, None)
        if found is not None:
            return found
    if not begun:
        # What was cancelled or skipped before it began does not wait any more.
        return tasks[0] if over else None
    return max(begun, key=lambda one: one.started_at or datetime.min)


def _staged(
    run: Run, task: Task | None, tasks: Sequence[Task], work: Mapping[str, TaskWork]
) -> TaskWork | None:
    """The work whose stages are shown: that of the task that is told of, else the latest that an
    agent has done in stages. None: it works without them."""
    told = () if task is None else (task,)
    for one in (*told, *reversed(tasks)):
        kept = one.state is TaskState.SUCCEEDED and not _latest_round(work[one.id].records)
        if _has_stages(run, one) and not kept:
            return work[one.id]
    return None


def _look(task: Task | None, tasks: Sequence[Task], *, at_work: bool) -> Look:
    if task is None:
        return _IDLE
    over = all(one.state.ended for one in tasks)
    tells = at_work or over or task.state is TaskState.FAILED
    return task_look(task.state) if tells else _IDLE


def _ticks_from(at_work: Sequence[Task], spans: Sequence[TaskSpan]) -> datetime | None:
    """The moment that a clock for all the work counts from; None: it stands still.

    It stays the same while the work goes on: what was worked before is put in front.
    """
    if not at_work or at_work[0].state is TaskState.AWAITING:
        return None
    began = min((one.started_at for one in at_work if one.started_at is not None), default=None)
    return None if began is None else began - time_of_work(spans, until=began)


def _is_coding(task: Task) -> bool:
    """Whether it is the work of a coder of `fanout`: its checks have the same agent."""
    return "coder" in task.spec.inputs


def _has_stages(run: Run, task: Task) -> bool:
    """Whether it is done in five stages. In `fanout` only the coders' work is."""
    return run.team != "fanout" or _is_coding(task)


def stage_marks(task: Task, records: Iterable[Record], t: Wording) -> tuple[StageMark, ...]:
    """The letters of the latest round: what is done, what is going on, where it failed."""
    done = _latest_round(records)
    current = _current(done) if task.state in (TaskState.RUNNING, TaskState.AWAITING) else None
    failed = _current(done) if task.state is TaskState.FAILED else None
    if failed is None and task.state is TaskState.FAILED:
        failed = "validate"
    marks = []
    for stage in STAGES:
        css: StageCss = "done" if stage in done else ""
        if stage == current:
            css = "cur"
        elif stage == failed:
            css = "fail"
        marks.append(StageMark(letter=t(f"lane.letter.{stage}"), css=css))
    return tuple(marks)


def stage_of(key: str) -> tuple[StageName, int] | None:
    """Stage and round of a record's key: `plan.2` is (`plan`, 2); None for other steps."""
    name, _, round_ = key.rpartition("/")[2].partition(".")
    for stage in STAGES:
        if stage == name:
            return stage, int(round_) if round_.isdecimal() else 1
    return None


def _latest_round(records: Iterable[Record]) -> dict[StageName, Record]:
    """The stages that hold now. A new round begins at `observe` or at `reason`."""
    found: dict[StageName, Record] = {}
    for record in records:
        known = stage_of(record.key) if record.kind == "stage" and "/" not in record.key else None
        if known is None:
            continue
        stage = known[0]
        found = {
            one: kept for one, kept in found.items() if STAGES.index(one) < STAGES.index(stage)
        }
        found[stage] = record
    return found


def _current(done: Mapping[StageName, Record]) -> StageName | None:
    return next((stage for stage in STAGES if stage not in done), None)


def stage_lines(records: Iterable[Record], language: Language) -> tuple[StageLine, ...]:
    """What the stages of the latest round have said."""
    t = Wording(language)
    return tuple(
        StageLine(
            name=t(f"lane.stage.{stage}"),
            text=plain(record.summary, limit=500),
            took=duration(record.took, language),
        )
        for stage, record in _latest_round(records).items()
    )


def _doing(work: TaskWork | None, *, at_work: bool, t: Wording) -> tuple[str, bool]:
    if work is None:
        return "", False
    asked = _asked(work.approvals)
    if asked is not None:
        return plain(f"{asked.call.call.tool} {asked.call.target}", limit=_LONGEST), True
    steps = [one for one in work.records if one.kind != "stage" and one.summary]
    stages = [one for one in work.records if one.kind == "stage" and one.summary]
    if at_work and steps and (not stages or steps[-1].at >= stages[-1].at):
        return plain(steps[-1].summary, limit=_LONGEST), True
    if at_work:
        return plain(stages[-1].summary, limit=_LONGEST) if stages else "", False
    if work.task.failure is not None:
        return told_failure(work.task.failure, t.language, limit=_LONGEST).sentence, False
    said = work.task.summary or (stages[-1].summary if stages else "")
    return (t("lane.last", text=plain(said, limit=_LONGEST)) if said else ""), False


def _asked(approvals: Iterable[Approval]) -> Approval | None:
    return next((one for one in approvals if one.state == "waiting"), None)


def _label(marks: Sequence[StageMark], t: Wording) -> str:
    for css in ("cur", "fail"):
        for number, mark in enumerate(marks, 1):
            if mark.css == css:
                stage = t(f"lane.stage.{STAGES[number - 1]}")
                return t(f"lane.at.{css}", number=number, stage=stage)
    done = sum(mark.css == "done" for mark in marks)
    return t("lane.at.done", count=done) if marks else ""


def _bars(spans: Sequence[TaskSpan], axis: TimeAxis) -> tuple[Bar, ...]:
    """Bars that overlap in time stand above each other."""
    rows: list[datetime] = []
    placed: list[tuple[TaskSpan, int]] = []
    for span in sorted(spans, key=lambda one: (one.start, one.css == WAITING)):
        free = next((row for row, end in enumerate(rows) if end <= span.start), len(rows))
        if free == len(rows):
            rows.append(span.end)
        rows[free] = span.end
        placed.append((span, free))
    tall = 10.0 if len(rows) <= 1 else (_TALL - 4) / len(rows)
    top = (_TALL - tall * max(len(rows), 1)) / 2
    return tuple(
        Bar(
            x=round(axis.x(span.start), 1),
            y=round(top + row * tall, 1),
            width=round(max(axis.x(span.end) - axis.x(span.start), 3.0), 1),
            height=round(max(tall - (1 if len(rows) > 1 else 0), 1.0), 1),
            css=span.css,
            title=span.title,
        )
        for span, row in placed
    )
