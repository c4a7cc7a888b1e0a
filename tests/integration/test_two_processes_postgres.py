"""Several machines on one PostgreSQL database: real processes that share runs (P1, R4, R5, R6, R9).

Run as a program this file is a worker: one JSON order on the command line. Each worker believes to
be on a machine of its own, so that the others know nothing of it but its lease.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.postgres import PostgresStore
from mas.core.errors import Transient
from mas.core.events import Event, TaskReturned, TaskStarted
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine, EngineSettings, Limits, owner
from mas.testing.doubles import FixedTeam, FunctionDoer

if TYPE_CHECKING:  # a worker is no test: it finds no such package
    from support.postgres_server import PostgresServer

LIMIT = 100.0
TASKS = 40
LEASE_SECONDS = 5.0
"""Longer than a busy machine lets a living worker wait for its turn."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a worker does: drive this run on that machine. `gated`: between its two steps a task
    waits for a word on standard input."""

    url: str
    run_id: str
    machine: str
    folder: str
    gated: bool = False
    slots: int = 4


@asynccontextmanager
async def engine_on(
    url: str, order: Order | None = None, *, gate: asyncio.Event | None = None
) -> AsyncIterator[Engine]:
    """An engine on the database; without an order it drives nothing."""
    clock = SystemClock()
    tasks = tuple(TaskSpec(id=f"t{n}", role="worker", title="x") for n in range(TASKS))
    doers = {} if order is None else {"worker": FunctionDoer(doer(order, gate or asyncio.Event()))}
    settings = EngineSettings(
        limits=Limits(slots=order.slots if order else 4), lease=timedelta(seconds=LEASE_SECONDS)
    )
    teams = {
        "many": FixedTeam(plans=Plan(tasks=tasks)),
        "one": FixedTeam(plans=Plan(tasks=tasks[:1])),
    }
    async with (
        asyncio.timeout(LIMIT),
        PostgresStore(url) as store,
        Engine(store=store, teams=teams, doers=doers, clock=clock, settings=settings) as engine,
    ):
        yield engine


def doer(order: Order, gate: asyncio.Event) -> Callable[[Work], object]:
    folder = Path(order.folder)

    async def do(work: Work) -> TaskOutcome:
        async def step(name: str) -> str:
            with (folder / "side").open("ab", buffering=0) as side:
                side.write(f"{order.machine} {work.task.id} {name}\n".encode())
            return order.machine

        await work.record("first", "stage", lambda: step("first"))
        if order.gated:
            await gate.wait()
        await work.record("second", "stage", lambda: step("second"))
        return TaskOutcome(result=order.machine)

    return do


async def drive(order: Order) -> None:
    owner._machine = lambda: order.machine
    gate = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), gate.set)
    async with engine_on(order.url, order, gate=gate) as engine:
        await engine.drive(order.run_id)


class Workers:
    """Starts workers, and leaves none behind."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        run: Run,
        machine: str,
        *,
        gated: bool = False,
        slots: int = 4,
    ) -> subprocess.Popen[bytes]:
        order = Order(
            url=self.url,
            run_id=run.id,
            machine=machine,
            folder=str(self.folder),
            gated=gated,
            slots=slots,
        )
        process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(asdict(order))], stdin=subprocess.PIPE
        )
        self._processes.append(process)
        return process

    def open_gate(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()

    def steps(self) -> list[tuple[str, str, str]]:
        """(machine, task, step) of each step that was really done."""
        lines = (self.folder / "side").read_text().splitlines()
        return [(machine, task, step) for machine, task, step in map(str.split, lines)]

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def workers(fresh_database: Callable[[], str], tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(fresh_database(), tmp_path)
    yield workers
    workers.close()


async def ended(process: subprocess.Popen[bytes]) -> int:
    return await asyncio.to_thread(process.wait, LIMIT)


async def until(engine: Engine, run: Run, type_: str, *, count: int = 1) -> None:
    """Return when a run has so many events of a type."""
    async for event in engine.watch(run.id):
        count -= event.type == type_
        if count == 0:
            return
    raise AssertionError(f"the run has ended before it had its {type_}")


async def story(engine: Engine, run: Run) -> list[Event]:
    """All events of a run, to its end."""
    events = [event async for event in engine.watch(run.id)]
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    return events


async def test_r4_two_machines_share_a_run_and_do_each_step_once(workers: Workers) -> None:
    async with engine_on(workers.url) as engine:
        run = await engine.submit(RunRequest(text="Do it.", team="many"))
        processes = [workers.start(run, name, gated=True, slots=4) for name in ("a", "b")]
        await until(engine, run, "task_recorded", count=8)  # more than one has room for
        for process in processes:
            workers.open_gate(process)
        await story(engine, run)
        assert [await ended(process) for process in processes] == [0, 0]
        run = await engine.get(run.id)

    steps = Counter((task, step) for _, task, step in workers.steps())
    assert run.status is RunStatus.SUCCEEDED
    assert len(steps) == 2 * TASKS
    assert set(steps.values()) == {1}
    assert {machine for machine, _, _ in workers.steps()} == {"a", "b"}


@pytest.mark.slow
async def test_r5_what_a_killed_machine_held_is_finished_by_another_one_after_its_lease(
    workers: Workers,
) -> None:
    async with engine_on(workers.url) as engine:
        run = await engine.submit(RunRequest(text="Do it.", team="many"))
        killed = workers.start(run, "a", gated=True, slots=3)
        await until(engine, run, "task_recorded", count=3)
        other = workers.start(run, "b")
        await until(engine, run, "task_succeeded")
        killed.kill()
        at = time.monotonic()
        events = await story(engine, run)

        assert time.monotonic() - at < LEASE_SECONDS + 30
        assert await ended(other) == 0
        tasks = await engine.tasks(run.id)

    lost = [event.body for event in events if isinstance(event.body, TaskReturned)]
    assert sorted((body.reason, body.attempt) for body in lost) == [("lost", 1)] * 3
    assert {task.result for task in tasks} == {"b"}
    steps = Counter((task, step) for _, task, step in workers.steps())
    assert set(steps.values()) == {1}, "what was recorded is not done again"


@pytest.mark.slow
async def test_r5_a_machine_that_was_taken_for_dead_writes_nothing_any_more(
    workers: Workers,
) -> None:
    async with engine_on(workers.url) as engine:
        run = await engine.submit(RunRequest(text="Do it.", team="one"))
        paused = workers.start(run, "a", gated=True)
        await until(engine, run, "task_recorded")
        os.kill(paused.pid, signal.SIGSTOP)
        try:
            other = workers.start(run, "b")
            events = await story(engine, run)
        finally:
            workers.open_gate(paused)
            os.kill(paused.pid, signal.SIGCONT)

        assert [await ended(process) for process in (paused, other)] == [0, 0]
        assert await story(engine, run) == events
        (task,) = await engine.tasks(run.id)
        first, second = await engine.records(run.id)

    assert (task.result, task.attempt) == ("b", 2)
    assert (first.attempt, second.attempt) == (1, 2)


async def test_r9_a_watcher_elsewhere_sees_each_step_while_the_task_still_goes_on(
    workers: Workers,
) -> None:
    async with engine_on(workers.url) as engine:
        run = await engine.submit(RunRequest(text="Do it.", team="one"))
        process = workers.start(run, "a", gated=True)
        seen: list[str] = []
        async for event in engine.watch(run.id):
            seen.append(event.type)
            if event.type == "task_recorded":
                workers.open_gate(process)  # the task waits for it
        assert await ended(process) == 0

    assert seen == [
        "run_queued",
        "run_planning",
        "run_planned",
        "task_started",
        "task_recorded",
        "task_recorded",
        "task_succeeded",
        "run_finished",
    ]


async def test_r6_a_cancel_from_elsewhere_stops_the_work_within_a_second(workers: Workers) -> None:
    async with engine_on(workers.url) as engine:
        took: list[float] = []
        # A busy machine may be late now and then, not each time.
        while not took or (min(took) >= 1.0 and len(took) < 8):
            run = await engine.submit(RunRequest(text="Do it.", team="many"))
            process = workers.start(run, "a", gated=True)
            await until(engine, run, "task_recorded", count=4)
            at = time.monotonic()
            await engine.cancel(run.id)
            events = await story(engine, run)
            took.append(time.monotonic() - at)

            assert await ended(process) == 0
            assert (await engine.get(run.id)).status is RunStatus.CANCELLED
            assert len([event for event in events if isinstance(event.body, TaskStarted)]) == 4
    assert min(took) < 1.0


async def test_r5_a_run_goes_on_after_the_server_has_crashed_in_its_midst(
    lone_postgres_server: PostgresServer, tmp_path: Path
) -> None:
    server = lone_postgres_server
    url = server.fresh()
    order = Order(url=url, run_id="", machine="a", folder=str(tmp_path), gated=True)
    gate = asyncio.Event()
    async with engine_on(url, order, gate=gate) as engine:
        run = await engine.submit(RunRequest(text="Do it.", team="many"))
        driving = asyncio.create_task(engine.drive(run.id))
        await until(engine, run, "task_recorded", count=order.slots)
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        gate.set()
        with pytest.raises(Transient) as caught:
            await driving
        assert caught.value.code == "store_unreachable"
        await asyncio.to_thread(server.start)

        run = await engine.drive(run.id)
        await story(engine, run)

    assert run.status is RunStatus.SUCCEEDED
    lines = Counter((tmp_path / "side").read_text().splitlines())
    repeated = [line for line, times in lines.items() if times > 1]
    assert len(repeated) <= order.slots
    assert not [line for line in repeated if line.endswith("first")]


if __name__ == "__main__":
    asyncio.run(drive(Order(**json.loads(sys.argv[1]))))
