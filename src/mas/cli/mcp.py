"""`mas mcp ...`: MCP servers, and the tools that agents can use."""

from __future__ import annotations

import sys

from mas.app.settings import Settings
from mas.app.toolbox import configured_servers, offered_tools
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.language import plain


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
