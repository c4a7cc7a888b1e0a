"""What the loss of one node would mean for a tool that fits now (D4)."""

from __future__ import annotations

from collections.abc import Sequence

from mas.kubernetes.capacity import rules
from mas.kubernetes.capacity.model import Fit, LossReport, NodeNames, PodDemand
from mas.kubernetes.capacity.packing import Attempt, Ground, attempts, daemons, size
from mas.kubernetes.capacity.simulation import fits, run
from mas.kubernetes.cluster import Amount, Cluster, Node


def node_loss(
    cluster: Cluster, demands: Sequence[PodDemand], *, namespace: str, fit: Fit
) -> LossReport:
    """Find the nodes without which the tool no longer fits, and those whose loss leaves it tight.

    Only nodes that host replicas are tried: a pod elsewhere stays where it is, and a per-node pod
    goes with its node.

    Args:
        fit: What `simulate` said about the same cluster, demands and namespace.
    """
    if not fit.fits or len(cluster.nodes) < 2:
        return LossReport(applicable=False)
    now = run(cluster, demands, namespace=namespace)
    ground, attempt = now.ground, now.tried[0]
    admitted = {at for nodes in ground.admitted for at in nodes}
    usable = [
        at
        for at, node in enumerate(ground.nodes)
        if at in admitted or rules.obstacle(node, rules.ORDINARY) is None
    ]
    room = daemons(ground).room
    roomy = ground.keeping(room.takes)
    breaking = [
        ground.nodes[at].name
        for at in _pivotal(ground, attempt)
        if not _survives(ground, attempt, at) and not _fits_anew(roomy, at)
    ]
    breaking += [
        ground.nodes[at].name
        for at in _sole(ground, attempt)
        if not fits(cluster, demands, namespace=namespace, without=ground.nodes[at].name)
    ]
    return LossReport(
        applicable=True,
        breaking=tuple(sorted(set(breaking))),
        crowded=NodeNames.of(_crowded(ground, attempt, usable)),
    )


def _pivotal(ground: Ground, attempt: Attempt) -> set[int]:
    """The nodes that host replicas."""
    return {at for demand, hosts in _pairs(ground, attempt) if not demand.per_node for at in hosts}


def _sole(ground: Ground, attempt: Attempt) -> set[int]:
    """The nodes that host all there is of a per-node component."""
    return {h[0] for demand, h in _pairs(ground, attempt) if demand.per_node and len(h) == 1}


def _fits_anew(ground: Ground, lost: int) -> bool:
    """True when all replicas find room elsewhere once all of them may move."""
    rest = ground.keeping(lambda at, _: at != lost)
    return any(not sum(attempt.unplaced) for attempt in attempts(rest))


def _survives(ground: Ground, attempt: Attempt, lost: int) -> bool:
    """True when the lost pods find room beside the others, which stay where they are."""
    room = attempt.room.copy()
    order = sorted(
        range(len(ground.demands)),
        key=lambda at: -size(ground.demands[at].cpu, ground.demands[at].memory),
    )
    for number in order:
        demand, hosts = ground.demands[number], attempt.hosts[number]
        if demand.per_node:
            continue
        taken = set(hosts) if demand.spread else {lost}
        for _ in range(hosts.count(lost)):
            open_nodes = (
                at
                for at in ground.admitted[number]
                if at != lost and at not in taken and room.takes(at, demand)
            )
            found = min(open_nodes, key=lambda at: (room.cpu[at], room.memory[at]), default=None)
            if found is None:
                return False
            room.put(found, demand)
    return True


def _crowded(ground: Ground, attempt: Attempt, usable: Sequence[int]) -> list[str]:
    """Nodes whose own requests and the tool's together exceed what the other nodes have left."""
    left = {at: rules.free_on(ground.nodes[at]) for at in usable}
    everywhere = rules.sum_of(list(left.values()))
    tool = rules.sum_of([_all_pods(d, len(h)) for d, h in _pairs(ground, attempt)])
    gone: dict[int, list[Amount]] = {}
    for demand, hosts in _pairs(ground, attempt):
        for at in hosts if demand.per_node else ():
            gone.setdefault(at, []).append(_all_pods(demand, 1))
    names = []
    for at, node in enumerate(ground.nodes):
        if not _holds_ordinary_pods(node):
            continue
        # The node's own per-node pods of the tool go with it, its other pods have to move.
        own, spared = left.get(at, Amount()), rules.sum_of(gone.get(at, ()))
        asked = rules.sum_of([node.requested, tool])
        if (
            asked.cpu - spared.cpu > everywhere.cpu - own.cpu
            or asked.memory - spared.memory > everywhere.memory - own.memory
            or asked.pods - spared.pods > everywhere.pods - own.pods
        ):
            names.append(node.name)
    return names


def _pairs(ground: Ground, attempt: Attempt) -> list[tuple[PodDemand, list[int]]]:
    return list(zip(ground.demands, attempt.hosts, strict=True))


def _all_pods(demand: PodDemand, pods: int) -> Amount:
    return Amount(cpu=demand.cpu * pods, memory=demand.memory * pods, pods=pods)


def _holds_ordinary_pods(node: Node) -> bool:
    refused = rules.obstacle(node, rules.ORDINARY)
    return refused is None or refused[0] in {"cordoned", "saturated"}
