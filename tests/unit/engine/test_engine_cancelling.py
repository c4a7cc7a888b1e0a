"""What is left of a cancelled run: its answer so far, and no open question (R6, R7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from again_worlds import CALL, check_events
from engine_worlds import LIMIT, at_once, engine_on, event_of, opened, plan_of, spec, submitted

from mas.adapters.stores.sqlite import SqliteStore
from mas.core.errors import UserError
from mas.core.fold import fold
from mas.core.ports import Work
from mas.core.run import Run, RunStatus, TaskOutcome, TaskState
from mas.engine import Engine
from mas.engine.journal import lifecycle, waiting
from mas.testing.doubles import memory_store

ONE = plan_of(spec("a"))
TWO = plan_of(spec("a"), spec("b", "a"))
SO_FAR = {"a": "done", "b": None}


async def stuck(work: Work) -> TaskOutcome:
    """The first task succeeds, the second one never ends."""
    if work.task.id == "b":
        await work.record("begun", "stage", nothing)
        await asyncio.Event().wait()
    return TaskOutcome(result="done")


async def nothing() -> object:
    return None


async def left(engine: Engine) -> Run:
    """A run that was driven to its second task, and that nobody drives any more."""
    run = await submitted(engine)
    driving = asyncio.create_task(engine.drive(run.id))
    await event_of(engine, run.id, "task_recorded")
    driving.cancel()
    await asyncio.wait([driving])
    return run


async def test_r6_a_cancelled_run_has_its_answer_so_far_when_its_last_event_comes() -> None:
    async with opened(TWO, stuck) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_recorded")
        await engine.cancel(run.id)
        await event_of(engine, run.id, "run_finished")

        seen = await engine.get(run.id)

        assert (seen.status, seen.partial, seen.result) == (RunStatus.CANCELLED, True, SO_FAR)
        assert seen.report is not None
        assert await driving == seen
        await check_events(engine, run.id)


async def test_r6_a_run_that_nobody_drives_keeps_its_answer_so_far_when_it_is_cancelled() -> None:
    async with opened(TWO, stuck) as engine:
        run = await left(engine)

        cancelled = await engine.cancel(run.id)

        assert (cancelled.status, cancelled.partial) == (RunStatus.CANCELLED, True)
        assert cancelled.result == SO_FAR
        assert cancelled.report is not None
        assert await engine.drive(run.id) == cancelled
        await check_events(engine, run.id)


@pytest.mark.parametrize("goes_on", [Engine.cancel, Engine.drive], ids=["cancel", "drive"])
async def test_r5_a_cancel_whose_process_dies_before_the_end_is_brought_to_it_later(
    goes_on: Callable[[Engine, str], Awaitable[Run]],
) -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, TWO, stuck)
        run = await left(engine)
        await store.run(lifecycle.request_cancel, run.id, is_dead=lambda _: False)
        assert await engine.left() == {run.id}

        ended = await goes_on(engine, run.id)

        assert (ended.status, ended.result) == (RunStatus.CANCELLED, SO_FAR)
        assert [event.type for event in await engine.events(run.id)].count("run_finished") == 1
        await check_events(engine, run.id)


async def test_r9_a_run_that_waits_for_a_person_tells_the_same_in_the_middle_of_its_cancel() -> (
    None
):
    async def do(work: Work) -> TaskOutcome:
        await work.approval("act/1", CALL)
        return TaskOutcome(result=None)

    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, ONE, do)
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_awaiting")
        driving.cancel()
        await asyncio.wait([driving])

        await store.run(lifecycle.request_cancel, run.id, is_dead=lambda _: False)

        assert fold(await engine.events(run.id)).status is (await engine.get(run.id)).status


async def died_over_a_question(store: SqliteStore) -> Run:
    """A run whose task was put back after it had asked a person and before it waited."""
    asked = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        await store.run(waiting.ask, work._fence, "act/1", CALL)
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    engine = engine_on(store, ONE, do)
    run = await submitted(engine)
    driving = asyncio.create_task(engine.drive(run.id))
    await asked.wait()
    driving.cancel()
    await asyncio.wait([driving])
    ((task,), (approval,)) = await engine.tasks(run.id), await engine.waiting()
    assert (task.state, approval.state) == (TaskState.READY, "waiting")
    return run


async def test_r7_a_cancel_withdraws_what_a_task_had_asked_before_its_process_died() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        run = await died_over_a_question(store)
        engine = engine_on(store, ONE)

        await engine.cancel(run.id)

        assert await engine.waiting() == ()
        with pytest.raises(UserError) as told:
            await engine.decide(run.id, "a1", approved=True)
        assert told.value.code == "approval_closed"
        assert (await engine.events(run.id))[-1].type == "run_finished"


async def test_r7_a_task_that_succeeds_without_its_earlier_question_withdraws_it() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        run = await died_over_a_question(store)
        engine = engine_on(store, ONE, at_once)

        assert (await engine.drive(run.id)).status is RunStatus.SUCCEEDED

        assert await engine.waiting() == ()


async def test_r7_nobody_answers_for_a_run_that_is_being_cancelled() -> None:
    asked, cleaned = asyncio.Event(), asyncio.Event()

    async with asyncio.timeout(LIMIT), memory_store() as store:

        async def do(work: Work) -> TaskOutcome:
            await store.run(waiting.ask, work._fence, "act/1", CALL)
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                await cleaned.wait()
            raise AssertionError

        engine = engine_on(store, ONE, do)
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await asked.wait()
        await engine.cancel(run.id)

        with pytest.raises(UserError, match="is being cancelled") as told:
            await engine.decide(run.id, "a1", approved=True)

        assert told.value.code == "approval_closed"
        cleaned.set()
        assert (await driving).status is RunStatus.CANCELLED
        assert [one.state for one in await engine.approvals(run.id)] == ["withdrawn"]
        await check_events(engine, run.id)
