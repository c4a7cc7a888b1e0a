"""Which tools there are, and opening them: configured MCP servers and built-in ones (O2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from mas.adapters.executors.local import LocalExecutor
from mas.adapters.mcp.config import McpConfig, ServerConfig, load_mcp_config
from mas.adapters.mcp.sessions import McpFamily
from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.cluster_objects import objects_of
from mas.adapters.tools.family import BUILT_IN, ToolFamily
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox, ToolboxSettings
from mas.agents.offering import OFFER_LIMIT
from mas.app.settings import Settings
from mas.core.calls import ToolSpec
from mas.core.errors import Transient, UserError
from mas.core.masking import Masker, command_words, secret_arguments, secret_values

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ServerState = Literal["configured", "disabled", "problem"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """An MCP server as the file has it; nothing was started."""

    name: str
    family: str = ""
    """What its tools are called by: `FAMILY.tool`."""
    kind: str = ""
    state: ServerState = "configured"
    address: str = ""
    """Command line or URL, without secrets."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What `mcp.json` says. `problem` is about the whole file."""

    file: str
    servers: tuple[Server, ...]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """Tools by name. `problems` are those of servers that could not be asked."""

    tools: tuple[ToolSpec, ...]
    problems: tuple[str, ...]
    note: str = ""


def mcp_config(settings: Settings) -> McpConfig:
    """The configured MCP servers, with references resolved from the settings' environment."""
    return load_mcp_config(settings.mcp_file, settings.environment)


def masker_of(settings: Settings, config: McpConfig) -> Masker:
    """Takes out what is secret in the environment, the settings and the configuration of
    servers."""
    commands = (settings.fanout.coder or "", settings.fanout.setup or "")
    return Masker(
        secret_values({**settings.environment, "DATABASE_URL": settings.database_url or ""})
        | secret_arguments([word for line in commands for word in command_words(line)])
        | config.secrets
    )


def mcp_family(settings: Settings, config: McpConfig, masker: Masker) -> McpFamily:
    """The tools of the configured servers; opened and closed by the caller."""
    return McpFamily(config, log_folder=settings.home / "logs", mask=masker.mask)


@asynccontextmanager
async def open_tools(
    settings: Settings, config: McpConfig, masker: Masker
) -> AsyncIterator[Toolbox]:
    """All tools that agents can call; servers start with the first use of one of their tools."""
    kept = KeptOutputs(settings.outputs_folder)
    async with mcp_family(settings, config, masker) as servers:
        yield Toolbox(
            _families(settings, kept),
            kept=kept,
            masker=masker,
            servers=servers,
            settings=ToolboxSettings(
                shown_characters=settings.tools.output_limit_bytes,
                kept_output_bytes=settings.tools.kept_output_bytes,
            ),
        )


def configured_servers(settings: Settings) -> Servers:
    """The servers of `mcp.json`, in order of their names. Starts nothing."""
    config = mcp_config(settings)
    servers = [
        Server(name=one.name, family=one.alias, kind=one.kind, address=one.shown)
        for one in config.servers
    ]
    servers += [Server(name=name, state="disabled") for name in config.disabled]
    servers += [
        Server(name=one.server, state="problem", problem=one.text)
        for one in config.problems
        if one.server
    ]
    whole = next((one.text for one in config.problems if not one.server), "")
    return Servers(
        file=str(config.file),
        servers=tuple(sorted(servers, key=lambda one: one.name)),
        problem=whole,
    )


async def offered_tools(settings: Settings, server: str | None) -> Offered:
    """All tools, or those of one server (`built-in`: those that come with MAS).

    Starts the servers it needs and ends them again.

    Raises:
        UserError: There is no such server, it is disabled, or its entry cannot be used.
        Transient: The server that was named does not start.
    """
    if server == BUILT_IN:
        return Offered(tools=await _built_in(settings), problems=())
    config = mcp_config(settings)
    named = _find(config, server) if server is not None else None
    async with mcp_family(settings, config, masker_of(settings, config)) as family:
        if named is None:
            own = await _built_in(settings)
            foreign, problems = await family.specs(None), family.problems()
        else:
            own, foreign = (), await family.specs([f"{named.alias}.*"])
            problem = family.problem_of(named.name)
            if problem and not foreign:
                raise Transient(problem, hint="See logs/ under MAS_HOME.", code="mcp_server")
            problems = (problem,) if problem else ()
    tools = tuple(sorted((*own, *foreign), key=lambda spec: spec.name))
    note = ""
    if len(tools) > OFFER_LIMIT:
        note = (
            f"{len(tools)} tools; a model is offered {OFFER_LIMIT} at most. Narrow them by `tools` "
            "of a role, or of a server in mcp.json."
        )
    return Offered(tools=tools, problems=problems, note=note)


async def _built_in(settings: Settings) -> tuple[ToolSpec, ...]:
    families = _families(settings, KeptOutputs(settings.outputs_folder))
    return tuple([spec for family in families.values() for spec in await family.specs(None)])


def _families(settings: Settings, kept: KeptOutputs) -> Mapping[str, ToolFamily]:
    return built_in_families(
        executor=LocalExecutor(),
        kept=kept,
        objects_of=objects_of(settings.environment),
        path=settings.environment.get("PATH") or _PATH,
        homes=settings.home / "homes",
    )


def _find(config: McpConfig, named: str) -> ServerConfig:
    for one in config.servers:
        if named in (one.name, one.alias):
            return one
    for problem in config.problems:
        if problem.server in (named, ""):
            raise UserError(problem.text, hint=f"Mend {config.file}.", code="mcp_config")
    if named in config.disabled:
        raise UserError(
            f"The MCP server {named} is disabled.",
            hint=f"Take `disabled` out of {config.file}.",
            code="mcp_disabled",
        )
    known = ", ".join([BUILT_IN, *(one.name for one in config.servers)])
    raise UserError(
        f"There is no MCP server called {named!r}.",
        hint=f"Known ones: {known}.",
        code="unknown_mcp_server",
    )
