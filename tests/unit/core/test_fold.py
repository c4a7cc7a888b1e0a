"""Events are ordered without gaps and tell how a run stands (R9)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mas.core.errors import Bug
from mas.core.events import (
    Event,
    EventBody,
    PlannedTask,
    RunCancelRequested,
    RunPlanned,
    RunQueued,
    TaskRecorded,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.fold import fold
from mas.core.run import RunStatus, TaskState

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLANNED = RunPlanned(
    tasks=(
        PlannedTask(id="a", role="r", title="A"),
        PlannedTask(id="b", role="r", title="B", depends_on=("a",)),
    )
)


def events(*bodies: EventBody, first: int = 1) -> list[Event]:
    return [
        Event(run_id="run", number=number, at=AT, body=body)
        for number, body in enumerate(bodies, start=first)
    ]


def test_r9_a_missing_event_is_noticed() -> None:
    with pytest.raises(Bug, match="Event 3 of run run follows event 1"):
        fold([*events(RunQueued(team="t", language="en")), *events(PLANNED, first=3)])


def test_r9_an_event_that_comes_twice_is_noticed() -> None:
    queued = events(RunQueued(team="t", language="en"))

    with pytest.raises(Bug):
        fold([*queued, *queued])


def test_r9_a_dependent_is_ready_when_what_it_needs_has_succeeded() -> None:
    view = fold(
        events(
            RunQueued(team="t", language="en"),
            PLANNED,
            TaskStarted(task="a", attempt=1, worker="w"),
            TaskRecorded(task="a", attempt=1, key="observe", kind="stage"),
            TaskSucceeded(task="a", attempt=1),
        )
    )

    assert view.status is RunStatus.RUNNING
    assert view.tasks["a"].state is TaskState.SUCCEEDED
    assert view.tasks["a"].recorded == ("observe",)
    assert view.tasks["b"].state is TaskState.READY
    assert view.last_event == 5


def test_r9_folding_goes_on_from_what_was_folded_before() -> None:
    before = fold(events(RunQueued(team="t", language="en"), PLANNED))

    after = fold(events(RunCancelRequested(), first=3), view=before)

    assert after.cancelling
    assert after.tasks == before.tasks


def test_r9_an_event_is_one_flat_object_for_watchers() -> None:
    (event,) = events(TaskStarted(task="a", attempt=1, worker="w"))

    assert event.to_json() == {
        "run_id": "run",
        "number": 1,
        "at": "2026-01-01T00:00:00+00:00",
        "type": "task_started",
        "task": "a",
        "attempt": 1,
        "worker": "w",
    }
