"""The planned teams as the engine sees them: a plan that grows, and the answer (R3, R10, R13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import msgspec

from mas.core.language import Language, plain
from mas.core.lessons import NewLesson
from mas.core.plan import Plan, TaskSpec
from mas.core.run import Run, RunResult, Task, TaskState
from mas.core.values import JsonObject, JsonValue
from mas.teams.planned.orchestrator import PLAN_TASK, REVIEW_TASK
from mas.teams.planned.wording import say


class PlannedTeam:
    """A team whose orchestrator plans with a model."""

    def __init__(self, name: str) -> None:
        self.name = name

    def plan(self, run: Run) -> Plan:
        """The first task alone: it makes the rest of the plan."""
        language = run.language
        return Plan(
            reason=say("plan.reason", language),
            tasks=(
                TaskSpec(
                    id=PLAN_TASK,
                    role="orchestrator",
                    title=say("plan.title", language),
                    goal=say("plan.goal", language),
                    success_criteria=(say("plan.criterion", language),),
                ),
            ),
        )

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """The review that an agent wrote, else the answers of the tasks; what failed is named."""
        made = _made(tasks)
        if run.options.get("dry_run") is True and made is not None:
            specs = msgspec.convert(made["tasks"], tuple[TaskSpec, ...])
            return dry_result(run, specs, reason=str(made["reason"]))
        worked = [task for task in tasks if task.id not in (PLAN_TASK, REVIEW_TASK)]
        return RunResult(
            result=cast(
                "JsonValue",
                {"tasks": [_task(task) for task in worked], "summary": _summary(tasks, worked)},
            ),
            report=_report(run, tasks, worked),
            lessons=_lessons(run, worked),
            lessons_used=_used(made),
        )


class SoloTeam:
    """One agent, asked for by name: `mas agents run ROLE TEXT` (A4)."""

    name = "agent"

    def plan(self, run: Run) -> Plan:
        """One task for the role that the options name."""
        role = str(run.options.get("role", ""))
        return Plan(
            reason=say("solo.reason", run.language),
            tasks=(
                TaskSpec(
                    id=role,
                    role=role,
                    title=plain(run.request, limit=80),
                    goal=run.request,
                    risk="write",
                ),
            ),
        )

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        """What the agent answered."""
        return RunResult(
            result=cast(
                "JsonValue",
                {"tasks": [_task(task) for task in tasks], "summary": _summary(tasks, tasks)},
            ),
            report=_report(run, tasks, tasks),
            lessons=_fixes(run, tasks),
        )


def _made(tasks: Iterable[Task]) -> JsonObject | None:
    """What the planning task gave."""
    plan = next((task for task in tasks if task.id == PLAN_TASK), None)
    if plan is None or not isinstance(plan.result, dict):
        return None
    return cast("JsonObject", plan.result)


def dry_result(run: Run, specs: Sequence[TaskSpec], *, reason: str) -> RunResult:
    """A plan that is shown and not carried out, as the answer of a dry run."""
    language = run.language
    header = [say(f"column.{key}", language) for key in ("task", "role", "risk", "needs")]
    lines = [
        f"# {say('heading.plan', language)}",
        "",
        plain(reason, limit=1000),
        "",
        "| " + " | ".join(header) + " |",
        "|" + " --- |" * len(header),
        *(
            f"| {_cell(spec.title)} (`{_cell(spec.id)}`) | {spec.role} | {spec.risk} "
            f"| {', '.join(spec.depends_on) or '-'} |"
            for spec in specs
        ),
        "",
        say("dry.note", language),
        "",
    ]
    result = {"plan": cast("JsonValue", msgspec.to_builtins(specs)), "reason": reason}
    return RunResult(result=result, report="\n".join(lines))


def _task(task: Task) -> dict[str, object]:
    return {
        "id": task.id,
        "role": task.role,
        "title": task.spec.title,
        "status": task.state.value,
        "depends_on": task.spec.depends_on,
        "attempts": task.attempt,
        "result": task.result,
    }


def _summary(tasks: Iterable[Task], worked: Sequence[Task]) -> str:
    """The orchestrator's review, else the answers of the tasks one after the other."""
    review = next((task for task in tasks if task.id == REVIEW_TASK), None)
    if review is not None and review.state is TaskState.SUCCEEDED:
        return _answer(review)
    return "\n\n".join(filter(None, (_answer(task) for task in worked)))


def _answer(task: Task) -> str:
    if not isinstance(task.result, dict):
        return task.summary
    return str(cast("JsonObject", task.result).get("output") or task.summary)


def _report(run: Run, tasks: Sequence[Task], worked: Sequence[Task]) -> str:
    language = run.language
    lines = [f"# {plain(run.request, limit=120)}", ""]
    summary = _summary(tasks, worked)
    if summary:
        lines += [summary, ""]
    if len(worked) > 1:
        lines += [f"## {say('heading.results', language)}", ""]
        lines += [_line(task, language) for task in worked]
        lines.append("")
    failed = [task for task in tasks if task.failure and task.state is not TaskState.SUCCEEDED]
    if failed:
        lines += [f"## {say('heading.open', language)}", ""]
        lines += [
            f"- {plain(task.spec.title)}: {task.failure.message} {task.failure.hint}".rstrip()
            for task in failed
            if task.failure
        ]
        lines.append("")
    return "\n".join(lines)


def _line(task: Task, language: Language) -> str:
    state = say(f"state.{task.state.value}", language)
    return f"- {plain(task.spec.title)} ({task.role}): {state}"


def _cell(text: str) -> str:
    return plain(text, limit=120).replace("|", "¦")


def _used(made: JsonObject | None) -> tuple[str, ...]:
    if made is None:
        return ()
    return tuple(str(id_) for id_ in cast("Sequence[JsonValue]", made.get("lessons", ())))


def _lessons(run: Run, worked: Sequence[Task]) -> tuple[NewLesson, ...]:
    """What a run that did all it planned teaches: its plan, and how errors were mended."""
    if not worked or any(task.state is not TaskState.SUCCEEDED for task in worked):
        return _fixes(run, worked)
    steps = "; ".join(f"{task.role}: {plain(task.spec.title, limit=80)}" for task in worked)
    plan = NewLesson(
        kind="plan",
        team=run.team,
        about=run.request[:500],
        text=steps[:1000],
        evidence=(f"{run.id}/{PLAN_TASK}/plan", *(f"{run.id}/{task.id}" for task in worked)),
    )
    return (plan, *_fixes(run, worked))


def _fixes(run: Run, worked: Sequence[Task]) -> tuple[NewLesson, ...]:
    """How tasks that failed their check at first were brought to pass it."""
    found: list[NewLesson] = []
    for task in worked:
        if task.state is not TaskState.SUCCEEDED or not isinstance(task.result, dict):
            continue
        mended = cast("JsonObject", task.result).get("mended")
        for one in cast("Sequence[JsonObject]", mended or ()):
            found.append(
                NewLesson(
                    kind="fix",
                    team=run.team,
                    about=str(one["error"]),
                    text=str(one["approach"]),
                    evidence=(str(one["evidence"]),),
                )
            )
    return tuple(found)
