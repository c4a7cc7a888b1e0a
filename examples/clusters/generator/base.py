"""What every object of a made-up cluster has, its nodes, and the file it is written to.

Everything is derived from names and a fixed date, so each run writes the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generator.words import Json, digest, mebibytes, millicores, share, stamp

_EVERYTHING = (
    "nodes,namespaces,customresourcedefinitions,deployments,statefulsets,daemonsets,replicasets,"
    "replicationcontrollers,jobs,cronjobs,pods,storageclasses,csidrivers,persistentvolumes,"
    "persistentvolumeclaims,resourcequotas,limitranges,services,ingresses,ingressclasses,"
    "networkpolicies,horizontalpodautoscalers,nodes.metrics.k8s.io,pods.metrics.k8s.io,"
    "applications.argoproj.io,kustomizations.kustomize.toolkit.fluxcd.io,"
    "helmreleases.helm.toolkit.fluxcd.io"
)

CLUSTER_WIDE = frozenset(
    {
        "Node",
        "Namespace",
        "StorageClass",
        "IngressClass",
        "PersistentVolume",
        "CustomResourceDefinition",
        "CSIDriver",
        "NodeMetrics",
        "ClusterIssuer",
        "ClusterPolicy",
        "GatewayClass",
        "EC2NodeClass",
        "NodePool",
        "CiliumNode",
        "Installation",
        "IPPool",
        "FelixConfiguration",
        "APIServer",
        "TigeraStatus",
        "ClusterSecretStore",
    }
)

_NODE_CONDITIONS = (
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)

_ORDER = (
    "Node",
    "Namespace",
    "CustomResourceDefinition",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
    "Pod",
    "StorageClass",
    "CSIDriver",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "LimitRange",
    "Service",
    "Ingress",
    "IngressClass",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "NodeMetrics",
    "PodMetrics",
)


class Base:
    """Nodes and the rules that hold for all objects."""

    def __init__(self, name: str, *, version: str, born: str) -> None:
        self.name = name
        self.version = version
        self.now = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
        self.born = datetime.fromisoformat(born).replace(tzinfo=UTC)
        self._objects: dict[str, list[Json]] = defaultdict(list)
        self._asked: dict[str, list[int]] = {}
        self._used: dict[str, list[int]] = {}
        self._pods_on: dict[str, int] = defaultdict(int)
        self._service_ips = 0
        self._slim = False

    def slim(self) -> None:
        """From here on leave out what readers do not need, for large clusters."""
        self._slim = True

    def add(
        self,
        kind: str,
        name: str,
        *,
        api: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        owner: Json | None = None,
        age_days: float | None = None,
        **body: Any,
    ) -> Json:
        """Add any object with the usual metadata."""
        metadata: Json = {}
        if annotations:
            metadata["annotations"] = dict(annotations)
        where = "" if kind in CLUSTER_WIDE or namespace is None else namespace
        metadata["creationTimestamp"] = self._time(f"{kind}/{where}/{name}", age_days)
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
            metadata["generation"] = 1 + int(share(f"gen{where}{name}") * 4)
        if labels:
            metadata["labels"] = dict(sorted(labels.items()))
        metadata["name"] = name
        if where:
            metadata["namespace"] = where
        if owner is not None:
            metadata["ownerReferences"] = [
                {
                    "apiVersion": owner["apiVersion"],
                    "blockOwnerDeletion": True,
                    "controller": True,
                    "kind": owner["kind"],
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"],
                }
            ]
        if kind not in ("NodeMetrics", "PodMetrics"):
            metadata["resourceVersion"] = str(
                100000 + int(share(f"rv{kind}{where}{name}") * 90000000)
            )
            metadata["uid"] = str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{kind}/{where}/{name}")
            )
        made = {"apiVersion": api, "kind": kind, "metadata": metadata, **body}
        self._objects[kind].append(made)
        return made

    def _time(self, key: str, age_days: float | None) -> str:
        life = (self.now - self.born).total_seconds()
        age = life * share(key) * 0.9 if age_days is None else age_days * 86400
        return stamp(self.now - timedelta(seconds=min(age, life)))

    def node(
        self,
        name: str,
        *,
        cpu: str,
        memory: str,
        ip: str,
        pods: int = 110,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        taints: Iterable[Json] = (),
        arch: str = "amd64",
        reserved_memory: str = "100Mi",
        reserved_cpu: str = "0m",
        os_image: str = "Debian GNU/Linux 13 (trixie)",
        kernel: str = "6.12.48+deb13-amd64",
        runtime: str = "containerd://2.1.4",
        provider_id: str = "",
        index: int = 0,
    ) -> None:
        """Add a node that is ready."""
        all_labels = {
            "beta.kubernetes.io/arch": arch,
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": arch,
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            **(labels or {}),
        }
        capacity = {
            "cpu": cpu,
            "ephemeral-storage": "479152840Ki",
            "hugepages-1Gi": "0",
            "hugepages-2Mi": "0",
            "memory": f"{mebibytes(memory) * 1024 - 1184 - index * 12}Ki",
            "pods": str(pods),
        }
        free = millicores(cpu) - millicores(reserved_cpu)
        allocatable = capacity | {
            "cpu": f"{free}m" if free % 1000 else str(free // 1000),
            "ephemeral-storage": "441587456614",
            "memory": f"{int(capacity['memory'][:-2]) - mebibytes(reserved_memory) * 1024}Ki",
        }
        cidr = f"10.244.{index}.0/24"
        spec: Json = {"podCIDR": cidr, "podCIDRs": [cidr]}
        if provider_id:
            spec["providerID"] = provider_id
        if taints:
            spec["taints"] = list(taints)
        self.add(
            "Node",
            name,
            api="v1",
            labels=all_labels,
            annotations={
                **(annotations or {}),
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
            age_days=(self.now - self.born).days - index * 0.001,
            spec=spec,
            status={
                "addresses": [
                    {"address": ip, "type": "InternalIP"},
                    {"address": name, "type": "Hostname"},
                ],
                "allocatable": allocatable,
                "capacity": capacity,
                "conditions": [self._condition(*one) for one in _NODE_CONDITIONS],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "nodeInfo": {
                    "architecture": arch,
                    "bootID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"boot/{name}")),
                    "containerRuntimeVersion": runtime,
                    "kernelVersion": kernel,
                    "kubeProxyVersion": "" if "eks" in self.version else self.version,
                    "kubeletVersion": self.version,
                    "machineID": digest(f"machine/{name}", 32),
                    "operatingSystem": "linux",
                    "osImage": os_image,
                    "systemUUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"system/{name}")),
                },
            },
        )
        self._asked[name] = [0, 0]
        self._used[name] = [0, 0]

    def _condition(self, kind: str, status: str, reason: str, message: str) -> Json:
        return {
            "lastHeartbeatTime": stamp(self.now - timedelta(seconds=70)),
            "lastTransitionTime": stamp(self.born + timedelta(minutes=2)),
            "message": message,
            "reason": reason,
            "status": status,
            "type": kind,
        }

    def nodes(self) -> list[Json]:
        """All nodes."""
        return self._objects["Node"]

    def metrics(self) -> None:
        """Add what metrics-server measures on the nodes."""
        for one in self.nodes():
            name = one["metadata"]["name"]
            cpu, memory = self._used[name]
            self.add(
                "NodeMetrics",
                name,
                api="metrics.k8s.io/v1beta1",
                age_days=0,
                labels=one["metadata"]["labels"],
                timestamp=stamp(self.now - timedelta(seconds=14)),
                usage={
                    "cpu": f"{(cpu + 180) * 1000003}n",
                    "memory": f"{(memory + 900) * 1024 + 52}Ki",
                },
                window="20.1s",
            )

    def write(self, path: Path) -> None:
        """Write the snapshot: one compact line, keys sorted as kubectl sorts them."""
        items = [
            one
            for kind in sorted(self._objects, key=lambda kind: (_rank(kind), kind))
            for one in sorted(self._objects[kind], key=_place)
        ]
        read = _EVERYTHING.split(",")
        if self._slim:
            read.remove("pods.metrics.k8s.io")
        document = {
            "apiVersion": "v1",
            "items": items,
            "kind": "List",
            "metadata": {
                "annotations": {
                    "mas.dev/kinds": ",".join(sorted(read)),
                    "mas.dev/server-version": self.version,
                },
                "resourceVersion": "",
            },
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _place(one: Json) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]
