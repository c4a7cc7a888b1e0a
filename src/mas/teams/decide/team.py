"""The decide team as the engine sees it: three tasks in a row, and their answer (R3, R10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from mas.core.failure import Failure
from mas.core.plan import Plan, TaskSpec
from mas.core.run import Run, RunResult, Task
from mas.core.values import JsonObject, JsonValue
from mas.teams.decide.agents.mind import aside_of
from mas.teams.decide.findings import Phrase
from mas.teams.decide.markdown import code, md
from mas.teams.decide.wording import say

DRY_RUN = "dry_run"
"""Option of a run: true only plans."""


class DecideTeam:
    """Plans planner → researcher → decider; a dry run is the planner alone."""

    name = "decide"

    def plan(self, run: Run) -> Plan:
        """The same three tasks for every decision; what differs is in the question."""
        plan = _whole_plan(run)
        if is_dry(run):
            return Plan(reason=plan.reason, tasks=plan.tasks[:1])
        return plan

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """The decider's decision is the answer; without it, what failed is said plainly (R10).

        A model that a person has to see to (wrong key, budget) fails the run, which keeps the
        decision that the rules have made.
        """
        decider = _result_of("decide", tasks)
        if decider is not None:
            failure = _ending_failure(decider)
            return RunResult(
                result=decider["decision"],
                report=str(decider["report"]),
                succeeded=failure is None,
                failure=failure,
            )
        if is_dry(run) and _result_of("plan", tasks) is not None:
            return _dry_result(run, tasks)
        failed = [task for task in tasks if task.failure]
        lines = [
            f"- {task.spec.title}: {task.failure.message} {task.failure.hint}".rstrip()
            for task in failed
            if task.failure
        ]
        title = say(Phrase(key="team.failed"), run.language)
        return RunResult(result=None, report="\n".join((f"# {title}", "", *lines, "")))


def is_dry(run: Run) -> bool:
    """Whether the run is to say what would be done, and do nothing."""
    return run.options.get(DRY_RUN) is True


def _result_of(task_id: str, tasks: Sequence[Task]) -> JsonObject | None:
    task = next((task for task in tasks if task.id == task_id), None)
    return cast("JsonObject", task.result) if task and isinstance(task.result, dict) else None


def _whole_plan(run: Run) -> Plan:
    def told(key: str) -> str:
        return say(Phrase(key=key), run.language)

    return Plan(
        reason=told("team.reason"),
        tasks=(
            TaskSpec(
                id="plan",
                role="planner",
                title=told("team.plan"),
                goal=told("team.plan.goal"),
                success_criteria=(told("planner.criterion"),),
            ),
            TaskSpec(
                id="research",
                role="researcher",
                title=told("team.research"),
                goal=told("team.research.goal"),
                depends_on=("plan",),
                success_criteria=(told("researcher.criterion"),),
            ),
            TaskSpec(
                id="decide",
                role="decider",
                title=told("team.decide"),
                goal=told("team.decide.goal"),
                depends_on=("research",),
                success_criteria=(told("decider.criterion"),),
            ),
        ),
    )


def _dry_result(run: Run, tasks: Sequence[Task]) -> RunResult:
    """The plan instead of an answer: what would be asked about, and which agents would do what."""
    plan = _whole_plan(run)
    planned = cast("Sequence[JsonValue]", msgspec.to_builtins(plan.tasks))
    failure = _ending_failure(_result_of("plan", tasks) or {})
    subject = next(task.summary for task in tasks if task.id == "plan")
    return RunResult(
        result={"plan": planned, "reason": plan.reason},
        report=_dry_report(run, plan, subject),
        succeeded=failure is None,
        failure=failure,
    )


def _ending_failure(result: JsonObject) -> Failure | None:
    """The failure of a model for which the run has to fail."""
    aside = aside_of(result)
    return aside.failure if aside.ends_the_run else None


def _dry_report(run: Run, plan: Plan, subject: str) -> str:
    def told(key: str) -> str:
        return md(say(Phrase(key=key), run.language))

    rows = (
        (
            code(task.id),
            code(task.role),
            md(task.goal),
            ", ".join(map(code, task.depends_on)) or "-",
        )
        for task in plan.tasks
    )
    header = ("dry.task", "dry.role", "dry.goal", "dry.after")
    lines = (
        f"# {told('dry.title')}",
        "",
        md(subject),
        "",
        f"{told('dry.reason')}: {md(plan.reason)}",
        "",
        "| " + " | ".join(told(key) for key in header) + " |",
        "|" + " --- |" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        told("dry.nothing_done"),
        "",
    )
    return "\n".join(lines)
