"""The team `fanout` as the engine sees it: one prompt to many agents, one answer (F1, F4, F5)."""

from __future__ import annotations

from collections.abc import Sequence

from mas.core.language import Language
from mas.core.plan import Plan, TaskLimits, TaskSpec
from mas.core.run import Run, RunResult, Task
from mas.core.values import JsonValue
from mas.teams.fanout.answer import answer_of
from mas.teams.fanout.order import Order, order_of
from mas.teams.fanout.report import report_of
from mas.teams.fanout.wording import say
from mas.teams.planned.team import dry_result

PREPARE, BASE, RANK = "prepare", "check-base", "rank"
_NO_LIMITS = TaskLimits()
"""Agents have the time of the order, and the budget of the run: not what their role has."""


class FanoutTeam:
    """One prompt, one to ten coding agents."""

    name = "fanout"

    def plan(self, run: Run) -> Plan:
        """Prepare, let all work at once, check each as it ends, rank. A dry run only looks."""
        plan = self._whole(run)
        if is_dry(run):
            return Plan(reason=plan.reason, tasks=plan.tasks[:1])
        return plan

    def _whole(self, run: Run) -> Plan:
        order = order_of(run)
        language = run.language
        agents = range(1, order.agents + 1)
        return Plan(
            reason=say("reason", language, agents=order.agents),
            tasks=(
                _task(PREPARE, "orchestrator", say("prepare.title", language)),
                *(_agent(number, order, language) for number in agents),
                _task(BASE, "testing", say("base.title", language), PREPARE),
                *(
                    _task(
                        f"check-{number}",
                        "testing",
                        say("check.title", language, number=number),
                        PREPARE,
                        f"agent-{number}",
                        BASE,
                        agent=number,
                    )
                    for number in agents
                ),
                _task(
                    RANK,
                    "judge",
                    say("rank.title", language),
                    PREPARE,
                    *(f"agent-{number}" for number in agents),
                    *(f"check-{number}" for number in agents),
                ),
            ),
        )

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """Results of all agents, whatever became of them, and their ranking."""
        if is_dry(run):
            plan = self._whole(run)
            return dry_result(run, plan.tasks, reason=plan.reason)
        answer = answer_of(run, tasks)
        done = answer.summary.successful > 0
        return RunResult(
            result=answer.to_json(),
            report=report_of(run, answer),
            succeeded=done,
            failure=None if done else answer.failure,
        )


def is_dry(run: Run) -> bool:
    """Whether the run is to say what would be done, and do nothing."""
    return run.options.get("dry_run") is True


def _agent(number: int, order: Order, language: Language) -> TaskSpec:
    return _task(
        f"agent-{number}",
        "coder",
        say("agent.title", language, number=number, coder=order.coder_shown(number)),
        PREPARE,
        agent=number,
        coder=order.coder_of(number),
    )


def _task(name: str, role: str, title: str, *needs: str, **inputs: JsonValue) -> TaskSpec:
    return TaskSpec(
        id=name,
        role=role,
        title=title,
        goal=title,
        inputs=inputs,
        depends_on=needs,
        risk="write",
        limits=_NO_LIMITS,
    )
