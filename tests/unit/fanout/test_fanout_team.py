"""The plan and the answer of `fanout`, whatever became of its tasks (F1, F4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import msgspec
import pytest

from mas.core.coding import AgentStatus
from mas.core.failure import Failure
from mas.core.plan import check_plan
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.core.values import JsonObject
from mas.teams.fanout.order import Order
from mas.teams.fanout.results import AgentOutcome, Placed, Prepared, Ranking, Seated
from mas.teams.fanout.team import FanoutTeam

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROLES = ("orchestrator", "coder", "testing", "judge")


def run_of(order: Order, *, dry: bool = False) -> Run:
    return Run(
        id="20260101_000000_0123abcd",
        request="Write it.",
        team="fanout",
        language="en",
        status=RunStatus.RUNNING,
        created_at=AT,
        options={**order.to_options(), **({"dry_run": True} if dry else {})},
    )


def ended(run: Run, name: str, result: object = None, failure: Failure | None = None) -> Task:
    spec = next(one for one in FanoutTeam().plan(run).tasks if one.id == name)
    state = TaskState.SUCCEEDED if failure is None else TaskState.FAILED
    return Task(
        run_id=run.id,
        spec=spec,
        state=state,
        attempt=1,
        result=cast("JsonObject", msgspec.to_builtins(result)),
        failure=failure,
    )


def outcome(number: int, status: AgentStatus) -> AgentOutcome:
    branch = f"agent-{number}"
    return AgentOutcome(
        agent_id=number,
        status=status,
        coder="script:x",
        workspace=Seated(worktree_path=f"runs/run_x/worktrees/{branch}", branch_name=branch),
    )


@pytest.mark.parametrize("agents", [1, 10])
def test_f1_every_agent_has_a_task_and_a_check_and_one_task_ranks_them(agents: int) -> None:
    plan = FanoutTeam().plan(run_of(Order(agents=agents, coders=("script:x",))))
    check_plan(plan, roles=ROLES)
    by_id = {task.id: task for task in plan.tasks}
    assert len(by_id) == 3 + 2 * agents
    for number in range(1, agents + 1):
        assert by_id[f"agent-{number}"].depends_on == ("prepare",)
        assert f"agent-{number}" in by_id[f"check-{number}"].depends_on
        assert f"check-{number}" in by_id["rank"].depends_on


def test_f1_agents_take_the_coders_in_turn() -> None:
    plan = FanoutTeam().plan(run_of(Order(agents=3, coders=("mas", "codex"))))
    coders = [task.inputs["coder"] for task in plan.tasks if task.role == "coder"]
    assert coders == ["mas", "codex", "mas"]


def test_f4_the_summary_counts_only_what_was_done() -> None:
    run = run_of(Order(agents=3, coders=("script:x",)))
    first = Placed(agent_id=1, place=1, score=9, status="success")
    tasks = [
        ended(run, "prepare", Prepared(branch="main", commit="c" * 40)),
        ended(run, "agent-1", outcome(1, "success")),
        ended(run, "agent-2", outcome(2, "no_changes")),
        ended(run, "agent-3", outcome(3, "timeout")),
        ended(run, "rank", Ranking(ranking=(first,))),
    ]
    answer = FanoutTeam().review(run, tasks)
    result = cast("JsonObject", answer.result)
    assert result["summary"] == {"total_agents": 3, "successful": 1, "failed": 2}
    assert [one["status"] for one in cast("list[JsonObject]", result["results"])] == [
        "success",
        "no_changes",
        "timeout",
    ]
    assert answer.succeeded is True
    assert answer.failure is None
    assert "mas runs merge" in answer.report


def test_f4_a_run_in_which_all_failed_says_so_and_keeps_the_results() -> None:
    run = run_of(Order(agents=1, coders=("script:x",)))
    late = Failure(kind="permanent", code="timeout", message="Too late.")
    tasks = [
        ended(run, "prepare", Prepared(branch="main", commit="c" * 40)),
        ended(run, "agent-1", outcome(1, "timeout"), late),
    ]
    answer = FanoutTeam().review(run, tasks)
    assert answer.succeeded is False
    assert answer.failure is not None
    assert answer.failure.code == "all_failed"


def test_f4_a_broken_repository_is_told_as_what_it_is() -> None:
    run = run_of(Order(agents=2, coders=("script:x",)))
    gone = Failure(kind="user", code="no_repository", message="It is gone.", hint="Name another.")
    answer = FanoutTeam().review(run, [ended(run, "prepare", None, gone)])
    result = cast("JsonObject", answer.result)
    assert answer.failure == gone
    assert [one["status"] for one in cast("list[JsonObject]", result["results"])] == ["error"] * 2


def test_r8_a_reached_budget_is_why_the_run_failed() -> None:
    run = run_of(Order(agents=1, coders=("claude",)))
    budget = Failure(kind="budget", code="budget", message="Used up.")
    tasks = [
        ended(run, "prepare", Prepared(branch="main", commit="c" * 40)),
        ended(run, "agent-1", outcome(1, "failed"), budget),
    ]
    answer = FanoutTeam().review(run, tasks)
    assert answer.failure == budget


def test_r3_a_dry_run_shows_the_plan_and_makes_nothing() -> None:
    run = run_of(Order(agents=2, coders=("mas",)), dry=True)
    plan = FanoutTeam().plan(run)
    assert [task.id for task in plan.tasks] == ["prepare"]
    answer = FanoutTeam().review(run, [])
    shown = cast("JsonObject", answer.result)["plan"]
    assert len(cast("list[JsonObject]", shown)) == 7
