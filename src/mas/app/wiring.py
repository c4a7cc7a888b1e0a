"""Brings ports and adapters together; nobody else does (composition root)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mas.adapters.clock import SystemClock
from mas.adapters.live.folder import FolderOutput
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.policy_file import load_policy
from mas.adapters.stores.choose import store_for
from mas.adapters.stores.lessons import StoredLessons
from mas.adapters.stores.memories import StoredMemories
from mas.agents.roles.loader import load_roles
from mas.app.clusters import ClusterReading
from mas.app.doers import Doers, Workshop
from mas.app.parts import Parts
from mas.app.settings import Settings
from mas.app.toolbox import mcp_config
from mas.app.tools import open_tools
from mas.catalog.loader import load_catalog
from mas.core.masking import Masker, secret_values
from mas.core.run import Run
from mas.engine import Engine, EngineSettings
from mas.teams.decide.team import DecideTeam
from mas.teams.planned.team import PlannedTeam, SoloTeam


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Everything over the journal under `settings.home`, with every team wired in."""
    clock = SystemClock()
    catalog = load_catalog()
    reading = ClusterReading(catalog, settings.environment)
    masker = Masker(secret_values(settings.environment) | mcp_config(settings).secrets)
    loaded = load_roles(settings.agents_folder)
    live = FolderOutput(folder=settings.home / "live", mask=masker.mask)
    policy = load_policy(settings.policy_file)
    async with (
        store_for(settings.database_url, settings.database, clock) as store,
        ConfiguredModels(settings.models, settings.environment, clock=clock) as models,
        open_tools(settings, masker) as tools,
    ):
        workshop = Workshop(
            settings=settings,
            catalog=catalog,
            reading=reading,
            roles=loaded.roles,
            broken={Path(problem.file).stem: str(problem) for problem in loaded.problems},
            models=models,
            tools=tools,
            policy=policy,
            memories=StoredMemories(store),
            lessons=StoredLessons(store),
            masker=masker,
        )
        async with Engine(
            store=store,
            teams={
                "decide": DecideTeam(),
                "operate": PlannedTeam("operate"),
                "build": PlannedTeam("build"),
                "agent": SoloTeam(),
            },
            doers=Doers(workshop),
            clock=clock,
            settings=EngineSettings(limits=settings.limits),
            live=live,
        ) as engine:
            yield Parts(
                settings=settings,
                catalog=catalog,
                reading=reading,
                roles=loaded.roles,
                notes=tuple(f"{problem} It is left out." for problem in loaded.problems),
                models=models,
                live=live,
                engine=engine,
            )


def model_name(run: Run, parts: Parts) -> str | None:
    """The model that the first agent of a run asks; None: rules decide."""
    role = "planner" if run.team == "decide" else "orchestrator"
    wanted = run.options.get("model") or parts.roles[role].model
    if run.options.get("no_model") is True:
        return None
    model = parts.models.for_role(role, wanted=None if wanted is None else str(wanted))
    return None if model is None else model.name
