"""The loop of five stages: another round after a failed check, a fresh start after circles."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from agent_worlds import engine_of, keys_of, run_of, submitted

from mas.agents.loop import Rounds, work_through
from mas.agents.stuck import Repetition, Stuck
from mas.core.errors import Transient
from mas.core.messages import Message
from mas.core.ports import Work
from mas.core.run import RunStatus, TaskOutcome
from mas.core.stages import Acting, Observation, Reasoning, StagePlan, Validation

CIRCLES = Repetition(pattern="same_result", times=4, what="files.read a")


class Plain:
    """A mind as the teams' own: five stages and nothing more."""

    observes, reasons, plans, acts = Observation, Reasoning, StagePlan, Acting

    def __init__(self, *, valid_from: int = 1, stuck_in: Sequence[int] = ()) -> None:
        self.acted = 0
        self.valid_from = valid_from
        self.stuck_in = stuck_in

    async def observe(self) -> Observation:
        return Observation(summary="seen")

    async def reason(self, seen: Observation) -> Reasoning:
        return Reasoning(summary="thought", problem="p", approach="a", conclusion="c")

    async def plan(self, seen: Observation, thought: Reasoning) -> StagePlan:
        return StagePlan(summary="planned", steps=(), estimated_seconds=1, confidence=1)

    async def act(self, seen: Observation, thought: Reasoning, planned: StagePlan) -> Acting:
        self.acted += 1
        if self.acted in self.stuck_in:
            raise Stuck(CIRCLES)
        return Acting(summary=f"acted {self.acted}", actions=())

    async def validate(
        self, seen: Observation, thought: Reasoning, planned: StagePlan, done: Acting
    ) -> Validation:
        valid = self.acted >= self.valid_from
        return Validation(summary="checked", valid=valid, check="tests", output="2 failed")


class Clever(Plain):
    """A mind that learns of failures, can start afresh, and listens."""

    def __init__(self, *, valid_from: int = 1, stuck_in: Sequence[int] = ()) -> None:
        super().__init__(valid_from=valid_from, stuck_in=stuck_in)
        self.heard: list[str] = []
        self.failures: list[str] = []
        self.wiped = 0
        self.circles: list[str] = []

    def told(self, messages: Sequence[Message]) -> None:
        self.heard += [message.content for message in messages]

    def failed(self, validation: Validation) -> None:
        self.failures.append(validation.output)

    async def wipe(self) -> None:
        self.wiped += 1

    def afresh(self, why: Stuck) -> None:
        self.circles.append(str(why.repetition))


async def worked(mind: Plain, rounds: Rounds | None = None) -> tuple[RunStatus, str, list[str]]:
    """Status, failure and keys of a task that this mind worked on."""

    async def do(work: Work) -> TaskOutcome:
        done = (await work_through(work, mind, rounds)).done
        return TaskOutcome(result=done.summary)

    async with engine_of(do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        failure = run.failure.message if run.failure else ""
        return run.status, failure, await keys_of(engine, run.id)


FIVE = ["observe", "reason", "plan", "act", "validate"]


async def test_a2_a_task_that_holds_at_once_goes_through_five_stages_and_no_more() -> None:
    status, _, keys = await worked(Clever())
    assert status is RunStatus.SUCCEEDED
    assert keys == FIVE


async def test_a2_a_mind_without_more_than_five_stages_fails_with_its_check() -> None:
    status, failure, keys = await worked(Plain(valid_from=2))
    assert status is RunStatus.FAILED
    assert "did not pass its check (tests): 2 failed" in failure
    assert keys == FIVE


async def test_a2_after_a_failed_check_a_round_begins_at_reason_and_knows_why() -> None:
    mind = Clever(valid_from=2)
    status, _, keys = await worked(mind)
    assert status is RunStatus.SUCCEEDED
    assert keys == [*FIVE, "reason.2", "plan.2", "act.2", "validate.2"]
    assert mind.failures == ["2 failed"]


async def test_a2_rounds_are_bounded() -> None:
    mind = Clever(valid_from=99)
    status, failure, keys = await worked(mind)
    assert status is RunStatus.FAILED
    assert "did not pass its check" in failure
    assert keys[-1] == "validate.3"
    assert mind.acted == 3


async def test_r12_an_agent_in_circles_is_wiped_and_starts_afresh_from_observe() -> None:
    mind = Clever(stuck_in=[1])
    status, _, keys = await worked(mind)
    assert status is RunStatus.SUCCEEDED
    assert keys == ["observe", "reason", "plan", "wipe.2", *(f"{stage}.2" for stage in FIVE)]
    assert mind.wiped == 1
    assert mind.circles == [str(CIRCLES)]


async def test_r12_an_agent_that_stays_in_circles_is_blocked_and_says_what_repeats() -> None:
    mind = Clever(stuck_in=[1, 2])

    async def do(work: Work) -> TaskOutcome:
        await work_through(work, mind)
        raise AssertionError("it should have been blocked")

    run = await run_of(do)
    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "blocked")
    assert run.failure is not None
    assert "goes round in circles, also after a fresh start" in run.failure.message
    assert "4 times: files.read a" in run.failure.message


