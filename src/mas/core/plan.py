"""Plans: a run's tasks as a directed graph without cycles, and the check that it is one (R3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import msgspec

from mas.core.errors import UserError
from mas.core.values import JsonValue

Risk = Literal["read", "write", "destructive"]


class TaskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one task may use of tokens, dollars and seconds of wall time; None is no limit."""

    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One task as planned. `depends_on` names tasks whose results it needs before it starts."""

    id: str
    role: str
    title: str
    goal: str = ""
    inputs: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    success_criteria: tuple[str, ...] = ()
    risk: Risk = "read"
    limits: TaskLimits | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of a run, in the order in which they are shown. `reason` says why these agents."""

    tasks: tuple[TaskSpec, ...]
    reason: str = ""


class PlanProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and where: `place` is a path such as `tasks[2].depends_on[0]`."""

    place: str
    message: str


class BadPlan(UserError):
    """A plan that cannot be carried out. `problems` names every fault with its place."""

    default_code = "bad_plan"

    def __init__(self, problems: tuple[PlanProblem, ...]) -> None:
        super().__init__(
            "The plan cannot be carried out: "
            + " ".join(f"{problem.place}: {problem.message}" for problem in problems),
            hint="Correct the named places and plan again.",
            details={problem.place: problem.message for problem in problems},
        )
        self.problems = problems


def check_plan(plan: Plan, *, roles: Collection[str]) -> None:
    """Accept a plan that can be carried out with `roles`, and refuse any other.

    Raises:
        BadPlan: It is empty, or has an empty or duplicate id, an unknown role, a dependency that
            is not in the plan or is named twice, or a cycle. All problems are reported at once.
    """
    problems = (*_faults_of_tasks(plan, roles), *_cycles(plan))
    if problems:
        raise BadPlan(problems)


def _faults_of_tasks(plan: Plan, roles: Collection[str]) -> Iterator[PlanProblem]:
    if not plan.tasks:
        yield PlanProblem(place="tasks", message="There is no task.")
    first_place: dict[str, int] = {}
    for index, task in enumerate(plan.tasks):
        place = f"tasks[{index}]"
        if not task.id.strip():
            yield PlanProblem(place=f"{place}.id", message="The id is empty.")
        elif task.id in first_place:
            yield PlanProblem(
                place=f"{place}.id",
                message=f"'{task.id}' is already the id of tasks[{first_place[task.id]}].",
            )
        first_place.setdefault(task.id, index)
        if task.role not in roles:
            known = ", ".join(sorted(roles)) or "none"
            yield PlanProblem(
                place=f"{place}.role",
                message=f"'{task.role}' is not a known role (known: {known}).",
            )
    for index, task in enumerate(plan.tasks):
        for position, needed in enumerate(task.depends_on):
            place = f"tasks[{index}].depends_on[{position}]"
            if needed not in first_place:
                yield PlanProblem(place=place, message=f"'{needed}' is not a task of this plan.")
            elif needed in task.depends_on[:position]:
                yield PlanProblem(place=place, message=f"'{needed}' is named twice.")


def _cycles(plan: Plan) -> Iterator[PlanProblem]:
    """Report one cycle, the first that is met; without it there may be none at all."""
    position = {task.id: index for index, task in reversed(list(enumerate(plan.tasks)))}
    needs = {
        task.id: [needed for needed in task.depends_on if needed in position]
        for task in reversed(plan.tasks)
    }
    unmet = Counter({name: len(needed) for name, needed in needs.items()})
    dependents = dependents_of((name, need) for name, listed in needs.items() for need in listed)
    free = [name for name in needs if unmet[name] == 0]
    while free:
        name = free.pop()
        del needs[name]
        for dependent in dependents.get(name, ()):
            unmet[dependent] -= 1
            if unmet[dependent] == 0:
                free.append(dependent)
    if not needs:
        return
    # Every task that is left needs one that is left, so following the needs must come round.
    trail: list[str] = []
    name = min(needs, key=position.__getitem__)
    while name not in trail:
        trail.append(name)
        name = next(needed for needed in needs[name] if needed in needs)
    cycle = [*trail[trail.index(name) :], name]
    index = position[cycle[0]]
    place = f"tasks[{index}].depends_on[{plan.tasks[index].depends_on.index(cycle[1])}]"
    yield PlanProblem(place=place, message=f"This closes a cycle: {' → '.join(cycle)}.")


def dependents_of(edges: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """Turn (task, needed task) pairs round: needed task → the tasks that wait for it, in order."""
    dependents: dict[str, list[str]] = {}
    for task, needed in edges:
        dependents.setdefault(needed, []).append(task)
    return dependents


def doomed_by(dead: str, dependents: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """Return every task that can never start once `dead` has ended without success.

    Each comes with the task that it needed directly, the reason for its being skipped, nearest
    first. Tasks on other branches are not in the list (R4).
    """
    doomed: dict[str, str] = {}
    queue = [dead]
    for cause in queue:
        for name in dependents.get(cause, ()):
            if name not in doomed:
                doomed[name] = cause
                queue.append(name)
    return list(doomed.items())
