"""A run from its acceptance to its end, in one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from engine_worlds import at_once, event_of, opened, plan_of, spec, submitted

from mas.core.errors import BudgetReached, Permanent, Transient, UserError
from mas.core.failure import Failure
from mas.core.fold import fold
from mas.core.ids import is_run_id
from mas.core.plan import Plan
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import (
    Run,
    RunRequest,
    RunResult,
    RunStatus,
    Task,
    TaskOutcome,
    TaskState,
)
from mas.core.usage import Usage
from mas.engine import Engine, EngineSettings, Limits
from mas.testing.clock import ManualClock

ONE = plan_of(spec("a"))


async def states(engine: Engine, run_id: str) -> dict[str, TaskState]:
    return {task.id: task.state for task in await engine.tasks(run_id)}


async def test_r1_an_accepted_run_is_queued_with_an_id_and_its_request() -> None:
    async with opened(ONE) as engine:
        run = await engine.submit(
            RunRequest(text="도입?", team="fixed", language="ko", options={"cluster": "home"})
        )

        assert is_run_id(run.id)
        assert run.status is RunStatus.QUEUED
        assert (run.request, run.language, run.options) == ("도입?", "ko", {"cluster": "home"})
        assert await engine.get(run.id) == run


async def test_r1_a_run_ends_with_result_report_and_usage() -> None:
    async def do(work: Work) -> TaskOutcome:
        async def call() -> object:
            return {"tokens": 5}

        await work.record("call", "model_call", call, usage=lambda _: Usage(input_tokens=5))
        return TaskOutcome(result=1)

    async with opened(plan_of(spec("a"), spec("b")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert (run.status, run.stop_reason, run.partial) == (RunStatus.SUCCEEDED, "done", False)
    assert run.result == {"a": 1, "b": 1}
    assert run.report is not None
    assert run.report.startswith("# Do it.")
    assert run.usage.input_tokens == 10
    assert run.usage.time > timedelta()
    assert run.plan is not None
    assert run.finished_at is not None


async def test_q1_an_empty_request_is_refused() -> None:
    async with opened(ONE) as engine:
        with pytest.raises(UserError, match="empty"):
            await engine.submit(RunRequest(text=" \n", team="fixed"))
        assert await engine.list() == ()


async def test_q1_an_unknown_team_is_refused_and_the_known_ones_are_named() -> None:
    async with opened(ONE) as engine:
        with pytest.raises(UserError, match="fixed"):
            await engine.submit(RunRequest(text="x", team="poets"))
        assert await engine.list() == ()


async def test_q1_an_unknown_run_is_an_error_for_every_question() -> None:
    async with opened(ONE) as engine:
        for question in (
            engine.get("x"),
            engine.drive("x"),
            engine.cancel("x"),
            engine.resume("x"),
            engine.tasks("x"),
            engine.records("x"),
            engine.events("x"),
            anext(engine.watch("x")),
        ):
            with pytest.raises(UserError) as caught:
                await question
            assert caught.value.code == "unknown_run"


async def test_r1_runs_are_listed_newest_first_and_page_by_page() -> None:
    clock = ManualClock()
    async with opened(ONE, clock=clock) as engine:
        ids = []
        for _ in range(5):
            ids.append((await submitted(engine)).id)
            clock.advance(timedelta(seconds=1))
        ids.reverse()

        first = await engine.list(limit=2)
        rest = await engine.list(limit=5, before=first[-1].id)

        assert [run.id for run in (*first, *rest)] == ids


async def test_r1_runs_that_have_not_ended_are_found() -> None:
    async with opened(ONE) as engine:
        done, left = await submitted(engine), await submitted(engine)
        await engine.drive(done.id)

        assert [run.id for run in await engine.unfinished()] == [left.id]


async def test_r3_a_plan_that_cannot_be_carried_out_fails_the_run_with_the_place() -> None:
    async with opened(plan_of(spec("a", "ghost"))) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "error")
    assert run.failure is not None
    assert run.failure.code == "bad_plan"
    assert "tasks[0].depends_on[0]" in run.failure.message


async def test_r4_independent_tasks_run_at_the_same_time() -> None:
    together = asyncio.Barrier(3)

    async def do(work: Work) -> TaskOutcome:
        await together.wait()
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a"), spec("b"), spec("c")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.status is RunStatus.SUCCEEDED


async def test_r4_a_task_starts_although_a_neighbour_of_its_dependency_still_runs() -> None:
    started = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "slow":
            await started.wait()  # until the task two levels down has begun
        if work.task.id == "after_quick":
            started.set()
        return TaskOutcome(result=None)

    plan = plan_of(spec("slow"), spec("quick"), spec("after_quick", "quick"))
    async with opened(plan, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.status is RunStatus.SUCCEEDED


async def test_r4_results_flow_to_dependents_as_inputs() -> None:
    seen: dict[str, object] = {}

    async def do(work: Work) -> TaskOutcome:
        seen[work.task.id] = dict(work.inputs)
        return TaskOutcome(result={"from": work.task.id})

    async with opened(plan_of(spec("a"), spec("b"), spec("c", "a", "b")), do) as engine:
        await engine.drive((await submitted(engine)).id)

    assert seen == {"a": {}, "b": {}, "c": {"a": {"from": "a"}, "b": {"from": "b"}}}


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (Limits(slots=2), {"worker": 2, "other": 2, "all": 2}),
        (Limits(total=3), {"worker": 3, "other": 3, "all": 3}),
        (Limits(by_role={"worker": 1}), {"worker": 1, "other": 5, "all": 6}),
    ],
)
async def test_r4_limits_in_all_and_per_role_are_kept(limits: Limits, most: dict[str, int]) -> None:
    running = {"worker": 0, "other": 0, "all": 0}
    peak = dict(running)

    async def do(work: Work) -> TaskOutcome:
        for name in (work.task.role, "all"):
            running[name] += 1
            peak[name] = max(peak[name], running[name])
        await work.record("step", "stage", nothing)
        for name in (work.task.role, "all"):
            running[name] -= 1
        return TaskOutcome(result=None)

    plan = plan_of(
        *(spec(f"w{n}") for n in range(5)), *(spec(f"o{n}", role="other") for n in range(5))
    )
    async with opened(plan, do, settings=EngineSettings(limits=limits)) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.status is RunStatus.SUCCEEDED
    assert all(peak[name] <= most[name] for name in peak)


async def nothing() -> object:
    return None


async def test_r4_a_transient_failure_is_retried_after_its_delay() -> None:
    clock = ManualClock()
    attempts = []

    async def do(work: Work) -> TaskOutcome:
        attempts.append(work.task.attempt)
        if len(attempts) < 3:
            raise Transient("The cluster is away.")
        return TaskOutcome(result="there")

    async with opened(ONE, do, clock=clock) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        retries = 0
        async for event in engine.watch(run.id):
            if event.type == "task_retrying":
                retries += 1
                assert len(attempts) == retries  # not before its time
                (task,) = await engine.tasks(run.id)
                assert task.not_before is not None
                clock.advance(task.not_before - clock.now())
        run = await driving

    assert attempts == [1, 2, 3]
    assert run.result == {"a": "there"}


async def test_r4_a_task_without_retries_left_fails_and_only_its_dependents_are_skipped() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "b":
            raise Permanent("No way.", hint="Take another one.")
        return TaskOutcome(result=None)

    plan = plan_of(spec("a"), spec("b"), spec("c", "b", "a"), spec("d", "c"), spec("e", "a"))
    async with opened(plan, do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        by_id = {task.id: task for task in await engine.tasks(run.id)}

    assert {name: task.state.value for name, task in by_id.items()} == {
        "a": "succeeded",
        "b": "failed",
        "c": "skipped",
        "d": "skipped",
        "e": "succeeded",
    }
    skipped = by_id["d"].failure
    assert skipped is not None
    assert skipped.message == "Not started, because task c did not succeed."
    assert (run.status, run.stop_reason, run.partial) == (RunStatus.FAILED, "error", True)
    assert run.failure is not None
    assert run.failure.hint == "Take another one."


async def test_r8_a_task_that_reached_the_budget_ends_the_run_for_that_reason() -> None:
    async def do(work: Work) -> TaskOutcome:
        raise BudgetReached("All spent.")

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "budget")


async def test_an_unexpected_error_fails_the_task_and_its_traceback_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def do(work: Work) -> TaskOutcome:
        raise ZeroDivisionError("secret detail")

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert run.failure.kind == "bug"
    assert "ZeroDivisionError" in run.failure.message
    assert "secret detail" not in run.failure.message
    (logged,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert logged.exc_info is not None
    assert vars(logged)["run"] == run.id
    assert vars(logged)["task"] == "a"


async def test_an_error_out_of_a_doers_task_group_is_taken_for_what_it_is() -> None:
    async def do(work: Work) -> TaskOutcome:
        raise ExceptionGroup("inside", [Permanent("One part failed.")])

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert run.failure.message == "One part failed."


async def test_a_doer_that_cancels_itself_fails_and_is_not_done_again_for_ever() -> None:
    async def do(work: Work) -> TaskOutcome:
        raise asyncio.CancelledError

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert run.failure.kind == "bug"


async def test_a_result_that_json_cannot_say_fails_the_task() -> None:
    async def do(work: Work) -> TaskOutcome:
        return TaskOutcome(result=object())  # type: ignore[arg-type]

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert run.failure.code == "not_json"


@dataclass(frozen=True)
class OddTeam:
    """Plans one task, and answers or fails as it is told."""

    answer: RunResult | Exception
    plans: Plan | Exception = ONE
    name: str = "odd"

    def plan(self, run: Run) -> Plan:
        if isinstance(self.plans, Exception):
            raise self.plans
        return self.plans

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


ANSWER = RunResult(result={}, report="")


@pytest.mark.parametrize(
    ("team", "kind"),
    [
        (OddTeam(UserError("Not this way.")), "user"),
        (OddTeam(KeyError("x")), "bug"),
        (OddTeam(RunResult(result={"x": object()}, report="")), "bug"),  # type: ignore[dict-item]
        (OddTeam(ANSWER, plans=UserError("No cluster.")), "user"),
        (OddTeam(ANSWER, plans=KeyError("x")), "bug"),
    ],
)
async def test_a_team_that_fails_fails_the_run_with_one_sentence(team: OddTeam, kind: str) -> None:
    async with opened(ONE, team=team) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.status is RunStatus.FAILED
    assert run.failure is not None
    assert run.failure.kind == kind
    assert run.result is None


async def test_r10_a_team_may_call_a_run_a_success_although_a_task_failed() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "b":
            raise Permanent("No.")
        return TaskOutcome(result=None)

    team = OddTeam(
        RunResult(result="enough", report="", succeeded=True), plans=plan_of(spec("a"), spec("b"))
    )
    async with opened(ONE, do, team=team) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert (run.status, run.stop_reason, run.partial) == (RunStatus.SUCCEEDED, "done", True)


async def test_r6_a_cancel_stops_what_runs_and_ends_the_run() -> None:
    cleaned_up = []

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            return TaskOutcome(result=None)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.append(work.task.id)
        raise AssertionError

    plan = plan_of(spec("a"), spec("b", "a"), spec("c", "b"))
    async with opened(plan, do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        async for event in engine.watch(run.id):
            if event.to_json().get("task") == "b":
                break
        asked = await engine.cancel(run.id)
        run = await driving

        assert asked.cancel_requested_at is not None
        assert cleaned_up == ["b"]
        assert (run.status, run.stop_reason, run.partial) == (
            RunStatus.CANCELLED,
            "cancelled",
            True,
        )
        assert await states(engine, run.id) == {
            "a": TaskState.SUCCEEDED,
            "b": TaskState.CANCELLED,
            "c": TaskState.CANCELLED,
        }


async def test_r6_a_run_that_nobody_drives_is_cancelled_at_once() -> None:
    async with opened(ONE) as engine:
        run = await engine.cancel((await submitted(engine)).id)

        assert run.status is RunStatus.CANCELLED
        assert (await engine.drive(run.id)) == run


async def test_r6_cancelling_twice_or_after_the_end_changes_nothing() -> None:
    async with opened(ONE) as engine:
        run = await engine.drive((await submitted(engine)).id)

        assert await engine.cancel(run.id) == run
        assert (await engine.events(run.id))[-1].type == "run_finished"


async def test_r6_the_shutdown_of_a_process_puts_tasks_back_at_once() -> None:
    rounds = []

    async def do(work: Work) -> TaskOutcome:
        rounds.append(work.task.attempt)
        await work.record("first", "stage", nothing)
        if len(rounds) == 1:
            await asyncio.Event().wait()
        return TaskOutcome(result="done")

    async with opened(ONE, do) as engine:
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_recorded")
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving

        assert await states(engine, run.id) == {"a": TaskState.READY}
        run = await engine.drive(run.id)

    assert run.result == {"a": "done"}
    assert rounds == [1, 2]


async def test_r6_a_shutdown_at_any_moment_leaves_nothing_running() -> None:
    async with opened(plan_of(*(spec(f"t{n}") for n in range(4)))) as engine:
        steps = 0
        while True:
            run = await submitted(engine)
            driving = asyncio.create_task(engine.drive(run.id))
            for _ in range(steps):
                await asyncio.sleep(0)
            if driving.done():
                break
            driving.cancel()
            await asyncio.wait([driving])
            if driving.cancelled():
                assert TaskState.RUNNING not in (await states(engine, run.id)).values()
            # Idle rounds of the loop are quick: skip most of them.
            steps += 1 + steps // 5

        assert steps > 10


async def test_r4_a_second_drive_in_the_same_process_waits_for_the_first() -> None:
    begun = []

    async def do(work: Work) -> TaskOutcome:
        begun.append(work.task.id)
        await work.record("step", "stage", nothing)
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a"), spec("b")), do) as engine:
        run = await submitted(engine)
        first, second = await asyncio.gather(engine.drive(run.id), engine.drive(run.id))

    assert first == second
    assert sorted(begun) == ["a", "b"]


async def test_r9_a_watcher_sees_every_event_once_and_ends_with_the_run() -> None:
    async with opened(plan_of(spec("a"), spec("b", "a"))) as engine:
        run = await submitted(engine)

        async def watch(after: int) -> list[int]:
            return [event.number async for event in engine.watch(run.id, after=after)]

        watching = asyncio.gather(watch(0), watch(0), watch(3))
        await engine.drive(run.id)
        whole, again, later = await watching

        assert whole == again == list(range(1, whole[-1] + 1))
        assert later == whole[3:]
        assert await watch(whole[-1]) == []
        assert (await engine.events(run.id, after=2, limit=2))[0].number == 3


async def test_r9_events_fold_to_what_the_tables_say() -> None:
    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "b":
            raise Permanent("No.")
        return await at_once(work)

    plan = plan_of(spec("a"), spec("b"), spec("c", "b"))
    settings = EngineSettings(retry=RetryPolicy(max_failures=1))
    async with opened(plan, do, settings=settings) as engine:
        run = await engine.drive((await submitted(engine)).id)
        view = fold([event async for event in engine.watch(run.id)])

        assert (view.status, view.stop_reason, view.partial) == (
            run.status,
            run.stop_reason,
            run.partial,
        )
        assert view.last_event == run.last_event
        assert {name: task.state for name, task in view.tasks.items()} == await states(
            engine, run.id
        )


async def test_f2_a_task_that_failed_with_a_result_lets_its_dependents_go_on() -> None:
    failure = Failure(kind="permanent", code="timeout", message="It took too long.")

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            return TaskOutcome(result="half", failure=failure)
        return TaskOutcome(result=dict(work.inputs))

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        first, second = await engine.tasks(run.id)
        events = [event async for event in engine.watch(run.id)]

    assert (first.state, first.result, first.failure) == (TaskState.FAILED, "half", failure)
    assert (second.state, second.result) == (TaskState.SUCCEEDED, {"a": "half"})
    assert (run.status, run.partial) == (RunStatus.FAILED, True)
    view = fold(events)
    assert [task.state for task in view.tasks.values()] == [first.state, second.state]


async def test_f2_tasks_added_behind_a_failure_with_a_result_start() -> None:
    failure = Failure(kind="permanent", code="failed", message="It did not work.")

    async def do(work: Work) -> TaskOutcome:
        if work.task.id == "a":
            return TaskOutcome(result=1, failure=failure)
        if work.task.id == "b":
            return TaskOutcome(result=2, extend=(spec("c", "a"),))
        return TaskOutcome(result=work.inputs["a"])

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)

        assert await states(engine, run.id) == {
            "a": TaskState.FAILED,
            "b": TaskState.SUCCEEDED,
            "c": TaskState.SUCCEEDED,
        }
