"""Every tool of the catalog is asked about on very different clusters; `ask` checks each answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from judging import CATALOG, ask
from worlds import argo_cd, cilium, cluster, gitea, ingress_nginx, monitoring, traefik

from mas.core.tools import Component, Tool
from mas.testing.clusters import ClusterBuilder

TOOLS = sorted(CATALOG.tools)


def bare() -> ClusterBuilder:
    """Room for everything, and nothing installed."""
    return cluster(workers=4, cpu="32", memory="256Gi")


def busy() -> ClusterBuilder:
    """Many tools installed."""
    world = cluster(workers=3, cpu="16", memory="64Gi")
    for build in (argo_cd, cilium, gitea, ingress_nginx, monitoring, traefik):
        build(world)
    return world.load_balancer("traefik", "traefik", ip="192.0.2.7").ingress("shop", "a", tls=True)


def poor() -> ClusterBuilder:
    """Old, small, without storage."""
    world = cluster(version="v1.10.3", workers=1, cpu="50m", memory="64Mi")
    return world.without("StorageClass")


def hidden() -> ClusterBuilder:
    """Nothing but nodes may be read."""
    return cluster().forbid(
        "deployments", "statefulsets", "daemonsets", "pods", "storageclasses", "resourcequotas"
    )


WORLDS: dict[str, Callable[[], ClusterBuilder]] = {
    "bare": bare,
    "busy": busy,
    "poor": poor,
    "hidden": hidden,
}


def _asked(tool: Tool) -> str:
    return f"Should we install {tool.name}?"


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("id_", TOOLS)
def test_d5_every_tool_gets_a_sound_answer_everywhere(id_: str, world: str) -> None:
    tool = CATALOG.tools[id_]
    told = ask(WORLDS[world](), _asked(tool))
    assert told.tool == id_
    retired = tool.lifecycle.status in ("retired", "archived")
    if world == "bare":
        assert told.verdict == ("do_not_recommend" if retired else "recommend"), told.reasons
    if world == "poor" and id_ != "servicelb":  # it asks for nothing and is as old as its k3s
        assert told.verdict == "do_not_recommend"
    if world == "hidden":
        assert told.verdict == ("do_not_recommend" if retired else "undetermined")


def install(world: ClusterBuilder, tool: Tool, *, replicas: int | None = None) -> None:
    """Put the core and required components of a tool into a cluster, as its images are named."""
    for component in tool.components:
        if component.role == "optional":
            continue
        image = component.images[0].replace("*", "0123456789abcdef")
        name = _name(tool, component)
        world.workload(
            component.workload,
            f"ns-{tool.id}",
            name,
            f"registry.example.com/mirror/{image}:1.2.3",
            command=component.commands[:1],
            replicas=1 if replicas is None else replicas,
        )


def _name(tool: Tool, component: Component) -> str:
    part = component.names[0] if component.names else component.name
    return part if tool.id in part else f"{tool.id}-{part}"


@pytest.mark.parametrize("id_", TOOLS)
def test_d2_every_tool_that_runs_is_already_installed(id_: str) -> None:
    world = bare()
    tool = CATALOG.tools[id_]
    install(world, tool)
    told = ask(world, _asked(tool))
    assert (told.verdict, told.health) == ("already_installed", "healthy"), told.reasons
    assert told.existing[(id_, f"ns-{id_}")] == "healthy"


@pytest.mark.parametrize("id_", TOOLS)
def test_d5_every_tool_that_is_scaled_to_zero_is_to_be_repaired(id_: str) -> None:
    world = bare()
    tool = CATALOG.tools[id_]
    install(world, tool, replicas=0)
    told = ask(world, _asked(tool))
    assert (told.verdict, told.health) == ("already_installed", "degraded"), told.reasons
    assert told.commands


@pytest.mark.parametrize("id_", TOOLS)
def test_d5_definitions_alone_install_no_tool(id_: str) -> None:
    world = bare()
    tool = CATALOG.tools[id_]
    owned = [group for group in tool.recognise.crds if not group.shared]
    for group in owned:
        world.crd(group.group, *group.kinds)
    told = ask(world, _asked(tool))
    assert told.verdict != "already_installed"
    assert told.existing == {}
    if owned:
        assert "conflict" in told.kinds("against")


@pytest.mark.parametrize("id_", sorted(CATALOG.capabilities))
def test_d5_every_capability_that_people_can_name_gets_an_answer(id_: str) -> None:
    capability = CATALOG.capabilities[id_]
    for name in capability.aliases[:1]:
        told = ask(bare(), f"Do we need {name}?", language="en")
        assert told.verdict == "recommend", (name, told.tool, told.reasons)
        tool = CATALOG.tools[told.tool or ""]
        assert id_ in (*tool.capabilities.primary, *tool.capabilities.secondary)
