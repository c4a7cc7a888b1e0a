"""What becomes of tasks whose worker is gone, and who counts as gone (R5)."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from engine_worlds import LIMIT, engine_on, event_of, plan_of, spec, submitted

from mas.adapters.stores.records import NewRecord
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.workers import Worker
from mas.core.errors import Transient
from mas.core.ports import Work
from mas.core.run import RunStatus, TaskOutcome, TaskState
from mas.core.usage import NOTHING
from mas.engine import Engine, EngineSettings
from mas.engine.journal import lifecycle
from mas.engine.journal.attempts import record
from mas.engine.journal.claiming import Limits, take_turn
from mas.engine.owner import is_dead, started, this_process
from mas.testing.clock import ManualClock
from mas.testing.doubles import memory_store

DEAD = Worker(id="dead-1", machine="here", pid=1, process_started="long ago")
PLAN = plan_of(spec("a"), spec("b", "a"))


async def started_by_the_dead(
    engine: Engine, store: SqliteStore, *, recording: str | None = None
) -> str:
    """A run whose first task was started by a worker that is dead since."""
    run = await submitted(engine)
    await store.run(lifecycle.begin_planning, run.id)
    await store.run(lifecycle.adopt_plan, run.id, PLAN)
    await die_over(store, run.id, attempt=1, recording=recording)
    return run.id


async def die_over(
    store: SqliteStore, run_id: str, *, attempt: int, recording: str | None = None
) -> None:
    worker = replace(DEAD, id=f"dead-{attempt}")
    turn = await store.run(
        take_turn,
        run_id,
        worker=worker,
        holding=(),
        limits=Limits(),
        retry=EngineSettings().retry,
        lease=timedelta(days=1),
        is_dead=lambda other: other.machine == DEAD.machine,
    )
    if recording is not None:
        ((task, number),) = turn.held
        new = NewRecord(
            key=recording, kind="stage", value=b"1", summary="", usage=NOTHING, took=timedelta()
        )
        fence = Fence(run_id=run_id, task_id=task, attempt=number, owner=worker.id)
        await store.run(record, fence, new)


@pytest.fixture
def graveyard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of the machine `here` are known to be dead."""

    def dead(worker: Worker, *, here: Worker) -> bool:
        return worker.machine == DEAD.machine

    monkeypatch.setattr("mas.engine.driver.is_dead", dead)
    monkeypatch.setattr("mas.engine.engine.is_dead", dead)


@pytest.mark.usefixtures("graveyard")
async def test_r5_a_task_of_a_dead_process_is_taken_up_without_waiting_for_its_lease() -> None:
    async with asyncio.timeout(LIMIT), memory_store(ManualClock()) as store:
        engine = engine_on(store, PLAN)
        run = await engine.drive(await started_by_the_dead(engine, store))

        assert run.status is RunStatus.SUCCEEDED
        assert [task.attempt for task in await engine.tasks(run.id)] == [2, 1]


@pytest.mark.usefixtures("graveyard")
async def test_r6_a_run_of_a_dead_process_is_cancelled_at_once() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, PLAN)
        run = await engine.cancel(await started_by_the_dead(engine, store))

        assert run.status is RunStatus.CANCELLED


async def test_r5_a_task_of_another_machine_is_taken_up_when_its_lease_is_over() -> None:
    clock = ManualClock()
    async with asyncio.timeout(LIMIT), memory_store(clock) as store:
        engine = engine_on(store, PLAN, clock=clock)
        run_id = await started_by_the_dead(engine, store)
        driving = asyncio.create_task(engine.drive(run_id))
        await clock.until_asleep(2)  # its heart, and its look at others
        assert (await engine.tasks(run_id))[0].state is TaskState.RUNNING

        clock.advance(timedelta(days=2))
        run = await driving

        assert run.status is RunStatus.SUCCEEDED


@pytest.mark.usefixtures("graveyard")
async def test_r5_a_task_that_kills_its_process_again_and_again_fails() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, PLAN)
        run_id = await started_by_the_dead(engine, store)
        for attempt in range(2, 6):
            await die_over(store, run_id, attempt=attempt)
        run = await engine.drive(run_id)

        assert run.status is RunStatus.FAILED
        assert run.failure is not None
        assert run.failure.code == "lost_too_often"
        assert [task.state.value for task in await engine.tasks(run_id)] == ["failed", "skipped"]


@pytest.mark.usefixtures("graveyard")
async def test_r5_after_two_deaths_a_task_runs_alone_so_that_its_neighbours_are_not_blamed() -> (
    None
):
    together: set[str] = set()
    seen: list[tuple[str, ...]] = []

    async def do(work: Work) -> TaskOutcome:
        together.add(work.task.id)
        seen.append(tuple(sorted(together)))
        await work.record("step", "stage", nothing)
        together.remove(work.task.id)
        return TaskOutcome(result=None)

    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, plan_of(spec("a"), spec("b"), spec("c", "a")), do)
        run_id = (await submitted(engine)).id
        await store.run(lifecycle.begin_planning, run_id)
        await store.run(lifecycle.adopt_plan, run_id, plan_of(spec("a"), spec("b"), spec("c", "a")))
        for attempt in range(1, 3):
            await die_over(store, run_id, attempt=attempt)
        # Now only one of the two is started at a time, and dies.
        for attempt in range(3, 6):
            await die_over(store, run_id, attempt=attempt)
        crashes = {task.id: task.crashes for task in await engine.tasks(run_id)}
        run = await engine.drive(run_id)

        assert crashes == {"a": 4, "b": 2, "c": 0}
        assert {task.id: task.state.value for task in await engine.tasks(run_id)} == {
            "a": "failed",
            "b": "succeeded",
            "c": "skipped",
        }
        assert run.partial
        assert all(len(names) == 1 for names in seen)


