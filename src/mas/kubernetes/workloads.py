"""Collects the workloads and pods of a digest: candidates with details, all others as counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from mas.kubernetes import objects, pods
from mas.kubernetes.cluster import Amount, Container, Workload
from mas.kubernetes.kinds import WORKLOAD_KINDS

PART_OF = "app.kubernetes.io/part-of"
INSTANCE = "app.kubernetes.io/instance"

_STATUS_FIELDS = tuple(
    (field.name, f"status.{field.encode_name}")
    for field in msgspec.structs.fields(objects.WorkloadStatus)
    if field.name != "observed_generation"
)


class WorkloadCollector:
    """Takes workloads and pods in any order; `workloads()` joins them at the end.

    `interesting` says of an image whether details of its workload are worth keeping.
    """

    def __init__(self, interesting: Callable[[str], bool]) -> None:
        self._interesting = interesting
        self._images: dict[str, bool] = {}
        self._kept: dict[pods.WorkloadKey, Workload] = {}
        self._seen: set[pods.WorkloadKey] = set()
        self._groups: dict[pods.WorkloadKey, pods.PodGroup] = {}
        self._owners: set[pods.WorkloadKey] = set()
        """Workloads without an image of interest of which pods were seen; lone pods are none."""
        self._per_node: dict[str, list[int]] = {}
        self.total = 0
        self._by_namespace: Counter[str] = Counter()
        self._siblings: Counter[tuple[str, str, str]] = Counter()
        self.live_pods = 0

    def add_workload(self, kind: str, view: objects.Workload) -> None:
        """Take one controller object; ReplicaSets of a Deployment or of a past revision are not."""
        metadata = view.metadata
        owners = metadata.owner_references or ()
        if kind == "ReplicaSet" and owners:
            gone = not (view.spec and view.spec.replicas)
            if gone or any(owner.kind == "Deployment" for owner in owners):
                return
        namespace = metadata.namespace or ""
        key = (kind, namespace, metadata.name)
        if kind != "ReplicationController":
            self.total += 1
        self._seen.add(key)
        template = view.spec.template if view.spec else None
        spec = template.spec if template else None
        if self._wanted(spec):
            containers = pods.main_containers(spec, "spec.template.spec")
            self._kept[key] = _workload(kind, view, containers)
            return
        self._by_namespace[namespace] += 1
        if kind in WORKLOAD_KINDS:
            labels = metadata.labels or {}
            part_of, instance = labels.get(PART_OF, ""), labels.get(INSTANCE, "")
            if part_of or instance:
                self._siblings[namespace, part_of, instance] += 1

    def add_pod(self, pod: objects.Pod) -> bool:
        """Take one pod: its requests count on its node, its state for its workload.

        Returns:
            Whether it is a leftover of an eviction, which counts for nothing else.

        Raises:
            ValueError: A request is no quantity.
        """
        if pods.is_finished(pod):
            return pods.is_evicted(pod)
        spec = pod.spec
        if spec is not None and spec.node_name:
            cpu, memory = pods.effective_requests(spec)
            asked = self._per_node.get(spec.node_name)
            if asked is None:
                asked = self._per_node[spec.node_name] = [0, 0, 0]
            asked[0] += cpu
            asked[1] += memory
            asked[2] += 1
        self.live_pods += 1
        key = pods.owner_key(pod)
        if key is None or pod.metadata.deletion_timestamp is not None:
            return False
        candidate = self._wanted(spec)
        if not candidate and key[0] != "Pod":
            self._owners.add(key)
        found = pods.problems(pod)
        if candidate or found or key in self._kept:
            self._groups.setdefault(key, pods.PodGroup()).add(pod, found, candidate=candidate)
        return False

    def requested(self, node: str) -> Amount:
        """What the live pods of a node ask for."""
        cpu, memory, count = self._per_node.get(node, (0, 0, 0))
        return Amount(cpu=cpu, memory=memory, pods=count)

    def workloads(self) -> tuple[Workload, ...]:
        """All candidates with what their pods tell, by kind, namespace and name.

        Pods of a workload that was not seen stand for it.
        """
        groups: dict[pods.WorkloadKey, pods.PodGroup] = {}
        for key, group in self._groups.items():
            groups.setdefault(self._leader(key), group)
        found = [_joined(workload, groups.get(key)) for key, workload in self._kept.items()]
        found += [
            _from_pods(key, group)
            for key, group in groups.items()
            if group.containers and key not in self._seen
        ]
        return tuple(sorted(found, key=lambda one: (one.namespace, one.name, one.kind)))

    def by_namespace(self) -> dict[str, int]:
        """How many workloads without an image of interest each namespace holds.

        Pods whose workload was not seen stand for it.
        """
        owners = {self._leader(key) for key in self._owners}
        unseen = Counter(key[1] for key in owners - self._seen)
        return dict(sorted((self._by_namespace + unseen).items()))

    def _leader(self, key: pods.WorkloadKey) -> pods.WorkloadKey:
        """The Deployment behind a ReplicaSet whose pods carry no hash label, if it was seen."""
        kind, namespace, name = key
        deployment = ("Deployment", namespace, name.rpartition("-")[0])
        return deployment if kind == "ReplicaSet" and deployment in self._seen else key

    def siblings(self) -> dict[str, int]:
        """Other workloads that share a label of a candidate in the same namespace."""
        marks = {
            (key[1], label, workload.labels[label])
            for key, workload in self._kept.items()
            for label in (PART_OF, INSTANCE)
            if workload.labels.get(label)
        }
        return {
            f"{namespace}|{part_of}|{instance}": count
            for (namespace, part_of, instance), count in sorted(self._siblings.items())
            if (namespace, PART_OF, part_of) in marks or (namespace, INSTANCE, instance) in marks
        }

    @property
    def seen_any(self) -> bool:
        """Whether any workload or live pod was seen."""
        return bool(self._seen) or self.live_pods > 0

    def _wanted(self, spec: objects.PodSpec | None) -> bool:
        if spec is None:
            return False
        for container in spec.containers or ():
            image = container.image
            if image is None:
                continue
            wanted = self._images.get(image)
            if wanted is None:
                wanted = self._images[image] = self._interesting(image)
            if wanted:
                return True
        return False


def _workload(kind: str, view: objects.Workload, containers: tuple[Container, ...]) -> Workload:
    template = view.spec.template if view.spec else None
    status = view.status
    texts = {
        path: str(value)
        for name, path in _STATUS_FIELDS
        if status is not None and (value := getattr(status, name)) is not None
    }
    if kind == "DaemonSet":
        desired_field, ready_field = "status.desiredNumberScheduled", "status.numberReady"
        desired = status.desired_number_scheduled if status else None
        ready = status.number_ready if status else None
    else:
        desired_field, ready_field = "spec.replicas", "status.readyReplicas"
        desired = view.spec.replicas if view.spec else None
        ready = status.ready_replicas if status else None
        if ready is None and status is not None and status.available_replicas:
            # What is available is ready.
            ready, ready_field = status.available_replicas, "status.availableReplicas"
        told = bool(texts) or (status is not None and status.observed_generation is not None)
        if ready is None and told:
            # The API leaves a count of zero out.
            ready, ready_field = 0, ""
    return Workload(
        kind=kind,
        namespace=view.metadata.namespace or "",
        name=view.metadata.name,
        labels=view.metadata.labels or {},
        pod_labels=(template.metadata.labels or {}) if template and template.metadata else {},
        containers=containers,
        desired=desired,
        desired_field="" if desired is None else desired_field,
        ready=ready,
        ready_field="" if ready is None else ready_field,
        fields={path: text for path, text in texts.items() if path != ready_field},
    )


def _joined(workload: Workload, group: pods.PodGroup | None) -> Workload:
    if group is None:
        return workload
    return msgspec.structs.replace(
        workload,
        ready=group.ready if workload.ready is None else workload.ready,
        pods=group.count,
        ready_pods=group.ready,
        evidence_pod=group.first,
        problems=tuple(group.problems),
        problem_count=group.problem_count,
    )


def _from_pods(key: pods.WorkloadKey, group: pods.PodGroup) -> Workload:
    kind, namespace, name = key
    return Workload(
        kind=kind,
        namespace=namespace,
        name=name,
        labels=dict(group.labels),
        pod_labels=dict(group.labels),
        containers=group.containers,
        ready=group.ready,
        pods=group.count,
        ready_pods=group.ready,
        from_pods=True,
        evidence_pod=group.first,
        problems=tuple(group.problems),
        problem_count=group.problem_count,
    )
