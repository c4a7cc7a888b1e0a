"""Opens real MCP servers of `support.mcp_servers` as one family of tools."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mas.adapters.mcp.config import load_mcp_config
from mas.adapters.mcp.limits import Limits
from mas.adapters.mcp.sessions import McpFamily
from mas.adapters.tools.family import RawOutput
from mas.core.calls import CallContext
from mas.core.masking import Masker
from mas.core.values import JsonValue

SERVERS = Path(__file__).parent / "mcp_servers"
QUICK = Limits(stop_grace=timedelta(seconds=0.5))
Entry = dict[str, object]


def good(**more: object) -> Entry:
    """The well-behaved server."""
    return {"command": sys.executable, "args": [str(SERVERS / "good.py")], **more}


def rough(kind: str, **more: object) -> Entry:
    """A server that misbehaves."""
    return {"command": sys.executable, "args": [str(SERVERS / "rough.py"), kind], **more}


def write_config(home: Path, servers: Mapping[str, Entry]) -> Path:
    """An `mcp.json` in a home of its own."""
    file = home / "mcp.json"
    file.write_text(json.dumps({"mcpServers": servers}))
    return file


@dataclass(frozen=True)
class Open:
    """A family with the folder of its logs."""

    family: McpFamily
    logs: Path
    secrets: frozenset[str]

    async def call(
        self, tool: str, /, *, within: timedelta = timedelta(seconds=90), **arguments: JsonValue
    ) -> RawOutput:
        """Call a tool by its name, as the toolbox does."""
        specs = {spec.name: spec for spec in await self.family.specs([tool])}
        return await self.family.call(specs[tool], arguments, context(within))


def context(deadline: timedelta = timedelta(seconds=90)) -> CallContext:
    """Where a call happens."""
    return CallContext(
        run_id="r",
        task_id="t",
        role="sre",
        workspace=SERVERS,  # no tool of a server looks at it
        cluster={},
        deadline=deadline,
    )


@asynccontextmanager
async def opened(
    home: Path,
    servers: Mapping[str, Entry],
    *,
    limits: Limits = QUICK,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Open]:
    """The family of these servers; its processes end with the block."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), **(environment or {})}
    config = load_mcp_config(write_config(home, servers), variables)
    masker = Masker([*config.secrets, "sk-canary-1234567890"])
    async with McpFamily(
        config, log_folder=home / "logs", mask=masker.mask, limits=limits
    ) as family:
        yield Open(family, home / "logs", config.secrets)
