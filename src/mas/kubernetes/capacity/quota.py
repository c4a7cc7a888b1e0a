"""What the quotas of a namespace let in, and what its LimitRanges fill in (D4).

Only quotas without scopes are judged: the others may not concern the tool's pods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mas.kubernetes.capacity import rules
from mas.kubernetes.capacity.model import PodDemand, QuotaFailure
from mas.kubernetes.cluster import Cluster, Defaults, Node, Quota
from mas.kubernetes.quantity import parse_cpu, parse_memory

_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory"}
_PER_CLASS = ".storageclass.storage.k8s.io/"
_KINDS = {
    "count/deployments.apps": "Deployment",
    "count/replicasets.apps": "Deployment",
    "count/statefulsets.apps": "StatefulSet",
    "count/daemonsets.apps": "DaemonSet",
}


@dataclass(frozen=True, kw_only=True)
class _Charge:
    """What one component brings into the namespace; None where a pod declares nothing."""

    demand: PodDemand
    pods: int
    request_cpu: int | None
    request_memory: int | None
    limit_cpu: int | None
    limit_memory: int | None


def is_cpu(resource: str) -> bool:
    """True when a quota counts the resource in millicores."""
    return full_name(resource) in {"requests.cpu", "limits.cpu"}


def full_name(resource: str) -> str:
    """`requests.cpu` for `cpu`, which a quota may say for short."""
    return _SHORT.get(resource, resource)


def with_defaults(
    cluster: Cluster, demands: Sequence[PodDemand], *, namespace: str
) -> tuple[PodDemand, ...]:
    """The demands as their pods enter the namespace: requests that they lack are filled in.

    A pod without a request gets its limit or the namespace's default as one. A recommended sizing
    above that stays, because the pod will use it.
    """
    charges = [_charge(demand, 0, _ranges(cluster, namespace)) for demand in demands]
    return tuple(
        replace(
            charge.demand,
            cpu=max(charge.demand.cpu, charge.request_cpu or 0),
            memory=max(charge.demand.memory, charge.request_memory or 0),
        )
        for charge in charges
    )


def refusals(
    cluster: Cluster, nodes: Sequence[Node], demands: Sequence[PodDemand], *, namespace: str
) -> tuple[QuotaFailure, ...]:
    """Every limit of the namespace's quotas that the tool would run into.

    `nodes` are those that per-node pods are counted on.
    """
    quotas = sorted(
        (q for q in cluster.quotas if q.namespace == namespace and not q.scoped),
        key=lambda quota: quota.name,
    )
    if not quotas:
        return ()
    ranges = _ranges(cluster, namespace)
    charges = [_charge(demand, _pods(demand, nodes), ranges) for demand in demands]
    charges = [charge for charge in charges if charge.pods]
    default_classes = {entry.name for entry in cluster.storage_classes if entry.default}
    return tuple(
        failure
        for quota in quotas
        for resource in sorted(quota.hard)
        for failure in _judge(quota, resource, charges, default_classes)
    )


def _pods(demand: PodDemand, nodes: Sequence[Node]) -> int:
    """How many pods are created, whether or not they find room."""
    if not demand.per_node:
        return demand.replicas
    return sum(
        rules.obstacle(node, demand) is None or rules.wants_daemon(node, demand) for node in nodes
    )


def _ranges(cluster: Cluster, namespace: str) -> list[Defaults]:
    """The namespace's defaults; the first that names a resource fills it in."""
    found = (entry for entry in cluster.defaults if entry.namespace == namespace)
    return sorted(found, key=lambda entry: entry.name)


def _charge(demand: PodDemand, pods: int, ranges: Sequence[Defaults]) -> _Charge:
    limits, requests = [r.limits for r in ranges], [r.requests for r in ranges]
    limit_cpu = _first(demand.cpu_limit, *_amounts(limits, "cpu"))
    limit_memory = _first(demand.memory_limit, *_amounts(limits, "memory"))
    request_cpu: int | None = demand.cpu
    request_memory: int | None = demand.memory
    if not demand.declared:
        # A default request wins over a default limit, but not over a limit of the pod's own.
        request_cpu = _first(demand.cpu_limit, *_amounts(requests, "cpu"), limit_cpu)
        request_memory = _first(demand.memory_limit, *_amounts(requests, "memory"), limit_memory)
    return _Charge(
        demand=demand,
        pods=pods,
        request_cpu=request_cpu,
        request_memory=request_memory,
        limit_cpu=limit_cpu,
        limit_memory=limit_memory,
    )


def _amounts(texts: Sequence[Mapping[str, str]], resource: str) -> list[int | None]:
    return [_amount(entry, resource) for entry in texts]


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _amount(texts: Mapping[str, str], resource: str) -> int | None:
    """None when the resource is not named, or its text is no quantity and so limits nothing."""
    parse = parse_cpu if is_cpu(resource) else parse_memory
    try:
        return parse(texts[resource]) if resource in texts else None
    except ValueError:
        return None


def _judge(
    quota: Quota, resource: str, charges: Sequence[_Charge], default_classes: set[str]
) -> list[QuotaFailure]:
    count = _count(resource, default_classes)
    hard = _amount(quota.hard, resource)
    if count is None or hard is None:
        return []
    shares = [(charge.demand.component, count(charge)) for charge in charges]
    used = _amount(quota.used, resource) or 0
    wanted = sum(share or 0 for _, share in shares)

    def failure(exceeded: bool, components: list[str]) -> QuotaFailure:
        return QuotaFailure(
            quota=quota.name,
            namespace=quota.namespace,
            resource=resource,
            reason="exceeded" if exceeded else "undeclared",
            hard=hard,
            used=used,
            wanted=wanted,
            components=tuple(components),
        )

    found = []
    if undeclared := [name for name, share in shares if share is None]:
        found.append(failure(False, undeclared))
    if wanted and used + wanted > hard:
        found.append(failure(True, [name for name, share in shares if share]))
    return found


def _count(resource: str, default_classes: set[str]) -> Callable[[_Charge], int | None] | None:
    """How a resource of a quota is counted; None for one that cannot be foreseen."""
    if _PER_CLASS in resource:
        name, resource = resource.split(_PER_CLASS, 1)
        # Claims name no class of their own, so they go to the default one.
        if name not in default_classes:
            return None
    kind = _KINDS.get(resource)
    if kind is not None:
        return lambda charge: int(_workload(charge.demand) == kind)
    return _COUNTS.get(resource)


def _workload(demand: PodDemand) -> str:
    if demand.workload is not None:
        return demand.workload
    if demand.per_node:
        return "DaemonSet"
    return "StatefulSet" if demand.volumes else "Deployment"


def _times(value: int | None, pods: int) -> int | None:
    return None if value is None else value * pods


_COUNTS: dict[str, Callable[[_Charge], int | None]] = {
    "pods": lambda c: c.pods,
    "count/pods": lambda c: c.pods,
    "cpu": lambda c: _times(c.request_cpu, c.pods),
    "requests.cpu": lambda c: _times(c.request_cpu, c.pods),
    "memory": lambda c: _times(c.request_memory, c.pods),
    "requests.memory": lambda c: _times(c.request_memory, c.pods),
    "limits.cpu": lambda c: _times(c.limit_cpu, c.pods),
    "limits.memory": lambda c: _times(c.limit_memory, c.pods),
    "persistentvolumeclaims": lambda c: len(c.demand.volumes) * c.pods,
    "count/persistentvolumeclaims": lambda c: len(c.demand.volumes) * c.pods,
    "requests.storage": lambda c: sum(c.demand.volumes) * c.pods,
}
