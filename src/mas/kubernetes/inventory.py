"""Which tools run in a cluster, where, in which version, and how they are (D2).

A tool is installed when a workload of one of its core components exists; custom resources,
labels and names alone prove nothing. One entry per installation.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mas.core.tools import Tool
from mas.kubernetes.applications import count_applications
from mas.kubernetes.cluster import Cluster, Workload
from mas.kubernetes.health import Fault as Fault
from mas.kubernetes.health import FaultCode as FaultCode
from mas.kubernetes.health import Health as Health
from mas.kubernetes.health import Part as Part
from mas.kubernetes.health import health_of, unseen_kinds
from mas.kubernetes.images import Recogniser, agrees, is_component, is_helper, parse_image

_INSTANCE = "app.kubernetes.io/instance"
_VERSION = re.compile(r"v?\d|RELEASE\.\d")
_CHANNEL = re.compile(r"^(?:edge|stable|alpine|ubuntu|debian|release)-(?=v?\d)", re.IGNORECASE)
"""What some tags put before the version: `edge-25.8.1`, `alpine-v18.2.0`."""
_FLAVOUR = re.compile(
    r"-(?:rootless|alpine|debian|slim|distroless|ubuntu|ubi|scratch|bullseye|bookworm|photon|linux"
    r"|amd64|arm64|fips|jdk\d|lts|musl|build\d|eksbuild|eks-|debug|full|oss|musl).*$"
)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One installation of one tool."""

    tool: Tool
    namespace: str
    version: str | None
    health: Health
    parts: tuple[Part, ...]
    faults: tuple[Fault, ...]

    @property
    def cores(self) -> tuple[Part, ...]:
        """The parts that prove it; there is at least one."""
        return tuple(part for part in self.parts if part.component.role == "core")

    @property
    def core(self) -> Part:
        """The first part that proves it."""
        return self.cores[0]

    def part(self, component: str) -> Part | None:
        """The workload of a component: a ready one if there is any."""
        parts = [part for part in self.parts if part.component.name == component]
        return next((part for part in parts if part.ready), parts[0] if parts else None)

    def gives(self, capability: str) -> bool:
        """Whether this installation, as it stands, gives a capability in good health."""
        given = {*self.tool.capabilities.primary, *self.tool.capabilities.secondary}
        if capability not in given or self.health == "degraded":
            return False
        needed = self.tool.capabilities.depends.get(capability)
        if needed is None:
            return True
        part = self.part(needed)
        faulty = any(fault.component == needed for fault in self.faults)
        return part is not None and part.ready is True and not faulty


@dataclass(frozen=True, kw_only=True)
class LeftOver:
    """Custom resource definitions of a tool that is not installed."""

    tool: Tool
    names: tuple[str, ...]
    """Names of the CRDs."""
    resources: int
    """Custom resources of these kinds that were seen."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All installations, strongest health first per tool, and what is left over."""

    installations: tuple[Installation, ...]
    left_over: Mapping[str, LeftOver]
    applications: int

    def of(self, tool: str) -> tuple[Installation, ...]:
        """Installations of one tool."""
        return tuple(one for one in self.installations if one.tool.id == tool)

    def giving(self, capability: str) -> tuple[Installation, ...]:
        """Healthy installations that give a capability."""
        return tuple(one for one in self.installations if one.gives(capability))


def take_inventory(
    cluster: Cluster, tools: Mapping[str, Tool], recogniser: Recogniser
) -> Inventory:
    """Find every tool in the digest of a cluster."""
    parts: dict[str, list[Part]] = defaultdict(list)
    for workload in cluster.workloads:
        for tool, part in parts_of(workload, recogniser):
            parts[tool.id].append(part)
    unseen = unseen_kinds(cluster)
    installations = [
        installation
        for tool_id in sorted(parts)
        for installation in _installations(tools[tool_id], parts[tool_id], unseen=unseen)
    ]
    order = {"healthy": 0, "unknown": 1, "degraded": 2}
    installations.sort(key=lambda one: (one.tool.id, order[one.health], one.namespace))
    return Inventory(
        installations=tuple(installations),
        left_over=_left_over(cluster, tools, {one.tool.id for one in installations}),
        applications=count_applications(
            cluster,
            tools=(part.workload for one in installations for part in one.parts),
            cores=(part.workload for one in installations for part in one.cores),
        ),
    )


