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
from mas.web.views.names import css_id, task_address
from mas.web.views.statuses import Look, task_look
from mas.web.views.time_axis import Fold, Span, TimeAxis
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
        task.id: _Work(task, records.get(task.id, ()), detail.approvals) for task in detail.tasks
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
        if one.css != "g-wait"
    )
    axis = TimeAxis(Span(start=start, end=end), busy)
    made = tuple(
        _lane(name, tasks, work, language=language, now=now, axis=axis, spans=spans)
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


@dataclass(frozen=True, kw_only=True)
class _TaskSpan:
    start: datetime
    end: datetime
    css: str
    title: str


class _Work:
    """A task with what was recorded and asked for it."""

    def __init__(
        self, task: Task, records: Sequence[Record], approvals: Sequence[Approval]
    ) -> None:
        self.task = task
        self.records = records
        self.approvals = tuple(one for one in approvals if one.task == task.id)

    @property
    def _waits_to_retry(self) -> bool:
        return self.task.state is TaskState.READY and self.task.failure is not None

    def spans(self, now: datetime) -> list[_TaskSpan]:
        """Attempts, and the times in which a person was waited for."""
        task, title = self.task, plain(self.task.spec.title, limit=_LONGEST)
        found = list(self._earlier(title))
        if task.started_at is not None and task.attempt > 0:
            found.append(
                _TaskSpan(
                    start=task.started_at,
                    end=max(self._end(task, now), task.started_at),
                    css="g-bad" if self._waits_to_retry else _BARS.get(task.state, "g-ok"),
                    title=title,
                )
            )
        for one in self.approvals:
            end = one.decided_at or (now if one.state == "waiting" else one.asked_at)
            found.append(_TaskSpan(start=one.asked_at, end=end, css="g-wait", title=title))
        return found

    def _earlier(self, title: str) -> Iterable[_TaskSpan]:
        attempts: dict[int, list[Record]] = {}
        for record in self.records:
            if record.attempt < self.task.attempt:
                attempts.setdefault(record.attempt, []).append(record)
        bad = self.task.failure is not None and not self.approvals
        begun = {one: min(x.at - x.took for x in records) for one, records in attempts.items()}
        starts = sorted(
            [*begun.values(), *([self.task.started_at] if self.task.started_at else [])]
        )
        for attempt, records in attempts.items():
            end = max(one.at for one in records)
            if bad:
                # What failed has left no record, and the next attempt follows soon.
                end = max(end, next((one for one in starts if one > end), end))
            yield _TaskSpan(
                start=begun[attempt],
                end=end,
                css="g-bad" if bad else "g-ok",
                title=f"{title} ({attempt})",
            )

    def _end(self, task: Task, now: datetime) -> datetime:
        if task.state is TaskState.RUNNING:
            return now
        if task.finished_at is not None:
            return task.finished_at
        if self._waits_to_retry and task.not_before is not None:
            # It has failed, and waits for its next attempt.
            return min(task.not_before, now)
        asked = [one.asked_at for one in self.approvals]
        return max((*asked, *(one.at for one in self.records)), default=now)


_BARS: Mapping[TaskState, str] = {
    TaskState.RUNNING: "g-run",
    TaskState.FAILED: "g-bad",
}


def _lane(
    name: str,
    tasks: Sequence[Task],
    work: Mapping[str, _Work],
    *,
    language: Language,
    now: datetime,
    axis: TimeAxis,
    spans: Mapping[str, Sequence[_TaskSpan]],
) -> Lane:
    t = Wording(language)
    at_work = [one for one in tasks if one.state in (TaskState.AWAITING, TaskState.RUNNING)]
    # What waits for a person goes before everything else.
    at_work.sort(key=lambda one: one.state is not TaskState.AWAITING)
    begun = [one for one in tasks if one.started_at is not None]
    last = max(begun, key=lambda one: one.started_at or now, default=None)
    task = at_work[0] if at_work else last
    known = work[task.id] if task is not None else None
    marks = () if known is None else stage_marks(known.task, known.records, t)
    doing, is_code = _doing(known, at_work=bool(at_work), t=t)
    failed = not at_work and task is not None and task.state is TaskState.FAILED
    look = task_look(task.state) if task is not None and (at_work or failed) else _IDLE
    if task is not None and not at_work and all(one.state.ended for one in tasks) and not failed:
        look = task_look(task.state)
    return Lane(
        id=css_id("lane", name),
        who=plain(name, limit=60),
        subject=plain(task.spec.title, limit=_LONGEST) if task is not None else t("lane.none"),
        href=task_address(task.run_id, task.id) if task is not None else "",
        look=look,
        asks=bool(at_work) and at_work[0].state is TaskState.AWAITING,
        stages=marks or tuple(StageMark(letter=t(f"lane.letter.{one}"), css="") for one in STAGES),
        stages_label=_label(marks, t),
        doing=doing,
        is_code=is_code,
        since=task.started_at if at_work and task is not None else None,
        took=_worked(tasks, spans, language),
        bars=_bars([span for one in tasks for span in spans[one.id]], axis),
        folds=tuple(round(fold.x, 1) for fold in axis.folds),
        lines=stage_lines(known.records, language) if known is not None else (),
        others=max(len(at_work) - 1, 0),
        task=task.id if task is not None and task.state is TaskState.RUNNING else "",
    )


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


def _doing(work: _Work | None, *, at_work: bool, t: Wording) -> tuple[str, bool]:
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
        return plain(work.task.failure.message, limit=_LONGEST), False
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
    return t("lane.at.done", count=done)


def _worked(
    tasks: Sequence[Task], spans: Mapping[str, Sequence[_TaskSpan]], language: Language
) -> str:
    """The time of all its work, without waiting for a person."""
    total = sum(
        (
            span.end - span.start
            for task in tasks
            for span in spans[task.id]
            if span.css != "g-wait"
        ),
        timedelta(),
    )
    return duration(total, language) if total else "–"


def _bars(spans: Sequence[_TaskSpan], axis: TimeAxis) -> tuple[Bar, ...]:
    """Bars that overlap in time stand above each other."""
    rows: list[datetime] = []
    placed: list[tuple[_TaskSpan, int]] = []
    for span in sorted(spans, key=lambda one: (one.start, one.css == "g-wait")):
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