async def test_r12_a_mind_that_cannot_start_afresh_is_blocked_at_once() -> None:
    status, failure, keys = await worked(Plain(stuck_in=[1]))
    assert status is RunStatus.FAILED
    assert "goes round in circles:" in failure
    assert keys == ["observe", "reason", "plan"]


async def test_r12_a_failed_check_after_a_fresh_start_still_has_its_rounds() -> None:
    mind = Clever(valid_from=3, stuck_in=[1])
    status, _, keys = await worked(mind)
    assert status is RunStatus.SUCCEEDED
    assert keys[-4:] == ["reason.3", "plan.3", "act.3", "validate.3"]


@pytest.mark.parametrize("dies_at", range(1, 10))
async def test_r5_an_interrupted_loop_repeats_no_stage_and_wipes_once(dies_at: int) -> None:
    """The attempt ends at the n-th stage that is really done, and a new mind goes on."""
    done: list[str] = []
    minds: list[Clever] = []

    async def do(work: Work) -> TaskOutcome:
        # A new mind in each attempt, as after a crash: what it knows it has from the records.
        mind = Clever()
        minds.append(mind)
        for stage in FIVE:
            setattr(mind, stage, noted(mind, stage, getattr(mind, stage)))
        mind.wipe = noted(mind, "wipe", mind.wipe)  # type: ignore[method-assign]
        return TaskOutcome(result=(await work_through(work, mind)).done.summary)

    def noted(mind, stage, body):  # type: ignore[no-untyped-def]
        async def run(*arguments: object) -> object:
            if len(done) + 1 == dies_at and len(minds) == 1:
                raise Transient("The process has died.")
            if stage == "act" and not mind.circles:
                raise Stuck(CIRCLES)
            done.append(stage)
            value = await body(*arguments)
            if stage == "validate" and done.count("validate") == 1:
                return Validation(summary="no", valid=False, check="tests", output="1 failed")
            return value

        return run

    run = await run_of(do)
    assert run.status is RunStatus.SUCCEEDED
    expected = [*FIVE[:3], "wipe", *FIVE, *FIVE[1:]]
    assert done == expected
    assert minds[-1].failures == ["1 failed"]


async def test_r6_words_of_a_person_reach_the_next_stage_once() -> None:
    heard: list[list[str]] = []

    class Listening(Clever):
        async def plan(self, seen: Observation, thought: Reasoning) -> StagePlan:
            await engine.tell(run_id, "Use the other file.")
            return await super().plan(seen, thought)

        async def act(self, seen: Observation, thought: Reasoning, planned: StagePlan) -> Acting:
            heard.append(list(self.heard))
            return await super().act(seen, thought, planned)

    async def do(work: Work) -> TaskOutcome:
        return TaskOutcome(result=(await work_through(work, Listening())).done.summary)

    async with engine_of(do) as engine:
        run_id = (await submitted(engine)).id
        run = await engine.drive(run_id)
    assert run.status is RunStatus.SUCCEEDED
    assert heard == [["Use the other file."]]
