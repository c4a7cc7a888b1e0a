"""Budgets: promised before, settled after, never overshot by more than calls in flight (R8)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from engine_worlds import engine_on, opened, plan_of, spec
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from mas.adapters.clock import SystemClock
from mas.adapters.stores import budgets, schema
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.tasks import Fence
from mas.core.budget import Budget
from mas.core.errors import Transient
from mas.core.events import TaskStarted
from mas.core.plan import TaskLimits, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome
from mas.core.usage import Usage
from mas.engine import Engine, EngineSettings
from mas.engine.journal import attempts
from mas.engine.journal.claiming import Limits
from mas.testing.clock import ManualClock
from mas.testing.doubles import memory_store

TEN = plan_of(*(spec(f"t{number}") for number in range(10)))
MANY = EngineSettings(limits=Limits(slots=10))


async def ask(engine: Engine, **limits: object) -> Run:
    request = RunRequest(text="Do it.", team="fixed", budget=Budget(**limits))
    return await engine.submit(request)


async def call(work: Work, key: str, *, used: int, most: int) -> None:
    async def body() -> object:
        await asyncio.sleep(0)
        return {"used": used}

    await work.record(
        key,
        "model_call",
        body,
        usage=lambda value: Usage(input_tokens=used),
        most=Usage(input_tokens=most),
    )


@settings(max_examples=25, deadline=None)
@given(
    limit=st.integers(0, 400),
    used=st.integers(0, 20),
    over=st.integers(0, 10),
)
def test_r8_ten_agents_on_one_budget_never_overshoot_it(limit: int, used: int, over: int) -> None:
    """Whatever calls use, as long as their promise holds, the budget holds."""

    async def do(work: Work) -> TaskOutcome:
        for number in range(5):
            await call(work, f"act/model/{number}", used=used, most=used + over)
        return TaskOutcome(result=None)

    async def scenario() -> Run:
        async with opened(TEN, do, settings=MANY) as engine:
            return await engine.drive((await ask(engine, tokens=limit)).id)

    run = asyncio.run(scenario())
    assert run.usage.tokens <= limit
    if 50 * used + over <= limit - 10 * over:
        assert run.status is RunStatus.SUCCEEDED
    if 50 * used > limit:
        assert (run.status, run.stop_reason) == (RunStatus.FAILED, "budget")


async def test_r8_calls_that_use_more_than_promised_overshoot_by_those_in_flight_only() -> None:
    made = 0

    async def do(work: Work) -> TaskOutcome:
        nonlocal made
        for number in range(5):
            await call(work, f"act/model/{number}", used=15, most=10)
            made += 1
        return TaskOutcome(result=None)

    async with opened(TEN, do, settings=MANY) as engine:
        run = await engine.drive((await ask(engine, tokens=100)).id)

    assert run.stop_reason == "budget"
    assert 100 < run.usage.tokens <= 100 + 10 * 15
    assert run.usage.tokens == made * 15


async def test_r8_what_was_done_before_the_limit_is_kept_and_the_run_says_so() -> None:
    async def do(work: Work) -> TaskOutcome:
        await call(work, "k", used=60, most=60)
        return TaskOutcome(result="kept")

    one_after_the_other = plan_of(spec("a"), spec("b", "a"), spec("c", "b"))
    async with opened(one_after_the_other, do) as engine:
        run = await engine.drive((await ask(engine, tokens=100)).id)

    assert run.result == {"a": "kept", "b": None, "c": None}
    assert (run.partial, run.stop_reason) == (True, "budget")
    assert run.failure is not None
    assert "100 tokens" in run.failure.message


async def test_r8_a_call_that_fails_gives_its_promise_back() -> None:
    tries = 0

    async def do(work: Work) -> TaskOutcome:
        nonlocal tries
        tries += 1

        async def body() -> object:
            if tries < 3:
                raise Transient("Not now.", retry_after=timedelta())
            return {}

        await work.record("k", "model_call", body, most=Usage(input_tokens=90))
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a")), do) as engine:
        run = await engine.drive((await ask(engine, tokens=100)).id)

    assert run.status is RunStatus.SUCCEEDED
    assert tries == 3


async def test_r8_a_promise_of_an_attempt_that_was_lost_does_not_count() -> None:
    started = asyncio.Event()

    async def hangs(work: Work) -> TaskOutcome:
        async def body() -> object:
            started.set()
            await asyncio.Event().wait()

        await work.record("k", "model_call", body, most=Usage(input_tokens=90))
        return TaskOutcome(result=None)

    async def do(work: Work) -> TaskOutcome:
        await call(work, "k", used=90, most=90)
        return TaskOutcome(result=None)

    async with asyncio.timeout(60), memory_store() as store:
        async with engine_on(store, plan_of(spec("a")), hangs) as first:
            run = await ask(first, tokens=100)
            driven = asyncio.create_task(first.drive(run.id))
            await started.wait()
            driven.cancel()
            await asyncio.wait([driven])
        async with engine_on(store, plan_of(spec("a")), do) as second:
            ended = await second.drive(run.id)

    assert ended.status is RunStatus.SUCCEEDED


async def test_r8_cost_is_limited_like_tokens() -> None:
    async def do(work: Work) -> TaskOutcome:
        async def body() -> object:
            return {}

        most = Usage(cost_micros=600_000)
        await work.record("k", "model_call", body, usage=lambda value: most, most=most)
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a"), spec("b")), do) as engine:
        run = await engine.drive((await ask(engine, cost_micros=1_000_000)).id)

    assert run.stop_reason == "budget"
    assert run.usage.cost_usd == pytest.approx(0.6)


async def test_r8_a_task_has_limits_of_its_own() -> None:
    small = TaskSpec(id="a", role="worker", title="a", limits=TaskLimits(tokens=50))

    async def do(work: Work) -> TaskOutcome:
        await call(work, "1", used=30, most=30)
        await call(work, "2", used=30, most=30)
        return TaskOutcome(result=None)

    async with opened(plan_of(small, spec("b")), do) as engine:
        run = await engine.drive((await ask(engine)).id)
        states = {task.id: task.failure for task in await engine.tasks(run.id)}

    assert states["b"] is None
    assert states["a"] is not None
    assert states["a"].kind == "budget"


async def test_r8_a_task_without_limits_of_its_own_has_those_of_its_role() -> None:
    async def do(work: Work) -> TaskOutcome:
        await call(work, "1", used=30, most=30)
        await call(work, "2", used=30, most=30)
        return TaskOutcome(result=None)

    roomy = TaskSpec(id="b", role="worker", title="b", limits=TaskLimits(tokens=100))
    by_role = EngineSettings(task_limits={"worker": TaskLimits(tokens=50)})
    async with opened(plan_of(spec("a"), roomy), do, settings=by_role) as engine:
        run = await engine.drive((await ask(engine)).id)
        failures = {task.id: task.failure for task in await engine.tasks(run.id)}

    assert failures["b"] is None
    assert failures["a"] is not None
    assert "50 tokens" in failures["a"].message


async def test_r8_a_task_that_takes_longer_than_its_seconds_is_stopped() -> None:
    slow = TaskSpec(id="a", role="worker", title="a", limits=TaskLimits(seconds=0.05))

    async def do(work: Work) -> TaskOutcome:
        await asyncio.Event().wait()
        raise AssertionError

    async with opened(plan_of(slow), do) as engine:
        run = await engine.drive((await ask(engine)).id)

    assert run.stop_reason == "budget"
    assert run.failure is not None
    assert "0.05 seconds" in run.failure.message


async def test_r8_when_the_time_of_the_run_is_over_all_its_tasks_stop() -> None:
    clock = ManualClock()
    running = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        running.set()
        await asyncio.Event().wait()
        raise AssertionError

    plan = plan_of(spec("a"), spec("b", "a"))
    async with opened(plan, do, clock=clock) as engine:
        run = await ask(engine, time=timedelta(seconds=60))
        driven = asyncio.create_task(engine.drive(run.id))
        await running.wait()
        await clock.until_asleep(2)  # the heartbeat and the driver
        clock.advance(timedelta(seconds=61))
        ended = await driven

    assert ended.stop_reason == "budget"
    assert ended.failure is not None
    assert "time" in ended.failure.message


async def test_r8_two_processes_on_one_database_share_one_budget(tmp_path: Path) -> None:
    """Two engines with stores of their own on one file stand for two processes."""
    clock = SystemClock()
    at_work = asyncio.Barrier(10)

    async def do(work: Work) -> TaskOutcome:
        await at_work.wait()  # ten tasks on five slots each: both engines work
        for number in range(5):
            await call(work, f"act/model/{number}", used=10, most=10)
        return TaskOutcome(result=None)

    few = EngineSettings(limits=Limits(slots=5))
    async with (
        asyncio.timeout(60),
        SqliteStore(tmp_path / "mas.db", clock=clock) as one,
        SqliteStore(tmp_path / "mas.db", clock=clock) as other,
        engine_on(one, TEN, do, settings=few) as first,
        engine_on(other, TEN, do, settings=few) as second,
    ):
        run = await ask(first, tokens=333)
        await asyncio.gather(first.drive(run.id), second.drive(run.id))
        ended = await first.get(run.id)
        started = {
            event.body.worker
            for event in await first.events(run.id)
            if isinstance(event.body, TaskStarted)
        }

    assert len(started) == 2
    assert ended.stop_reason == "budget"
    assert ended.usage.tokens == 330


async def test_r8_an_attempt_that_was_superseded_takes_nothing_from_the_next_ones_promise() -> None:
    async with memory_store() as store:
        engine = engine_on(store, plan_of(spec("a")))
        run = await engine.drive((await ask(engine)).id)
        earlier, later = (
            Fence(run_id=run.id, task_id="a", attempt=number, owner="w") for number in (1, 2)
        )
        await store.run(budgets.promise, later, "model/1", Usage(input_tokens=5))

        await store.run(attempts.give_up_reservation, earlier, "model/1")
        assert await store.read(promised) == [2]
        await store.run(attempts.give_up_reservation, later, "model/1")
        assert await store.read(promised) == []


def promised(conn: Connection) -> list[int]:
    """The attempts to which something is promised."""
    return list(conn.execute(select(schema.reservation.c.attempt)).scalars())
