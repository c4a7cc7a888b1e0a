"""What the lanes of a run show of agents that have ended, of work without stages, and of time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mas.core.failure import Failure
from mas.core.language import Language
from mas.core.run import RunStatus, Task, TaskState
from mas.core.stages import STAGES
from mas.web.live.picture import Reader, paint
from mas.web.live.sight import Sight
from mas.web.views.lanes import Lane, lanes_of
from mas.web.wording import Wording
from support.run_details import at, make_approval, make_detail, make_record, make_task

NO_MORE = Failure(kind="permanent", code="failed", message="No more.")
ENDED = {"team": "fanout", "status": RunStatus.SUCCEEDED}


def coder(number: int, state: TaskState, **more: Any) -> Task:
    inputs = {"agent": number, "coder": "script:x"}
    return make_task(f"agent-{number}", state=state, inputs=inputs, **more)


def check(number: int, state: TaskState, **more: Any) -> Task:
    needs, more = (f"agent-{number}",), {"role": "testing", "inputs": {"agent": number}, **more}
    return make_task(f"check-{number}", *needs, state=state, **more)


def stages_of(task: str) -> list[Any]:
    return [make_record(task, stage, end=n + 1) for n, stage in enumerate(STAGES)]


def checked(number: int) -> Any:
    return make_record(f"check-{number}", "validate", end=20, summary="1/1")


def fanned_out(first: TaskState, **more: Any) -> dict[str, Lane]:
    """The lanes of a fan-out of two whose first agent has ended so, and whose second did well."""
    detail = make_detail(
        [
            make_task("prepare", role="orchestrator", state=TaskState.SUCCEEDED),
            coder(1, first, start=10, end=15, **more),
            coder(2, TaskState.SUCCEEDED, start=10, end=15),
            check(1, TaskState.SUCCEEDED, start=15, end=20),
            check(2, TaskState.SUCCEEDED, start=15, end=20),
        ],
        records=[
            make_record("prepare", "prepare", kind="action"),
            *(stages_of("agent-1") + stages_of("agent-2")),
            *(checked(1), checked(2)),
        ],
        **ENDED,
    )
    return {one.who: one for one in lanes_of(detail, language="en", now=at(100)).lanes}


def test_u2_an_agent_that_failed_is_red_though_its_checks_were_run() -> None:
    lanes = fanned_out(TaskState.FAILED, failure=NO_MORE)
    assert [lanes[f"agent-{number}"].look.kind for number in (1, 2)] == ["bad", "ok"]
    assert lanes["agent-1"].subject == "Do agent-1"
    assert lanes["agent-1"].doing == "No more."


def test_u2_a_cancelled_agent_is_told_by_its_own_work() -> None:
    assert fanned_out(TaskState.CANCELLED)["agent-1"].look.kind == "stop"


def test_u2_one_failed_task_decides_how_an_agent_has_ended() -> None:
    detail = make_detail(
        [
            make_task("a", state=TaskState.FAILED, start=0, failure=NO_MORE),
            make_task("b", state=TaskState.SUCCEEDED, start=20),
        ],
        status=RunStatus.FAILED,
    )
    [lane] = lanes_of(detail, language="en", now=at(100)).lanes
    assert (lane.look.kind, lane.subject) == ("bad", "Do a")


def test_a2_a_finished_agent_shows_the_stages_of_its_work_and_not_those_of_its_checks() -> None:
    lane = fanned_out(TaskState.SUCCEEDED)["agent-1"]
    assert [mark.css for mark in lane.stages] == ["done"] * 5
    assert lane.stages_label == "5 of 5 stages done"
    assert len(lane.lines) == 5


def test_a2_the_stages_stay_while_the_work_is_checked() -> None:
    detail = make_detail(
        [coder(1, TaskState.SUCCEEDED, end=10), check(1, TaskState.RUNNING, start=12)],
        records=stages_of("agent-1"),
        team="fanout",
    )
    [lane] = lanes_of(detail, language="en", now=at(20)).lanes
    assert [mark.css for mark in lane.stages] == ["done"] * 5
    assert lane.look.kind == "run"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a2_work_without_stages_has_no_letters_and_misses_none(language: Language) -> None:
    detail = make_detail(
        [make_task("prepare", role="orchestrator", state=TaskState.SUCCEEDED)],
        records=[make_record("prepare", "prepare", kind="action")],
        **ENDED,
    )
    [lane] = lanes_of(detail, language=language, now=at(20)).lanes
    assert (lane.stages, lane.stages_label) == ((), "")
    sight = Sight(detail=detail, audit=(), now=at(20))
    [html] = (
        paint(sight, Reader(language=language, role="viewer"), panel=False).lists["lanes"].values()
    )
    assert 'class="stages"' not in html
    assert Wording(language)("lane.no_stages") not in html


def test_a2_who_has_not_begun_still_has_all_stages_ahead() -> None:
    detail = make_detail([coder(1, TaskState.WAITING)], team="fanout")
    [lane] = lanes_of(detail, language="en", now=at(20)).lanes
    assert [mark.css for mark in lane.stages] == [""] * 5


def test_r7_the_time_of_an_agent_stands_still_while_it_waits_for_a_person() -> None:
    detail = make_detail(
        [make_task("a", state=TaskState.AWAITING, start=0)],
        approvals=[make_approval(1, "a", asked=6)],
    )
    [lane] = lanes_of(detail, language="en", now=at(700)).lanes
    assert (lane.since, lane.took) == (None, "6 s")


def test_u2_a_clock_goes_on_from_the_time_that_was_worked_before() -> None:
    detail = make_detail(
        [
            make_task("a", state=TaskState.SUCCEEDED, start=0, end=30),
            make_task("b", state=TaskState.RUNNING, start=50),
        ]
    )
    for now in (50, 60):
        [lane] = lanes_of(detail, language="en", now=at(now)).lanes
        assert lane.since == at(20)
        assert lane.took == f"{now - 20} s"
    # Bars may be drawn as of a moment before the task began.
    [lane] = lanes_of(detail, language="en", now=at(40)).lanes
    assert lane.since == at(20)


def test_u2_nobody_works_longer_than_the_run_by_doing_two_tasks_at_once() -> None:
    detail = make_detail(
        [
            make_task("a", state=TaskState.SUCCEEDED, start=0, end=60),
            make_task("b", state=TaskState.SUCCEEDED, start=10, end=50),
            make_task("c", state=TaskState.SUCCEEDED, start=55, end=75),
        ],
        status=RunStatus.SUCCEEDED,
    )
    [lane] = lanes_of(detail, language="en", now=at(100)).lanes
    assert lane.took == "1 m 15 s"


def test_u2_what_never_began_waits_no_more_when_the_run_is_over() -> None:
    judge = make_task("rank", role="judge", state=TaskState.CANCELLED, attempt=0)
    detail = make_detail(
        [replace(judge, started_at=None)], team="fanout", status=RunStatus.CANCELLED
    )
    [lane] = lanes_of(detail, language="en", now=at(20)).lanes
    assert (lane.look.kind, lane.subject, lane.took) == ("stop", "Do rank", "–")
