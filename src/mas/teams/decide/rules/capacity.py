"""Do the tool's pods find room here, also with one node lost? (D4)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mas.core.units import cpu_text, memory_text, resource_text
from mas.kubernetes.capacity import (
    Cause,
    Failure,
    Fit,
    PodDemand,
    QuotaFailure,
    headroom,
    node_loss,
    simulate,
)
from mas.kubernetes.cluster import Node
from mas.kubernetes.kinds import METRICS_GROUP
from mas.teams.decide.findings import Finding, Param, Phrase, Sentences
from mas.teams.decide.situation import Situation
from mas.teams.decide.sizing import can_be_simulated, demands_of

METRICS = f"nodes.{METRICS_GROUP}"
_TAINTED = {
    "taint": frozenset[str](),
    "cordoned": frozenset({"node.kubernetes.io/unschedulable"}),
    "not-ready": frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}),
}
"""Causes that show in a taint, and its usual keys."""


def fits_the_nodes(situation: Situation) -> Iterable[Finding]:
    """Pods that find no node, or a quota that refuses them, refuse the tool."""
    if not can_be_simulated(situation.cluster, situation.blind):
        return
    demands = demands_of(situation.tool)
    fit = situation.fit
    gaps = [failure for failure in fit.failures if _leaves_a_gap(situation, failure)]
    refusing = [failure for failure in fit.failures if failure not in gaps]
    for failures in _alike(refusing):
        yield _no_room(situation, failures)
    for failures in _alike(gaps):
        yield _no_room(situation, failures, blocks=False)
    exceeded = [quota for quota in fit.quotas if quota.reason == "exceeded"]
    for quota in exceeded:
        yield _over_quota(situation, quota)
    if refusing or exceeded:
        return
    yield _room(situation, demands, fit)
    yield from _undeclared(situation, demands)


def _leaves_a_gap(situation: Situation, failure: Failure) -> bool:
    """Whether pods of a per-node component are missing on less than half of the nodes.

    The tool then works, with a gap; only a pod network is no use on a part of the nodes.
    """
    network = "cni-networking" in situation.tool.capabilities.primary
    return failure.per_node and 2 * failure.pods < failure.wanted and not network


def _room(situation: Situation, demands: Sequence[PodDemand], fit: Fit) -> Finding:
    pods = sum(placement.total for placement in fit.placements)
    totals = {placement.component: placement.total for placement in fit.placements}
    cpu = sum(one.cpu * totals.get(one.component, 0) for one in demands)
    memory = sum(one.memory * totals.get(one.component, 0) for one in demands)
    free = headroom(situation.cluster)
    hosts = {name for placement in fit.placements for name in placement.nodes}
    nodes = [node for node in situation.cluster.nodes if node.name in hosts][:3]
    return Finding(
        key="capacity.fits",
        params={
            "tool": situation.tool.name,
            "pods": pods,
            "cpu": cpu_text(cpu),
            "memory": memory_text(memory),
            "nodes": free.nodes,
            "free_cpu": cpu_text(free.free.cpu),
            "free_memory": memory_text(free.free.memory),
            "notes": _notes(situation, demands),
        },
        kind="capacity",
        stance="for",
        evidence=_cite_nodes(situation, nodes or usable_nodes(situation)[:1]),
    )


def _notes(situation: Situation, demands: Sequence[PodDemand]) -> Sentences:
    """What the simulation had to assume."""
    notes = []
    recommended = sum(1 for one in demands if not one.declared)
    if recommended:
        notes.append(Phrase(key="capacity.recommended", params={"count": recommended}))
    if METRICS in situation.blind:
        notes.append(Phrase(key="capacity.unmeasured", params={"kind": METRICS}))
    return Sentences(parts=tuple(notes))


def usable_nodes(situation: Situation) -> list[Node]:
    """Nodes that take ordinary pods; all nodes when there is none."""
    nodes = list(situation.cluster.nodes)
    taking = [
        node
        for node in nodes
        if node.ready
        and not node.unschedulable
        and not any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.taints)
    ]
    return taking or nodes


def _cite_nodes(situation: Situation, nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(id_ for node in nodes for id_ in cite_node(situation, node))


def _undeclared(situation: Situation, demands: Sequence[PodDemand]) -> Iterable[Finding]:
    """A quota that insists on numbers which the default installation does not declare."""
    plain = simulate(situation.cluster, demands, namespace=situation.namespace)
    for quota in plain.quotas:
        if quota.reason == "undeclared":
            yield Finding(
                key="capacity.undeclared",
                params={
                    "quota": quota.quota,
                    "namespace": quota.namespace,
                    "resource": quota.resource,
                    "components": quota.components,
                },
                kind="capacity",
                stance="against",
                evidence=_cite_quota(situation, quota),
            )


def _alike(failures: Iterable[Failure]) -> list[tuple[Failure, ...]]:
    """Failures with the same obstacles, which make one reason."""
    groups: dict[tuple[object, ...], list[Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.causes, failure.fragmented), []).append(failure)
    return [tuple(group) for group in groups.values()]


def _no_room(situation: Situation, failures: Sequence[Failure], *, blocks: bool = True) -> Finding:
    failure = failures[0]
    causes: tuple[Param, ...] = tuple(_cause(cause) for cause in failure.causes)
    nodes = {node.name: node for node in situation.cluster.nodes}
    evidence = tuple(
        id_
        for cause in failure.causes
        for name in cause.nodes.examples[:2]
        if name in nodes
        for id_ in _cite_cause(situation, nodes[name], cause)
    )
    return Finding(
        key="capacity.no_room" if blocks else "capacity.gap",
        params={
            "tool": situation.tool.name,
            "components": tuple(one.component for one in failures),
            "pods": sum(one.pods for one in failures),
            "wanted": sum(one.wanted for one in failures),
            "cpu": cpu_text(max(one.cpu for one in failures)),
            "memory": memory_text(max(one.memory for one in failures)),
            "causes": causes,
            "room": _room_left(failure),
        },
        kind="capacity",
        stance="against",
        evidence=tuple(dict.fromkeys(evidence)),
        blocks=blocks,
    )


def _room_left(failure: Failure) -> Sentences:
    """What is left once the other pods are placed: in all, and on the node that lacks least."""
    said = []
    if failure.fragmented:
        total = {"cpu": cpu_text(failure.free.cpu), "memory": memory_text(failure.free.memory)}
        said.append(Phrase(key="capacity.scattered", params=total))
    if failure.nearest:
        nearest: dict[str, Param] = {
            "node": failure.nearest,
            "cpu": cpu_text(failure.nearest_free.cpu),
            "memory": memory_text(failure.nearest_free.memory),
        }
        said.append(Phrase(key="capacity.nearest", params=nearest))
    return Sentences(parts=tuple(said))


def _cause(cause: Cause) -> Phrase:
    nodes = cause.nodes
    where = Phrase(
        key="where.many" if nodes.total > len(nodes.examples) else "where.named",
        params={"count": nodes.total, "nodes": nodes.examples},
    )
    return Phrase(key=f"cause.{cause.kind}", params={"key": cause.key, "where": where})


def _over_quota(situation: Situation, quota: QuotaFailure) -> Finding:
    return Finding(
        key="capacity.quota",
        params={
            "tool": situation.tool.name,
            "quota": quota.quota,
            "namespace": quota.namespace,
            "resource": quota.resource,
            "hard": resource_text(quota.resource, quota.hard),
            "used": resource_text(quota.resource, quota.used),
            "wanted": resource_text(quota.resource, quota.wanted),
        },
        kind="capacity",
        stance="against",
        evidence=_cite_quota(situation, quota),
        blocks=True,
    )


def _cite_quota(situation: Situation, failure: QuotaFailure) -> tuple[str, ...]:
    for quota in situation.cluster.quotas:
        if (quota.namespace, quota.name) != (failure.namespace, failure.quota):
            continue
        cited = []
        path = failure.resource.replace(".", r"\.")
        for field, texts in ((quota.hard_field, quota.hard), ("status.used", quota.used)):
            if failure.resource in texts:
                cited.append(
                    situation.book.cite(
                        f"ResourceQuota/{quota.namespace}/{quota.name}",
                        f"{field}.{path}",
                        texts[failure.resource],
                    )
                )
        return tuple(cited)
    return ()


def cite_node(situation: Situation, node: Node) -> tuple[str, ...]:
    """What a node offers, as it stands there, and what is asked of it, as a sum."""
    object_ = f"Node/{node.name}"
    cited = [
        situation.book.cite(
            object_, f"status.allocatable.{resource}", node.allocatable_text[resource]
        )
        for resource in ("cpu", "memory")
        if resource in node.allocatable_text
    ]
    cited.append(
        situation.book.cite(
            object_,
            "requested by its pods",
            f"cpu={cpu_text(node.requested.cpu)}, memory={memory_text(node.requested.memory)}",
        )
    )
    return tuple(cited)


def _cite_cause(situation: Situation, node: Node, cause: Cause) -> Iterable[str]:
    object_ = f"Node/{node.name}"
    if cause.kind == "cordoned" and node.unschedulable:
        yield situation.book.cite(object_, "spec.unschedulable", "true")
    elif cause.kind == "not-ready" and not node.ready:
        yield situation.book.cite(
            object_, f"status.conditions[{node.ready_index}].status", node.ready_text
        )
    elif cause.kind in _TAINTED:
        yield from _cite_taint(situation, node, cause)
    elif cause.kind == "saturated":
        for resource, text in node.used_text.items():
            yield situation.book.cite(f"NodeMetrics/{node.name}", f"usage.{resource}", text)
        yield from cite_node(situation, node)
    elif cause.kind == "pods":
        yield situation.book.cite(
            object_, "status.allocatable.pods", node.allocatable_text.get("pods", "0")
        )
        yield situation.book.cite(object_, "pods on it", str(node.requested.pods))
    elif cause.kind in ("cpu", "memory"):
        yield from cite_node(situation, node)


def _cite_taint(situation: Situation, node: Node, cause: Cause) -> Iterable[str]:
    """The taint that repels: the one of the cause, else one that tells of the node's state."""
    keys = {cause.key} if cause.key else _TAINTED[cause.kind]
    for index, taint in enumerate(node.taints):
        if taint.key in keys:
            yield situation.book.cite(f"Node/{node.name}", f"spec.taints[{index}].key", taint.key)
            return


