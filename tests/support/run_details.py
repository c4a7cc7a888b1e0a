"""Runs as plain data, for tests of what a page shows of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mas.app.service import RunDetail
from mas.core.approvals import Approval, ApprovalState
from mas.core.calls import StoredCall
from mas.core.failure import Failure
from mas.core.messages import Message
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.core.records import Record, RecordKind
from mas.core.run import Run, RunStatus, Task, TaskState

RUN = "20261121_100000_0a1b2c3d"
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


def make_task(
    name: str,
    *needs: str,
    state: TaskState = TaskState.WAITING,
    role: str = "coder",
    title: str | None = None,
    start: float | None = None,
    end: float | None = None,
    attempt: int | None = None,
    failure: Failure | None = None,
    **spec: Any,
) -> Task:
    """A task; times in seconds after the start."""
    begun = state not in (TaskState.WAITING, TaskState.READY, TaskState.SKIPPED)
    began = (0.0 if begun else None) if start is None else start
    ended = (began or 0.0) + 10 if end is None and state.ended and begun else end
    return Task(
        run_id=RUN,
        spec=TaskSpec(
            id=name,
            role=role,
            title=title if title is not None else f"Do {name}",
            depends_on=needs,
            **spec,
        ),
        state=state,
        attempt=int(begun) if attempt is None else attempt,
        failure=failure,
        started_at=None if began is None else at(began),
        finished_at=None if ended is None else at(ended),
    )


def make_record(
    task: str,
    key: str,
    *,
    kind: RecordKind = "stage",
    end: float = 1,
    took: float = 1,
    attempt: int = 1,
    summary: str = "",
) -> Record:
    """A finished step."""
    return Record(
        run_id=RUN,
        task=task,
        key=key,
        kind=kind,
        attempt=attempt,
        summary=summary,
        size_bytes=10,
        at=at(end),
        took=timedelta(seconds=took),
    )


def make_approval(
    number: int,
    task: str,
    *,
    state: ApprovalState = "waiting",
    arguments: Mapping[str, Any] | None = None,
    target: str = "staging/web",
    asked: float = 5,
    decided: float | None = None,
    comment: str = "",
) -> Approval:
    """A call that waits or was answered."""
    call = ToolCall(
        id=f"c{number}", tool="kubernetes.apply", arguments=arguments or {"name": "web"}
    )
    return Approval(
        run_id=RUN,
        id=f"a{number}",
        task=task,
        key=f"act/{number}",
        call=StoredCall(
            call=call, risk="write", target=target, effect="Creates 1 object.", reason="Rule 4."
        ),
        state=state,
        comment=comment,
        asked_at=at(asked),
        decided_at=None if decided is None else at(decided),
    )


def make_detail(
    tasks: Iterable[Task] = (),
    *,
    records: Iterable[Record] = (),
    approvals: Iterable[Approval] = (),
    messages: Iterable[Message] = (),
    **run: Any,
) -> RunDetail:
    """A run of the team `build` with these tasks."""
    tasks = tuple(tasks)
    base = Run(
        id=RUN,
        request="Build a shop",
        team="build",
        language="en",
        status=RunStatus.RUNNING,
        created_at=START,
        started_at=START,
        last_event=9,
        plan=Plan(tasks=tuple(task.spec for task in tasks)) if tasks else None,
    )
    return RunDetail(
        run=replace(base, **run),
        tasks=tasks,
        records=tuple(records),
        approvals=tuple(approvals),
        messages=tuple(messages),
    )


def sixty_tasks(language_title: str = "Write the interface of part {number}") -> tuple[Task, ...]:
    """A wide plan with 60 tasks in all states, of five roles."""
    roles = ("backend", "frontend", "devops", "testing", "research")
    states = (
        *[TaskState.SUCCEEDED] * 25,
        *[TaskState.RUNNING] * 4,
        TaskState.AWAITING,
        TaskState.FAILED,
        *[TaskState.SKIPPED] * 2,
        *[TaskState.WAITING] * 27,
    )
    made = []
    for number, state in enumerate(states):
        needs = {max(number - 4 - number % 3, 0), max(number - 5, 0)} if number > 3 else set()
        made.append(
            make_task(
                f"task-{number}",
                *(f"task-{need}" for need in sorted(needs)),
                state=state,
                role=roles[number % len(roles)],
                title=language_title.format(number=number),
                start=number * 4.0 if state in _BEGUN else None,
            )
        )
    return tuple(made)


_BEGUN = (TaskState.SUCCEEDED, TaskState.RUNNING, TaskState.AWAITING, TaskState.FAILED)
