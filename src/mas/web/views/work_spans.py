"""When a task was worked on and when a person was waited for, as spans of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mas.core.approvals import Approval
from mas.core.language import plain
from mas.core.records import Record
from mas.core.run import Task, TaskState

WAITING = "g-wait"
"""Style of a time in which a person is waited for."""
_LONGEST = 200
_BARS: Mapping[TaskState, str] = {
    TaskState.RUNNING: "g-run",
    TaskState.FAILED: "g-bad",
}


@dataclass(frozen=True, kw_only=True)
class TaskSpan:
    """A time of work or of waiting; `css` is how its bar is drawn."""

    start: datetime
    end: datetime
    css: str
    title: str


class TaskWork:
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

    def spans(self, now: datetime) -> list[TaskSpan]:
        """Attempts, and the times in which a person was waited for."""
        task, title = self.task, plain(self.task.spec.title, limit=_LONGEST)
        found = list(self._earlier(title))
        if task.started_at is not None and task.attempt > 0:
            found.append(
                TaskSpan(
                    start=task.started_at,
                    end=max(self._end(task, now), task.started_at),
                    css="g-bad" if self._waits_to_retry else _BARS.get(task.state, "g-ok"),
                    title=title,
                )
            )
        for one in self.approvals:
            end = one.decided_at or (now if one.state == "waiting" else one.asked_at)
            found.append(TaskSpan(start=one.asked_at, end=end, css=WAITING, title=title))
        return found

    def _earlier(self, title: str) -> Iterable[TaskSpan]:
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
            yield TaskSpan(
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


def time_of_work(spans: Iterable[TaskSpan], *, until: datetime | None = None) -> timedelta:
    """How long there was work, without waiting for a person. What went on side by side counts
    once, and nothing behind `until`."""
    total, reached = timedelta(), None
    for span in sorted(spans, key=lambda one: one.start):
        begin = span.start if reached is None else max(span.start, reached)
        end = span.end if until is None else min(span.end, until)
        if span.css != WAITING and end > begin:
            total, reached = total + (end - begin), end
    return total
