"""Single Kubernetes objects as an API server writes them, for `testing.clusters`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]
"""One Kubernetes object as JSON."""

CREATED = "2026-09-01T08:00:00Z"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_IMAGE_REASONS = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName"}


def meta(
    name: str,
    namespace: str | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: tuple[str, str] | None = None,
) -> Object:
    """`metadata` with uid, time and version; `owner` is kind and name of the controller."""
    made: Object = {
        "creationTimestamp": CREATED,
        "name": name,
        "resourceVersion": "4711",
        "uid": _uid(namespace or "", name),
    }
    if annotations:
        made["annotations"] = dict(annotations)
    if labels:
        made["labels"] = dict(labels)
    if namespace is not None:
        made["namespace"] = namespace
    if owner:
        made["ownerReferences"] = [
            {
                "apiVersion": "batch/v1" if owner[0] == "Job" else "apps/v1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": owner[0],
                "name": owner[1],
                "uid": _uid(namespace or "", owner[1]),
            }
        ]
    return made


def _uid(*parts: str) -> str:
    made = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-8{made[17:20]}-{made[20:32]}"


def node(
    name: str,
    *,
    control_plane: bool,
    cpu: str,
    memory: str,
    pods: str,
    kubelet: str,
    ready: bool,
    cordoned: bool,
    taints: Sequence[Object],
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    provider_id: str,
) -> Object:
    """A Node with conditions in the order of a real kubelet: Ready comes last."""
    spec: Object = {"podCIDR": "10.42.0.0/24"}
    if provider_id:
        spec["providerID"] = provider_id
    told = list(taints)
    if control_plane:
        told.append({"effect": "NoSchedule", "key": CONTROL_PLANE})
    if cordoned:
        spec["unschedulable"] = True
        told.append({"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable"})
    if not ready:
        told.append({"effect": "NoSchedule", "key": "node.kubernetes.io/not-ready"})
    if told:
        spec["taints"] = told
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **labels}
    if control_plane:
        own[CONTROL_PLANE] = ""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta(name, labels=own, annotations=annotations),
        "spec": spec,
        "status": {
            "addresses": [{"address": name, "type": "Hostname"}],
            "allocatable": {"cpu": cpu, "memory": memory, "pods": pods},
            "capacity": {"cpu": cpu, "memory": memory, "pods": pods},
            "conditions": [
                {"status": "False", "type": "MemoryPressure"},
                {"status": "False", "type": "DiskPressure"},
                {"reason": "KubeletReady", "status": str(ready), "type": "Ready"},
            ],
            "nodeInfo": {"kubeletVersion": kubelet, "operatingSystem": "linux"},
        },
    }


def containers(
    images: Sequence[str],
    *,
    command: Sequence[str],
    args: Sequence[str],
    requests: Mapping[str, str] | None,
    env: Mapping[str, str] | None,
) -> list[Object]:
    """Main containers; command, arguments and environment belong to the first one."""
    made: list[Object] = []
    for index, image in enumerate(images):
        one: Object = {"image": image, "imagePullPolicy": "IfNotPresent", "name": f"c{index}"}
        if index == 0:
            if command:
                one["command"] = list(command)
            if args:
                one["args"] = list(args)
            if env:
                one["env"] = [{"name": key, "value": value} for key, value in env.items()]
        one["resources"] = {"requests": dict(requests)} if requests else {}
        made.append(one)
    return made


def controller(
    kind: str,
    namespace: str,
    name: str,
    *,
    labels: Mapping[str, str],
    pod_spec: Object,
    replicas: int,
    ready: int,
) -> Object:
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet; counts of zero are left out."""
    spec: Object = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": {"app": name, **labels}},
            "spec": pod_spec,
        },
    }
    if kind == "DaemonSet":
        status: Object = {
            "currentNumberScheduled": replicas,
            "desiredNumberScheduled": replicas,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "observedGeneration": 1,
        }
        if ready < replicas:
            status["numberUnavailable"] = replicas - ready
    else:
        spec["replicas"] = replicas
        status = {"observedGeneration": 1}
        counts = {
            "replicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": replicas,
        }
        if kind == "Deployment":
            counts["unavailableReplicas"] = replicas - ready
        status |= {key: value for key, value in counts.items() if value}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta(name, namespace, labels=labels),
        "spec": spec,
        "status": dict(sorted(status.items())),
    }


def pod(
    namespace: str,
    name: str,
    pod_spec: Object,
    *,
    labels: Mapping[str, str],
    owner: tuple[str, str] | None,
    on: str,
    waiting: str = "",
    phase: str = "Running",
    reason: str = "",
) -> Object:
    """A Pod; `waiting` is why its containers do not run (`CrashLoopBackOff`), if they do not."""
    ready = phase == "Running" and not waiting
    if waiting == "Unschedulable":
        conditions = [{"reason": "Unschedulable", "status": "False", "type": "PodScheduled"}]
        statuses: list[Object] = []
        phase = "Pending"
    else:
        conditions = [
            {"status": "True", "type": "Initialized"},
            {"status": str(ready), "type": "Ready"},
            {"status": "True", "type": "PodScheduled"},
        ]
        state = _state(waiting, phase)
        statuses = [
            {"image": one["image"], "name": one["name"], "ready": ready, "state": state}
            for one in pod_spec["containers"]
        ]
        if waiting in _IMAGE_REASONS:
            phase = "Pending"
    status: Object = {"conditions": conditions, "phase": phase}
    if statuses and phase != "Failed":
        status["containerStatuses"] = statuses
    if reason:
        status["reason"] = reason
    spec = {**pod_spec, "restartPolicy": "Always"}
    if waiting != "Unschedulable" and on:
        spec["nodeName"] = on
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, namespace, labels=labels, owner=owner),
        "spec": spec,
        "status": status,
    }


def _state(waiting: str, phase: str) -> Object:
    if waiting:
        return {"waiting": {"reason": waiting}}
    if phase == "Succeeded":
        return {"terminated": {"exitCode": 0, "reason": "Completed"}}
    return {"running": {"startedAt": CREATED}}
