"""The orchestrator: drafts a plan with a model, and the rules of `core.plan` judge it (R2, R3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

import msgspec

from mas.agents.loop import work_through
from mas.agents.reasoner import Block, Question, Reasoner
from mas.core.language import plain
from mas.core.lessons import Lesson
from mas.core.messages import Message
from mas.core.plan import BadPlan, Plan, TaskSpec, check_plan
from mas.core.ports import Lessons, Work
from mas.core.roles import Role
from mas.core.run import TaskOutcome
from mas.core.stages import (
    Acting,
    ActionTaken,
    Observation,
    PlannedStep,
    Reasoning,
    StagePlan,
    Validation,
)
from mas.core.values import JsonObject, JsonValue
from mas.teams.planned.wording import say

PLAN_TASK = "plan"
REVIEW_TASK = "review"
MOST_TASKS = 20

_INSTRUCTIONS = f"""Plan the work that the request asks for, and do none of it.
- Give as few tasks as do the job, at most {MOST_TASKS}; one is often enough.
- Each task goes to one of the listed agents, by its name, and can be checked when it is done.
- `id`: short, lower case with hyphens, unique; not `{PLAN_TASK}` or `{REVIEW_TASK}`.
- `depends_on`: ids of tasks whose results the task needs. What needs nothing runs at once.
- `goal`: everything that the agent has to know; it sees the request, its goal and those results.
- `success_criteria`: what a command or a reading will show when it has worked.
- `risk`: read (only looks), write (changes something), destructive (deletes or stops something).
- `reason`: in a sentence or two, why these agents, in the language of the request.
Lessons come from earlier runs; use one where it fits."""


class DraftTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the model drafts it."""

    id: str
    role: str
    title: str
    goal: str
    depends_on: list[str] = []
    success_criteria: list[str] = []
    risk: Literal["read", "write", "destructive"] = "write"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as the model drafts it."""

    reason: str
    tasks: Annotated[list[DraftTask], msgspec.Meta(max_length=MOST_TASKS)]


class Asked(Observation, frozen=True, kw_only=True):
    """What the plan is made from."""

    lessons: tuple[Lesson, ...] = ()


class Drafted(StagePlan, frozen=True, kw_only=True):
    """The plan of the run, as it passed the check."""

    tasks: tuple[TaskSpec, ...]
    reason: str
    by: str


class _Orchestrator:
    observes = Asked
    reasons = Reasoning
    plans = Drafted
    acts = Acting

    def __init__(
        self,
        work: Work,
        reasoner: Reasoner,
        roles: Mapping[str, Role],
        lessons: Lessons | None,
    ) -> None:
        self._work = work
        self._reasoner = reasoner
        self._roles = roles
        self._lessons = lessons
        self._language = work.run.language
        self._told: tuple[str, ...] = ()

    def told(self, messages: Sequence[Message]) -> None:
        """What a person says while the plan is made belongs to the request."""
        self._told += tuple(message.content for message in messages)

    async def observe(self) -> Asked:
        request = self._work.run.request
        found: tuple[Lesson, ...] = ()
        if self._lessons is not None:
            found = await self._lessons.fitting(request, kind="plan")
        return Asked(
            summary=self._say("observe", lessons=len(found), roles=len(self._roles)),
            facts=(request[:500],),
            findings=tuple(f"{lesson.id}: {lesson.text}" for lesson in found),
            lessons=found,
        )

    async def reason(self, seen: Asked) -> Reasoning:
        return Reasoning(
            summary=self._say("reason"),
            problem=seen.facts[0],
            approach=self._say("approach"),
            success_criteria=(self._say("plan.criterion"),),
            conclusion=self._say("reason"),
        )

    async def plan(self, seen: Asked, thought: Reasoning) -> Drafted:
        del thought
        question = Question(
            key="plan",
            instructions=_INSTRUCTIONS,
            context=self._context(seen),
            answer=Draft,
            check=self._fault,
            max_output_tokens=3000,
        )
        answered = await self._reasoner.answer(self._work, question)
        tasks = self._tasks(answered.value)
        return Drafted(
            summary=self._say(
                "planned.one" if len(tasks) == 1 else "planned",
                count=len(tasks),
                tasks=", ".join(task.id for task in tasks),
            ),
            steps=tuple(
                PlannedStep(
                    action=task.title,
                    target=task.id,
                    method=task.role,
                    expected="; ".join(task.success_criteria),
                )
                for task in tasks
            ),
            estimated_seconds=0.0,
            confidence=0.7,
            tasks=tasks,
            reason=plain(answered.value.reason, limit=1000),
            by=answered.by,
        )

    async def act(self, seen: Asked, thought: Reasoning, planned: Drafted) -> Acting:
        del seen, thought
        done = self._say("dry" if is_dry(self._work) else "agreed")
        return Acting(
            summary=done,
            actions=(ActionTaken(action="plan", success=True, output=planned.summary),),
        )

    async def validate(
        self, seen: Asked, thought: Reasoning, planned: Drafted, done: Acting
    ) -> Validation:
        """The plan is checked as it is stored, by the rule that the engine applies as well."""
        del seen, thought, done
        fault = self._faults(planned.tasks)
        return Validation(
            summary=self._say("valid"),
            valid=not fault,
            check="the plan check: ids, roles, dependencies, no cycle",
            output=fault or "ok",
        )

    def _context(self, seen: Asked) -> tuple[Block, ...]:
        run = self._work.run
        agents = "\n".join(
            f"- {role.name}: {plain(role.description, limit=200)}" for role in self._roles.values()
        )
        blocks = [Block(title="request", text=run.request), Block(title="agents", text=agents)]
        if seen.lessons:
            told = "\n".join(
                f"- {one.text} (helped {one.successes} times, not {one.failures} times)"
                for one in seen.lessons
            )
            blocks.append(Block(title="lessons", text=told))
        if self._told:
            blocks.append(Block(title="the person also says", text="\n".join(self._told)))
        earlier = run.options.get("context")
        if isinstance(earlier, dict):
            before = cast("JsonObject", earlier)
            text = f"Request: {before.get('request')}\n\n{before.get('report')}"
            blocks.append(Block(title="the run before this one", text=text))
        return tuple(blocks)

    def _fault(self, draft: Draft) -> str:
        return self._faults(self._tasks(draft))

    def _faults(self, tasks: Sequence[TaskSpec]) -> str:
        """What the plan check says, in words that a model can mend the plan by."""
        taken = [task.id for task in tasks if task.id in (PLAN_TASK, REVIEW_TASK)]
        if taken:
            return f"The id {taken[0]!r} is taken; choose another."
        try:
            check_plan(Plan(tasks=tuple(tasks)), roles=self._roles.keys())
        except BadPlan as problem:
            return " ".join(f"{one.place}: {one.message}" for one in problem.problems)
        return ""

    def _tasks(self, draft: Draft) -> tuple[TaskSpec, ...]:
        return tuple(
            TaskSpec(
                id=task.id.strip(),
                role=task.role.strip(),
                title=plain(task.title, limit=120),
                goal=task.goal,
                depends_on=tuple(task.depends_on),
                success_criteria=tuple(task.success_criteria),
                risk=task.risk,
            )
            for task in draft.tasks
        )

    def _say(self, key: str, **params: object) -> str:
        return say(key, self._language, **params)


async def do_planning(
    work: Work, reasoner: Reasoner, roles: Mapping[str, Role], lessons: Lessons | None
) -> TaskOutcome:
    """Make the plan of a run; unless it is a dry run, the run is extended by its tasks.

    `roles` are those that the plan may use. Several tasks are summed up by one more.
    """
    worked = await work_through(work, _Orchestrator(work, reasoner, roles, lessons))
    planned = worked.planned
    result = {
        "tasks": msgspec.to_builtins(planned.tasks),
        "reason": planned.reason,
        "by": planned.by,
        "lessons": [lesson.id for lesson in worked.seen.lessons],
    }
    tasks = () if is_dry(work) else planned.tasks
    if len(tasks) > 1:
        tasks = (*tasks, _review(work, tasks))
    return TaskOutcome(result=cast("JsonValue", result), summary=planned.summary, extend=tasks)


def is_dry(work: Work) -> bool:
    """Whether the run stops after its plan."""
    return work.run.options.get("dry_run") is True


def _review(work: Work, tasks: Sequence[TaskSpec]) -> TaskSpec:
    language = work.run.language
    return TaskSpec(
        id=REVIEW_TASK,
        role="orchestrator",
        title=say("review.title", language),
        goal=say("review.goal", language),
        depends_on=tuple(task.id for task in tasks),
    )
