"""Messages between tasks, and from a person to running agents (R6, R11)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from engine_worlds import event_of, opened, plan_of, spec, submitted

from mas.core.errors import Transient, UserError
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import TaskOutcome
from mas.engine import EngineSettings


async def test_r6_a_running_agent_reads_what_a_person_says_at_its_next_stage() -> None:
    observing, told = asyncio.Event(), asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        assert await work.inbox("observe") == ()
        observing.set()
        await told.wait()
        said = await work.inbox("reason")
        return TaskOutcome(result=[message.content for message in said])

    async with opened(plan_of(spec("a")), do) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await observing.wait()
        assert await engine.tell(run.id, "Use port 8080.", to="worker") == ("a",)
        told.set()
        ended = await driven

    assert ended.result == {"a": ["Use port 8080."]}


async def test_r6_what_is_said_before_the_plan_reaches_the_tasks_that_are_planned() -> None:
    async def do(work: Work) -> TaskOutcome:
        return TaskOutcome(result=[message.content for message in await work.inbox("observe")])

    async with opened(plan_of(spec("a"), spec("b", role="other")), do) as engine:
        run = await submitted(engine)
        assert await engine.tell(run.id, "To all.") == ()
        await engine.tell(run.id, "To one.", to="other")
        ended = await engine.drive(run.id)

    assert ended.result == {"a": ["To all."], "b": ["To all.", "To one."]}


async def test_r6_a_message_to_nobody_at_work_is_refused_with_who_is() -> None:
    async with opened(plan_of(spec("a"))) as engine:
        run = await submitted(engine)
        await engine.drive(run.id)
        with pytest.raises(UserError, match="has ended"):
            await engine.tell(run.id, "Hello?")

    waits = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        await waits.wait()
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a")), do) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_started")
        with pytest.raises(UserError, match="no agent 'frontend'") as refused:
            await engine.tell(run.id, "Hello?", to="frontend")
        assert "worker" in refused.value.hint
        waits.set()
        await driven


async def test_r11_a_repeated_step_sends_once_and_reads_the_same_again() -> None:
    read: list[list[str]] = []
    sent = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            await work.send("1", to="other", intent="provide_result", content="It listens on 80.")
            sent.set()
            if work.task.attempt == 1:
                raise Transient("Once more.")
            return TaskOutcome(result=None)
        await sent.wait()
        said = await work.inbox("observe")
        read.append([message.content for message in said])
        assert await work.inbox("reason") == ()
        if len(read) < 2:
            raise Transient("Once more.")
        return TaskOutcome(result=None)

    quick = EngineSettings(retry=RetryPolicy(first_delay=timedelta(microseconds=1)))
    async with opened(plan_of(spec("a"), spec("b", role="other")), do, settings=quick) as engine:
        run = await engine.drive((await submitted(engine)).id)
        (message,) = await engine.messages(run.id)

    assert read == [["It listens on 80."]] * 2
    assert (message.sender, message.recipient, message.intent) == ("a", "other", "provide_result")
