"""Opens the toolbox of an app: built-in tools and configured MCP servers behind one door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mas.adapters.executors.local import LocalExecutor
from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.cluster_objects import objects_of
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox, ToolboxSettings
from mas.app.settings import Settings
from mas.app.toolbox import mcp_config, mcp_family
from mas.core.masking import Masker

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@asynccontextmanager
async def open_tools(settings: Settings, masker: Masker) -> AsyncIterator[Toolbox]:
    """All tools that agents can call; servers start with the first use of one of their tools."""
    config = mcp_config(settings)
    kept = KeptOutputs(settings.outputs_folder)
    families = built_in_families(
        executor=LocalExecutor(),
        kept=kept,
        objects_of=objects_of(settings.environment),
        path=settings.environment.get("PATH") or _PATH,
        homes=settings.home / "homes",
    )
    async with mcp_family(settings, config) as servers:
        yield Toolbox(
            families,
            kept=kept,
            masker=masker,
            servers=servers,
            settings=ToolboxSettings(
                shown_characters=settings.tools.output_limit_bytes,
                kept_output_bytes=settings.tools.kept_output_bytes,
            ),
        )
