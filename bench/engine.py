"""What durability costs: milliseconds a task, beside the same work in plain asyncio.

Two shapes, each task with five recorded steps whose bodies do nothing: 100 tasks side by side, and
a chain of 3. Each is measured several times on one database file, after one round to warm up; the
median counts.

    python bench/engine.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer

STAGES = ("observe", "reason", "plan", "act", "validate")


def task(index: int, *needs: str) -> TaskSpec:
    return TaskSpec(id=f"t{index}", role="worker", title="Nothing", depends_on=needs)


SHAPES = {
    "fan-out of 100": Plan(tasks=tuple(task(index) for index in range(100))),
    "chain of 3": Plan(tasks=(task(0), task(1, "t0"), task(2, "t1"))),
}


async def nothing() -> object:
    return None


async def durable_task(work: Work) -> TaskOutcome:
    for stage in STAGES:
        await work.record(stage, "stage", nothing)
    return TaskOutcome(result=None)


async def plain_task(needs: list[asyncio.Task[None]]) -> None:
    for need in needs:
        await need
    for _ in STAGES:
        await nothing()


async def plain_run(plan: Plan) -> None:
    async with asyncio.TaskGroup() as group:
        running: dict[str, asyncio.Task[None]] = {}
        for spec in plan.tasks:
            needs = [running[need] for need in spec.depends_on]
            running[spec.id] = group.create_task(plain_task(needs))


async def seconds_of(run: Callable[[], Awaitable[None]], rounds: int) -> float:
    """The median time of one round, after one that does not count."""
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


async def measure(name: str, plan: Plan, folder: Path, rounds: int) -> dict[str, object]:
    clock = SystemClock()
    store = SqliteStore(folder / f"{len(plan.tasks)}.db", clock=clock)
    teams = {"bench": FixedTeam(plans=plan)}
    doers = {"worker": FunctionDoer(durable_task)}
    async with store, Engine(store=store, teams=teams, doers=doers, clock=clock) as engine:

        async def durable_run() -> None:
            accepted = await engine.submit(RunRequest(text="Nothing.", team="bench"))
            run = await engine.drive(accepted.id)
            if run.status is not RunStatus.SUCCEEDED:
                raise SystemExit(f"The run has not succeeded: {run.failure}")

        durable = await seconds_of(durable_run, rounds)
    plain = await seconds_of(lambda: plain_run(plan), rounds)
    tasks = len(plan.tasks)
    return {
        "shape": name,
        "tasks": tasks,
        "records": tasks * len(STAGES),
        "engine_ms_per_task": round(durable / tasks * 1000, 3),
        "asyncio_ms_per_task": round(plain / tasks * 1000, 4),
        "overhead_ms_per_task": round((durable - plain) / tasks * 1000, 3),
        "ratio": round(durable / plain, 1),
    }


async def measure_all(rounds: int) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="mas-bench-") as folder:
        return [await measure(*shape, Path(folder), rounds) for shape in SHAPES.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description="What durability costs a task.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds of each shape")
    options = parser.parse_args()
    results = asyncio.run(measure_all(options.rounds))
    if options.json:
        version = platform.python_version()
        print(json.dumps({"bench": "engine", "python": version, "results": results}))
        return
    print(f"{'five records a task':<20}{'engine':>16}{'asyncio':>16}{'ratio':>9}")
    for result in results:
        print(
            f"{result['shape']:<20}"
            f"{result['engine_ms_per_task']:>8} ms/task"
            f"{result['asyncio_ms_per_task']:>8} ms/task"
            f"{result['ratio']:>8}x"
        )


if __name__ == "__main__":
    main()
