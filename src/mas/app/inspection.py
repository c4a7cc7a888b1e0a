"""Looking at a cluster without a run: inventory, capacity, snapshot (D1, D2, D4)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mas.adapters.clusters.writing import write_snapshot
from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.catalog.loader import load_catalog
from mas.core.capacity import Capacity
from mas.core.errors import UserError
from mas.core.tools import Catalog, Tool
from mas.kubernetes.capacity import Fit, Headroom, headroom, simulate
from mas.kubernetes.capacity.layout import capacity_of
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.inventory import Inventory
from mas.teams.decide.answer import survey
from mas.teams.decide.question import read_question
from mas.teams.decide.sizing import can_be_simulated, demands_of, sized

_NO_CLUSTER = UserError(
    "There is no cluster to look at: no kubeconfig context and no in-cluster account was found.",
    hint="Name a context of a kubeconfig, or the path of a snapshot file, as the cluster.",
    code="no_cluster",
)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A cluster and what runs in it."""

    cluster: Cluster
    inventory: Inventory
    catalog: Catalog


@dataclass(frozen=True, kw_only=True)
class Room:
    """What the nodes have left, and how a tool's pods would fit."""

    cluster: Cluster
    headroom: Headroom
    tool: Tool | None = None
    fit: Fit | None = None


async def look_at(settings: Settings, named: str | None) -> Survey:
    """Read a cluster and take its inventory.

    Raises:
        UserError: There is no cluster, or what was named cannot be used.
        Transient: The server is out of reach.
    """
    catalog = load_catalog()
    cluster = await _read(settings, named, catalog)
    return Survey(cluster=cluster, inventory=survey(cluster, catalog), catalog=catalog)


async def room_in(settings: Settings, named: str | None, tool: str | None) -> Room:
    """What the nodes have left; with a tool also a simulation of its pods.

    Raises:
        UserError: There is no such cluster or tool, or nodes and pods could not be read.
        Transient: The server is out of reach.
    """
    catalog = load_catalog()
    asked = _tool(tool, catalog) if tool else None
    cluster = await _read(settings, named, catalog)
    blind = {"nodes", "pods"} & {*cluster.forbidden, *cluster.unread}
    if blind or not cluster.nodes:
        lacking = ", ".join(sorted(blind)) or "nodes"
        raise UserError(
            f"What is left on the nodes cannot be told without: {lacking}.",
            hint="Let the account list them, or take the snapshot with more rights.",
            code="cluster_blind",
        )
    fit = simulate(cluster, sized(demands_of(asked)), namespace=asked.namespace) if asked else None
    return Room(cluster=cluster, headroom=headroom(cluster), tool=asked, fit=fit)


def capacity_in(found: Survey, tool: Tool | None) -> Capacity | None:
    """The nodes of a cluster that was read, with a tool's pods on them where one is named.

    None where nodes and pods could not be read.
    """
    cluster = found.cluster
    if not can_be_simulated(cluster, {*cluster.forbidden, *cluster.unread}):
        return None
    demands = demands_of(tool) if tool else ()
    return capacity_of(
        cluster,
        sized(demands),
        namespace=tool.namespace if tool else "",
        guessed=[one.component for one in demands if not one.declared],
    )


async def take_snapshot(settings: Settings, named: str | None, target: Path) -> int:
    """Write a snapshot of a cluster; returns how many objects it holds.

    Raises:
        UserError: There is no cluster, or the file cannot be written.
        Transient: The server is out of reach.
    """
    source = ClusterReading(load_catalog(), settings.environment).find(named)
    if source is None:
        raise _NO_CLUSTER
    return await write_snapshot(source, target)


async def _read(settings: Settings, named: str | None, catalog: Catalog) -> Cluster:
    reading = ClusterReading(catalog, settings.environment)
    choice = await reading.choose(named)
    cluster = await reading.read(choice.to_options())
    if cluster is None:
        raise _NO_CLUSTER
    return cluster


def _tool(named: str, catalog: Catalog) -> Tool:
    found = catalog.tools.get(named) or catalog.tools.get(read_question(named, catalog).tool or "")
    if found is None:
        raise UserError(
            f"The catalog has no tool called {named!r}.",
            hint="See `mas catalog list`.",
            code="unknown_tool",
        )
    return found
