"""What could not be read, and whether it could change the verdict (D1, D5)."""

from __future__ import annotations

from collections.abc import Iterable

from mas.core.tools import Component, Tool
from mas.core.versions import parse_version
from mas.kubernetes.kinds import WORKLOAD_KINDS
from mas.teams.decide.findings import Finding
from mas.teams.decide.rules.overlap import unproven_rivals
from mas.teams.decide.rules.storage import needs_storage, volumes_may_exist_unseen
from mas.teams.decide.situation import Situation
from mas.teams.decide.sizing import tells_its_size


def too_little_to_decide(situation: Situation) -> Iterable[Finding]:
    """Without nodes, or without any workload kind, nothing can be said about a cluster."""
    cluster = situation.cluster
    if not cluster.nodes and "nodes" not in situation.blind:
        yield _gap(situation, "gap.no_nodes", "nodes", stood="0")
    if cluster.workloads_read:
        return
    unseen = sorted({*WORKLOAD_KINDS.values(), "pods"} & situation.blind)
    for kind in unseen:
        yield _gap(situation, "gap.presence", kind)
    if not unseen:
        yield _gap(situation, "gap.no_workloads", "workloads", stood="0")


def hides_the_tool(situation: Situation) -> Iterable[Finding]:
    """The tool itself may run where nobody could look."""
    kinds = {
        WORKLOAD_KINDS[component.workload]
        for component in situation.tool.components
        if component.role == "core"
    }
    for kind in sorted(kinds & situation.blind):
        yield _gap(situation, "gap.presence", kind)


def hides_a_rival(situation: Situation) -> Iterable[Finding]:
    """Something that gives the same, or collides, may run where nobody could look."""
    wanted = set(situation.tool.capabilities.primary)
    kinds = {
        WORKLOAD_KINDS[component.workload]
        for tool in situation.catalog.tools.values()
        for component in _proving(tool, wanted)
    }
    if "load-balancing" in wanted:
        kinds.add("services")  # the load balancer of a platform shows only in their addresses
    for kind in sorted(kinds & situation.blind):
        yield _gap(situation, "gap.rival", kind)


def _proving(tool: Tool, capabilities: Iterable[str]) -> Iterable[Component]:
    """The components of a tool by which one knows that it gives some of these capabilities."""
    given = {*tool.capabilities.primary, *tool.capabilities.secondary}
    given &= set(capabilities)
    hanging = {tool.capabilities.depends.get(id_) for id_ in given}
    for component in tool.components:
        if given and (component.role == "core" or component.name in hanging):
            yield component


def hides_the_health(situation: Situation) -> Iterable[Finding]:
    """What would cover the purpose is there, but nothing tells whether it is healthy."""
    for rival in unproven_rivals(situation):
        part = rival.core
        yield Finding(
            key="gap.health",
            params={
                "tool": situation.tool.name,
                "other": rival.tool.name,
                "namespace": rival.namespace,
                "object": part.object,
                "kind": "pods",
            },
            kind="permission",
            stance="against",
            evidence=(situation.cite_image(rival),),
        )


def hides_the_room(situation: Situation) -> Iterable[Finding]:
    """Nodes, pods or quotas are unknown, so nobody can tell whether the pods fit."""
    for kind in ("nodes", "pods"):
        if kind in situation.blind:
            yield _gap(situation, "gap.capacity", kind)
    if situation.cluster.nodes and not tells_its_size(situation.cluster):
        yield _gap(situation, "gap.size_untold", "nodes", stood="0")
    # A quota lives in a namespace: one that is not there yet has none.
    exists = situation.namespace in situation.cluster.namespaces
    if "resourcequotas" in situation.blind and (exists or "namespaces" in situation.blind):
        yield _gap(situation, "gap.quota", "resourcequotas")


def hides_the_storage(situation: Situation) -> Iterable[Finding]:
    """A stateful tool needs to know the storage classes, and volumes where no class makes them."""
    if not needs_storage(situation):
        return
    if "storageclasses" in situation.blind:
        yield _gap(situation, "gap.storage", "storageclasses")
    elif volumes_may_exist_unseen(situation):
        yield _gap(situation, "gap.storage", "persistentvolumes")


def hides_the_version(situation: Situation) -> Iterable[Finding]:
    """The minimum version cannot be compared with a version that nobody knows."""
    minimum = situation.tool.kubernetes.min
    if minimum and not parse_version(situation.cluster.version):
        key = "gap.version" if "nodes" in situation.blind else "gap.version_untold"
        yield _gap(situation, key, "nodes", stood=situation.cluster.version or "none")


def _gap(situation: Situation, key: str, kind: str, *, stood: str = "") -> Finding:
    cluster = situation.cluster
    forbidden = kind in cluster.forbidden
    return Finding(
        key=key,
        params={
            "tool": situation.tool.name,
            "kind": kind,
            "namespace": situation.namespace,
            "minimum": situation.tool.kubernetes.min or "",
        },
        kind="permission",
        stance="against",
        evidence=(
            situation.book.cite(
                f"Snapshot/{cluster.name}"
                if cluster.source == "snapshot"
                else f"Cluster/{cluster.name}",
                "forbidden kinds" if forbidden else f"{kind} read",
                ", ".join(cluster.forbidden) if forbidden else stood or "no",
            ),
        ),
    )
