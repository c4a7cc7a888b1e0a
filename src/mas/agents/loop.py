"""Observe → Reason → Plan → Act → Validate: the way every task is worked on (A2).

Each stage is one durable step: once recorded it is never done again, and after a crash the loop
goes on behind the last recorded one. A result that fails its validation is reasoned about anew,
an agent that goes round in circles starts afresh; both a bounded number of times (R12).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

import msgspec

from mas.agents.stuck import Stuck
from mas.core.errors import Blocked, Permanent
from mas.core.messages import Message
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


@runtime_checkable
class Listens(Protocol):
    """A mind that reads messages: before each stage it is told those that are new."""

    def told(self, messages: Sequence[Message]) -> None:
        """Take note of messages of other agents and of a person."""
        ...


@runtime_checkable
class TriesAgain(Protocol):
    """A mind that can do better when it knows what was wrong."""

    def failed(self, validation: Validation) -> None:
        """Take note that the result did not hold; the next round begins at `reason`."""
        ...


@runtime_checkable
class StartsAfresh(Protocol):
    """A mind that can begin from nothing after it went round in circles."""

    async def wipe(self) -> None:
        """Forget this task in the agent's stored memory; done once for each fresh start."""
        ...

    def afresh(self, why: Stuck) -> None:
        """Forget what this attempt knows but `why`; the next round begins at `observe`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """How often one task may be gone through anew."""

    replans: int = 2
    """After a failed validation."""
    restarts: int = 1
    """After going round in circles."""

    def times(self, chances: int) -> Rounds:
        """As many for each chance that the task was given: the rounds of the earlier ones may
        still be on record, and are gone through again."""
        return Rounds(replans=self.replans * chances, restarts=self.restarts * chances)


class Worked(Generic[O, R, P, A]):
    """The five records of one task, those of its last round."""

    def __init__(self, seen: O, thought: R, planned: P, done: A, validation: Validation) -> None:
        self.seen = seen
        self.thought = thought
        self.planned = planned
        self.done = done
        self.validation = validation


def stage_key(stage: StageName, round_: int) -> str:
    """The key of a stage's record: `plan` in the first round, `plan.2` in the second."""
    return stage if round_ == 1 else f"{stage}.{round_}"


async def work_through(
    work: Work, mind: Mind[O, R, P, A], rounds: Rounds | None = None
) -> Worked[O, R, P, A]:
    """Take one task through its five stages, as often as `rounds` allows and `mind` can.

    Raises:
        Permanent: The result did not pass its validation (`not_valid`).
        Blocked: The agent repeats itself, also after a fresh start.
        MasError: Whatever a stage raises.
    """
    rounds = (rounds or Rounds()).times(1 + work.task.chances)
    round_, replans, restarts = 1, 0, 0
    seen: O | None = None
    while True:
        try:
            if seen is None:
                seen = await _stage(work, mind, "observe", round_, mind.observes, mind.observe)
            worked = await _from_reason(work, mind, round_, seen)
        except Stuck as exc:
            if restarts >= rounds.restarts or not isinstance(mind, StartsAfresh):
                raise _blocked(work, exc, restarts) from exc
            restarts, round_, seen = restarts + 1, round_ + 1, None
            await work.record(f"wipe.{round_}", "action", mind.wipe)
            mind.afresh(exc)
            continue
        if worked.validation.valid:
            return worked
        if replans >= rounds.replans or not isinstance(mind, TriesAgain):
            raise _not_valid(work, worked.validation)
        replans, round_ = replans + 1, round_ + 1
        mind.failed(worked.validation)


async def _from_reason(
    work: Work, mind: Mind[O, R, P, A], round_: int, seen: O
) -> Worked[O, R, P, A]:
    thought = await _stage(work, mind, "reason", round_, mind.reasons, lambda: mind.reason(seen))
    planned = await _stage(work, mind, "plan", round_, mind.plans, lambda: mind.plan(seen, thought))
    done = await _stage(
        work, mind, "act", round_, mind.acts, lambda: mind.act(seen, thought, planned)
    )
    validation = await _stage(
        work,
        mind,
        "validate",
        round_,
        Validation,
        lambda: mind.validate(seen, thought, planned, done),
    )
    return Worked(seen, thought, planned, done, validation)


async def _stage(
    work: Work,
    mind: object,
    name: StageName,
    round_: int,
    type_: type[S],
    body: Callable[[], Awaitable[S]],
) -> S:
    key = stage_key(name, round_)
    if isinstance(mind, Listens):
        messages = await work.inbox(key)
        if messages:
            mind.told(messages)
    value = await work.record(key, "stage", body, summary=_summary)
    return msgspec.convert(value, type_)


def _summary(value: JsonValue) -> str:
    return str(cast("dict[str, JsonValue]", value).get("summary", ""))


def _not_valid(work: Work, validation: Validation) -> Permanent:
    return Permanent(
        f"The result of {work.task.id} did not pass its check ({validation.check}): "
        f"{validation.output.rstrip('. ')}.",
        hint="Look at its stages with `mas runs show`.",
        code="not_valid",
    )


def _blocked(work: Work, stuck: Stuck, restarts: int) -> Blocked:
    after = ", also after a fresh start" if restarts else ""
    return Blocked(
        f"The agent of {work.task.id} goes round in circles{after}: {stuck.repetition}.",
        hint=stuck.hint,
    )
