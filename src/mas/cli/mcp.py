"""`mas mcp ...`: MCP servers, the tools that agents can use, and MAS as an MCP server itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mas.app.settings import Settings
from mas.app.toolbox import configured_servers, offered_tools
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.errors import UserError
from mas.core.language import plain

if TYPE_CHECKING:
    from mas.server.serving import Listening

SERVERS = ("mas",)
"""What `mas mcp serve` can serve."""


async def list_servers(settings: Settings, *, as_json: bool) -> int:
    """The servers of mcp.json, whether they could be started; none is."""
    found = configured_servers(settings)
    if as_json:
        print_json(found)
    else:
        rows = (
            (one.name, one.kind or "-", one.state, one.family or "-", one.address or "-")
            for one in found.servers
        )
        print_table(("SERVER", "KIND", "STATE", "TOOLS", "ADDRESS"), rows)
        print(f"{len(found.servers)} servers in {found.file}", file=sys.stderr)
    for problem in filter(None, (found.problem, *(one.problem for one in found.servers))):
        _tell(problem)
    return exits.USAGE if found.problem else exits.DONE


async def list_tools(settings: Settings, server: str | None, *, as_json: bool) -> int:
    """Built-in tools and those of MCP servers, or of one of them, with their risk."""
    found = await offered_tools(settings, server)
    if as_json:
        print_json(found)
    else:
        rows = (
            (spec.name, spec.risk, spec.origin, plain(spec.description, limit=80))
            for spec in found.tools
        )
        print_table(("TOOL", "RISK", "FROM", "DESCRIPTION"), rows)
    for text in (*found.problems, *([found.note] if found.note else [])):
        _tell(text)
    return exits.DONE


def _tell(text: str) -> None:
    print(f"mas: {plain(text, limit=1000)}", file=sys.stderr)


async def serve(
    settings: Settings, name: str, *, over_http: bool, host: str, port: int, worker: bool
) -> int:
    """Serve one of MAS's own MCP servers, over standard input and output or over HTTP.

    `port` 0 takes any that is free: the line on stderr says which.
    """
    if name not in SERVERS:
        raise UserError(
            f"There is no MCP server {name!r} of MAS.",
            hint=f"There is: {', '.join(SERVERS)}. Those of mcp.json: mas mcp list",
            code="unknown_server",
        )
    try:
        # Late: the libraries are extras, and a person without them gets a sentence.
        from mas.mcp_servers.mas.stdio import serve_stdio

        if over_http:
            from mas.server.serving import serve_until_stopped
    except ImportError as exc:
        raise UserError(
            "The libraries for the MCP server are not installed.",
            hint="Install them: pip install 'mas[mcp,api]'",
            code="missing_extra",
        ) from exc
    if not over_http:
        await serve_stdio(settings, worker=worker)
        return exits.DONE

    def tell(listening: Listening) -> None:
        print(f"mas: Listening on {listening.url}/mcp.", file=sys.stderr, flush=True)

    await serve_until_stopped(
        settings, host=host, port=port, worker=worker, on_listening=tell, only_mcp=True
    )
    return exits.DONE
