"""Small objects of an API server, and the digest of them, for tests of the digest."""

from __future__ import annotations

import json
from typing import Any

from mas.kubernetes.cluster import Cluster, Workload
from mas.kubernetes.digest import DigestBuilder
from mas.kubernetes.source import Notes

Json = dict[str, Any]
TOOL = "example.org/tool:1.2.3"
OTHER = "example.org/shop:7"


def digest(*items: Json, notes: Notes | None = None, source: str = "snapshot") -> Cluster:
    """The digest of these objects; images of `example.org/tool` are of interest."""
    builder = DigestBuilder(interesting=lambda image: image.startswith("example.org/tool"))
    for item in items:
        builder.add(json.dumps(item).encode())
    return builder.finish(notes or Notes(), source=source, name="x", read_at="2026-11-20T09:00:00Z")


def thing(kind: str, name: str = "x", *, api: str = "v1", namespace: str = "", **more: Any) -> Json:
    """Any object."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata | more.pop("meta", {}), **more}


def container(image: str = TOOL, **more: Any) -> Json:
    """A container with the interesting image."""
    return {"name": "main", "image": image, **more}


def workload(
    kind: str = "Deployment",
    name: str = "tool",
    *,
    image: str = TOOL,
    meta: Json | None = None,
    status: Json | None = None,
    **spec: Any,
) -> Json:
    """A workload in namespace `n`; further arguments go into its spec."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(image)]}}
    made = thing(kind, name, api="apps/v1", namespace="n", meta=meta or {},
                 spec={"replicas": 1, "template": template, **spec})  # fmt: skip
    return made if status is None else made | {"status": status}


def pod(
    name: str = "tool-abc-1",
    *,
    owner: tuple[str, str] | None = ("ReplicaSet", "tool-abc"),
    word: str = "abc",
    image: str = TOOL,
    ready: bool = True,
    node: str = "a",
    phase: str = "Running",
    meta: Json | None = None,
    spec: Json | None = None,
    status: Json | None = None,
) -> Json:
    """A running pod in namespace `n`."""
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    labels = {"app": "tool"} | ({"pod-template-hash": word} if word else {})
    return thing(
        "Pod", name, namespace="n",
        meta={"labels": labels, "ownerReferences": owners, **(meta or {})},
        spec={"nodeName": node, "containers": [container(image)], **(spec or {})},
        status={"phase": phase,
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                **(status or {})},
    )  # fmt: skip


def only(cluster: Cluster) -> Workload:
    """The one workload that was kept."""
    assert len(cluster.workloads) == 1, cluster.workloads
    return cluster.workloads[0]


def waiting(reason: str, *, kind: str = "containerStatuses") -> Json:
    """A pod status with a waiting container."""
    return {kind: [{"name": "main", "state": {"waiting": {"reason": reason}}}]}


def node(name: str = "a", **more: Any) -> Json:
    """A Node; further arguments are its spec."""
    healthy = [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}]
    status = {
        "allocatable": {"cpu": "3900m", "memory": "16Gi", "pods": "110"},
        "nodeInfo": {"kubeletVersion": more.pop("kubelet", "v1.33.6")},
        "conditions": more.pop("conditions", healthy),
    }
    return thing("Node", name, meta=more.pop("meta", {}), spec=more, status=status)


def asks(cpu: str, memory: str) -> Json:
    """Resources of a container."""
    return {"requests": {"cpu": cpu, "memory": memory}}
