"""Clusters in which catalog tools run as their charts install them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mas.catalog.loader import load_catalog
from mas.core.tools import Component, Tool
from mas.kubernetes.cluster import Cluster, Container, Problem, Workload
from mas.kubernetes.images import Recogniser
from mas.kubernetes.inventory import Installation, Inventory, take_inventory

CATALOG = load_catalog()
RECOGNISER = Recogniser(CATALOG.tools.values())
INSTANCE = "app.kubernetes.io/instance"
PART_OF = "app.kubernetes.io/part-of"


def container(image: str, *command: str, name: str = "main", index: int = 0) -> Container:
    field = f"spec.template.spec.containers[{index}].image"
    return Container(name=name, image=image, field=field, command=command)


def workload(
    name: str,
    *images: str | Container,
    namespace: str = "tools",
    kind: str = "Deployment",
    ready: int | None = 1,
    desired: int | None = 1,
    labels: dict[str, str] | None = None,
    **more: Any,
) -> Workload:
    """A workload with a ready replica unless told otherwise."""
    return Workload(
        kind=kind,
        namespace=namespace,
        name=name,
        labels=labels or {},
        containers=tuple(
            one if isinstance(one, Container) else container(one, name=f"c{i}", index=i)
            for i, one in enumerate(images)
        ),
        desired=desired,
        desired_field="" if desired is None else "spec.replicas",
        ready=ready,
        ready_field="status.readyReplicas" if ready else "",
        **more,
    )


def problem(reason: str, *, pod: str = "p-0", namespace: str = "tools") -> Problem:
    field = "status.containerStatuses[0].state.waiting.reason"
    return Problem(object=f"Pod/{namespace}/{pod}", field=field, reason=reason)


def official(image: str) -> str:
    """An image of the catalog as it is pulled, with a tag."""
    return f"{image.replace('*', '10a3e327').removeprefix('library/')}:v1.2.3"


def official_workload(
    tool: Tool, component: Component, *, image: str = "", **more: Any
) -> Workload:
    """One component as the tool's own chart or manifest runs it."""
    name = component.names[0] if component.names else f"{tool.id}-{component.name}"
    run = container(image or official(component.images[0]), *component.commands[:1])
    more.setdefault("namespace", tool.namespace)
    return workload(name, run, kind=component.workload, **more)


def official_workloads(tool: Tool) -> list[Workload]:
    """All components of a default installation."""
    return [official_workload(tool, one) for one in tool.components if one.installed]


def inventory(workloads: Iterable[Workload], **more: Any) -> Inventory:
    more = {"source": "snapshot", "name": "test", "read_at": "2026-01-01T00:00:00Z", **more}
    cluster = Cluster(workloads=tuple(workloads), workloads_read=True, **more)
    return take_inventory(cluster, CATALOG.tools, RECOGNISER)


def found(*workloads: Workload, **more: Any) -> list[str]:
    """Ids of the tools that are installed."""
    return [one.tool.id for one in inventory(workloads, **more).installations]


def only(*workloads: Workload, **more: Any) -> Installation:
    """The one installation that these workloads are."""
    (installation,) = inventory(workloads, **more).installations
    return installation
