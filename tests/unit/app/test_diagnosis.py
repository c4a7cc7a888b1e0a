"""What `mas doctor` says of runs: only those that nobody works on are to be mended (U5, R5)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from mas.adapters.clock import SystemClock
from mas.app.diagnosis import Check, diagnose
from mas.app.settings import Settings, load_settings
from mas.app.storage import open_store
from mas.core.calls import StoredCall
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer

LIMIT = 60.0
CALL = StoredCall(
    call=ToolCall(id="c", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)


async def _do(work: Work) -> TaskOutcome:
    if work.run.request == "ask":
        await work.approval("act/1", CALL)
    elif work.run.request == "wait":
        await asyncio.Event().wait()
    return TaskOutcome(result="done")


def settings_of(folder: Path) -> Settings:
    return load_settings({"MAS_HOME": str(folder)})


@contextlib.asynccontextmanager
async def engine_on(settings: Settings) -> AsyncIterator[Engine]:
    """An engine over the journal of these settings, whose task does what the request says."""
    plan = Plan(tasks=(TaskSpec(id="a", role="worker", title="a"),))
    async with asyncio.timeout(LIMIT), open_store(settings) as store:
        engine = Engine(
            store=store,
            teams={"fixed": FixedTeam(plans=plan)},
            doers={"worker": FunctionDoer(_do)},
            clock=SystemClock(),
        )
        async with engine:
            yield engine


async def asked(engine: Engine, text: str) -> Run:
    return await engine.submit(RunRequest(text=text, team="fixed"))


@contextlib.asynccontextmanager
async def driven(engine: Engine, text: str, until: str) -> AsyncIterator[Run]:
    """A run that is worked on here, from the event `until` on and as long as this is open."""
    run = await asked(engine, text)
    drive = asyncio.create_task(engine.drive(run.id))
    async with contextlib.aclosing(engine.watch(run.id)) as events:
        async for event in events:
            if event.type == until:
                break
    try:
        yield run
    finally:
        drive.cancel()
        await asyncio.wait((drive,))


async def found(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in await diagnose(settings)}


async def test_u5_runs_that_somebody_works_on_are_no_fault(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with engine_on(settings) as engine, driven(engine, "wait", "task_started"):
        checks = await found(settings)
    assert (checks["journal"].ok, checks["journal"].mend) == (True, "")
    assert "1 unfinished runs" in checks["journal"].found
    assert "approvals" not in checks


async def test_u5_a_run_that_nobody_works_on_is_named_with_what_mends_it(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with engine_on(settings) as engine:
        first = await asked(engine, "go")
        await asked(engine, "go")
        async with driven(engine, "wait", "task_started"):
            checks = await found(settings)
    journal = checks["journal"]
    assert (journal.ok, journal.needed) == (False, False)
    assert "3 unfinished runs, 2 of them" in journal.found
    assert journal.mend == f"mas runs resume {first.id}, and so for 1 more"


async def test_u5_a_call_that_waits_is_to_be_answered_and_no_fault_with_or_without_a_driver(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path)
    async with engine_on(settings) as engine:
        async with driven(engine, "ask", "task_awaiting") as run:
            attended = await found(settings)
        left = await found(settings)
    for checks in (attended, left):
        assert (checks["journal"].ok, checks["journal"].mend) == (True, "")
        assert checks["approvals"].ok
        assert f"mas runs approve {run.id} a1" in checks["approvals"].found
