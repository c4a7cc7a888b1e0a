"""Brings ports and adapters together; nobody else does (composition root)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from mas.adapters.clock import SystemClock
from mas.adapters.live.folder import FolderOutput
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.policy_file import load_policy
from mas.adapters.stores.lessons import StoredLessons
from mas.adapters.stores.memories import StoredMemories
from mas.adapters.telemetry.models import CountedModels
from mas.agents.roles.loader import load_roles
from mas.app.clusters import ClusterReading
from mas.app.doers import Doers, Workshop
from mas.app.model_door import ModelDoor
from mas.app.own_coder import own_coder
from mas.app.parts import Parts
from mas.app.settings import Settings
from mas.app.storage import open_store
from mas.app.toolbox import masker_of, mcp_config, open_tools
from mas.app.workplaces import Workplaces
from mas.catalog.loader import load_catalog
from mas.core.roles import Role
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.engine import Engine, EngineSettings
from mas.teams.decide.team import DecideTeam
from mas.teams.fanout.team import FanoutTeam
from mas.teams.planned.team import PlannedTeam, SoloTeam


@asynccontextmanager
async def open_parts(
    settings: Settings, *, telemetry: Telemetry = NO_TELEMETRY
) -> AsyncIterator[Parts]:
    """Everything over the journal under `settings.home`, with every team wired in."""
    clock = SystemClock()
    catalog = load_catalog()
    reading = ClusterReading(catalog, settings.environment)
    servers = mcp_config(settings)
    masker = masker_of(settings, servers)
    loaded = load_roles(settings.agents_folder)
    live = FolderOutput(folder=settings.home / "live", mask=masker.mask)
    policy = load_policy(settings.policy_file)
    async with (
        open_store(settings) as store,
        ConfiguredModels(settings.models, settings.environment, clock=clock) as models,
        open_tools(settings, servers, masker) as tools,
    ):
        workshop: Workshop
        door = ModelDoor(
            settings=settings,
            clock=clock,
            model_of=lambda run, role: workshop.model_of(run, role),
            mask=masker.mask,
            telemetry=telemetry,
        )
        places = Workplaces(
            settings=settings,
            model_of=lambda run, role: workshop.model_of(run, role),
            door=door,
            own_coder=lambda run, executor: own_coder(workshop, run, executor),
            mask=masker.mask,
        )
        workshop = Workshop(
            settings=settings,
            catalog=catalog,
            reading=reading,
            roles=loaded.roles,
            broken={Path(problem.file).stem: str(problem) for problem in loaded.problems},
            models=CountedModels(models, telemetry),
            tools=tools,
            policy=policy,
            memories=StoredMemories(store),
            lessons=StoredLessons(store),
            masker=masker,
            places=places.of,
        )
        async with (
            aclosing(door),
            Engine(
                store=store,
                teams={
                    "decide": DecideTeam(),
                    "operate": PlannedTeam("operate"),
                    "build": PlannedTeam("build"),
                    "fanout": FanoutTeam(),
                    "agent": SoloTeam(),
                },
                doers=Doers(workshop),
                clock=clock,
                settings=engine_settings(settings, loaded.roles),
                live=live,
                telemetry=telemetry,
            ) as engine,
        ):
            yield Parts(
                workshop=workshop,
                notes=tuple(f"{problem} It is left out." for problem in loaded.problems),
                live=live,
                engine=engine,
                store=store,
            )


def engine_settings(settings: Settings, roles: Mapping[str, Role]) -> EngineSettings:
    """The limits of the settings and, where those say nothing, of the role files."""
    at_once = {
        name: role.limits.concurrent
        for name, role in roles.items()
        if role.limits.concurrent is not None
    }
    limits = settings.limits
    return EngineSettings(
        limits=replace(limits, by_role={**at_once, **limits.by_role}),
        task_limits={name: role.limits.of_task() for name, role in roles.items()},
    )