async def nothing() -> object:
    return None


@pytest.mark.usefixtures("graveyard")
async def test_r5_deaths_with_progress_in_between_do_not_add_up() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, PLAN)
        run_id = await started_by_the_dead(engine, store)
        for attempt in range(2, 12):
            await die_over(store, run_id, attempt=attempt, recording=f"step/{attempt}")
        run = await engine.drive(run_id)

        assert run.status is RunStatus.SUCCEEDED


@pytest.mark.usefixtures("graveyard")
async def test_r6_a_person_who_resumes_gives_a_task_new_lives() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, PLAN)
        run_id = await started_by_the_dead(engine, store)
        for attempt in range(2, 6):
            await die_over(store, run_id, attempt=attempt)
        await engine.resume(run_id)
        run = await engine.drive(run_id)

        assert run.status is RunStatus.SUCCEEDED


async def test_r6_resuming_a_run_that_has_ended_returns_it_as_it_is() -> None:
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, PLAN)
        run = await engine.drive((await submitted(engine)).id)

        assert await engine.resume(run.id) == run


class FailingStore(SqliteStore):
    """A store whose disk is full after some more writing transactions; None is never."""

    room: int | None = None

    async def run(self, transaction, *args, **kwargs):  # type: ignore[no-untyped-def]
        self._write()
        return await super().run(transaction, *args, **kwargs)

    async def run_durable(self, transaction, *args, **kwargs):  # type: ignore[no-untyped-def]
        self._write()
        return await super().run_durable(transaction, *args, **kwargs)

    def _write(self) -> None:
        if self.room is not None:
            if self.room == 0:
                raise Transient("The disk is full.", code="store_full")
            self.room -= 1


async def test_q1_a_disk_that_fills_up_at_any_moment_ends_the_drive_and_loses_nothing() -> None:
    bodies: Counter[tuple[str, str]] = Counter()

    async def do(work: Work) -> TaskOutcome:
        for key in ("first", "second"):

            async def step(key: str = key) -> object:
                bodies[work.task.id, key] += 1
                return None

            await work.record(key, "stage", step)
        return TaskOutcome(result=None)

    plan = plan_of(spec("a"), spec("b"), spec("c", "a"))
    async with asyncio.timeout(LIMIT), FailingStore(None, clock=ManualClock()) as store:
        engine = engine_on(store, plan, do)
        for room in itertools.count():
            store.room = None
            bodies.clear()
            run = await submitted(engine)
            store.room = room
            with suppress(Transient):  # and no group of errors
                run = await engine.drive(run.id)
            if run.status.ended:
                break
            store.room = None
            recorded = {(record.task, record.key) for record in await engine.records(run.id)}
            begun = bodies.copy()
            run = await engine.drive(run.id)

            assert run.status is RunStatus.SUCCEEDED
            assert all(task.failure is None for task in await engine.tasks(run.id))
            assert len(bodies) == 6
            assert all(bodies[step] == begun[step] for step in recorded)
        assert room > 12


async def test_r6_a_shutdown_on_a_full_disk_is_still_a_shutdown() -> None:
    async def do(work: Work) -> TaskOutcome:
        store.room = 0
        await asyncio.Event().wait()
        raise AssertionError

    async with asyncio.timeout(LIMIT), FailingStore(None, clock=ManualClock()) as store:
        engine = engine_on(store, plan_of(spec("a")), do)
        run = await submitted(engine)
        driving = asyncio.create_task(engine.drive(run.id))
        await event_of(engine, run.id, "task_started")
        await asyncio.sleep(0)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving


def test_this_process_is_not_dead() -> None:
    here = this_process("a")

    assert not is_dead(here, here=this_process("b"))


def test_r5_a_process_that_has_ended_is_known_dead_before_anybody_has_waited_for_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        here = this_process("a")
        there = replace(here, pid=child.pid, process_started=started(child.pid) or "")
        assert not is_dead(there, here=here)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        assert is_dead(there, here=here)  # a zombie

    assert is_dead(there, here=here)


def test_r5_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    here = this_process("a")

    assert is_dead(replace(here, process_started="1"), here=here)


def test_r5_nothing_is_known_about_processes_of_another_machine() -> None:
    here = this_process("a")

    assert not is_dead(replace(here, machine="elsewhere", pid=2**22 + 1), here=here)


def test_r5_a_name_with_parentheses_does_not_confuse_the_reading_of_a_process() -> None:
    code = (
        "import pathlib; pathlib.Path('/proc/self/comm').write_text('a) Z 1 (b');"
        "from mas.engine.owner import this_process, is_dead;"
        "p = this_process('x'); print(is_dead(p, here=p), p.process_started.isdigit())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
