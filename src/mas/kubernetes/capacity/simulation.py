"""Asks whether a tool's pods find room in a cluster, and why not (D4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mas.kubernetes.capacity import quota, rules
from mas.kubernetes.capacity.model import (
    SHOWN_NODES,
    Failure,
    Fit,
    Headroom,
    Placement,
    PodDemand,
    QuotaFailure,
)
from mas.kubernetes.capacity.packing import Attempt, Ground, attempts, size
from mas.kubernetes.capacity.rules import Obstacle
from mas.kubernetes.cluster import Amount, Cluster, Node


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """A fit together with the attempts behind it, best first."""

    fit: Fit
    ground: Ground
    tried: tuple[Attempt, ...]


def simulate(
    cluster: Cluster,
    demands: Sequence[PodDemand],
    *,
    namespace: str,
    without: str | None = None,
) -> Fit:
    """Place the pods of `demands` on the nodes, and judge the quotas of `namespace`.

    It fits when any sensible way of placing them works; what is refused is explained from the way
    that placed most. The result does not depend on the order of nodes.

    Args:
        without: Name of a node that is treated as lost; None for the cluster as it is.
    """
    return run(cluster, demands, namespace=namespace, without=without).fit


def run(
    cluster: Cluster,
    demands: Sequence[PodDemand],
    *,
    namespace: str,
    without: str | None = None,
) -> Simulated:
    """Like `simulate`, and keeps how the pods were placed."""
    ground, refused = _prepare(cluster, demands, namespace, without)
    tried = sorted(attempts(ground), key=lambda attempt: attempt.lacking)
    failures = tuple(
        failure
        for number in range(len(ground.demands))
        if (failure := _failure(ground, tried[0], number)) is not None
    )
    fit = Fit(
        fits=not failures and not refused,
        placements=tuple(
            _placement(ground, tried[0], number) for number in range(len(ground.demands))
        ),
        failures=failures,
        quotas=refused,
    )
    return Simulated(fit=fit, ground=ground, tried=tuple(tried))


def fits(
    cluster: Cluster,
    demands: Sequence[PodDemand],
    *,
    namespace: str,
    without: str | None = None,
) -> bool:
    """The short answer of `simulate`, without the work of explaining a no."""
    ground, refused = _prepare(cluster, demands, namespace, without)
    return not refused and any(
        not attempt.lacking
        and not any(_nowhere(ground, attempt, number) for number in range(len(ground.demands)))
        for attempt in attempts(ground)
    )


def _prepare(
    cluster: Cluster, demands: Sequence[PodDemand], namespace: str, without: str | None
) -> tuple[Ground, tuple[QuotaFailure, ...]]:
    nodes = list(rules.nodes_by_name(cluster, without))
    refused = quota.refusals(cluster, nodes, demands, namespace=namespace)
    return Ground(nodes, quota.with_defaults(cluster, demands, namespace=namespace)), refused


def _placement(ground: Ground, attempt: Attempt, number: int) -> Placement:
    demand = ground.demands[number]
    hosts = sorted(attempt.hosts[number])
    shown = hosts[:SHOWN_NODES] if demand.per_node else hosts
    return Placement(
        component=demand.component,
        nodes=tuple(ground.nodes[at].name for at in shown),
        total=len(hosts),
    )


def _failure(ground: Ground, attempt: Attempt, number: int) -> Failure | None:
    """What to say about one component; None when nothing of it is missing."""
    demand = ground.demands[number]
    missing = attempt.missing[number]
    pods = len(missing) if demand.per_node else attempt.unplaced[number]
    if not pods and not _nowhere(ground, attempt, number):
        return None
    looked_at = missing if missing else range(len(ground.nodes))
    found = [(at, _obstacles(ground, attempt, number, at)) for at in looked_at]
    refusals = [(ground.nodes[at].name, reason) for at, reasons in found for reason in reasons]
    open_nodes = [at for at, reasons in found if _of_resources(reasons)]
    free = [_left(attempt, at) for at in open_nodes]
    total = rules.sum_of(free)
    nearest = min(open_nodes, key=lambda at: _shortfall(attempt, demand, at), default=None)
    return Failure(
        component=demand.component,
        pods=max(1, pods),
        wanted=max(1, len(attempt.hosts[number]) + pods),
        per_node=demand.per_node,
        cpu=demand.cpu,
        memory=demand.memory,
        causes=rules.causes(refusals),
        fragmented=not demand.per_node and _together(total, demand, pods),
        free=total,
        nearest="" if nearest is None else ground.nodes[nearest].name,
        nearest_free=Amount() if nearest is None else _left(attempt, nearest),
    )


def _nowhere(ground: Ground, attempt: Attempt, number: int) -> bool:
    """True for a per-node component that runs on no node, though some are meant for it."""
    demand = ground.demands[number]
    if not demand.per_node or attempt.hosts[number]:
        return False
    meant = (
        all(node.labels.get(key) == value for key, value in demand.node_selector.items())
        for node in ground.nodes
    )
    return not ground.nodes or any(meant)


def _obstacles(ground: Ground, attempt: Attempt, number: int, at: int) -> list[Obstacle]:
    """Why the node takes no (further) pod of this demand; empty when it would."""
    demand = ground.demands[number]
    refused = rules.obstacle(ground.nodes[at], demand)
    if refused is not None:
        return [refused]
    if demand.spread and at in attempt.hosts[number]:
        return [("anti-affinity", "")]
    found: list[Obstacle] = []
    if demand.cpu and attempt.room.cpu[at] < demand.cpu:
        found.append(("cpu", ""))
    if demand.memory and attempt.room.memory[at] < demand.memory:
        found.append(("memory", ""))
    if attempt.room.slots[at] < 1:
        found.append(("pods", ""))
    return found


def _of_resources(obstacles: Sequence[Obstacle]) -> bool:
    """True when nothing but a lack of resources keeps the pod from the node."""
    return all(kind in {"cpu", "memory", "pods"} for kind, _ in obstacles)


def _left(attempt: Attempt, at: int) -> Amount:
    room = attempt.room
    return Amount(
        cpu=max(0, room.cpu[at]), memory=max(0, room.memory[at]), pods=max(0, room.slots[at])
    )


def _shortfall(attempt: Attempt, demand: PodDemand, at: int) -> tuple[int, int, int]:
    """How much the node lacks for one pod; the index breaks ties by name."""
    left = _left(attempt, at)
    lack = size(max(0, demand.cpu - left.cpu), max(0, demand.memory - left.memory))
    return lack, int(not left.pods), at


def _together(total: Amount, demand: PodDemand, pods: int) -> bool:
    return (
        total.pods >= pods
        and total.cpu >= pods * demand.cpu
        and total.memory >= pods * demand.memory
    )


def headroom(cluster: Cluster) -> Headroom:
    """Totals over the nodes that take an ordinary pod, without tolerations or selectors."""
    usable: list[Node] = []
    refusals: list[tuple[str, Obstacle]] = []
    for node in rules.nodes_by_name(cluster):
        refused = rules.obstacle(node, rules.ORDINARY)
        if refused is None:
            usable.append(node)
        else:
            refusals.append((node.name, refused))
    allocatable = [
        Amount(cpu=n.allocatable.cpu, memory=n.allocatable.memory, pods=rules.slots(n))
        for n in usable
    ]
    requested = [node.requested for node in usable]
    used = [node.used for node in usable if node.used is not None]
    return Headroom(
        nodes=len(usable),
        allocatable=rules.sum_of(allocatable),
        requested=rules.sum_of(requested),
        free=rules.sum_of([rules.free_on(node) for node in usable]),
        used=rules.sum_of(used) if usable and len(used) == len(usable) else None,
        unusable=rules.causes(refusals),
    )
