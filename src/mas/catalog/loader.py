"""Reads the catalog files into `core.tools` types and checks what a schema cannot say."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import msgspec
import yaml

from mas.core.errors import UserError
from mas.core.tools import Capability, Catalog, Tool

T = TypeVar("T")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CAPABILITIES = "capabilities.yaml"


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with MAS. Read once a process.

    Raises:
        UserError: A file is not valid; the message names file, place and reason.
    """
    root = resources.files("mas.catalog")
    capabilities = parse_capabilities((root / _CAPABILITIES).read_text(encoding="utf-8"))
    files = sorted(
        (entry for entry in (root / "tools").iterdir() if entry.name.endswith(".yaml")),
        key=lambda entry: entry.name,
    )
    tools = [parse_tool(entry.read_text(encoding="utf-8"), name=entry.name) for entry in files]
    return assemble(tools, capabilities)


def parse_tool(text: str, *, name: str) -> Tool:
    """Decode one tool file strictly; `name` is said in errors."""
    return _decode(text, Tool, name=name)


def parse_capabilities(text: str) -> list[Capability]:
    """Decode the list of capabilities."""
    return _decode(text, list[Capability], name=_CAPABILITIES)


def assemble(tools: Iterable[Tool], capabilities: Iterable[Capability]) -> Catalog:
    """Put the parts together and check that every reference between them holds."""
    catalog = Catalog(
        tools={tool.id: tool for tool in tools},
        capabilities={capability.id: capability for capability in capabilities},
    )
    problems = [problem for tool in catalog.tools.values() for problem in _dangling(tool, catalog)]
    problems += [
        f"capability {capability.id} prefers the unknown tool {wanted}"
        for capability in catalog.capabilities.values()
        for wanted in capability.preferred
        if wanted not in catalog.tools
    ]
    if problems:
        raise UserError(
            f"The catalog does not hold together: {problems[0]}.",
            hint=f"Mend it in src/mas/catalog ({len(problems)} in all).",
            code="catalog_invalid",
        )
    return catalog


def _dangling(tool: Tool, catalog: Catalog) -> Iterable[str]:
    """References of one tool that lead nowhere."""
    components = {component.name for component in tool.components}
    given = {*tool.capabilities.primary, *tool.capabilities.secondary}
    for capability in sorted(given | set(tool.operations.requires)):
        if capability not in catalog.capabilities:
            yield f"{tool.id} names the unknown capability {capability}"
    for capability, component in tool.capabilities.depends.items():
        if capability not in given:
            yield f"{tool.id}.capabilities.depends names {capability}, which it does not give"
        if component not in components:
            yield f"{tool.id}.capabilities.depends names the unknown component {component}"
    for other in (*tool.lifecycle.successors, *tool.bundles):
        if other not in catalog.tools:
            yield f"{tool.id} names the unknown tool {other}"
    if not any(component.role == "core" for component in tool.components):
        yield f"{tool.id} has no core component"


def _decode(text: str, type_: type[T], *, name: str) -> T:
    try:
        return msgspec.convert(yaml.load(text, Loader=_Loader), type_, strict=True)  # noqa: S506
    except yaml.YAMLError as exc:
        raise UserError(
            f"Catalog file {name} is not valid YAML: {' '.join(str(exc).split())}.",
            hint="Mend the file and try again.",
            code="catalog_invalid",
        ) from exc
    except msgspec.ValidationError as exc:
        raise UserError(
            f"Catalog file {name} is wrong: {exc}.",
            hint="CONTRIBUTING.md explains the format.",
            code="catalog_invalid",
        ) from exc
