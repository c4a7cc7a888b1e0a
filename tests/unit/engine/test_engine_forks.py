"""Forks: a new run that begins with finished work of another one (R6)."""

from __future__ import annotations

import asyncio

import pytest
from again_worlds import CALL, DIAMOND, World, check_events, no, nothing, states
from engine_worlds import at_once, event_of, opened, plan_of, spec, submitted

from mas.core.errors import MasError, Permanent, UserError
from mas.core.events import RunForked
from mas.core.fold import fold
from mas.core.plan import TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunStatus, TaskOutcome, TaskState
from mas.engine import Engine


async def test_r6_a_fork_keeps_what_has_succeeded_and_does_the_rest_anew() -> None:
    world = World(b=[no()])
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        before = (await engine.get(run.id), await engine.tasks(run.id))
        world.ran.clear()

        fork = (await engine.fork(run.id)).run

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
        fork = (await engine.fork(run.id, after="b")).run
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
        fork = (await engine.fork(run.id, after="b/act")).run
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
        fork = (await engine.fork(run.id, after="a/act")).run
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
        fork = (await engine.fork(run.id, after="x")).run
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert world.ran == ["y/think", "y/act", "y/judge"]
        await check_events(engine, fork.id)
        # From before the plan was made, it is made anew.
        again = (await engine.fork(run.id, after="plan/think")).run
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
        fork = (await engine.fork(run.id, after="h")).run
        assert await states(engine, fork.id) == {
            "first": TaskState.SUCCEEDED,
            "a": TaskState.READY,
            "h": TaskState.SUCCEEDED,
        }
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        assert world.ran == ["a/use"]
        await check_events(engine, fork.id)
        # From before it had asked, it asks again.
        again = (await engine.fork(run.id, after="a/think")).run
        assert list(await states(engine, again.id)) == ["first", "a"]
        assert (await engine.drive(again.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, again.id)


async def test_r6_a_fork_of_a_run_that_had_failed_and_was_retried_keeps_the_last_try() -> None:
    world = World(b=[no()])
    async with opened(DIAMOND, world.do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        await engine.retry(run.id)
        await engine.drive(run.id)
        fork = (await engine.fork(run.id)).run
        assert await engine.value(fork.id, "b", "judge") == "judge of attempt 2"
        ended = await engine.drive(fork.id)
        assert ended.status is RunStatus.SUCCEEDED
        await check_events(engine, fork.id)
        twice = (await engine.fork(fork.id, after="b/judge")).run
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
        fork: Run = (await engine.fork(run.id)).run
        assert fork.status is RunStatus.QUEUED
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        await check_events(engine, fork.id)


async def test_r6_a_fork_keeps_nothing_that_came_after_the_event_it_has_seen() -> None:
    world = World()

    async def do(work: Work) -> TaskOutcome:
        done = await world.do(work)
        more = (spec("x", "b"),) if work.task.id == "b" else ()
        return TaskOutcome(result=done.result, extend=more)

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        told = await engine.events(run.id)
        seen = next(event.number for event in told if event.type == "task_succeeded")

        fork = (await engine.fork(run.id, seen=seen)).run

        assert await states(engine, fork.id) == {"a": TaskState.SUCCEEDED, "b": TaskState.READY}
        assert {one.task for one in await engine.records(fork.id)} == {"a"}
        assert (await engine.drive(fork.id)).status is RunStatus.SUCCEEDED
        assert list(await states(engine, fork.id)) == ["a", "b", "x"]
        await check_events(engine, fork.id)
        for after, code in (("b", "cannot_fork"), ("b/act", "unknown_step")):
            with pytest.raises(UserError) as refused:
                await engine.fork(run.id, after=after, seen=seen)
            assert refused.value.code == code


async def test_r6_a_run_that_was_retried_since_it_was_seen_is_not_forked() -> None:
    async with opened(plan_of(spec("a"), spec("b")), World(b=[no()]).do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        await engine.retry(run.id)

        with pytest.raises(UserError, match="was retried") as refused:
            await engine.fork(run.id, seen=run.last_event)

        assert refused.value.code == "cannot_fork"
        assert len(await engine.list()) == 1
