"""Builds clusters for tests: realistic objects → a `v1` List → the digest that is judged.

    world = ClusterBuilder().deployment("gitea", "gitea", "docker.gitea.com/gitea:1.24.2")
    cluster = digest(world.as_list(), interesting=recogniser.interesting)

Nothing is simplified on the way: the digest is made by the reader of snapshot files.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from mas.adapters.clusters.snapshot_file import (
    FORBIDDEN_ANNOTATION,
    KINDS_ANNOTATION,
    VERSION_ANNOTATION,
    SnapshotFile,
)
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.digest import read_cluster
from mas.testing import objects
from mas.testing.cluster_parts import ClusterParts
from mas.testing.objects import Object

READ_AT = "2026-11-20T09:00:00Z"
FILE_NAME = "cluster.json"


class ClusterBuilder(ClusterParts):
    """A cluster in the making; every method adds objects and returns the builder.

    It starts with `control_planes` tainted control-plane nodes `cp-1`, ... and `workers` nodes
    `w-1`, ..., all Ready and of the given size.
    """

    def __init__(
        self,
        *,
        control_planes: int = 1,
        workers: int = 2,
        version: str = "v1.35.2",
        cpu: str = "4",
        memory: str = "8Gi",
        pods: str = "110",
    ) -> None:
        self.version = version
        self.items: list[Object] = []
        self.annotations: dict[str, str] = {}
        for number in range(1, control_planes + 1):
            self.node(f"cp-{number}", control_plane=True, cpu=cpu, memory=memory, pods=pods)
        for number in range(1, workers + 1):
            self.node(f"w-{number}", cpu=cpu, memory=memory, pods=pods)

    # Nodes

    def node(
        self,
        name: str,
        *,
        control_plane: bool = False,
        cpu: str = "4",
        memory: str = "8Gi",
        pods: str = "110",
        kubelet: str = "",
        ready: bool = True,
        cordoned: bool = False,
        taints: Sequence[Object] = (),
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        provider_id: str = "",
    ) -> Self:
        """Add one node; `taints` as in `spec.taints`."""
        return self.add(
            objects.node(
                name,
                control_plane=control_plane,
                cpu=cpu,
                memory=memory,
                pods=pods,
                kubelet=kubelet or self.version,
                ready=ready,
                cordoned=cordoned,
                taints=taints,
                labels=labels or {},
                annotations=annotations or {},
                provider_id=provider_id,
            )
        )

    def usage(self, node: str, *, cpu: str, memory: str) -> Self:
        """Add what a node is measured to use."""
        return self.add(
            {
                "apiVersion": "metrics.k8s.io/v1beta1",
                "kind": "NodeMetrics",
                "metadata": {"creationTimestamp": READ_AT, "name": node},
                "timestamp": READ_AT,
                "usage": {"cpu": cpu, "memory": memory},
                "window": "20s",
            }
        )

    # Workloads

    def deployment(self, namespace: str, name: str, *images: str, **how: object) -> Self:
        """Add a Deployment with its pods; `how` as for `workload`."""
        return self.workload("Deployment", namespace, name, *images, **how)  # type: ignore[arg-type]

    def stateful_set(self, namespace: str, name: str, *images: str, **how: object) -> Self:
        """Add a StatefulSet with its pods; `how` as for `workload`."""
        return self.workload("StatefulSet", namespace, name, *images, **how)  # type: ignore[arg-type]

    def daemon_set(self, namespace: str, name: str, *images: str, **how: object) -> Self:
        """Add a DaemonSet with its pods; `how` as for `workload`."""
        return self.workload("DaemonSet", namespace, name, *images, **how)  # type: ignore[arg-type]

    def workload(
        self,
        kind: str,
        namespace: str,
        name: str,
        *images: str,
        replicas: int = 1,
        ready: int | None = None,
        labels: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        requests: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        init_images: Sequence[str] = (),
        waiting: str = "",
        pods: bool = True,
    ) -> Self:
        """Add a controller and its pods.

        Args:
            ready: Ready replicas; None means all, or none with `waiting`.
            waiting: Why the pods that are not ready do not run, e.g. `CrashLoopBackOff`.
            pods: False leaves the pods out, as a list of controllers alone would.
        """
        if ready is None:
            ready = 0 if waiting else replicas
        own = dict(labels or {})
        spec: Object = {
            "containers": objects.containers(
                images, command=command, args=args, requests=requests, env=env
            )
        }
        if init_images:
            spec["initContainers"] = objects.containers(
                init_images, command=(), args=(), requests=None, env=None
            )
        self.add(
            objects.controller(
                kind, namespace, name, labels=own, pod_spec=spec, replicas=replicas, ready=ready
            )
        )
        if pods:
            self._pods_of(kind, namespace, name, spec, own, replicas, ready, waiting)
        return self

    def _pods_of(
        self,
        kind: str,
        namespace: str,
        name: str,
        spec: Object,
        labels: Mapping[str, str],
        replicas: int,
        ready: int,
        waiting: str,
    ) -> None:
        owner, told = (kind, name), {"app": name, **labels}
        if kind == "Deployment":
            owner = ("ReplicaSet", f"{name}-5d4f8c7b9c")
            told["pod-template-hash"] = "5d4f8c7b9c"
        nodes = self._worker_names()
        for index in range(replicas):
            suffix = str(index) if kind == "StatefulSet" else f"x{index:04d}"
            parent = owner[1]
            self.add(
                objects.pod(
                    namespace,
                    f"{parent}-{suffix}",
                    spec,
                    labels=told,
                    owner=owner,
                    on=nodes[index % len(nodes)] if nodes else "",
                    waiting="" if index < ready else waiting or "ContainerCreating",
                )
            )

    def pod(
        self,
        namespace: str,
        name: str,
        *images: str,
        owner: tuple[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        on: str = "",
        requests: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        waiting: str = "",
        phase: str = "Running",
        reason: str = "",
    ) -> Self:
        """Add a single pod; `owner` is kind and name of its controller."""
        nodes = self._worker_names()
        spec: Object = {
            "containers": objects.containers(
                images, command=command, args=(), requests=requests, env=None
            )
        }
        return self.add(
            objects.pod(
                namespace,
                name,
                spec,
                labels=labels or {},
                owner=owner,
                on=on or (nodes[0] if nodes else ""),
                waiting=waiting,
                phase=phase,
                reason=reason,
            )
        )

    def load(self, node: str, *, cpu: str, memory: str = "64Mi", pods: int = 1) -> Self:
        """Fill a node with pods of an application that ask for so much each."""
        for index in range(pods):
            self.pod(
                "shop",
                f"load-{node}-{index}",
                "registry.corp/shop/app:1",
                owner=("ReplicaSet", f"load-{node}"),
                on=node,
                requests={"cpu": cpu, "memory": memory},
            )
        return self

    def add(self, item: Object) -> Self:
        """Add any object."""
        self.items.append(item)
        return self

    def without(self, *kinds: str) -> Self:
        """Take all objects of these kinds (`Pod`, `Deployment`) out again."""
        self.items = [item for item in self.items if item["kind"] not in kinds]
        return self

    # What is known about the reading

    def forbid(self, *names: str) -> Self:
        """Note kinds (plural names) as unreadable and take their objects out."""
        known = [name for name in self.annotations.get(FORBIDDEN_ANNOTATION, "").split(",") if name]
        self.annotations[FORBIDDEN_ANNOTATION] = ",".join([*known, *names])
        self.items = [item for item in self.items if _plural(item) not in names]
        return self

    def read_only(self, *names: str) -> Self:
        """Note that only these kinds (plural names) were read, and take all others out."""
        self.annotations[KINDS_ANNOTATION] = ",".join(names)
        self.items = [item for item in self.items if _plural(item) in names]
        return self

    def server_version(self, version: str) -> Self:
        """Note the version of the API server."""
        self.annotations[VERSION_ANNOTATION] = version
        return self

    def as_list(self) -> Object:
        """The `v1` List that `kubectl get ... -A -o json` would print."""
        metadata: Object = {"resourceVersion": ""}
        if self.annotations:
            metadata["annotations"] = dict(self.annotations)
        return {"apiVersion": "v1", "items": self.items, "kind": "List", "metadata": metadata}

    def _worker_names(self) -> list[str]:
        nodes = [item for item in self.items if item["kind"] == "Node"]
        free = [one for one in nodes if objects.CONTROL_PLANE not in one["metadata"]["labels"]]
        return [str(one["metadata"]["name"]) for one in free or nodes]


def _plural(item: Object) -> str:
    """The name of an object's kind in permissions and annotations."""
    kind, group = str(item["kind"]).lower(), str(item["apiVersion"]).rpartition("/")[0]
    if group == "metrics.k8s.io":
        return f"{kind.removesuffix('metrics')}s.{group}"
    plural = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    plain = group.endswith(".k8s.io") or "." not in group
    return plural if plain else f"{plural}.{group}"


def digest(content: Object, *, interesting: Callable[[str], bool]) -> Cluster:
    """What the reader of snapshot files makes of a List; for use outside an event loop."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        path.write_text(json.dumps(content), encoding="utf-8")
        return asyncio.run(
            read_cluster(SnapshotFile(path), interesting=interesting, read_at=READ_AT)
        )
