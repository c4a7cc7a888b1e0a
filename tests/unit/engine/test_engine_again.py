"""Retry by a person: a new chance without doing anything twice (R6)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from again_worlds import CALL, DIAMOND, World, check_events, no, states
from engine_worlds import LIMIT, engine_on, event_of, opened, plan_of, spec, submitted

from mas.core.budget import Budget
from mas.core.errors import Permanent, Transient, UserError
from mas.core.events import RunReopened
from mas.core.failure import Failure
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import RunRequest, RunStatus, TaskOutcome, TaskState
from mas.core.usage import Usage
from mas.engine import Engine, EngineSettings
from mas.testing.clock import ManualClock
from mas.testing.doubles import memory_store


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
    may_end = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            raise no()
        try:
            await asyncio.Event().wait()
        finally:
            await may_end.wait()
        raise AssertionError

    async with opened(plan_of(spec("a"), spec("b")), do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_failed")
        await engine.cancel(run.id)
        with pytest.raises(UserError) as told:
            await engine.retry(run.id, "a")
        assert told.value.code == "still_working"
        may_end.set()
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

        fork = (await engine.fork(run.id)).run
        assert fork.usage.tokens == 0
        assert fork.budget == run.budget
        ended = await engine.drive(fork.id)
        assert ended.usage.tokens == 10


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
        assert await engine.left(by_others=True) == {run.id}
        driving.cancel()
        await asyncio.wait([driving])
        assert await engine.left() == {run.id}


async def test_r5_a_driver_that_was_held_up_is_known_again_after_its_next_heartbeat() -> None:
    """All that its run does is wait for a person, so no task tells of it either."""

    async def do(work: Work) -> TaskOutcome:
        await work.approval("act", CALL)
        return TaskOutcome(result=1)

    store_clock, engine_clock = ManualClock(), ManualClock()
    async with asyncio.timeout(LIMIT), memory_store(store_clock) as store:
        first, second = (
            engine_on(store, plan_of(spec("a")), do, clock=engine_clock) for _ in range(2)
        )
        drives, runs = [], []
        for engine in (first, second):
            run = await submitted(engine)
            drives.append(asyncio.create_task(engine.drive(run.id)))
            await event_of(engine, run.id, "task_awaiting")
            runs.append(run.id)
            if engine is first:
                store_clock.advance(EngineSettings().lease * 2)
        assert await second.left() == {runs[0]}

        engine_clock.advance(EngineSettings().lease)
        while await second.left():  # noqa: ASYNC110 - a heartbeat tells nobody
            await asyncio.sleep(0.01)
        for drive in drives:
            drive.cancel()
        await asyncio.wait(drives)
