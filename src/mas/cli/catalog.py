"""`mas catalog ...`: what MAS knows about tools."""

from __future__ import annotations

import sys

from mas.app.settings import Settings
from mas.catalog.loader import load_catalog
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.errors import UserError
from mas.core.language import Language
from mas.core.tools import Text, Tool


async def list_tools(
    settings: Settings, capability: str | None, *, language: Language, as_json: bool
) -> int:
    """All tools, or those that give one capability."""
    del settings
    catalog = load_catalog()
    if capability is not None and capability not in catalog.capabilities:
        raise UserError(
            f"There is no capability called {capability!r}.",
            hint=f"Known ones: {', '.join(sorted(catalog.capabilities))}.",
            code="unknown_capability",
        )
    tools = [
        tool
        for tool in catalog.tools.values()
        if capability is None
        or capability in (*tool.capabilities.primary, *tool.capabilities.secondary)
    ]
    if as_json:
        print_json([_short(tool) for tool in tools])
        return exits.DONE
    rows = (
        (
            tool.id,
            tool.name,
            tool.latest.value if tool.latest else "-",
            tool.lifecycle.status,
            ", ".join(
                _in(catalog.capabilities[id_].name, language) for id_ in tool.capabilities.primary
            ),
        )
        for tool in tools
    )
    print_table(("ID", "NAME", "LATEST", "PROJECT", "GIVES"), rows)
    print(f"{len(tools)} tools. Details: mas catalog show ID", file=sys.stderr)
    return exits.DONE


async def show_tool(settings: Settings, named: str, *, language: Language, as_json: bool) -> int:
    """Everything that is known about one tool, with sources."""
    del settings
    catalog = load_catalog()
    tool = _find(named, catalog.tools)
    if as_json:
        print_json(tool)
        return exits.DONE

    def names(ids: tuple[str, ...]) -> str:
        return ", ".join(_in(catalog.capabilities[id_].name, language) for id_ in ids) or "-"

    print(f"{tool.name} ({tool.id})")
    print(_in(tool.summary, language))
    print(f"Gives            {names(tool.capabilities.primary)}")
    print(f"Also             {names(tool.capabilities.secondary)}")
    if tool.latest:
        print(f"Latest           {tool.latest.value}  [{tool.latest.source}]")
    print(f"Project          {tool.lifecycle.status}  [{tool.lifecycle.source}]")
    if tool.lifecycle.successors:
        print(f"Successors       {', '.join(tool.lifecycle.successors)}")
    kubernetes = tool.kubernetes
    print(
        f"Kubernetes       {kubernetes.min or 'no minimum'} ({kubernetes.kind})"
        f"  [{kubernetes.source}]"
    )
    print(f"Also called      {', '.join(tool.aliases)}")
    print()
    rows = [
        (
            component.name,
            component.role,
            component.workload,
            component.requests.cpu if component.requests else "-",
            component.requests.memory if component.requests else "-",
            component.requests.basis if component.requests else "-",
            component.images[0],
        )
        for component in tool.components
    ]
    print_table(("COMPONENT", "ROLE", "WORKLOAD", "CPU", "MEMORY", "BASIS", "IMAGE"), rows)
    print()
    for step in tool.guide:
        print(f"{step.phase}: {_in(step.title, language)}\n    {step.command}")
    return exits.DONE


def _find(named: str, tools: dict[str, Tool]) -> Tool:
    wanted = named.strip().casefold()
    for tool in tools.values():
        if wanted in (tool.id, tool.name.casefold(), *(a.casefold() for a in tool.aliases)):
            return tool
    close = [id_ for id_ in tools if wanted and (wanted in id_ or id_ in wanted)]
    raise UserError(
        f"The catalog has no tool called {named!r}.",
        hint=f"Did you mean {', '.join(close)}?" if close else "See `mas catalog list`.",
        code="unknown_tool",
    )


def _short(tool: Tool) -> dict[str, object]:
    return {
        "id": tool.id,
        "name": tool.name,
        "category": tool.category,
        "summary": tool.summary,
        "latest": tool.latest.value if tool.latest else None,
        "lifecycle": tool.lifecycle.status,
        "primary": tool.capabilities.primary,
        "secondary": tool.capabilities.secondary,
    }


def _in(text: Text, language: Language) -> str:
    return text.ko if language == "ko" else text.en
