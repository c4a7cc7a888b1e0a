"""The smallest single change after which a tool fits (the counterfactual of D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from msgspec import structs

from mas.kubernetes.capacity import quota, rules
from mas.kubernetes.capacity.model import NOTHING, Change, PodDemand, QuotaRaise
from mas.kubernetes.capacity.packing import Attempt, Ground, Room, size
from mas.kubernetes.capacity.simulation import Simulated, fits, run
from mas.kubernetes.cluster import Amount, Cluster, Node, Quota

_TRIES = 8
"""How many candidates of one kind are simulated; the most promising come first."""

_HOSTNAME = "kubernetes.io/hostname"
_CONDITION_TAINTS = "node.kubernetes.io/"
"""Taints that tell of a node's state, which a new node does not share."""


def smallest_change(
    cluster: Cluster, demands: Sequence[PodDemand], *, namespace: str
) -> Change | None:
    """Find one change that makes the tool fit, the cheapest kind first; each is tried out.

    The order: raise quotas, declare requests, uncordon a node, free resources on a node, add
    nodes. None when it fits already, and when no single change is enough.
    """
    now = run(cluster, demands, namespace=namespace)
    if now.fit.fits:
        return None

    def enough(change: Change) -> bool:
        changed, asked = apply_change(cluster, demands, change)
        return fits(changed, asked, namespace=namespace)

    if now.fit.quotas:
        candidates = [*_raise_quotas(now), *_declare(now)]
    else:
        candidates = [*_uncordon(now), *_free(now)]
    for change in candidates:
        if enough(change):
            return change
    # New nodes do not help against a quota, nor where a per-node pod lacks room.
    if now.fit.quotas or any(failure.per_node for failure in now.fit.failures):
        return None
    like = _template(now)
    if like is None:
        return None
    most = sum(now.tried[0].unplaced)
    return _fewest(Change(kind="add-nodes", node=like.name, amount=_offer(like)), most, enough)


def apply_change(
    cluster: Cluster, demands: Sequence[PodDemand], change: Change
) -> tuple[Cluster, tuple[PodDemand, ...]]:
    """The cluster and the demands as they are after `change`."""
    asked = tuple(demands)
    if change.kind == "raise-quota":
        quotas = tuple(_raised(entry, change.quotas) for entry in cluster.quotas)
        return structs.replace(cluster, quotas=quotas), asked
    if change.kind == "declare":
        return cluster, tuple(
            _declared(demand, change.resources) if demand.component in change.components else demand
            for demand in asked
        )
    if change.kind == "add-nodes":
        return structs.replace(cluster, nodes=(*cluster.nodes, *_added(cluster, change))), asked
    alter = _uncordoned if change.kind == "uncordon" else _relieved
    nodes = tuple(
        alter(node, change.amount) if node.name == change.node else node for node in cluster.nodes
    )
    return structs.replace(cluster, nodes=nodes), asked


def _raise_quotas(now: Simulated) -> Iterator[Change]:
    raises = tuple(
        QuotaRaise(
            quota=failure.quota,
            namespace=failure.namespace,
            resource=failure.resource,
            hard=failure.hard,
            to=failure.used + failure.wanted,
        )
        for failure in now.fit.quotas
        if failure.reason == "exceeded"
    )
    if raises:
        yield Change(kind="raise-quota", quotas=raises)


def _raised(entry: Quota, raises: Sequence[QuotaRaise]) -> Quota:
    hard = {
        change.resource: f"{change.to}m" if quota.is_cpu(change.resource) else str(change.to)
        for change in raises
        if (change.namespace, change.quota) == (entry.namespace, entry.name)
    }
    return structs.replace(entry, hard={**entry.hard, **hard})


def _declare(now: Simulated) -> Iterator[Change]:
    refused = [failure for failure in now.fit.quotas if failure.reason == "undeclared"]
    if refused:
        named = {name for failure in refused for name in failure.components}
        yield Change(
            kind="declare",
            components=tuple(d.component for d in now.ground.demands if d.component in named),
            resources=tuple(sorted({quota.full_name(failure.resource) for failure in refused})),
        )


def _declared(demand: PodDemand, resources: Sequence[str]) -> PodDemand:
    """The demand with its simulated requests declared, and limits of the same size if asked."""
    cpu, memory = demand.cpu_limit, demand.memory_limit
    return replace(
        demand,
        declared=demand.declared or any(name.startswith("requests.") for name in resources),
        cpu_limit=demand.cpu if cpu is None and "limits.cpu" in resources else cpu,
        memory_limit=demand.memory if memory is None and "limits.memory" in resources else memory,
    )


def _uncordon(now: Simulated) -> list[Change]:
    """Cordoned nodes that would admit replicas, the one with most room first."""
    replicated = [demand for demand in now.ground.demands if not demand.per_node]
    found = []
    for node in now.ground.nodes:
        if not rules.cordoned(node):
            continue
        after = _uncordoned(node)
        if any(rules.obstacle(after, demand) is None for demand in replicated):
            free = rules.free_on(node)
            found.append((-size(free.cpu, free.memory), node.name))
    return [Change(kind="uncordon", node=name) for _, name in sorted(found)[:_TRIES]]


