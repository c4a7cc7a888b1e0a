"""Small clusters and demands for the tests of the scheduling simulation."""

from __future__ import annotations

from typing import Any

from mas.kubernetes.capacity import PodDemand
from mas.kubernetes.cluster import Amount, Cluster, Defaults, Node, Quota, Taint

GI = 2**30
NAMESPACE = "tool"


def node(
    name: str,
    *,
    cpu: int = 4000,
    memory: int = 16 * GI,
    pods: int = 110,
    asked: Amount | None = None,
    **more: Any,
) -> Node:
    """A ready worker; `asked` is what its pods request."""
    return Node(
        name=name,
        allocatable=Amount(cpu=cpu, memory=memory, pods=pods),
        allocatable_text={"cpu": f"{cpu}m", "memory": str(memory), "pods": str(pods)},
        requested=asked or Amount(),
        labels={"kubernetes.io/hostname": name, **more.pop("labels", {})},
        **more,
    )


def full(name: str, *, cpu_left: int, cpu: int = 4000, **more: Any) -> Node:
    """A worker with so many millicores left, and memory enough."""
    return node(name, cpu=cpu, asked=Amount(cpu=cpu - cpu_left, memory=GI, pods=10), **more)


def tainted(key: str, effect: str = "NoSchedule", value: str = "") -> tuple[Taint, ...]:
    return (Taint(key=key, effect=effect, value=value),)


def cluster(*nodes: Node, **more: Any) -> Cluster:
    return Cluster(
        source="snapshot", name="test", read_at="2026-01-01T00:00:00Z", nodes=nodes, **more
    )


def pod(component: str = "server", **more: Any) -> PodDemand:
    """One pod that asks for 500m and 1 GiB unless told otherwise."""
    return PodDemand(**{"component": component, "cpu": 500, "memory": GI, **more})


def quota(name: str = "limits", **hard: str) -> Quota:
    return Quota(namespace=NAMESPACE, name=name, hard=hard)


def defaults(
    *, requests: dict[str, str] | None = None, limits: dict[str, str] | None = None
) -> Defaults:
    return Defaults(namespace=NAMESPACE, name="range", requests=requests or {}, limits=limits or {})
