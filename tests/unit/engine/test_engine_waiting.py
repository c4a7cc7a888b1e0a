"""Tasks that wait: for a person's answer (R7), for tasks they have asked for (R11)."""

from __future__ import annotations

import asyncio

import pytest
from engine_worlds import engine_on, event_of, opened, plan_of, spec, submitted

from mas.core.calls import StoredCall
from mas.core.errors import UserError
from mas.core.fold import fold
from mas.core.models import ToolCall
from mas.core.ports import Work
from mas.core.run import RunStatus, TaskOutcome, TaskState
from mas.engine import Engine, EngineSettings
from mas.engine.journal.claiming import Limits
from mas.testing.doubles import memory_store

ONE = plan_of(spec("a"))
CALL = StoredCall(
    call=ToolCall(id="c1", tool="files.write", arguments={"path": "x", "text": "y"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)


async def asking(work: Work) -> TaskOutcome:
    approval = await work.approval("act/call/1", CALL)

    async def act() -> object:
        return approval.call

    return TaskOutcome(result=await work.record("act/call/1", "action", act))


async def folded(engine: Engine, run_id: str) -> RunStatus:
    return fold(await engine.events(run_id)).status


async def test_r7_a_call_that_waits_holds_no_slot_and_is_made_as_it_was_stored() -> None:
    settings = EngineSettings(limits=Limits(slots=1))

    async def do(work: Work) -> TaskOutcome:
        return await (asking(work) if work.task.id == "a" else plain(work))

    async def plain(work: Work) -> TaskOutcome:
        return TaskOutcome(result="done beside it")

    async with opened(plan_of(spec("a"), spec("b")), do, settings=settings) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_succeeded")
        await event_of(engine, run.id, "task_awaiting")
        assert (await engine.get(run.id)).status is RunStatus.AWAITING_APPROVAL
        assert await folded(engine, run.id) is RunStatus.AWAITING_APPROVAL
        (waiting,) = await engine.waiting()
        assert waiting.call == CALL

        await engine.decide(run.id, waiting.id, approved=True, comment="go on")
        ended = await driven

        assert ended.status is RunStatus.SUCCEEDED
        assert ended.result["a"]["call"]["arguments"] == {"path": "x", "text": "y"}
        assert await folded(engine, run.id) is RunStatus.SUCCEEDED
        assert await engine.waiting() == ()


async def test_r7_a_rejected_call_ends_the_task_with_the_comment_and_the_run_as_rejected() -> None:
    async with opened(plan_of(spec("a"), spec("b", "a")), asking) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_awaiting")
        await engine.decide(run.id, "a1", approved=False, comment="not on a Friday")
        ended = await driven

    assert (ended.status, ended.stop_reason) == (RunStatus.FAILED, "rejected")
    assert ended.failure is not None
    assert "not on a Friday" in ended.failure.message


async def test_r7_an_answer_is_given_once_and_to_an_approval_that_exists() -> None:
    async with opened(ONE, asking) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_awaiting")
        with pytest.raises(UserError, match="no approval 'a9'"):
            await engine.decide(run.id, "a9", approved=True)
        await engine.decide(run.id, "a1", approved=True)
        with pytest.raises(UserError, match="approved already"):
            await engine.decide(run.id, "a1", approved=False)
        await driven


async def test_r7_an_answer_given_before_the_attempt_is_on_hold_is_not_lost() -> None:
    async with memory_store() as store:
        answered = asyncio.Event()

        async def do(work: Work) -> TaskOutcome:
            if not answered.is_set():
                answered.set()
                try:
                    await work.approval("k", CALL)
                except asyncio.CancelledError:
                    await engine.decide(work.run.id, "a1", approved=True)
                    raise
            return TaskOutcome(result=(await work.approval("k", CALL)).state)

        async with asyncio.timeout(60), engine_on(store, ONE, do) as engine:
            run = await engine.drive((await submitted(engine)).id)

    assert run.result == {"a": "approved"}


async def test_r7_a_cancelled_run_withdraws_what_it_asked_for() -> None:
    async with opened(ONE, asking) as engine:
        run = await submitted(engine)
        driven = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_awaiting")
        await engine.cancel(run.id)
        assert (await driven).status is RunStatus.CANCELLED
        assert [one.state for one in await engine.approvals(run.id)] == ["withdrawn"]
        with pytest.raises(UserError, match="withdrawn already"):
            await engine.decide(run.id, "a1", approved=True)


async def test_r7_a_run_that_waits_is_gone_on_with_by_another_engine() -> None:
    async with asyncio.timeout(60), memory_store() as store:
        async with engine_on(store, ONE, asking) as first:
            run = await submitted(first)
            driven = asyncio.create_task(first.drive(run.id))
            await event_of(first, run.id, "task_awaiting")
            driven.cancel()
            await asyncio.wait([driven])
        async with engine_on(store, ONE, asking) as second:
            await second.decide(run.id, "a1", approved=True)
            ended = await second.drive(run.id)

    assert ended.status is RunStatus.SUCCEEDED


async def test_r11_a_task_gets_the_results_of_the_tasks_that_it_has_asked_for() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id != "a":
            return TaskOutcome(result=f"{work.task.id} by {work.task.role}")
        help_ = (spec("a-help-1", role="other"),)
        return TaskOutcome(result=await work.delegate("act/call/1", help_))

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        tasks = await engine.tasks(run.id)
        events = await engine.events(run.id)

    assert run.result["a"] == {"a-help-1": "a-help-1 by other"}
    assert [task.id for task in tasks] == ["a", "b", "a-help-1"]
    assert [task.id for task in run.plan.tasks] == ["a", "b", "a-help-1"]
    assert tasks[0].spec.depends_on == ("a-help-1",)
    view = fold(events)
    assert view.status is RunStatus.SUCCEEDED
    assert {name: task.state for name, task in view.tasks.items()} == dict.fromkeys(
        ("a", "b", "a-help-1"), TaskState.SUCCEEDED
    )


async def test_r11_help_that_fails_skips_who_has_asked_for_it() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id != "a":
            raise UserError("Cannot help.")
        return TaskOutcome(result=await work.delegate("k", (spec("h", role="other"),)))

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        states = {task.id: task.state for task in await engine.tasks(run.id)}
        assert fold(await engine.events(run.id)).tasks["a"].state is TaskState.SKIPPED

    assert states == {"a": TaskState.SKIPPED, "h": TaskState.FAILED}
    assert run.status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("new", "place"),
    [
        (spec("h", role="nobody"), "is not a known role"),
        (spec("h", "a"), "closes a cycle"),
        (spec("h", "missing"), "is not a task of this plan"),
    ],
)
async def test_r3_an_extension_that_does_not_fit_is_refused_with_the_place(
    new: object, place: str
) -> None:
    async def do(work: Work) -> TaskOutcome:
        return TaskOutcome(result=await work.delegate("k", (new,)))

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert run.failure.code == "bad_plan"
    assert place in run.failure.message


async def test_r11_a_task_that_succeeds_can_extend_the_plan() -> None:
    async def do(work: Work) -> TaskOutcome:
        more = (spec("b", "a"), spec("c", "b")) if work.task.id == "a" else ()
        return TaskOutcome(result=dict(work.inputs), extend=more)

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert fold(await engine.events(run.id)).status is RunStatus.SUCCEEDED

    assert run.result == {"a": {}, "b": {"a": {}}, "c": {"b": {"a": {}}}}
