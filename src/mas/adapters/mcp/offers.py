"""Names, descriptions and risks of a server's tools, as MAS offers them (O2, Q2)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from mas.adapters.mcp.config import ServerConfig
from mas.adapters.mcp.schemas import LONGEST_DESCRIPTION, clean, clean_schema
from mas.core.calls import ToolSpec
from mas.core.plan import Risk
from mas.core.values import JsonObject

_LONGEST_NAME: Final = 64
"""What providers take as the name of a tool, with two underscores for the dot."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A tool as its server lists it; a hint of None was not given."""

    name: str
    description: str
    schema: JsonObject
    reads: bool | None = None
    destroys: bool | None = None
    idempotent: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A tool as MAS offers it; `called` is its name at the server."""

    spec: ToolSpec
    called: str


def offers_of(server: ServerConfig, listed: Sequence[Listed]) -> dict[str, Offer]:
    """The server's tools by the names under which MAS offers them.

    A name that had to be changed, and is then that of another tool, gets an ending made of the
    original: it can neither hide another tool nor take its place in a policy.
    """
    named = _named(listed, most=_LONGEST_NAME - len(server.alias) - len("__"))
    return {
        f"{server.alias}.{name}": Offer(spec=_spec(server, name, tool), called=tool.name)
        for name, tool in sorted(named.items())
        if server.tools is None or _fits(name, server.tools)
    }


def _named(listed: Iterable[Listed], *, most: int) -> dict[str, Listed]:
    unique = {tool.name: tool for tool in listed}
    wanted = {name: re.sub(r"[^A-Za-z0-9_-]", "_", name)[:most] or "_" for name in unique}
    count = Counter(wanted.values())
    named: dict[str, Listed] = {}
    # Names that are good as they are come first: nothing takes them away.
    for original in sorted(unique, key=lambda one: (one != wanted[one], one)):
        tool, name = unique[original], wanted[original]
        if original != name and count[name] > 1:
            ending = hashlib.sha256(original.encode("utf-8", "replace")).hexdigest()[:6]
            name = f"{name[: most - 7]}_{ending}"
        named.setdefault(name, tool)
    return named


def _spec(server: ServerConfig, name: str, tool: Listed) -> ToolSpec:
    return ToolSpec(
        name=f"{server.alias}.{name}",
        description=clean(tool.description, limit=LONGEST_DESCRIPTION),
        schema=clean_schema(tool.schema),
        risk=_risk(server, name, tool),
        idempotent=bool(tool.idempotent or tool.reads) and not tool.destroys,
        origin=server.name,
    )


def _risk(server: ServerConfig, name: str, tool: Listed) -> Risk:
    """What the file says goes before what the server says; what nobody knows is a write."""
    for pattern, risk in server.risks.items():
        if fnmatchcase(name, pattern):
            return risk
    if _fits(name, server.read_only):
        return "read"
    if tool.destroys:
        return "destructive"
    return "read" if tool.reads and server.trust else "write"


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
