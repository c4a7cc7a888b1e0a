"""The decide team as the engine sees it: three tasks in a row, and their answer (R3, R10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from mas.core.plan import Plan, TaskSpec
from mas.core.run import Run, RunResult, Task
from mas.core.values import JsonObject
from mas.teams.decide.findings import Phrase
from mas.teams.decide.wording import say


class DecideTeam:
    """Plans planner → researcher → decider."""

    name = "decide"

    def plan(self, run: Run) -> Plan:
        """The same three tasks for every decision; what differs is in the question."""

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

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """The decider's decision is the answer; without it, what failed is said plainly (R10)."""
        decider = next((task for task in tasks if task.id == "decide"), None)
        if decider and isinstance(decider.result, dict):
            made = cast("JsonObject", decider.result)
            return RunResult(result=made["decision"], report=str(made["report"]), succeeded=True)
        failed = [task for task in tasks if task.failure]
        lines = [
            f"- {task.spec.title}: {task.failure.message} {task.failure.hint}".rstrip()
            for task in failed
            if task.failure
        ]
        title = say(Phrase(key="team.failed"), run.language)
        return RunResult(result=None, report="\n".join((f"# {title}", "", *lines, "")))
