"""What pods ask for, how they are, and to which workload they belong. Pure (D1, D2, D4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mas.kubernetes import objects
from mas.kubernetes.cluster import Container, Problem
from mas.kubernetes.quantity import parse_cpu, parse_memory

MAX_PROBLEMS = 5
_FINISHED = frozenset({"Succeeded", "Failed"})
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_TEMPLATE_HASH = "pod-template-hash"
_JOB_OWNERS = frozenset(
    {
        "Job",
        "CronJob",
        "TaskRun",
        "CustomRun",
        "PipelineRun",
        "Workflow",
        "SparkApplication",
        "EphemeralRunner",
    }
)
"""Owners whose pods run once and end: they use tools, they are none."""

WorkloadKey = tuple[str, str, str]
"""Kind, namespace and name."""


def is_finished(pod: objects.Pod) -> bool:
    """Whether the pod has ended, or was evicted."""
    return pod.status is not None and pod.status.phase in _FINISHED


def is_evicted(pod: objects.Pod) -> bool:
    """Whether the pod was put out of its node."""
    status = pod.status
    return status is not None and status.phase == "Failed" and status.reason == "Evicted"


def is_ready(pod: objects.Pod) -> bool:
    """Whether the pod serves."""
    status = pod.status
    if status is None or pod.metadata.deletion_timestamp is not None:
        return False
    for condition in status.conditions or ():
        if condition.type == "Ready":
            return condition.status == "True"
    containers = status.container_statuses or ()
    return bool(containers) and all(one.ready for one in containers)


def effective_requests(spec: objects.PodSpec) -> tuple[int, int]:
    """CPU in millicores and memory in bytes that the scheduler counts for a pod.

    Raises:
        ValueError: A request is no quantity.
    """
    return _effective(spec, "cpu", parse_cpu), _effective(spec, "memory", parse_memory)


def _effective(
    spec: objects.PodSpec, resource: str, parse: Callable[[str | int | float], int]
) -> int:
    running = sum(_asked(one.resources, resource, parse) for one in spec.containers or ())
    lasting = 0
    starting = 0
    for container in spec.init_containers or ():
        asked = _asked(container.resources, resource, parse)
        if container.restart_policy == "Always":
            lasting += asked
            starting = max(starting, lasting)
        else:
            starting = max(starting, lasting + asked)
    total = max(running + lasting, starting)
    if spec.resources is not None and resource in (spec.resources.requests or {}):
        total = _asked(spec.resources, resource, parse)
    if spec.overhead and resource in spec.overhead:
        total += parse(spec.overhead[resource])
    return total


def _asked(
    resources: objects.Resources | None,
    resource: str,
    parse: Callable[[str | int | float], int],
) -> int:
    """The request; a limit without a request counts as the request, as on admission."""
    if resources is None:
        return 0
    if resources.requests and resource in resources.requests:
        return parse(resources.requests[resource])
    if resources.limits and resource in resources.limits:
        return parse(resources.limits[resource])
    return 0


def owner_key(pod: objects.Pod) -> WorkloadKey | None:
    """The workload that a pod belongs to; None for the pods of Jobs and the like.

    The pods of a Deployment are owned by a ReplicaSet named `<deployment>-<hash>`. Static pods and
    pods without an owner are their own workload.
    """
    metadata = pod.metadata
    namespace = metadata.namespace or ""
    owners = metadata.owner_references or ()
    owner = next((one for one in owners if one.controller), owners[0] if owners else None)
    if owner is None or owner.kind in ("Node", ""):
        return "Pod", namespace, metadata.name
    if owner.kind in _JOB_OWNERS:
        return None
    if owner.kind == "ReplicaSet":
        suffix = f"-{(metadata.labels or {}).get(_TEMPLATE_HASH, '')}"
        if suffix != "-" and owner.name.endswith(suffix):
            return "Deployment", namespace, owner.name.removesuffix(suffix)
    return owner.kind, namespace, owner.name


def problems(pod: objects.Pod) -> list[Problem]:
    """Why the pod cannot run, by its own status; empty while it starts or runs."""
    status = pod.status
    if status is None or pod.metadata.deletion_timestamp is not None:
        return []
    name = f"Pod/{pod.metadata.namespace or ''}/{pod.metadata.name}"
    images = {
        one.name: one.image or ""
        for one in (
            *((pod.spec and pod.spec.containers) or ()),
            *((pod.spec and pod.spec.init_containers) or ()),
        )
    }
    found = [
        Problem(object=name, field=path, reason=reason, image=images.get(one.name, ""))
        for statuses, path_root, main in (
            (status.container_statuses, "status.containerStatuses", True),
            (status.init_container_statuses, "status.initContainerStatuses", False),
        )
        for index, one in enumerate(statuses or ())
        for path, reason in _state_problem(one, f"{path_root}[{index}].state", main=main)
    ]
    found += [
        Problem(object=name, field=f"status.conditions[{index}].reason", reason=one.reason)
        for index, one in enumerate(status.conditions or ())
        if one.type == "PodScheduled" and one.status == "False" and one.reason == "Unschedulable"
    ]
    return found


def _state_problem(
    status: objects.ContainerStatus, path: str, *, main: bool
) -> Iterable[tuple[str, str]]:
    state = status.state
    if state is None:
        return
    if state.waiting is not None and state.waiting.reason:
        if state.waiting.reason not in _STARTING:
            yield f"{path}.waiting.reason", state.waiting.reason
    elif main and state.terminated is not None and state.terminated.exit_code:
        yield f"{path}.terminated.reason", state.terminated.reason or "Error"


def main_containers(spec: objects.PodSpec | None, path: str) -> tuple[Container, ...]:
    """The main containers of a pod spec that stands at `path`."""
    if spec is None:
        return ()
    return tuple(
        Container(
            name=one.name,
            image=one.image,
            field=f"{path}.containers[{index}].image",
            command=(*(one.command or ()), *(one.args or ())),
        )
        for index, one in enumerate(spec.containers or ())
        if one.image
    )


@dataclass(kw_only=True)
class PodGroup:
    """The live pods of one workload, summed up while they pass by."""

    labels: Mapping[str, str] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()
    first: str = ""
    count: int = 0
    ready: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def add(self, pod: objects.Pod, found: list[Problem], *, candidate: bool) -> None:
        """Count one more pod; `candidate` when one of its images is of interest."""
        self.count += 1
        self.ready += is_ready(pod)
        self.problem_count += len(found)
        self.problems.extend(found[: MAX_PROBLEMS - len(self.problems)])
        if candidate and not self.containers:
            self.containers = main_containers(pod.spec, "spec")
            self.labels = pod.metadata.labels or {}
            self.first = pod.metadata.name
