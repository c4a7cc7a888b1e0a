"""Tasks that extend the plan side by side, where transactions are too (R3)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.tasks import Fence
from mas.adapters.stores.workers import Worker
from mas.core.plan import BadPlan, Plan, TaskSpec
from mas.core.run import RunRequest
from mas.engine import EngineSettings
from mas.engine.journal import attempts, lifecycle, waiting
from mas.engine.journal.claiming import Limits, take_turn
from support.postgres_server import PostgresServer

LIMIT = 100.0
WORKER = Worker(id="w", machine="here", pid=1, process_started="now")
WAITS_FOR_A_LOCK = """
select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


def spec(name: str, *needs: str) -> TaskSpec:
    return TaskSpec(id=name, role="worker", title=name, depends_on=needs)


async def begun(store: PostgresStore, *specs: TaskSpec) -> dict[str, Fence]:
    """The attempts at all tasks of a new run."""
    request = RunRequest(text="x", team="fixed")
    run = (await store.run(lifecycle.accept, request, token=lambda: "00000000")).run
    await store.run(lifecycle.begin_planning, run.id)
    await store.run(lifecycle.adopt_plan, run.id, Plan(tasks=specs))
    turn = await store.run(
        take_turn,
        run.id,
        worker=WORKER,
        holding=(),
        limits=Limits(),
        retry=EngineSettings().retry,
        lease=timedelta(days=1),
        is_dead=lambda _: False,
    )
    return {
        name: Fence(run_id=run.id, task_id=name, attempt=attempt, owner=WORKER.id)
        for name, attempt in turn.held
    }


async def test_r3_tasks_that_extend_the_plan_at_once_both_stay_in_it(
    postgres_server: PostgresServer,
    fresh_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one_is_in, other_waits = threading.Event(), threading.Event()

    def extend(
        conn: Connection,
        run_id: str,
        plan: Plan,
        new: Sequence[TaskSpec],
        *,
        by: str,
        roles: Collection[str],
    ) -> BadPlan | None:
        problem = waiting.extend(conn, run_id, plan, new, by=by, roles=roles)
        if by == "a":
            one_is_in.set()
            assert other_waits.wait(LIMIT)
        return problem

    monkeypatch.setattr(attempts, "extend", extend)
    url = fresh_database()
    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        fences = await begun(store, spec("a"), spec("b"))

        async def report(name: str) -> BadPlan | None:
            more = (spec(f"{name}-more", name),)
            return await store.run(
                attempts.report, fences[name], result=b"1", summary="", more=more, roles={"worker"}
            )

        one = asyncio.create_task(report("a"))
        assert await asyncio.to_thread(one_is_in.wait, LIMIT)
        other = asyncio.create_task(report("b"))
        await asyncio.to_thread(postgres_server.until, WAITS_FOR_A_LOCK, rows=1, url=url)
        other_waits.set()

        assert (await one, await other) == (None, None)
        run = await store.read(lifecycle.get, fences["a"].run_id)

    assert run.plan is not None
    assert [task.id for task in run.plan.tasks] == ["a", "b", "a-more", "b-more"]
