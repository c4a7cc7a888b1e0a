"""Limits hold over runs that are driven side by side, where transactions are too (R4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.postgres import PostgresStore
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import RunRequest, TaskOutcome
from mas.engine import Engine, EngineSettings, Limits
from mas.testing.doubles import FixedTeam, FunctionDoer

LIMIT = 100.0
MOST = 2


@pytest.mark.parametrize(
    "limits",
    [
        Limits(slots=MOST),
        Limits(slots=50, total=MOST),
        Limits(slots=50, by_role={"worker": MOST}),
    ],
    ids=["slots", "total", "role"],
)
async def test_r4_no_limit_is_passed_by_runs_that_are_driven_at_the_same_time(
    fresh_database: Callable[[], str], limits: Limits
) -> None:
    running: set[tuple[str, str]] = set()
    most = 0
    full = asyncio.Event()

    async def do(work: Work) -> TaskOutcome:
        nonlocal most
        running.add((work.run.id, work.task.id))
        most = max(most, len(running))
        if most >= MOST:
            full.set()
        await full.wait()
        await asyncio.sleep(0.02)  # room for one too many
        running.remove((work.run.id, work.task.id))
        return TaskOutcome(result=None)

    tasks = tuple(TaskSpec(id=name, role="worker", title="x") for name in "ab")
    async with asyncio.timeout(LIMIT), PostgresStore(fresh_database()) as store:
        # Two engines, as two processes have them: each counts its own slots.
        engines = [
            Engine(
                store=store,
                teams={"fixed": FixedTeam(plans=Plan(tasks=tasks))},
                doers={"worker": FunctionDoer(do)},
                clock=SystemClock(),
                settings=EngineSettings(limits=limits),
            )
            for _ in range(1 if limits.slots == MOST else 2)
        ]
        runs = [await engines[0].submit(RunRequest(text="x", team="fixed")) for _ in range(6)]
        await asyncio.gather(*(engine.drive(run.id) for engine in engines for run in runs))

    assert most == MOST
