"""Runs whole decisions through the engine, with or without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from judging import CATALOG, read

from mas.adapters.clock import SystemClock
from mas.agents.reasoner import Reasoner
from mas.core.language import Language
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, Task, TaskOutcome
from mas.engine import Engine
from mas.kubernetes.cluster import Cluster
from mas.teams.decide.minds import do_deciding, do_planning, do_research
from mas.teams.decide.team import DecideTeam
from mas.testing.clusters import ClusterBuilder
from mas.testing.doubles import FunctionDoer, memory_store

LIMIT = 60.0
"""Seconds that a decision may take at most."""

QUIET: Mapping[str, Any] = {
    "overview": "",
    "reasons": [],
    "next_steps": [],
    "verdict": "do_not_recommend",
    "because": "",
}
"""An explanation that says nothing."""


class Decided:
    """A run that has ended, with its tasks and the values of their stages by `task/stage`."""

    def __init__(self, run: Run, tasks: tuple[Task, ...], stages: dict[str, Any]) -> None:
        self.run = run
        self.tasks = tasks
        self.stages = stages

    @property
    def report(self) -> str:
        return self.run.report or ""

    @property
    def result(self) -> Any:
        return self.run.result


def decide(
    world: ClusterBuilder | Cluster | None,
    request: str,
    reasoner: Reasoner | None = None,
    *,
    language: Language | None = None,
    options: Mapping[str, Any] | None = None,
    says: str = "",
) -> Decided:
    """Decide a request by the three agents on the engine; `says` is what a person tells them."""
    cluster = read(world) if isinstance(world, ClusterBuilder) else world
    return asyncio.run(_decide(cluster, request, reasoner, language, options or {}, says))


async def _decide(
    cluster: Cluster | None,
    request: str,
    reasoner: Reasoner | None,
    language: Language | None,
    options: Mapping[str, Any],
    says: str,
) -> Decided:
    async def planning(work: Work) -> TaskOutcome:
        return await do_planning(work, CATALOG, reasoner)

    async def research(work: Work) -> TaskOutcome:
        async def given(_: object) -> Cluster | None:
            return cluster

        return await do_research(work, CATALOG, given, reasoner)

    async def deciding(work: Work) -> TaskOutcome:
        if says and not await engine.messages(work.run.id):
            await engine.tell(work.run.id, says)
        return await do_deciding(work, CATALOG, reasoner)

    spoken = language or ("ko" if any("가" <= char <= "힣" for char in request) else "en")
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = Engine(
            store=store,
            teams={"decide": DecideTeam()},
            doers={
                "planner": FunctionDoer(planning),
                "researcher": FunctionDoer(research),
                "decider": FunctionDoer(deciding),
            },
            clock=SystemClock(),
        )
        async with engine:
            made = await engine.submit(
                RunRequest(text=request, team="decide", language=spoken, options=options)
            )
            run = await engine.drive(made.id)
            tasks = await engine.tasks(run.id)
            stages = {
                f"{one.task}/{one.key}": await engine.value(run.id, one.task, one.key)
                for one in await engine.records(run.id)
            }
    return Decided(run, tasks, stages)
