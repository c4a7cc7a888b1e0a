"""Counts the applications of a cluster: what its people run, less tools and the system (D6)."""

from __future__ import annotations

from collections.abc import Iterable

from mas.kubernetes.cluster import Cluster, Workload

_INSTANCE = "app.kubernetes.io/instance"
_PART_OF = "app.kubernetes.io/part-of"
SYSTEM_NAMESPACES = frozenset(
    {
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "local-path-storage",
        "gke-managed-system",
        "gke-managed-cim",
        "gmp-system",
        "calico-system",
        "calico-apiserver",
        "tigera-operator",
        "kube-flannel",
        "cattle-system",
        "cattle-fleet-system",
        "amazon-cloudwatch",
    }
)
"""Namespaces of the cluster itself: what runs there is no application of anybody."""


def is_system(namespace: str) -> bool:
    """Whether a namespace belongs to the cluster itself."""
    return namespace in SYSTEM_NAMESPACES or namespace.startswith("openshift-")


def count_applications(
    cluster: Cluster, tools: Iterable[Workload], cores: Iterable[Workload]
) -> int:
    """Declared applications where a delivery tool has any, else workloads of nobody's tool.

    `tools` are the workloads of all tools found, `cores` those that prove a tool: what shares their
    `part-of` or `instance` label in the same namespace came with them.
    """
    declared = sum(sample.count for sample in cluster.applications.values())
    if declared:
        return declared
    owned = {(one.kind, one.namespace, one.name) for one in tools}
    marks = {
        (one.namespace, key, value)
        for one in cores
        for key in (_PART_OF, _INSTANCE)
        if (value := one.labels.get(key))
    }
    return _foreign_candidates(cluster, owned, marks) + _foreign_others(cluster, marks)


def _foreign_candidates(
    cluster: Cluster,
    owned: set[tuple[str, str, str]],
    marks: set[tuple[str, str, str]],
) -> int:
    """Workloads that looked like a tool and are none."""
    return sum(
        1
        for workload in cluster.workloads
        if workload.kind != "Pod"  # a lone pod is somebody's experiment
        and not is_system(workload.namespace)
        and (workload.kind, workload.namespace, workload.name) not in owned
        and not any(
            (workload.namespace, key, workload.labels.get(key, "")) in marks
            for key in (_PART_OF, _INSTANCE)
        )
    )


def _foreign_others(cluster: Cluster, marks: set[tuple[str, str, str]]) -> int:
    """All other workloads, less those that came with a tool."""
    total = sum(
        count
        for namespace, count in cluster.workloads_by_namespace.items()
        if not is_system(namespace)
    )
    for key, count in cluster.siblings.items():
        namespace, part_of, instance = key.split("|", 2)
        if is_system(namespace):
            continue
        if (namespace, _PART_OF, part_of) in marks or (namespace, _INSTANCE, instance) in marks:
            total -= count
    return total
