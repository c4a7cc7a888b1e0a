"""The pods of a tool, as the catalog knows them, for the scheduling simulation (D3, D4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mas.core.tools import Component, Tool
from mas.kubernetes.capacity import PodDemand, Toleration
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.quantity import parse_cpu, parse_memory

_NETWORK = "cni-networking"


def demands_of(tool: Tool) -> tuple[PodDemand, ...]:
    """The pods of a default installation, with declared requests or the recommended sizing."""
    # A pod network has to start on nodes that are not ready for lack of one.
    everywhere = (Toleration(operator="Exists"),) if _NETWORK in tool.capabilities.primary else ()
    return tuple(
        _demand(component, everywhere) for component in tool.components if component.installed
    )


def _demand(component: Component, tolerates: tuple[Toleration, ...]) -> PodDemand:
    requests = component.requests
    return PodDemand(
        component=component.name,
        replicas=component.replicas,
        per_node=component.workload == "DaemonSet",
        cpu=parse_cpu(requests.cpu) if requests else 0,
        memory=parse_memory(requests.memory) if requests else 0,
        declared=requests is not None and requests.basis == "declared",
        tolerates=tolerates,
        volumes=tuple(parse_memory(volume.size) for volume in component.volumes),
        workload=component.workload,
    )


def sized(demands: Sequence[PodDemand]) -> tuple[PodDemand, ...]:
    """The same pods with their sizing written into requests and limits, as the guide advises."""
    return tuple(
        replace(one, declared=True, cpu_limit=one.cpu, memory_limit=one.memory) for one in demands
    )


def can_be_simulated(cluster: Cluster, blind: Iterable[str]) -> bool:
    """Whether what the nodes offer and hold is known well enough."""
    return tells_its_size(cluster) and not {"nodes", "pods"} & set(blind)


def tells_its_size(cluster: Cluster) -> bool:
    """Whether any node says what it can allocate; a list of bare names says nothing of room."""
    return any(node.allocatable_text for node in cluster.nodes)
