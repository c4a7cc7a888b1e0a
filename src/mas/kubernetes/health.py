"""Whether the parts of a tool are healthy, and each fault with the place where it stands (D2).

Healthy: every required component has a ready replica, and nothing crash-loops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mas.core.tools import Component, Tool
from mas.kubernetes.cluster import Cluster, Container, Problem, Workload
from mas.kubernetes.kinds import WORKLOAD_KINDS

Health = Literal["healthy", "degraded", "unknown"]
FaultCode = Literal["zero_replicas", "not_ready", "crash_loop", "image_pull", "missing_component"]

_IMAGE_PULL = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"}
)
_CRASH = frozenset(
    {
        "CrashLoopBackOff",
        "RunContainerError",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One workload of an installation, as a component of the tool."""

    component: Component
    workload: Workload
    container: Container

    @property
    def object(self) -> str:
        """The object that evidence cites: the workload, or one of its pods if only those show."""
        if self.workload.from_pods and self.workload.evidence_pod:
            return f"Pod/{self.workload.namespace}/{self.workload.evidence_pod}"
        return f"{self.workload.kind}/{self.workload.namespace}/{self.workload.name}"

    @property
    def ready(self) -> bool | None:
        """Whether it has a ready replica; None when nothing tells."""
        ready = self.workload.ready
        return None if ready is None else ready > 0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with an installation, with the place where it stands."""

    code: FaultCode
    component: str
    object: str
    field: str
    value: str
    part: Part | None = None
    image: str = ""


def health_of(
    tool: Tool, parts: Sequence[Part], *, unseen: frozenset[str]
) -> tuple[Health, tuple[Fault, ...]]:
    """Health of one installation, and its faults.

    Unknown when nothing is wrong but a needed part could not be seen: its kind is `unseen`, or
    nothing tells whether it is ready.
    """
    absent = _absent(tool, parts)
    hidden = [component for component in absent if component.workload in unseen]
    faults = tuple(_faults(parts, [one for one in absent if one not in hidden]))
    if faults:
        return "degraded", faults
    needed = [part for part in parts if part.component.role != "optional"]
    if hidden or any(part.ready is None for part in needed):
        return "unknown", ()
    return "healthy", ()


def unseen_kinds(cluster: Cluster) -> frozenset[str]:
    """Workload kinds of which neither the objects nor their pods could be read."""
    blind = {*cluster.forbidden, *cluster.unread}
    if "pods" not in blind:
        return frozenset()
    return frozenset(kind for kind, plural in WORKLOAD_KINDS.items() if plural in blind)


def _absent(tool: Tool, parts: Iterable[Part]) -> list[Component]:
    """Required components of which no workload was seen."""
    there = {part.component.name for part in parts}
    return [
        component
        for component in tool.components
        if component.role == "required" and component.installed and component.name not in there
    ]


def _faults(parts: Sequence[Part], missing: Iterable[Component]) -> Iterable[Fault]:
    by_component: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        by_component[part.component.name].append(part)
    for name, group in by_component.items():
        needed = group[0].component.role != "optional"
        served = any(part.ready for part in group)
        for part in group:
            yield from _part_faults(part, name=name, needed=needed, served=served)
    core = next(part for part in parts if part.component.role == "core")
    for component in missing:
        yield Fault(
            code="missing_component",
            component=component.name,
            object=core.object,
            field=core.container.field,
            value=core.container.image,
            part=core,
        )


def _part_faults(part: Part, *, name: str, needed: bool, served: bool) -> Iterable[Fault]:
    """What is wrong with one workload; problems of its pods come before mere counts."""
    workload = part.workload

    def pod_fault(problem: Problem, code: FaultCode) -> Fault:
        return Fault(
            code=code,
            component=name,
            object=problem.object,
            field=problem.field,
            value=problem.reason,
            part=part,
            image=problem.image or part.container.image,
        )

    pull = next((p for p in workload.problems if p.reason in _IMAGE_PULL), None)
    crash = next((p for p in workload.problems if p.reason in _CRASH), None)
    if crash:
        yield pod_fault(crash, "crash_loop")
    if pull:
        yield pod_fault(pull, "image_pull")
    if crash or pull or not needed:
        return
    if workload.desired == 0 and not served:
        yield Fault(
            code="zero_replicas",
            component=name,
            object=part.object,
            field=workload.desired_field or part.container.field,
            value="0" if workload.desired_field else part.container.image,
            part=part,
        )
    elif part.ready is False and workload.desired != 0 and not served:
        field, value = _unready_evidence(part)
        yield Fault(
            code="not_ready",
            component=name,
            object=part.object,
            field=field,
            value=value,
            part=part,
        )


def _unready_evidence(part: Part) -> tuple[str, str]:
    """A field that stands there and shows that nothing is ready; zero is often left out."""
    workload = part.workload
    if workload.ready_field:
        return workload.ready_field, str(workload.ready)
    for path in ("status.unavailableReplicas", "status.numberUnavailable", "status.replicas"):
        if path in workload.fields:
            return path, workload.fields[path]
    if workload.problems:
        problem = workload.problems[0]
        return problem.field, problem.reason
    if workload.desired_field:
        return workload.desired_field, str(workload.desired)
    return part.container.field, part.container.image