def _uncordoned(node: Node, _: Amount = NOTHING) -> Node:
    taints = tuple(taint for taint in node.taints if taint.key != rules.UNSCHEDULABLE)
    return structs.replace(node, unschedulable=False, taints=taints)


def _free(now: Simulated) -> list[Change]:
    """What would have to go from a single node so that it takes all that found none."""
    found: dict[tuple[int, int, str], Change] = {}
    for attempt in now.tried:
        for at in _relief_nodes(now.ground, attempt):
            node = now.ground.nodes[at]
            amount = _shortfall(now.ground, attempt, at)
            asked = node.requested
            if (
                amount.cpu <= asked.cpu
                and amount.memory <= asked.memory
                and amount.pods <= asked.pods
            ):
                rank = (size(amount.cpu, amount.memory), amount.pods, node.name)
                found[rank] = Change(kind="free", node=node.name, amount=amount)
    return [found[rank] for rank in sorted(found)[:_TRIES]]


def _relief_nodes(ground: Ground, attempt: Attempt) -> set[int]:
    """Nodes that admit one more pod of everything that lacks a place."""
    nodes = set(range(len(ground.nodes)))
    for number, demand in enumerate(ground.demands):
        if demand.per_node:
            missing = attempt.missing[number]
            if missing:
                nodes &= set(missing) & set(ground.admitted[number]) if len(missing) == 1 else set()
        elif attempt.unplaced[number]:
            nodes &= set(ground.admitted[number])
            if demand.spread:
                nodes -= set(attempt.hosts[number])
                nodes = nodes if attempt.unplaced[number] == 1 else set()
    return nodes


def _shortfall(ground: Ground, attempt: Attempt, at: int) -> Amount:
    """How much less must be requested on the node for it to take all that found none."""
    lacking = [
        (demand, len(missing) or unplaced)
        for demand, unplaced, missing in zip(
            ground.demands, attempt.unplaced, attempt.missing, strict=True
        )
    ]
    cpu = sum(demand.cpu * pods for demand, pods in lacking)
    memory = sum(demand.memory * pods for demand, pods in lacking)
    room = attempt.room
    return Amount(
        cpu=max(0, cpu - room.cpu[at]) if cpu else 0,
        memory=max(0, memory - room.memory[at]) if memory else 0,
        pods=max(0, sum(pods for _, pods in lacking) - room.slots[at]),
    )


def _relieved(node: Node, amount: Amount) -> Node:
    asked = node.requested
    return structs.replace(
        node,
        requested=Amount(
            cpu=asked.cpu - amount.cpu,
            memory=asked.memory - amount.memory,
            pods=asked.pods - amount.pods,
        ),
    )


def _template(now: Simulated) -> Node | None:
    """The node whose like would help: the largest, best a usable worker, that takes what lacks."""
    lacking = [
        demand
        for demand, unplaced in zip(now.ground.demands, now.tried[0].unplaced, strict=True)
        if unplaced
    ]

    def rank(node: Node) -> tuple[bool, bool, int]:
        usable = rules.obstacle(node, rules.ORDINARY) is None
        return usable, not node.control_plane, size(node.allocatable.cpu, node.allocatable.memory)

    suitable = [node for node in now.ground.nodes if all(_hosts(_fresh(node), d) for d in lacking)]
    # The nodes come by name, and max keeps the first of equals.
    return max(suitable, key=rank, default=None)


def _hosts(node: Node, demand: PodDemand) -> bool:
    return rules.obstacle(node, demand) is None and Room.of([node]).takes(0, demand)


def _fresh(node: Node, name: str = "") -> Node:
    """A node as `node` would be, had it just joined."""
    labels = {**node.labels, _HOSTNAME: name} if _HOSTNAME in node.labels else node.labels
    return structs.replace(
        node,
        name=name,
        labels=labels,
        ready=True,
        unschedulable=False,
        taints=tuple(t for t in node.taints if not t.key.startswith(_CONDITION_TAINTS)),
        requested=Amount(),
        used=None,
    )


def _offer(node: Node) -> Amount:
    return structs.replace(node.allocatable, pods=rules.slots(node))


def _added(cluster: Cluster, change: Change) -> list[Node]:
    like = next(node for node in cluster.nodes if node.name == change.node)
    return [_fresh(like, f"{like.name}+{number}") for number in range(1, change.count + 1)]


def _fewest(change: Change, most: int, enough: Callable[[Change], bool]) -> Change | None:
    """The change with the lowest count that is enough; None when not even `most` is.

    Each new node takes at least one pod, so more nodes than pods never help.
    """
    if not enough(replace(change, count=most)):
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if enough(replace(change, count=middle)):
            high = middle
        else:
            low = middle + 1
    return replace(change, count=high)
