"""What the tests of the engine share: an open engine, plans in a line, and a bounded wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Clock, Team, Work
from mas.core.run import Run, RunRequest, TaskOutcome
from mas.engine import Engine, EngineSettings
from mas.testing.doubles import FixedTeam, FunctionDoer, memory_store

Do = Callable[[Work], Awaitable[TaskOutcome]]

LIMIT = 60.0
"""Seconds that any wait of a test may take at most."""


def spec(name: str, *needs: str, role: str = "worker") -> TaskSpec:
    return TaskSpec(id=name, role=role, title=name, depends_on=needs)


def plan_of(*tasks: TaskSpec) -> Plan:
    return Plan(tasks=tasks)


async def at_once(work: Work) -> TaskOutcome:
    return TaskOutcome(result=work.task.id)


def engine_on(
    store: SqliteStore,
    plan: Plan,
    do: Do = at_once,
    *,
    team: Team | None = None,
    clock: Clock | None = None,
    settings: EngineSettings | None = None,
) -> Engine:
    return Engine(
        store=store,
        teams={"fixed": team or FixedTeam(plans=plan)},
        doers={role: FunctionDoer(do) for role in ("worker", "other")},
        clock=clock or SystemClock(),
        settings=settings,
    )


@asynccontextmanager
async def opened(
    plan: Plan,
    do: Do = at_once,
    *,
    team: Team | None = None,
    clock: Clock | None = None,
    settings: EngineSettings | None = None,
) -> AsyncIterator[Engine]:
    """An engine on a store in memory, with a limit on the whole test."""
    async with asyncio.timeout(LIMIT), memory_store(clock) as store:
        engine = engine_on(store, plan, do, team=team, clock=clock, settings=settings)
        async with engine:
            yield engine


async def submitted(engine: Engine) -> Run:
    return await engine.submit(RunRequest(text="Do it.", team="fixed"))


async def event_of(engine: Engine, run_id: str, type_: str) -> None:
    """Return when the run has an event of this type."""
    async for event in engine.watch(run_id):
        if event.type == type_:
            return
    raise AssertionError(f"the run ended without {type_}")