def parts_of(workload: Workload, recogniser: Recogniser) -> Iterable[tuple[Tool, Part]]:
    """The components that a workload's containers are; the first container of a kind counts."""
    labels = {**workload.pod_labels, **workload.labels}
    seen: set[tuple[str, str]] = set()
    foreign = False
    for container in workload.containers:
        candidates = recogniser.candidates(container.image)
        for candidate in candidates:
            key = (candidate.tool.id, candidate.component.name)
            if key in seen:
                continue
            # Behind somebody else's container it is a sidecar, unless the workload says otherwise.
            sure = candidate.certain and not foreign
            if not sure and not agrees(
                candidate, name=workload.name, labels=labels, command=container.command
            ):
                continue
            if not is_component(candidate, name=workload.name, command=container.command):
                continue
            seen.add(key)
            yield (
                candidate.tool,
                Part(component=candidate.component, workload=workload, container=container),
            )
        foreign = foreign or not (candidates or is_helper(container.image))


def _installations(
    tool: Tool, parts: Sequence[Part], *, unseen: frozenset[str]
) -> Iterable[Installation]:
    """Group the parts of one tool to installations."""
    groups: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.workload.namespace].append(part)
    proven = {ns: group for ns, group in groups.items() if _has_core(group)}
    if not proven:
        return
    host = min(proven)
    for namespace, group in groups.items():
        if namespace not in proven and len(proven) == 1:
            # Parts in a namespace of their own (gateways, resolvers) belong to the only one there
            # is; of several installations nobody can tell whose they are.
            proven[host] = [*proven[host], *group]
    for namespace in sorted(proven):
        for group in _by_instance(proven[namespace]):
            yield _installation(tool, namespace, group, unseen=unseen)


def _has_core(parts: Iterable[Part]) -> bool:
    return any(part.component.role == "core" for part in parts)


def _by_instance(parts: list[Part]) -> Iterable[list[Part]]:
    """Split one namespace by Helm instance where each instance has the same core component."""
    owners: dict[str, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for part in parts:
        if part.component.role == "core":
            instance = part.workload.labels.get(_INSTANCE, "")
            owners[part.component.name][instance].append(part)
    widest = max(owners.values(), key=len)
    instances = sorted(widest)
    if len(instances) < 2 or "" in instances:
        return [parts]
    split: dict[str, list[Part]] = {instance: [] for instance in instances}
    for part in parts:
        instance = part.workload.labels.get(_INSTANCE, "")
        split[instance if instance in split else instances[0]].append(part)
    return [group for group in split.values() if _has_core(group)]


def _installation(
    tool: Tool, namespace: str, parts: list[Part], *, unseen: frozenset[str]
) -> Installation:
    health, faults = health_of(tool, parts, unseen=unseen)
    return Installation(
        tool=tool,
        namespace=namespace,
        version=_version(parts),
        health=health,
        parts=tuple(parts),
        faults=faults,
    )


def _version(parts: Sequence[Part]) -> str | None:
    """The version by the image tag of a core component, else by its labels, else by other parts.

    The chart's own version (`helm.sh/chart`) is not the tool's, and is not taken for it.
    """
    core = [part for part in parts if part.component.role == "core"]
    for part in core:
        if version := _tag_version(part):
            return version
    for part in core:
        for labels in (part.workload.labels, part.workload.pod_labels):
            for key, version in labels.items():
                named = key == "app.kubernetes.io/version" or key.endswith("/release")
                if named and _VERSION.match(version):
                    return version
    beside = (part for part in parts if part.component.role in ("required", "supporting"))
    return next((version for part in beside if (version := _tag_version(part))), None)


def _tag_version(part: Part) -> str:
    tag = _CHANNEL.sub("", parse_image(part.container.image).tag)
    return _FLAVOUR.sub("", tag) if _VERSION.match(tag) else ""


def _left_over(
    cluster: Cluster, tools: Mapping[str, Tool], installed: set[str]
) -> dict[str, LeftOver]:
    """CRDs whose owner is not installed, per tool."""
    names = {
        (group.group, kind): name
        for group in cluster.crds
        for kind, name in zip(group.kinds, group.names, strict=True)
    }
    owned_by_installed = {
        (group.group, kind)
        for tool_id in installed
        for group in tools[tool_id].recognise.crds
        for kind in group.kinds
    }
    found: dict[str, LeftOver] = {}
    for tool in tools.values():
        if tool.id in installed:
            continue
        keys = [
            (group.group, kind)
            for group in tool.recognise.crds
            if not group.shared
            for kind in group.kinds
            if (group.group, kind) in names and (group.group, kind) not in owned_by_installed
        ]
        if keys:
            samples = (cluster.custom.get(f"{group}/{kind}") for group, kind in keys)
            found[tool.id] = LeftOver(
                tool=tool,
                names=tuple(names[key] for key in keys),
                resources=sum(sample.count for sample in samples if sample),
            )
    return found
