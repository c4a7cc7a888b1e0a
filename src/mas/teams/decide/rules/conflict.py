"""Would the tool collide with something that is there?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.core.tools import Tool
from mas.kubernetes.cluster import Cluster, Node
from mas.kubernetes.inventory import Installation
from mas.teams.decide.findings import Finding
from mas.teams.decide.situation import Situation

_PLATFORMS = {"aws": "AWS"}
"""Platforms that people write in another way than a `providerID` does."""


def exclusive_capabilities(situation: Situation) -> tuple[str, ...]:
    """Primary capabilities of which a cluster bears only one provider."""
    return tuple(
        id_
        for id_ in situation.tool.capabilities.primary
        if situation.catalog.capabilities[id_].exclusive
    )


def rivals_of_its_kind(situation: Situation, capability: str) -> tuple[Installation, ...]:
    """Installations, in whatever health, whose own purpose is the same exclusive capability."""
    return tuple(
        one
        for one in situation.inventory.installations
        if one.tool.id != situation.tool.id and capability in one.tool.capabilities.primary
    )


def collides_with_its_kind(situation: Situation) -> Iterable[Finding]:
    """A second pod network or load balancer would fight the first, healthy or not."""
    for capability in exclusive_capabilities(situation):
        name = situation.catalog.capabilities[capability].name
        rivals = rivals_of_its_kind(situation, capability)
        for rival in rivals:
            yield Finding(
                key="conflict.second",
                params={
                    "tool": situation.tool.name,
                    "other": rival.tool.name,
                    "namespace": rival.namespace,
                    "capability": name,
                },
                kind="conflict",
                stance="against",
                evidence=(situation.cite_image(rival),),
                blocks=True,
            )
        if rivals:
            continue
        if capability == "cni-networking":
            yield from _network_of_the_nodes(situation)
        elif capability == "load-balancing" and not situation.tool.platform:
            yield from _balancer_of_the_platform(situation)


def _network_of_the_nodes(situation: Situation) -> Iterable[Finding]:
    """A pod network that is built into the nodes (k3s) shows only in their annotations."""
    for node in situation.cluster.nodes:
        if node.cni:
            yield Finding(
                key="conflict.node_network",
                params={"tool": situation.tool.name, "network": node.cni, "node": node.name},
                kind="conflict",
                stance="against",
                evidence=(
                    situation.book.cite(f"Node/{node.name}", node.cni_field, node.cni_value),
                ),
                blocks=True,
            )
            return
    ready = next((node for node in situation.cluster.nodes if node.ready), None)
    if ready and ready.ready_index >= 0:
        yield Finding(
            key="conflict.unknown_network",
            params={"tool": situation.tool.name, "node": ready.name},
            kind="conflict",
            stance="against",
            evidence=(
                situation.book.cite(
                    f"Node/{ready.name}",
                    f"status.conditions[{ready.ready_index}].status",
                    ready.ready_text,
                ),
            ),
        )


def _balancer_of_the_platform(situation: Situation) -> Iterable[Finding]:
    """Services that have an address although no load balancer of the catalog runs here."""
    for service in situation.cluster.load_balancers:
        if service.address and not service.load_balancer_class:
            yield Finding(
                key="conflict.platform_balancer",
                params={
                    "tool": situation.tool.name,
                    "service": f"{service.namespace}/{service.name}",
                    "address": service.address,
                },
                kind="conflict",
                stance="against",
                evidence=(
                    situation.book.cite(
                        f"Service/{service.namespace}/{service.name}",
                        service.address_field,
                        service.address,
                    ),
                ),
                blocks=True,
            )
            return


def suits_the_platform(tool: Tool, cluster: Cluster) -> bool:
    """Whether the nodes belong to the cloud that a tool is made for, if it is made for one."""
    return tool.platform is None or tool.platform in {_provider(node) for node in cluster.nodes}


def _provider(node: Node) -> str:
    return node.provider_id.partition(":")[0]


def belongs_to_its_platform(situation: Situation) -> Iterable[Finding]:
    """A tool of one cloud does nothing on nodes of another; without a word of theirs it is told."""
    platform = situation.tool.platform
    if not situation.cluster.nodes or suits_the_platform(situation.tool, situation.cluster):
        return
    telling = [node for node in situation.cluster.nodes if node.provider_id]
    node = (telling or situation.cluster.nodes)[0]
    field, value = (
        ("spec.providerID", node.provider_id) if telling else ("metadata.name", node.name)
    )
    yield Finding(
        key="conflict.platform" if telling else "conflict.platform_untold",
        params={
            "tool": situation.tool.name,
            "platform": _PLATFORMS.get(platform or "", platform or ""),
            "node": node.name,
            "provider": _provider(node),
        },
        kind="conflict",
        stance="against",
        evidence=(situation.book.cite(f"Node/{node.name}", field, value),),
        blocks=bool(telling),
    )


def left_over_definitions(situation: Situation) -> Iterable[Finding]:
    """Custom resource definitions without a controller: half an installation, never healthy."""
    left = situation.inventory.left_over.get(situation.tool.id)
    if not left:
        return
    yield Finding(
        key="conflict.left_over_used" if left.resources else "conflict.left_over",
        params={
            "tool": situation.tool.name,
            "count": len(left.names),
            "example": left.names[0],
            "resources": left.resources,
        },
        kind="conflict",
        stance="against",
        evidence=tuple(
            situation.book.cite(f"CustomResourceDefinition/{name}", "metadata.name", name)
            for name in left.names[:3]
        ),
    )
