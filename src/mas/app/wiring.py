"""Brings ports and adapters together; nobody else does (composition root)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.tools import Catalog
from mas.engine import Engine, EngineSettings
from mas.teams.decide.minds import do_deciding, do_planning, do_research
from mas.teams.decide.team import DecideTeam


class _Role:
    """A doer made of one function."""

    def __init__(self, do: Callable[[Work], Awaitable[TaskOutcome]]) -> None:
        self._do = do

    async def do(self, work: Work) -> TaskOutcome:
        return await self._do(work)


@asynccontextmanager
async def open_engine(
    settings: Settings, catalog: Catalog, reading: ClusterReading
) -> AsyncIterator[Engine]:
    """The durable engine on the journal under `settings.home`, with every team wired in."""
    clock = SystemClock()
    store = SqliteStore(settings.database, clock=clock)
    doers = {
        "planner": _Role(lambda work: do_planning(work, catalog)),
        "researcher": _Role(lambda work: do_research(work, catalog, reading.read)),
        "decider": _Role(lambda work: do_deciding(work, catalog)),
    }
    async with (
        store,
        Engine(
            store=store,
            teams={"decide": DecideTeam()},
            doers=doers,
            clock=clock,
            settings=EngineSettings(),
        ) as engine,
    ):
        yield engine
