"""What would running the tool cost those who run it?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.teams.decide.findings import Finding
from mas.teams.decide.situation import Situation


def burden_of_running_it(situation: Situation) -> Iterable[Finding]:
    """CRDs and controllers to look after, learning curve, upkeep."""
    tool = situation.tool
    definitions = sum(len(group.kinds) for group in tool.recognise.crds if not group.shared)
    workloads = sum(1 for component in tool.components if component.installed)
    yield Finding(
        key=f"operations.{tool.operations.learning}",
        params={
            "tool": tool.name,
            "crds": definitions,
            "workloads": workloads,
            "upkeep": tool.operations.text,
        },
        kind="operations",
        stance="for" if tool.operations.learning == "low" else "against",
        evidence=(
            situation.cite_catalog("number of custom resource definitions", str(definitions)),
            situation.cite_catalog("number of components", str(workloads)),
        ),
    )


def needs_other_tools_first(situation: Situation) -> Iterable[Finding]:
    """Something that must run before it does not."""
    for capability in situation.tool.operations.requires:
        if situation.inventory.giving(capability):
            continue
        entry = situation.catalog.capabilities[capability]
        yield Finding(
            key="operations.requires",
            params={
                "tool": situation.tool.name,
                "capability": entry.name,
                "candidates": tuple(situation.catalog.tools[id_].name for id_ in entry.preferred),
            },
            kind="operations",
            stance="against",
            evidence=(
                situation.cite_catalog("operations.requires", capability),
                situation.cite_count(f"healthy tools that give {capability}", 0),
            ),
        )
