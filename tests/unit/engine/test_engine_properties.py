"""The engine keeps its promises for plans and failures of any shape (R4, R9)."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from engine_worlds import LIMIT, engine_on, spec, submitted
from hypothesis import given, settings
from hypothesis import strategies as st

from mas.core.errors import Permanent, UserError
from mas.core.failure import Failure
from mas.core.fold import RunView, fold
from mas.core.plan import Plan
from mas.core.ports import Work
from mas.core.run import Run, RunStatus, Task, TaskOutcome, TaskState
from mas.engine import Engine, EngineSettings, Limits
from mas.testing.doubles import memory_store


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any graph without cycles: a task needs some of those before it; the order is mixed."""
    names = [f"t{index}" for index in range(draw(st.integers(1, 8)))]
    tasks = [
        spec(
            name,
            *(draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else ()),
            role=draw(st.sampled_from(["worker", "other"])),
        )
        for index, name in enumerate(names)
    ]
    return Plan(tasks=tuple(draw(st.permutations(tasks))))


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened in one run."""

    run: Run
    tasks: tuple[Task, ...]
    view: RunView
    log: list[tuple[str, str]]
    views: list[RunView]


async def play(plan: Plan, failing: set[str], slots: int) -> Story:
    log: list[tuple[str, str]] = []

    async def do(work: Work) -> TaskOutcome:
        log.append(("start", work.task.id))

        async def step() -> object:
            return None

        await work.record("step", "stage", step)
        if work.task.id in failing:
            raise Permanent("No.")
        log.append(("done", work.task.id))
        return TaskOutcome(result=work.task.id)

    limits = EngineSettings(limits=Limits(slots=slots))
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, plan, do, settings=limits)
        run = await engine.drive((await submitted(engine)).id)
        events = [event async for event in engine.watch(run.id)]
        views = [fold(events[:1])]
        for event in events[1:]:
            views.append(fold([event], view=views[-1]))
        return Story(
            run=run, tasks=await engine.tasks(run.id), view=fold(events), log=log, views=views
        )


@settings(deadline=None, max_examples=40)
@given(plans(), st.data(), st.integers(1, 4))
def test_r4_every_task_is_started_once_after_all_it_needs_or_not_at_all(
    plan: Plan, data: st.DataObject, slots: int
) -> None:
    failing = data.draw(st.sets(st.sampled_from([task.id for task in plan.tasks])))

    story = asyncio.run(play(plan, failing, slots))

    starts = Counter(name for what, name in story.log if what == "start")
    assert set(starts.values()) <= {1}
    needs = {task.id: task.depends_on for task in plan.tasks}
    for index, (what, name) in enumerate(story.log):
        if what == "start":
            assert all(("done", need) in story.log[:index] for need in needs[name])
    states = {task.id: task.state for task in story.tasks}
    for name, state in states.items():
        unmet = any(states[need] is not TaskState.SUCCEEDED for need in needs[name])
        expected = TaskState.FAILED if name in failing else TaskState.SUCCEEDED
        assert state is (TaskState.SKIPPED if unmet else expected)
        assert (name in starts) is not unmet
    whole = all(state is TaskState.SUCCEEDED for state in states.values())
    assert story.run.status is (RunStatus.SUCCEEDED if whole else RunStatus.FAILED)


@settings(deadline=None, max_examples=25)
@given(plans(), st.data())
def test_r9_events_of_any_run_fold_to_its_tables_and_never_contradict_the_plan(
    plan: Plan, data: st.DataObject
) -> None:
    failing = data.draw(st.sets(st.sampled_from([task.id for task in plan.tasks])))

    story = asyncio.run(play(plan, failing, slots=3))

    assert story.view.status is story.run.status
    assert story.view.stop_reason == story.run.stop_reason
    assert story.view.partial == story.run.partial
    assert story.view.last_event == story.run.last_event
    assert {name: (task.state, task.attempt) for name, task in story.view.tasks.items()} == {
        task.id: (task.state, task.attempt) for task in story.tasks
    }
    for view in story.views:
        running = [task for task in view.tasks.values() if task.state is TaskState.RUNNING]
        assert len(running) <= 3
        for task in running:
            assert all(
                view.tasks[need].state is TaskState.SUCCEEDED for need in task.planned.depends_on
            )


@settings(deadline=None, max_examples=25)
@given(plans(), st.data())
def test_r6_events_fold_to_the_tables_after_any_retries_and_forks(
    plan: Plan, data: st.DataObject
) -> None:
    names = [task.id for task in plan.tasks]
    failing = data.draw(st.lists(st.sets(st.sampled_from(names)), min_size=1, max_size=3))
    reporting = data.draw(st.sets(st.sampled_from(names)))
    chosen = data.draw(st.sampled_from([None, *names]))
    after = data.draw(st.sampled_from([None, *names, *(f"{name}/step" for name in names)]))

    asyncio.run(play_again(plan, failing, reporting, chosen, after))


async def play_again(
    plan: Plan,
    failing: list[set[str]],
    reporting: set[str],
    chosen: str | None,
    after: str | None,
) -> None:
    """Fail, retry and fork as told: actions are done once a run, and events tell all of it."""
    wrong = list(failing[0])
    acted: Counter[str] = Counter()

    async def do(work: Work) -> TaskOutcome:
        async def act(key: str) -> object:
            acted[key] += 1
            return None

        async def unknown(_: str) -> None:
            return None

        await work.effect("step", act, probe=unknown)
        if work.task.id not in wrong:
            return TaskOutcome(result=work.task.id)
        if work.task.id in reporting:
            return TaskOutcome(result="No.", failure=Failure.of(Permanent("No.")))
        raise Permanent("No.")

    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, plan, do)
        run = await engine.drive((await submitted(engine)).id)
        for later in [*failing[1:], set()]:
            wrong[:] = later
            with suppress(UserError):
                await engine.retry(run.id, chosen)
            await check_fold(engine, run.id)
            run = await engine.drive(run.id)
            await check_fold(engine, run.id)
        with suppress(UserError):
            fork = (await engine.fork(run.id, after=after)).run
            await check_fold(engine, fork.id)
            ended = await engine.drive(fork.id)
            await check_fold(engine, fork.id)
            # A failure that was reported is a result that is kept like any other.
            kept = [task for task in await engine.tasks(fork.id) if task.attempt == 0]
            failed = any(task.state is TaskState.FAILED for task in kept)
            assert ended.status is (RunStatus.FAILED if failed else RunStatus.SUCCEEDED)
        if chosen is None:
            assert run.status is RunStatus.SUCCEEDED
    assert set(acted.values()) == {1}


async def check_fold(engine: Engine, run_id: str) -> None:
    events = await engine.events(run_id, limit=10_000)
    view, run = fold(events), await engine.get(run_id)
    assert (view.status, view.stop_reason, view.partial) == (
        run.status,
        run.stop_reason,
        run.partial,
    )
    assert {name: (task.state, task.attempt) for name, task in view.tasks.items()} == {
        task.id: (task.state, task.attempt) for task in await engine.tasks(run_id)
    }
