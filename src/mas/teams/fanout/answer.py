"""The answer of a `fanout` run, out of whatever its tasks have given (F4, F6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

import msgspec

from mas.core.coding import AgentStatus
from mas.core.failure import Failure
from mas.core.run import Run, Task, TaskState
from mas.core.values import JsonObject
from mas.teams.fanout.order import order_of
from mas.teams.fanout.results import AgentOutcome, Placed, Prepared, Ranking, Seated
from mas.teams.fanout.wording import say

S = TypeVar("S", bound=msgspec.Struct)


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where the run's repository is; `run_dir` is relative to the workspace."""

    run_id: str
    run_dir: str
    git_initialized: bool
    base: Mapping[str, str]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many agents did the task: `failed` is all that did not."""

    total_agents: int
    successful: int
    failed: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the answer says, before it is put into words."""

    run_info: RunInfo
    summary: Summary
    results: tuple[AgentOutcome, ...]
    ranking: tuple[Placed, ...]
    tasks: tuple[JsonObject, ...]
    prepared: Prepared | None
    failure: Failure
    """Why the run has failed, where no agent did the task."""

    def to_json(self) -> JsonObject:
        """The `result` of the run."""
        shown = {
            "run_info": self.run_info,
            "summary": self.summary,
            "results": self.results,
            "ranking": self.ranking,
            "checks": self.prepared.checks if self.prepared else (),
            "notes": self.prepared.notes if self.prepared else (),
            "isolation": self.prepared.isolation if self.prepared else "",
            "tasks": self.tasks,
        }
        return cast("JsonObject", msgspec.to_builtins(shown))


def answer_of(run: Run, tasks: Sequence[Task]) -> Answer:
    """Gather the results; an agent whose task has none has one that says why."""
    known = {task.id: task for task in tasks}
    order = order_of(run)
    prepared = _given(known.get("prepare"), Prepared)
    results = tuple(
        _result(run, number, order.coder_of(number), known.get(f"agent-{number}"))
        for number in range(1, order.agents + 1)
    )
    successful = sum(one.status == "success" for one in results)
    ranking = _given(known.get("rank"), Ranking)
    return Answer(
        run_info=RunInfo(
            run_id=run.id,
            run_dir=run_folder(run.id),
            git_initialized=prepared is not None,
            base={"branch": prepared.branch, "commit": prepared.commit} if prepared else {},
        ),
        summary=Summary(
            total_agents=order.agents, successful=successful, failed=order.agents - successful
        ),
        results=results,
        ranking=ranking.ranking if ranking else (),
        tasks=tuple(_task(task) for task in tasks),
        prepared=prepared,
        failure=_failure(run, tasks),
    )


def run_folder(run_id: str) -> str:
    """A run's folder relative to the workspace."""
    return f"runs/run_{run_id}"


def _given(task: Task | None, kind: type[S]) -> S | None:
    if task is None or task.result is None:
        return None
    return msgspec.convert(task.result, kind)


def _result(run: Run, number: int, coder: str, task: Task | None) -> AgentOutcome:
    given = _given(task, AgentOutcome)
    if given is not None:
        return given
    cancelled = task is not None and task.state is TaskState.CANCELLED
    status: AgentStatus = "cancelled" if cancelled else "error"
    why = say("error.cancelled", run.language)
    if task is not None and task.failure is not None:
        why = f"{task.failure.message} {task.failure.hint}".strip()
    branch = f"agent-{number}"
    return AgentOutcome(
        agent_id=number,
        status=status,
        coder=coder,
        workspace=Seated(
            worktree_path=f"{run_folder(run.id)}/worktrees/{branch}", branch_name=branch
        ),
        error=why,
        restarts=max(task.attempt - 1, 0) if task else 0,
    )


def _task(task: Task) -> JsonObject:
    """A task in short: what it gave is told where it belongs."""
    return {
        "id": task.id,
        "role": task.role,
        "title": task.spec.title,
        "status": task.state.value,
        "depends_on": list(task.spec.depends_on),
        "attempts": task.attempt,
        "summary": task.summary,
    }


def _failure(run: Run, tasks: Iterable[Task]) -> Failure:
    """What stopped the run as a whole goes before what happened to single agents."""
    failures = {task.id: task.failure for task in tasks if task.failure is not None}
    if "prepare" in failures:
        return failures["prepare"]
    for one in failures.values():
        if one.kind in ("budget", "refused"):
            return one
    return Failure(
        kind="permanent",
        code="all_failed",
        message=say("failed.all", run.language),
        hint=say("failed.all.hint", run.language),
    )


def told_agents(results: Iterable[AgentOutcome]) -> Mapping[AgentStatus, int]:
    """How many agents ended in which way, in the order in which they first occur."""
    counts: dict[AgentStatus, int] = {}
    for one in results:
        counts[one.status] = counts.get(one.status, 0) + 1
    return counts
