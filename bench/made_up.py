"""Objects of the size that an API server gives them, for made-up clusters."""

from __future__ import annotations

import random
from typing import Any

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
VERSION = "v1.33.6"
Json = dict[str, Any]


def node_name(index: int) -> str:
    return f"ip-10-{index // 65536}-{index // 256 % 256}-{index % 256}.example.internal"


def random_word(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(_SAFE, k=length))


def _uid(kind: str, namespace: str, name: str) -> str:
    digits = f"{abs(hash_text(f'{kind}/{namespace}/{name}')):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def hash_text(text: str) -> int:
    """A stable hash (Python's own differs from run to run)."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128


def object_(
    api: str,
    kind: str,
    name: str,
    *,
    namespace: str = "",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    owner: tuple[str, str] | None = None,
    **body: Any,
) -> Json:
    metadata: Json = {
        "creationTimestamp": "2026-03-14T09:26:53Z",
        "name": name,
        "resourceVersion": "48151623",
        "uid": _uid(kind, namespace, name),
    }
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    if owner:
        metadata["ownerReferences"] = [
            {
                "apiVersion": "apps/v1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": owner[0],
                "name": owner[1],
                "uid": _uid(owner[0], namespace, owner[1]),
            }
        ]
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def node(index: int, *, control_plane: bool) -> Json:
    name = node_name(index)
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "m7i.2xlarge",
        "topology.kubernetes.io/region": "eu-central-1",
        "topology.kubernetes.io/zone": f"eu-central-1{'abc'[index % 3]}",
    }
    spec: Json = {"providerID": f"aws:///eu-central-1a/i-{index:017x}"}
    if control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
        spec["taints"] = [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}]
    return object_(
        "v1",
        "Node",
        name,
        labels=labels,
        spec=spec,
        status={
            "allocatable": {
                "cpu": "7910m",
                "ephemeral-storage": "95551679124",
                "memory": "31482304Ki",
                "pods": "110",
            },
            "capacity": {
                "cpu": "8",
                "ephemeral-storage": "104845292Ki",
                "memory": "32499136Ki",
                "pods": "110",
            },
            "conditions": [
                {
                    "lastHeartbeatTime": "2026-11-02T06:29:00Z",
                    "message": "kubelet is fine",
                    "lastTransitionTime": "2026-03-14T09:27:40Z",
                    "reason": f"Kubelet{kind}",
                    "status": status,
                    "type": kind,
                }
                for kind, status in (
                    ("MemoryPressure", "False"),
                    ("DiskPressure", "False"),
                    ("PIDPressure", "False"),
                    ("Ready", "True"),
                )
            ],
            "images": [
                {
                    "names": [
                        f"registry.example.com/apps/service-{at:05}@sha256:{at:064x}",
                        f"registry.example.com/apps/service-{at:05}:1.0.0",
                    ],
                    "sizeBytes": 123456789 + at,
                }
                for at in range(30)
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": VERSION,
                "operatingSystem": "linux",
            },
        },
    )


def container(name: str, image: str, args: list[str]) -> Json:
    made: Json = {
        "env": [
            {
                "name": "POD_IP",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}},
            },
            {"name": "LOG_LEVEL", "value": "info"},
        ],
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "name": name,
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "readinessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"},
            "periodSeconds": 10,
            "timeoutSeconds": 1,
        },
        "resources": {
            "limits": {"memory": "512Mi"},
            "requests": {"cpu": "100m", "memory": "256Mi"},
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "name": "kube-api-access",
                "readOnly": True,
            }
        ],
    }
    if args:
        made["args"] = args
    return made


def workload(
    kind: str,
    namespace: str,
    name: str,
    image: str,
    replicas: int,
    labels: dict[str, str],
    *,
    args: list[str] | None = None,
) -> Json:
    return object_(
        "apps/v1",
        kind,
        name,
        namespace=namespace,
        labels=labels,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container("main", image, args or [])]},
            },
        },
        status={
            "availableReplicas": replicas,
            "observedGeneration": 1,
            "readyReplicas": replicas,
            "replicas": replicas,
            "updatedReplicas": replicas,
        },
    )


def pod(
    kind: str,
    namespace: str,
    name: str,
    number: int,
    image: str,
    host: str,
    labels: dict[str, str],
    chance: random.Random,
    *,
    args: list[str] | None = None,
) -> Json:
    if kind == "Deployment":
        word = f"{hash_text(name) % 16**9:09x}"
        owner, full = ("ReplicaSet", f"{name}-{word}"), f"{name}-{word}-{random_word(chance, 5)}"
        labels = {**labels, "pod-template-hash": word}
    else:
        owner, full = (kind, name), f"{name}-{number}"
    started = "2026-10-30T11:05:09Z"
    return object_(
        "v1",
        "Pod",
        full,
        namespace=namespace,
        labels=labels,
        owner=owner,
        spec={
            "containers": [container("main", image, args or [])],
            "dnsPolicy": "ClusterFirst",
            "nodeName": host,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "serviceAccountName": "default",
            "tolerations": [
                {
                    "effect": "NoExecute",
                    "key": f"node.kubernetes.io/{key}",
                    "operator": "Exists",
                    "tolerationSeconds": 300,
                }
                for key in ("not-ready", "unreachable")
            ],
        },
        status={
            "conditions": [
                {
                    "lastProbeTime": None,
                    "lastTransitionTime": started,
                    "status": "True",
                    "type": one,
                }
                for one in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": [
                {
                    "containerID": f"containerd://{number:064x}",
                    "image": image,
                    "imageID": f"{image.split(':')[0]}@sha256:{number:064x}",
                    "lastState": {},
                    "name": "main",
                    "ready": True,
                    "restartCount": 0,
                    "started": True,
                    "state": {"running": {"startedAt": started}},
                }
            ],
            "hostIP": "10.0.0.1",
            "phase": "Running",
            "podIP": "10.244.0.1",
            "qosClass": "Burstable",
            "startTime": started,
        },
    )