def is_critical(situation: Situation) -> bool:
    """Whether all traffic depends on the tool: pod network, ingress, load balancer, mesh."""
    return any(
        situation.catalog.capabilities[id_].critical for id_ in situation.tool.capabilities.primary
    )


def survives_a_lost_node(situation: Situation) -> Iterable[Finding]:
    """Fits only while no node is lost: a risk, and for what carries all traffic a refusal."""
    if not can_be_simulated(situation.cluster, situation.blind):
        return
    fit = situation.fit
    if not fit.fits:
        return
    loss = node_loss(
        situation.cluster,
        situation.demands,
        namespace=situation.namespace,
        fit=fit,
    )
    nodes = {node.name: node for node in situation.cluster.nodes}
    if not loss.applicable:
        yield Finding(
            key="capacity.single_node",
            params={"tool": situation.tool.name},
            kind="capacity",
            stance="against",
            evidence=_cite_nodes(situation, usable_nodes(situation)[:1]),
        )
        return
    named = loss.breaking or loss.crowded.examples
    if not named:
        return
    breaking = bool(loss.breaking)
    critical = breaking and is_critical(situation)
    key = "capacity.loss_crowded"
    if breaking:
        key = "capacity.loss_critical" if critical else "capacity.loss_risk"
    yield Finding(
        key=key,
        params={"tool": situation.tool.name, "nodes": named[:3]},
        kind="capacity",
        stance="against",
        evidence=_cite_nodes(situation, (nodes[name] for name in named[:2])),
        blocks=critical,
    )
