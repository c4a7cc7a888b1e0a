"""Where each pod of a tool would lie, node by node, now and with one node lost (D4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from mas.core.capacity import (
    Capacity,
    Layout,
    NodeUse,
    Obstacle,
    PodSize,
    PodsOf,
    QuotaLimit,
    Refusal,
    Share,
    Unplaced,
)
from mas.kubernetes.capacity import rules
from mas.kubernetes.capacity.loss import node_loss
from mas.kubernetes.capacity.model import Failure, PodDemand, QuotaFailure
from mas.kubernetes.capacity.simulation import Simulated, run
from mas.kubernetes.cluster import Cluster, Node

MOST_NODES = 30
"""How many nodes are told of; the others are counted."""


def capacity_of(
    cluster: Cluster,
    demands: Sequence[PodDemand],
    *,
    namespace: str,
    guessed: Collection[str] = (),
) -> Capacity | None:
    """The nodes with the tool's pods on them; without demands the nodes alone.

    None when no node tells what it can allocate.

    Args:
        guessed: Components whose numbers are a recommended sizing, declared by nobody.
    """
    if not any(node.allocatable_text for node in cluster.nodes):
        return None
    now = run(cluster, demands, namespace=namespace)
    lost = _lost(cluster, demands, namespace, now)
    without = run(cluster, demands, namespace=namespace, without=lost) if lost else None
    named = [node for one in (now, without) if one for node in _hosting(one)]
    shown = _shown(now.ground.nodes, {*named, *([lost] if lost else [])})
    return Capacity(
        sizes=tuple(_size(one, guessed) for one in now.ground.demands),
        now=_layout(now, shown, total=len(cluster.nodes)),
        without=None
        if without is None
        else _layout(without, shown, total=len(cluster.nodes) - 1, lost=lost),
    )


def _lost(
    cluster: Cluster, demands: Sequence[PodDemand], namespace: str, now: Simulated
) -> str | None:
    """The node whose loss breaks it, else the one with most of the tool's pods on it."""
    if not demands or len(cluster.nodes) < 2:
        return None
    loss = node_loss(cluster, demands, namespace=namespace, fit=now.fit)
    if loss.breaking:
        return loss.breaking[0]
    pods = {name: _hosting(now).count(name) for name in _hosting(now)}
    most = max(pods.values(), default=0)
    return min((name for name, count in pods.items() if count == most), default=None)


def _hosting(simulated: Simulated) -> list[str]:
    """The node of each pod that was placed."""
    nodes = simulated.ground.nodes
    return [nodes[at].name for hosts in simulated.tried[0].hosts for at in hosts]


def _shown(nodes: Sequence[Node], hosting: set[str]) -> frozenset[str]:
    """Those that have to do with the tool first, then those that take pods, then by name."""
    ordered = sorted(
        nodes,
        key=lambda node: (
            node.name not in hosting,
            rules.obstacle(node, rules.ORDINARY) is not None,
            node.name,
        ),
    )
    return frozenset(node.name for node in ordered[:MOST_NODES])


def _layout(
    simulated: Simulated, shown: frozenset[str], *, total: int, lost: str | None = None
) -> Layout:
    ground, attempt = simulated.ground, simulated.tried[0]
    nodes = tuple(
        _node_use(node, _pods_on(simulated, at))
        for at, node in enumerate(ground.nodes)
        if node.name in shown
    )
    return Layout(
        nodes=nodes,
        hidden=max(0, total - len(nodes)),
        placed=sum(len(hosts) for hosts in attempt.hosts),
        unplaced=tuple(_unplaced(one) for one in simulated.fit.failures),
        quotas=tuple(_quota(one) for one in simulated.fit.quotas),
        lost=lost,
    )


def _pods_on(simulated: Simulated, at: int) -> list[tuple[PodDemand, int]]:
    hosts = simulated.tried[0].hosts
    counted = ((one, hosts[n].count(at)) for n, one in enumerate(simulated.ground.demands))
    return [(demand, pods) for demand, pods in counted if pods]


def _node_use(node: Node, placed: Iterable[tuple[PodDemand, int]]) -> NodeUse:
    placed = tuple(placed)
    closed = rules.obstacle(node, rules.ORDINARY)
    return NodeUse(
        name=node.name,
        control_plane=node.control_plane,
        cpu=Share(
            allocatable=node.allocatable.cpu,
            requested=node.requested.cpu,
            added=sum(one.cpu * pods for one, pods in placed),
        ),
        memory=Share(
            allocatable=node.allocatable.memory,
            requested=node.requested.memory,
            added=sum(one.memory * pods for one, pods in placed),
        ),
        placed=tuple(PodsOf(component=one.component, pods=pods) for one, pods in placed),
        closed=None if closed is None else Obstacle(kind=closed[0], key=closed[1]),
    )


def _unplaced(failure: Failure) -> Unplaced:
    return Unplaced(
        component=failure.component,
        pods=failure.pods,
        wanted=failure.wanted,
        cpu=failure.cpu,
        memory=failure.memory,
        refusals=tuple(
            Refusal(kind=one.kind, key=one.key, nodes=one.nodes.total, examples=one.nodes.examples)
            for one in failure.causes
        ),
    )


def _quota(failure: QuotaFailure) -> QuotaLimit:
    return QuotaLimit(
        quota=failure.quota,
        namespace=failure.namespace,
        resource=failure.resource,
        reason=failure.reason,
        hard=failure.hard,
        used=failure.used,
        wanted=failure.wanted,
    )


def _size(demand: PodDemand, guessed: Collection[str]) -> PodSize:
    return PodSize(
        component=demand.component,
        pods=0 if demand.per_node else demand.replicas,
        per_node=demand.per_node,
        cpu=demand.cpu,
        memory=demand.memory,
        declared=demand.declared and demand.component not in guessed,
    )
