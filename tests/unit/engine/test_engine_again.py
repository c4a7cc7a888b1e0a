"""Retry by a person, and forks: a new chance without doing anything twice (R6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_worlds import at_once, event_of, opened, plan_of, spec, submitted

from mas.core.budget import Budget
from mas.core.calls import StoredCall
from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.events import RunForked, RunReopened
from mas.core.failure import Failure
from mas.core.fold import fold
from mas.core.models import ToolCall
from mas.core.plan import TaskSpec
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome, TaskState
from mas.core.usage import Usage
from mas.engine import Engine, EngineSettings
from mas.testing.clock import ManualClock

CALL = StoredCall(
    call=ToolCall(id="c", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)
DIAMOND = plan_of(spec("a"), spec("b", "a"), spec("c", "a"), spec("d", "b", "c"))


class World:
    """Doers that note what really runs, and fail as often as they are told to."""

    def __init__(self, **failing: list[MasError]) -> None:
        self.failing = failing
        self.ran: list[str] = []

    def body(self, work: Work, key: str) -> Callable[[], object]:
        async def body(*_: object) -> object:
            self.ran.append(f"{work.task.id}/{key}")
            return f"{key} of attempt {work.task.attempt}"

        return body

    async def do(self, work: Work) -> TaskOutcome:
        """think, act (an effect), judge; fails between the last two."""
        await work.record("think", "stage", self.body(work, "think"))
        await work.effect("act", self.body(work, "act"), probe=nothing)
        told = await work.record("judge", "stage", self.body(work, "judge"))
        if errors := self.failing.get(work.task.id):
            raise errors.pop(0)
        return TaskOutcome(result=told)


async def nothing(_: str) -> None:
    return None


def no() -> MasError:
    return Permanent("No.")


async def states(engine: Engine, run_id: str) -> dict[str, TaskState]:
    return {task.id: task.state for task in await engine.tasks(run_id)}


async def check_events(engine: Engine, run_id: str) -> None:
    """The events tell what the tables hold (R9)."""
    run = await engine.get(run_id)
    view = fold([event async for event in engine.watch(run_id)])
    assert view.status is run.status
    assert view.stop_reason == run.stop_reason
    assert view.partial == run.partial
    assert view.last_event == run.last_event
    kept = [(record.task, record.key) for record in await engine.records(run_id)]
    for task in await engine.tasks(run_id):
        seen = view.tasks[task.id]
        assert (seen.state, seen.attempt) == (task.state, task.attempt)
        assert list(seen.recorded) == [key for name, key in kept if name == task.id]


async def test_r6_a_retried_task_thinks_anew_and_repeats_no_finished_action() -> None:
    world = World(b=[no()])
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert run.status is RunStatus.FAILED
        assert (await states(engine, run.id))["d"] is TaskState.SKIPPED
        await check_events(engine, run.id)
        world.ran.clear()

        again = await engine.retry(run.id)

        assert again.status is RunStatus.RUNNING
        assert (again.result, again.report, again.stop_reason, again.failure) == (None,) * 4
        assert again.last_event == run.last_event + 1
        await_events = [event async for event in watched(engine, run.id, run.last_event)]
        ended = await engine.get(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert isinstance(await_events[0].body, RunReopened)
        assert await_events[-1].number == ended.last_event
        assert world.ran == ["b/judge", "d/think", "d/act", "d/judge"]
        assert (await engine.tasks(run.id))[1].result == "judge of attempt 2"
        await check_events(engine, run.id)


async def watched(engine: Engine, run_id: str, after: int):  # type: ignore[no-untyped-def]
    driving = asyncio.create_task(engine.drive(run_id))
    async for event in engine.watch(run_id, after=after):
        yield event
    await driving


async def test_r6_what_was_stopped_from_outside_goes_on_where_it_was() -> None:
    world = World(a=[Transient("Away.")] * 9)
    once = EngineSettings(retry=RetryPolicy(max_failures=1))
    async with opened(plan_of(spec("a")), world.do, settings=once) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert run.failure is not None
        assert run.failure.kind == "transient"
        world.failing.clear()
        world.ran.clear()

        await engine.retry(run.id, "a")
        ended = await engine.drive(run.id)

        assert ended.status is RunStatus.SUCCEEDED
        assert world.ran == []
        await check_events(engine, run.id)


async def test_r6_a_cancelled_run_goes_on_as_a_whole() -> None:
    gate = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        await work.record("think", "stage", World().body(work, "think"))
        if work.task.attempt == 1:
            await gate.wait()
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_recorded")
        await engine.cancel(run.id)
        assert (await driving).status is RunStatus.CANCELLED

        again = await engine.retry(run.id)
        assert again.cancel_requested_at is None
        gate.set()
        assert (await engine.drive(run.id)).status is RunStatus.SUCCEEDED
        records = await engine.records(run.id, task="a")
        assert [(record.key, record.attempt) for record in records] == [("think", 1)]
        await check_events(engine, run.id)


async def test_r6_a_run_that_was_cancelled_before_its_plan_begins_anew() -> None:
    async with opened(plan_of(spec("a"))) as engine:
        run = await submitted(engine)
        assert (await engine.cancel(run.id)).status is RunStatus.CANCELLED

        assert (await engine.retry(run.id)).status is RunStatus.QUEUED
        assert (await engine.drive(run.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, run.id)


async def test_r6_only_what_was_named_and_hung_on_it_starts_again() -> None:
    plan = plan_of(spec("a"), spec("b"), spec("c", "a"), spec("d", "a", "b"))
    world = World(a=[no()], b=[no()])
    async with opened(plan, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        await engine.retry(run.id, "a")
        ended = await engine.drive(run.id)

        assert ended.status is RunStatus.FAILED
        assert ended.partial
        assert await states(engine, run.id) == {
            "a": TaskState.SUCCEEDED,
            "b": TaskState.FAILED,
            "c": TaskState.SUCCEEDED,
            "d": TaskState.SKIPPED,
        }
        # A skipped task brings along what it lacks.
        await engine.retry(run.id, "d")
        assert (await engine.drive(run.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, run.id)


async def test_r6_who_has_used_a_reported_failure_starts_again_too() -> None:
    given: list[object] = []

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            failure = Failure.of(no()) if work.task.attempt == 1 else None
            return TaskOutcome(result=work.task.attempt, failure=failure)
        given.append(work.inputs["a"])
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert await states(engine, run.id) == {"a": TaskState.FAILED, "b": TaskState.SUCCEEDED}
        await engine.retry(run.id, "a")
        assert await states(engine, run.id) == {"a": TaskState.READY, "b": TaskState.WAITING}
        assert (await engine.drive(run.id)).status is RunStatus.SUCCEEDED
        assert given == [1, 2]
        await check_events(engine, run.id)


async def test_r6_an_action_of_which_it_is_not_known_is_looked_up_by_a_retry() -> None:
    looked: list[str] = []

    async def do(work: Work) -> TaskOutcome:
        await work.record("think", "stage", World().body(work, "think"))

        async def act(_: str) -> object:
            raise Permanent("The line went dead.")

        async def look(key: str) -> object:
            looked.append(key)
            return "it was done"

        return TaskOutcome(result=await work.effect("act", act, probe=look))

    async with opened(plan_of(spec("a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        await engine.retry(run.id)
        ended = await engine.drive(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert (await engine.tasks(run.id))[0].result == "it was done"
        assert looked == [f"{run.id}/a/act"]
        records = await engine.records(run.id)
        assert [(record.key, record.attempt) for record in records] == [("think", 1), ("act", 2)]


async def test_r6_a_retry_asks_again_for_what_a_person_has_rejected() -> None:
    async def do(work: Work) -> TaskOutcome:
        await work.approval("act", CALL)
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a")), do) as engine:
        run = await submitted(engine)
        for number, approved in ((1, False), (2, True)):
            driving = asyncio.create_task(engine.drive(run.id))
            async for event in engine.watch(run.id):
                if event.type == "approval_requested" and event.body.approval == f"a{number}":
                    break
            await engine.decide(run.id, f"a{number}", approved=approved)
            ended = await driving
            if not approved:
                assert ended.stop_reason == "rejected"
                await engine.retry(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        approvals = await engine.approvals(run.id)
        assert [(one.id, one.state) for one in approvals] == [
            ("a1", "rejected"),
            ("a2", "approved"),
        ]
        await check_events(engine, run.id)


async def test_r6_a_delegation_is_not_begun_twice_by_a_retry() -> None:
    world = World(h=[no()])

    async def do(work: Work) -> TaskOutcome:
        if work.task.id != "a":
            return await world.do(work)
        await work.record("think", "stage", world.body(work, "think"))
        helped = await work.delegate("help", (spec("h"),))
        return TaskOutcome(result=helped["h"])

    async with opened(plan_of(spec("a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert await states(engine, run.id) == {"a": TaskState.SKIPPED, "h": TaskState.FAILED}
        await engine.retry(run.id, "a")
        ended = await engine.drive(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert world.ran.count("a/think") == 1
        assert len(await engine.tasks(run.id)) == 2
        await check_events(engine, run.id)


@pytest.mark.parametrize(
    ("task", "code"),
    [("nowhere", "unknown_task"), ("a", "nothing_to_retry"), (None, "nothing_to_retry")],
)
async def test_r6_what_has_not_failed_is_not_tried_again(task: str | None, code: str) -> None:
    async with opened(plan_of(spec("a"))) as engine:
        run = await engine.drive((await submitted(engine)).id)
        with pytest.raises(UserError) as told:
            await engine.retry(run.id, task)
        assert told.value.code == code
        assert await engine.get(run.id) == run


async def test_r6_a_task_may_be_retried_while_others_still_work() -> None:
    gate = asyncio.Event()
    world = World(a=[no()])

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "b":
            await gate.wait()
        return await world.do(work)

    async with opened(plan_of(spec("a"), spec("b"), spec("c", "a")), do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_skipped")
        await engine.retry(run.id, "a")
        gate.set()
        assert (await driving).status is RunStatus.SUCCEEDED
        await check_events(engine, run.id)


async def test_r6_a_run_is_not_reopened_while_it_is_being_cancelled() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            raise no()
        await asyncio.Event().wait()
        raise AssertionError

    async with opened(plan_of(spec("a"), spec("b")), do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_failed")
        await engine.cancel(run.id)
        with pytest.raises(UserError) as told:
            await engine.retry(run.id, "a")
        assert told.value.code in ("still_working", "nothing_to_retry")
        await driving


async def test_r8_time_between_end_and_retry_is_not_the_runs_own() -> None:
    clock = ManualClock()
    world = World(a=[no()])
    async with opened(plan_of(spec("a")), world.do, clock=clock) as engine:
        budget = Budget(time=timedelta(minutes=1))
        request = RunRequest(text="Do it.", team="fixed", budget=budget)
        run = await engine.drive((await engine.submit(request)).id)
        clock.advance(timedelta(hours=1))
        await engine.retry(run.id)
        ended = await engine.drive(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert ended.usage.time < timedelta(minutes=1)


async def test_r8_a_run_that_has_spent_its_money_is_forked_and_not_retried() -> None:
    used = Usage(input_tokens=10)
    attempts: list[int] = []

    async def do(work: Work) -> TaskOutcome:
        attempts.append(work.task.attempt)
        if work.task.id == "b":
            body = World().body(work, "model")
            await work.record("model", "model_call", body, usage=lambda _: used, most=used)
            if len(attempts) < 4:
                raise no()
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        request = RunRequest(text="Do it.", team="fixed", budget=Budget(tokens=10))
        run = await engine.drive((await engine.submit(request)).id)
        with pytest.raises(UserError) as told:
            await engine.retry(run.id)
        assert told.value.code == "budget_used_up"

        fork = await engine.fork(run.id)
        assert fork.usage.tokens == 0
        assert fork.budget == run.budget
        ended = await engine.drive(fork.id)
        assert ended.usage.tokens == 10


async def test_r6_a_fork_keeps_what_has_succeeded_and_does_the_rest_anew() -> None:
    world = World(b=[no()])
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        before = (await engine.get(run.id), await engine.tasks(run.id))
        world.ran.clear()

        fork = await engine.fork(run.id)

        assert fork.id != run.id
        assert (fork.request, fork.team, fork.options) == (run.request, run.team, run.options)
        told = await engine.events(fork.id)
        assert [event.number for event in told] == list(range(1, len(told) + 1))
        assert [event.type for event in told][:4] == [
            "run_queued",
            "run_forked",
            "run_planning",
            "run_planned",
        ]
        assert told[1].body == RunForked(source=run.id)
        await check_events_so_far(engine, fork.id)
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert world.ran == ["b/think", "b/act", "b/judge", "d/think", "d/act", "d/judge"]
        assert await engine.value(fork.id, "a", "act") == "act of attempt 1"
        assert (await engine.get(run.id), await engine.tasks(run.id)) == before
        assert [one.task for one in await engine.effects(fork.id)] == ["b", "d"]
        await check_events(engine, fork.id)


async def check_events_so_far(engine: Engine, run_id: str) -> None:
    view = fold(await engine.events(run_id))
    states = {task.id: task.state for task in await engine.tasks(run_id)}
    assert {name: task.state for name, task in view.tasks.items()} == states


async def test_r6_a_fork_after_a_task_forgets_what_came_beside_and_behind_it() -> None:
    world = World()
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        world.ran.clear()
        fork = await engine.fork(run.id, after="b")
        assert await states(engine, fork.id) == {
            "a": TaskState.SUCCEEDED,
            "b": TaskState.SUCCEEDED,
            "c": TaskState.READY,
            "d": TaskState.WAITING,
        }
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        assert [line for line in world.ran if line[0] in "ab"] == []
        await check_events(engine, fork.id)


async def test_r6_a_fork_after_a_record_goes_on_inside_the_task() -> None:
    world = World()
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        world.ran.clear()
        fork = await engine.fork(run.id, after="b/act")
        assert [r.key for r in await engine.records(fork.id, task="b")] == ["think", "act"]
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert [line for line in world.ran if line[0] == "b"] == ["b/judge"]
        assert await engine.value(fork.id, "b", "act") == "act of attempt 1"
        await check_events(engine, fork.id)


async def test_r6_a_fork_does_not_ask_again_for_what_was_approved_and_done() -> None:
    async def do(work: Work) -> TaskOutcome:
        await work.approval("act", CALL)
        await work.effect("act", World().body(work, "act"), probe=nothing)
        await work.record("judge", "stage", World().body(work, "judge"))
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a")), do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "approval_requested")
        await engine.decide(run.id, "a1", approved=True, comment="Yes.")
        await driving
        fork = await engine.fork(run.id, after="a/act")
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        (approval,) = await engine.approvals(fork.id)
        assert (approval.state, approval.comment) == ("approved", "Yes.")


async def test_r6_a_fork_takes_tasks_along_with_who_has_planned_them() -> None:
    world = World()

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "plan":
            await work.record("think", "stage", world.body(work, "think"))
            extend = (TaskSpec(id="x", role="worker", title="x"), spec("y", "x"))
            return TaskOutcome(result=1, extend=extend)
        return await world.do(work)

    async with opened(plan_of(spec("plan")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        world.ran.clear()
        fork = await engine.fork(run.id, after="x")
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert world.ran == ["y/think", "y/act", "y/judge"]
        await check_events(engine, fork.id)
        # From before the plan was made, it is made anew.
        again = await engine.fork(run.id, after="plan/think")
        assert list(await states(engine, again.id)) == ["plan"]
        assert (await engine.drive(again.id)).status is RunStatus.SUCCEEDED
        assert len(await engine.tasks(again.id)) == 3
        await check_events(engine, again.id)


async def test_r6_a_fork_after_a_helper_goes_on_with_who_had_asked_for_it() -> None:
    world = World()

    async def do(work: Work) -> TaskOutcome:
        if work.task.id != "a":
            return await world.do(work)
        await work.record("think", "stage", world.body(work, "think"))
        helped = await work.delegate("help", (spec("h"),))
        await work.record("use", "stage", world.body(work, "use"))
        return TaskOutcome(result=helped["h"])

    async with opened(plan_of(spec("first"), spec("a", "first")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        world.ran.clear()
        fork = await engine.fork(run.id, after="h")
        assert await states(engine, fork.id) == {
            "first": TaskState.SUCCEEDED,
            "a": TaskState.READY,
            "h": TaskState.SUCCEEDED,
        }
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        assert world.ran == ["a/use"]
        await check_events(engine, fork.id)
        # From before it had asked, it asks again.
        again = await engine.fork(run.id, after="a/think")
        assert list(await states(engine, again.id)) == ["first", "a"]
        assert (await engine.drive(again.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, again.id)


async def test_r6_a_fork_of_a_run_that_had_failed_and_was_retried_keeps_the_last_try() -> None:
    world = World(b=[no()])
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        await engine.retry(run.id)
        await engine.drive(run.id)
        fork = await engine.fork(run.id)
        assert await engine.value(fork.id, "b", "judge") == "judge of attempt 2"
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        await check_events(engine, fork.id)
        twice = await engine.fork(fork.id, after="b/judge")
        assert (await engine.drive(twice.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, twice.id)


@pytest.mark.parametrize("after", ["nowhere", "a/nothing", "nowhere/act", ""])
async def test_r6_a_fork_after_a_step_that_there_is_not_makes_no_run(after: str) -> None:
    async with opened(plan_of(spec("a")), World().do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        with pytest.raises(UserError) as told:
            await engine.fork(run.id, after=after)
        assert told.value.code == "unknown_step"
        assert len(await engine.list()) == 1


async def test_r6_a_fork_never_repeats_an_action_of_which_it_is_not_known() -> None:
    async def do(work: Work) -> TaskOutcome:
        async def act(_: str) -> object:
            raise Permanent("The line went dead.")

        async def both() -> None:
            await work.effect("act", act, probe=nothing)

        async def beside() -> None:
            await asyncio.sleep(0.01)
            await work.record("beside", "stage", World().body(work, "beside"))

        done = await asyncio.gather(both(), beside(), return_exceptions=True)
        raise next(one for one in done if isinstance(one, MasError))

    async with opened(plan_of(spec("a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        with pytest.raises(UserError) as told:
            await engine.fork(run.id, after="a/beside")
        assert told.value.code == "cannot_fork"
        with pytest.raises(UserError) as told:
            await engine.fork(run.id, after="a")
        assert told.value.code == "cannot_fork"


async def test_r6_a_fork_before_anything_is_done_is_the_request_again() -> None:
    async with opened(plan_of(spec("a")), at_once) as engine:
        run = await submitted(engine)
        fork: Run = await engine.fork(run.id)
        assert fork.status is RunStatus.QUEUED
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, fork.id)


async def test_r5_a_run_that_is_driven_is_not_left_until_its_driver_stops() -> None:
    gate = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        await work.approval("act", CALL)
        gate.set()
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a")), do, settings=EngineSettings()) as engine:
        run = await submitted(engine)
        assert await engine.left() == {run.id}
        driving = asyncio.create_task(engine.drive(run.id))
        # It waits for a person: no task is at work, and yet somebody drives it.
        await event_of(engine, run.id, "task_awaiting")
        assert await engine.left() == frozenset()
        driving.cancel()
        await asyncio.wait([driving])
        assert await engine.left() == {run.id}
