"""Observe → Reason → Plan → Act → Validate: the way every task is worked on (A2).

Each stage is one durable step: once recorded it is never done again, and after a crash the loop
goes on behind the last recorded one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from mas.core.errors import Permanent
from mas.core.ports import Work
from mas.core.stages import Acting, Observation, Reasoning, StageName, StagePlan, Validation
from mas.core.values import JsonValue

O = TypeVar("O", bound=Observation)  # noqa: E741 - one letter a stage
R = TypeVar("R", bound=Reasoning)
P = TypeVar("P", bound=StagePlan)
A = TypeVar("A", bound=Acting)
S = TypeVar("S")


class Mind(Protocol[O, R, P, A]):
    """What a role thinks and does at each stage of one task.

    The types of the stages may carry more than the base types; what a later stage needs of an
    earlier one has to be in its record, because after a crash nothing else is left.
    """

    observes: type[O]
    reasons: type[R]
    plans: type[P]
    acts: type[A]

    async def observe(self) -> O:
        """Gather facts."""
        ...

    async def reason(self, seen: O) -> R:
        """Say what they mean."""
        ...

    async def plan(self, seen: O, thought: R) -> P:
        """Say what will be done."""
        ...

    async def act(self, seen: O, thought: R, planned: P) -> A:
        """Do it."""
        ...

    async def validate(self, seen: O, thought: R, planned: P, done: A) -> Validation:
        """Check the result by running a check on it."""
        ...


class Worked(Generic[O, R, P, A]):
    """The five records of one task."""

    def __init__(self, seen: O, thought: R, planned: P, done: A, validation: Validation) -> None:
        self.seen = seen
        self.thought = thought
        self.planned = planned
        self.done = done
        self.validation = validation


async def work_through(work: Work, mind: Mind[O, R, P, A]) -> Worked[O, R, P, A]:
    """Take one task through its five stages.

    Raises:
        Permanent: The result did not pass its validation.
        MasError: Whatever a stage raises.
    """
    seen = await _stage(work, "observe", mind.observes, mind.observe)
    thought = await _stage(work, "reason", mind.reasons, lambda: mind.reason(seen))
    planned = await _stage(work, "plan", mind.plans, lambda: mind.plan(seen, thought))
    done = await _stage(work, "act", mind.acts, lambda: mind.act(seen, thought, planned))
    validation = await _stage(
        work, "validate", Validation, lambda: mind.validate(seen, thought, planned, done)
    )
    if not validation.valid:
        raise Permanent(
            f"The result of {work.task.id} did not pass its check ({validation.check}): "
            f"{validation.output}.",
            hint="Look at its stages with `mas runs show`.",
            code="not_valid",
        )
    return Worked(seen, thought, planned, done, validation)


async def _stage(
    work: Work, name: StageName, type_: type[S], body: Callable[[], Awaitable[S]]
) -> S:
    value = await work.record(name, "stage", body, summary=_summary)
    return msgspec.convert(value, type_)


def _summary(value: JsonValue) -> str:
    return str(cast("dict[str, JsonValue]", value).get("summary", ""))
