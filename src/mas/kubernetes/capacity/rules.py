"""Which node takes which pod, before resources are counted: the scheduler's filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mas.kubernetes.capacity.model import Cause, CauseKind, NodeNames, PodDemand, Toleration
from mas.kubernetes.cluster import Amount, Cluster, Node, Taint

Obstacle = tuple[CauseKind, str]
"""A cause and its key."""

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
SATURATED_PERCENT = 90
"""Measured use of allocatable from which a node takes no new pods."""

_NOT_READY = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
_REPELLING = {"NoSchedule", "NoExecute"}
_KUBELET_PODS = 110
"""The kubelet's own `maxPods`, for a node whose source does not tell its pod slots."""

# What the DaemonSet controller adds to each of its pods.
_DAEMON_TOLERATES = tuple(
    Toleration(key=f"node.kubernetes.io/{condition}", operator="Exists", effect=effect)
    for condition, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)
_ORDER: tuple[CauseKind, ...] = (
    "cpu",
    "memory",
    "pods",
    "saturated",
    "anti-affinity",
    "cordoned",
    "not-ready",
    "taint",
    "selector",
)

ORDINARY = PodDemand(component="")
"""A pod that asks for nothing and tolerates nothing."""


def obstacle(node: Node, demand: PodDemand) -> Obstacle | None:
    """The first rule by which `node` refuses such a pod; None when it admits it.

    Nothing is placed on a NotReady node, whatever is tolerated: it would not run there.
    """
    if not node.ready:
        return "not-ready", ""
    if node.unschedulable or node.taints:
        refused = _repelled(node, demand)
        if refused is not None:
            return refused
    for key, value in demand.node_selector.items():
        if node.labels.get(key) != value:
            return "selector", f"{key}={value}"
    if saturated(node):
        return "saturated", ""
    return None


def _repelled(node: Node, demand: PodDemand) -> Obstacle | None:
    tolerates = demand.tolerates + (_DAEMON_TOLERATES if demand.per_node else ())
    cordon = Taint(key=UNSCHEDULABLE, effect="NoSchedule")
    if node.unschedulable and not _tolerated(cordon, tolerates):
        return "cordoned", ""
    for taint in node.taints:
        if taint.effect not in _REPELLING or _tolerated(taint, tolerates):
            continue
        if taint.key in _NOT_READY:
            return "not-ready", ""
        return ("cordoned", "") if taint.key == UNSCHEDULABLE else ("taint", taint.key)
    return None


def _tolerated(taint: Taint, tolerates: Iterable[Toleration]) -> bool:
    return any(
        (not toleration.effect or toleration.effect == taint.effect)
        and (toleration.key == taint.key if toleration.key else toleration.operator == "Exists")
        and (toleration.operator == "Exists" or toleration.value == taint.value)
        for toleration in tolerates
    )


def saturated(node: Node) -> bool:
    """True when measured use of CPU or memory leaves no room for new pods."""
    if node.used is None:
        return False
    use, limit = node.used, node.allocatable
    return any(
        allocatable > 0 and used * 100 >= allocatable * SATURATED_PERCENT
        for used, allocatable in ((use.cpu, limit.cpu), (use.memory, limit.memory))
    )


def cordoned(node: Node) -> bool:
    """True when somebody marked the node unschedulable."""
    return node.unschedulable or any(taint.key == UNSCHEDULABLE for taint in node.taints)


def wants_daemon(node: Node, demand: PodDemand) -> bool:
    """True when a per-node pod belongs on `node` and has to find room there.

    A cordoned node gets the pod when there is room, but its absence there is no failure.
    """
    refused = obstacle(node, demand)
    return not cordoned(node) and (refused is None or refused[0] == "saturated")


def slots(node: Node) -> int:
    """How many pods the node holds at most."""
    if not node.allocatable.pods and "pods" not in node.allocatable_text:
        return _KUBELET_PODS
    return node.allocatable.pods


def free_on(node: Node) -> Amount:
    """Allocatable minus requested, never below zero."""
    return Amount(
        cpu=max(0, node.allocatable.cpu - node.requested.cpu),
        memory=max(0, node.allocatable.memory - node.requested.memory),
        pods=max(0, slots(node) - node.requested.pods),
    )


def sum_of(amounts: Sequence[Amount]) -> Amount:
    """The sum."""
    return Amount(
        cpu=sum(amount.cpu for amount in amounts),
        memory=sum(amount.memory for amount in amounts),
        pods=sum(amount.pods for amount in amounts),
    )


def nodes_by_name(cluster: Cluster, without: str | None = None) -> Iterator[Node]:
    """All nodes but `without`, so ordered that results do not depend on the source's order."""
    for node in sorted(cluster.nodes, key=lambda node: node.name):
        if node.name != without:
            yield node


def causes(refusals: Iterable[tuple[str, Obstacle]]) -> tuple[Cause, ...]:
    """Groups (node name, obstacle) pairs by obstacle: lack of resources first, then the rest."""
    names: dict[Obstacle, list[str]] = {}
    for name, refused in refusals:
        names.setdefault(refused, []).append(name)
    grouped = (
        Cause(kind=kind, key=key, nodes=NodeNames.of(found)) for (kind, key), found in names.items()
    )
    return tuple(sorted(grouped, key=lambda c: (_ORDER.index(c.kind), -c.nodes.total, c.key)))
