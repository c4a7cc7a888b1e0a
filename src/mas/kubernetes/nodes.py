"""Nodes as the digest keeps them, and the version of the cluster. Pure (D1, D4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from mas.kubernetes import objects
from mas.kubernetes.cluster import Amount, Node, Taint
from mas.kubernetes.quantity import parse_cpu, parse_memory

VersionSource = Literal["server", "annotation", "control-plane-kubelet", "kubelet", "none"]

_ROLES = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_KEPT_LABELS = (
    "kubernetes.io/",
    "topology.kubernetes.io/",
    "node-role.kubernetes.io/",
    "node.kubernetes.io/",
)
"""Well-known labels that selectors of tools use; the many others of large clusters are left out."""
_NETWORKS = {
    "flannel": "flannel",
    "calico": "calico",
    "cilium": "cilium",
    "cilium_old": "cilium",
    "antrea": "antrea",
    "ovn": "ovn-kubernetes",
    "kube_router": "kube-router",
}
_RESOURCES = ("cpu", "memory", "pods")
_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


def to_node(view: objects.Node) -> Node:
    """What is kept of a node; its requests and use are added when all is read.

    Raises:
        ValueError: Its allocatable resources are no quantities.
    """
    metadata, spec, status = view.metadata, view.spec, view.status
    labels = metadata.labels or {}
    conditions = (status.conditions if status else None) or ()
    index = next((at for at, one in enumerate(conditions) if one.type == "Ready"), -1)
    taints = tuple(
        Taint(key=one.key, effect=one.effect, value=one.value or "")
        for one in (spec.taints if spec else None) or ()
    )
    allocatable = (status.allocatable if status else None) or {}
    cni, cni_field, cni_value = _network(metadata.annotations)
    return Node(
        name=metadata.name,
        control_plane=any(role in labels for role in _ROLES)
        or any(taint.key in _ROLES for taint in taints),
        # Without a Ready condition nothing is known against the node; only taints repel pods.
        ready=index < 0 or conditions[index].status == "True",
        ready_text=conditions[index].status if index >= 0 else "",
        ready_index=index,
        unschedulable=bool(spec and spec.unschedulable),
        kubelet=(status.node_info.kubelet_version if status and status.node_info else ""),
        provider_id=(spec.provider_id if spec else None) or "",
        taints=taints,
        labels={key: value for key, value in labels.items() if key.startswith(_KEPT_LABELS)},
        cni=cni,
        cni_field=cni_field,
        cni_value=cni_value,
        allocatable=to_amount(allocatable),
        allocatable_text=to_texts(allocatable),
    )


def to_amount(quantities: Mapping[str, str | int | float]) -> Amount:
    """CPU, memory and pods of a list of resources.

    Raises:
        ValueError: One of them is no quantity.
    """
    return Amount(
        cpu=parse_cpu(quantities.get("cpu", 0)),
        memory=parse_memory(quantities.get("memory", 0)),
        pods=parse_memory(quantities.get("pods", 0)),
    )


def to_texts(quantities: Mapping[str, str | int | float] | None) -> dict[str, str]:
    """The same as they stand there."""
    known = quantities or {}
    return {name: str(known[name]) for name in _RESOURCES if name in known}


def version_of(stated: str, source: str, nodes: Iterable[Node]) -> tuple[str, VersionSource]:
    """The version of the control plane and who tells it; nodes tell it when the source does not.

    The oldest kubelet counts: it is never newer than the server it talks to.
    """
    if _VERSION.match(stated.strip()):
        text = stated.strip()
        known = text if text.startswith("v") else f"v{text}"
        return known, "server" if source == "live" else "annotation"
    told = [(_sort_key(node.kubelet), node) for node in nodes if _VERSION.match(node.kubelet)]
    leading = [one for one in told if one[1].control_plane]
    for candidates, origin in ((leading, "control-plane-kubelet"), (told, "kubelet")):
        if candidates:
            oldest = min(candidates, key=lambda one: (one[0], one[1].name))[1]
            return oldest.kubelet, "kubelet" if origin == "kubelet" else "control-plane-kubelet"
    return "", "none"


def _sort_key(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def _network(annotations: objects.NodeAnnotations | None) -> tuple[str, str, str]:
    """Pod network, path and text of the annotation that tells it; empty when there is none."""
    if annotations is None:
        return "", "", ""
    for field in msgspec.structs.fields(objects.NodeAnnotations):
        value = getattr(annotations, field.name)
        if value is not None:
            return _NETWORKS[field.name], annotation_path(field.encode_name), value
    return "", "", ""


def annotation_path(key: str) -> str:
    """Path of an annotation as `kubectl -o jsonpath` reads it."""
    return "metadata.annotations." + key.replace(".", "\\.")
